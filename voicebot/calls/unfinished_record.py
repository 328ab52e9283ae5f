"""What is known of a running call, kept from time to time: its record, if the service is killed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from voicebot.records import UnfinishedRecords

EVERY_S = 2.0
"""The least time between two states: each costs as much as writing the record."""


class UnfinishedRecord:
    """Of ``call``. ``kept``: None if there are no records. ``build()``: the record now; ``latest``: the last that was
    kept."""

    def __init__(self, kept: UnfinishedRecords | None, call: str, build: Callable[[], dict[str, Any]]) -> None:
        self._kept = kept
        self._call = call
        self._build = build
        self._due: asyncio.TimerHandle | None = None
        self.latest: dict[str, Any] = {}

    def changed(self) -> None:
        """A turn has begun: what comes of it within :data:`EVERY_S` is kept with it."""
        if self._kept is not None and self._due is None:
            self._due = asyncio.get_running_loop().call_later(EVERY_S, self._keep, self._kept)

    def over(self) -> None:
        """The record has been written."""
        if self._due is not None:
            self._due.cancel()
        if self._kept is not None:
            self._kept.over(self._call)

    def _keep(self, kept: UnfinishedRecords) -> None:
        self._due = None
        self.latest = self._build()
        kept.keep(self._call, self.latest)
