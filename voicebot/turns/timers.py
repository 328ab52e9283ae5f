"""The timers of one call, each named by what happens when it runs out. They are stopped while the call is on hold."""

from __future__ import annotations

from collections.abc import Iterable

from voicebot.turns.table import Happening


class Timers:
    """Times in seconds, on the clock of the events."""

    def __init__(self) -> None:
        self._due: dict[Happening, float] = {}
        self._held_since: float | None = None

    def start(self, timer: Happening, due: float) -> None:
        """Let ``timer`` run out at ``due``; if it runs already, change its time."""
        self._due[timer] = due

    def stop(self, timers: Iterable[Happening]) -> None:
        """Stop those of ``timers`` that run."""
        for timer in timers:
            self._due.pop(timer, None)

    def clear(self) -> None:
        """Stop all timers."""
        self._due.clear()

    def runs(self, timer: Happening) -> bool:
        """Whether ``timer`` was started and not stopped."""
        return timer in self._due

    def next(self) -> float | None:
        """When the next timer runs out; None: never."""
        if not self._due or self._held_since is not None:
            return None
        return min(self._due.values())

    def run_out(self, now: float) -> list[Happening]:
        """The timers that have run out by ``now``, to be ended with :meth:`stop`."""
        if self._held_since is not None:
            return []
        return [timer for timer, due in self._due.items() if due <= now]

    def hold(self, now: float) -> None:
        """The call is put on hold: stop the time."""
        if self._held_since is None:
            self._held_since = now

    def unhold(self, now: float) -> None:
        """The hold has ended: each timer runs for the time that it had left."""
        if self._held_since is not None:
            away_s, self._held_since = now - self._held_since, None
            self._due = {timer: due + away_s for timer, due in self._due.items()}
