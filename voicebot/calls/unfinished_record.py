"""What is known of a running call, kept from time to time: its record, if the service is killed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from voicebot.records import UnfinishedRecords

EVERY_S = 10.0
"""The least time between two states: each costs as much as writing the record."""


class UnfinishedRecord:
    """Of ``call``. ``kept``: None if there are no records. ``build()``: the record now."""

    def __init__(self, kept: UnfinishedRecords | None, call: str, build: Callable[[], dict[str, Any]]) -> None:
        self._kept = kept
        self._call = call
        self._build = build
        self._next_at = 0.0

    def changed(self) -> None:
        """A turn has begun."""
        now = asyncio.get_running_loop().time()
        if self._kept is not None and now >= self._next_at:
            self._next_at = now + EVERY_S
            self._kept.keep(self._call, self._build())

    def over(self) -> None:
        """The record has been written."""
        if self._kept is not None:
            self._kept.over(self._call)
