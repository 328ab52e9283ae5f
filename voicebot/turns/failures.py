"""Failures that decide what the caller hears: of recognition, of the bot, of synthesis."""

from __future__ import annotations

from voicebot.turns.commands import Canned


class Failures:
    """The failures of one call. ``limit``: how many consecutive failures of a kind are too many."""

    def __init__(self, limit: int) -> None:
        self.recognition_away = False
        self._limit = limit
        self._counts: dict[Canned, int] = {}

    def failed(self, cause: Canned) -> bool:
        """``cause`` has failed again. Returns whether that is too often."""
        self._counts[cause] = self._counts.get(cause, 0) + 1
        return self._counts[cause] >= self._limit

    def worked(self, cause: Canned) -> None:
        """``cause`` has worked: forget its failures."""
        self._counts.pop(cause, None)
