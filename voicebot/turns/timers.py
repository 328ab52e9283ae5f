"""The timers of one call, by the happening that each of them is. They stand still while the call is on hold."""

from __future__ import annotations

from collections.abc import Iterable

from voicebot.turns.table import Happening


class Timers:
    """Times in seconds, on the clock of the events."""

    def __init__(self) -> None:
        self._due: dict[Happening, float] = {}
        self._held_since: float | None = None

    def start(self, timer: Happening, due: float) -> None:
        """Let ``timer`` run out at ``due``; one that runs already is set anew."""
        self._due[timer] = due

    def stop(self, timers: Iterable[Happening]) -> None:
        """Let none of ``timers`` run out; those that do not run are left out."""
        for timer in timers:
            self._due.pop(timer, None)

    def clear(self) -> None:
        """Stop them all."""
        self._due.clear()

    def runs(self, timer: Happening) -> bool:
        """Whether ``timer`` was started and has neither run out nor been stopped."""
        return timer in self._due

    def next(self) -> float | None:
        """When the first of them runs out."""
        if not self._due or self._held_since is not None:
            return None
        return min(self._due.values())

    def run_out(self, now: float) -> list[Happening]:
        """Those that have run out by ``now``; they run until :meth:`stop`."""
        if self._held_since is not None:
            return []
        return [timer for timer, due in self._due.items() if due <= now]

    def hold(self, now: float) -> None:
        """Stand still from now on."""
        if self._held_since is None:
            self._held_since = now

    def unhold(self, now: float) -> None:
        """Run again, each for as long as it had left."""
        if self._held_since is not None:
            away_s, self._held_since = now - self._held_since, None
            self._due = {timer: due + away_s for timer, due in self._due.items()}
