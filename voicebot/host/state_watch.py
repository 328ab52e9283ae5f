"""Whether the server that keeps the state answers: asked all the time, so that it is known before a call needs it."""

from __future__ import annotations

import asyncio
import logging

from voicebot.host.storage import Storage, StorageUnusable

logger = logging.getLogger(__name__)

LOOK_S = 5.0
_NOBODYS = "voicebot/is-it-there"
"""A key that nothing is kept under: looking it up is work for the server, as a turn's is."""


class StateWatch:
    """``trouble``: why turns would fail now; empty: they would not. :meth:`run` looks until it is cancelled."""

    def __init__(self, storage: Storage) -> None:
        self.trouble = ""
        self._storage = storage

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Look once, for as long as the storage lets one operation take."""
        before = self.trouble
        try:
            await self._storage.read([_NOBODYS])
            self.trouble = ""
        except StorageUnusable as error:
            self.trouble = str(error)
        if self.trouble and not before:
            logger.error("state: %s", self.trouble)
        elif before and not self.trouble:
            logger.info("state: the server answers again")
