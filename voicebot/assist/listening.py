"""Whether we listen to a call: paused by a rule, the agent, a program, or the client itself.

From the moment of a pause nothing is recognised and nothing recorded. At the same time the client is asked to send
nothing (:meth:`~voicebot.legs.recorded.RecordedCall.pause`), which takes a moment, and which not all of them do; that
is told when it is known. Who pauses again while it is paused changes nothing; the agent and programs end every pause. A
rule hears nothing in its pause either, so that ends after a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from voicebot.assist.entries import ListeningChanged
from voicebot.legs.recorded import RecordedCall
from voicebot.tasks import BackgroundTasks

RULE: Final = "rule"
CLIENT: Final = "client"


class Listening:
    """Of one call. ``tell`` gets each change; ``now_ms()``: the time of the call. ``pause_s``: the longest pause of a
    rule."""

    def __init__(
        self,
        recorded: RecordedCall,
        tell: Callable[[ListeningChanged], None],
        now_ms: Callable[[], int],
        pause_s: float,
        log: logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self._recorded = recorded
        self._tell = tell
        self._now_ms = now_ms
        self._pause_s = pause_s
        self._log = log
        self._paused_by: set[str] = set()
        self._at_source = False  # what the client was asked last, or is being asked
        self._silent_client = False
        self._limit: asyncio.TimerHandle | None = None
        self._following: asyncio.Task[None] | None = None
        self._tasks = BackgroundTasks(log)
        self._ended = False

    @property
    def on(self) -> bool:
        """Whether what comes is listened to."""
        return not self._paused_by

    def stop(self, why: str) -> None:
        """Stop listening, at once. Harmless when repeated, and after the end."""
        if self._ended:
            return
        was_on = self.on
        self._paused_by.add(why)
        if why == RULE:
            self._end_in_time()
        if was_on:
            self._changed(False, why)

    def start(self, why: str) -> None:
        """Listen again, whoever has paused."""
        if self._ended or self.on:
            return
        self._paused_by.clear()
        if self._limit is not None:
            self._limit.cancel()
        self._changed(True, why)

    def client(self, sends: bool) -> None:
        """Whether the client sends audio at all: it may have paused by itself."""
        if self._ended or not self.on or self._following is not None or sends is not self._silent_client:
            return
        self._silent_client = not sends
        self._tell(ListeningChanged(self._now_ms(), sends, CLIENT, at_source=not sends))

    async def close(self) -> None:
        """The call is over."""
        self._ended = True
        if self._limit is not None:
            self._limit.cancel()
        await self._tasks.close()

    def _end_in_time(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
        self._limit = asyncio.get_running_loop().call_later(self._pause_s, self._time_is_up)

    def _time_is_up(self) -> None:
        """The pause of a rule ends, unless somebody else has paused meanwhile."""
        self._paused_by.discard(RULE)
        if self.on:
            self._changed(True, RULE)

    def _changed(self, listening: bool, why: str) -> None:
        self._silent_client = False
        self._log.info("%s: %s", "listening" if listening else "not listening", why)
        self._tell(ListeningChanged(self._now_ms(), listening, why))
        if self._following is None:
            self._following = self._tasks.spawn(self._follow(), "asking the client to pause or resume")

    async def settled(self) -> None:
        """Wait until the client has answered what it was asked."""
        if self._following is not None:
            await asyncio.wait([self._following])

    async def _follow(self) -> None:
        """Ask the client for what is wanted, until nothing else is."""
        try:
            while self._at_source is self.on:
                self._at_source = not self.on
                if not self._at_source:
                    await self._recorded.resume()
                elif await self._recorded.pause() and not self.on:
                    why = min(self._paused_by)
                    self._tell(ListeningChanged(self._now_ms(), False, why, at_source=True))
        finally:
            self._following = None
