"""How far a call by Azure Communication Services has come: which connection it is, whether media may flow, whether it
is over; and waiting for that.

It does not know the leg, whose parts know it: so they are gone with the leg, without a collection of garbage.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from voicebot.legs.told import Told

logger = logging.getLogger(__name__)


class Progress:
    """Of one leg. ``call``: what logs call the call. ``connection``: its id at the service, empty until it is known.
    ``connected``: the service has said so. ``up``: media may flow."""

    def __init__(self, call: str) -> None:
        self.told = Told()
        self.connection = ""
        self.connected = self.up = False
        self._call = call
        self._changed = asyncio.Event()
        """Set when it may have come further."""

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self.told.ended is not None

    def bind(self, connection: str) -> None:
        """The id of the connection is known."""
        if self.connection:
            return
        self.connection = connection
        logger.info("call %s: connection %s", self._call, connection)

    def changed(self) -> None:
        """Something has happened that somebody may be waiting for."""
        self._changed.set()

    async def until(self, reached: Callable[[], bool], within_s: float | None = None) -> None:
        """Raises :class:`~voicebot.legs.LegClosed`, and TimeoutError."""
        async with asyncio.timeout(within_s):
            while not reached():
                self._changed.clear()
                self.told.check_not_ended()
                await self._changed.wait()
        self.told.check_not_ended()

    async def when_up(self) -> str:
        """The connection, when media may flow. Raises :class:`~voicebot.legs.LegClosed`."""
        await self.until(lambda: self.up)
        return self.connection
