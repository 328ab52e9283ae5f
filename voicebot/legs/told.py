"""What a leg tells its sink, and until when: events that come before there is a sink wait for it, and nothing follows
the end."""

from __future__ import annotations

import asyncio

from voicebot.events import Event
from voicebot.legs import LegClosed, LegSink


class Told:
    """Of one leg. ``ended``: why and when the leg has ended; None: it has not."""

    def __init__(self) -> None:
        self.ended: tuple[str, float] | None = None
        self._loop = asyncio.get_running_loop()
        self._sink: LegSink | None = None
        self._untold: list[Event] = []

    @property
    def sink(self) -> LegSink | None:
        return self._sink

    def connect(self, sink: LegSink) -> None:
        """``sink`` gets what has happened so far, and what will."""
        for event in self._untold:
            self._loop.call_soon(sink.fact, event)
        self._untold.clear()
        if self.ended is None:
            self._sink = sink
        else:
            self._loop.call_soon(sink.ended, *self.ended)

    def fact(self, event: Event) -> None:
        """``event`` has happened. Of no effect after the end."""
        if self.ended is None:
            self._sink.fact(event) if self._sink is not None else self._untold.append(event)

    def end(self, reason: str) -> bool:
        """The leg ends now. False: it has ended before."""
        if self.ended is not None:
            return False
        self.ended = reason, self._loop.time()
        return True

    def tell_end(self) -> None:
        """Tell the sink, when all is done that belongs to the end, and let go of it: it has the leg, so that both would
        wait for a collection of garbage."""
        sink, self._sink = self._sink, None
        if sink is not None and self.ended is not None:
            sink.ended(*self.ended)

    def check_not_ended(self) -> None:
        """Raises :class:`LegClosed`."""
        if self.ended is not None:
            raise LegClosed(self.ended[0])
