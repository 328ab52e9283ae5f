"""What does not work at the moment, as far as it decides what the caller hears."""

from __future__ import annotations

from voicebot.turns.commands import Canned


class Failures:
    """One call's. ``limit``: failures of a kind, one after the other, that are too many."""

    def __init__(self, limit: int) -> None:
        self.recognition_away = False
        self._limit = limit
        self._counts: dict[Canned, int] = {}

    def failed(self, cause: Canned) -> bool:
        """``cause`` has failed once more; whether that was once too often."""
        self._counts[cause] = self._counts.get(cause, 0) + 1
        return self._counts[cause] >= self._limit

    def worked(self, cause: Canned) -> None:
        """... has not failed this time."""
        self._counts.pop(cause, None)
