"""The calls that the bot of a call places. Each is a call of its own; the bot is told how it proceeds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from voicebot.calls.request import CallRequest, CannotCall
from voicebot.calls.services import CallPlacer
from voicebot.events import CallAsked, Event, PlacedCallChanged

MAX_PLACED = 10
"""How many calls a bot may place in one call."""


class PlacedCalls:
    """Of one call. ``tell`` gets a :class:`PlacedCallChanged` whenever the state of a placed call changes."""

    def __init__(
        self,
        place: CallPlacer,
        tell: Callable[[Event], None],
        log: logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self._place = place
        self._tell = tell
        self._log = log
        self._count = 0

    async def place(self, asked: CallAsked) -> None:
        """Place the call that the bot has asked for; returns while it rings."""
        call = ""

        def told(state: str, status: int, reason: str) -> None:
            now = asyncio.get_running_loop().time()
            self._tell(PlacedCallChanged(now, state, call, asked.target, asked.command, status, reason))

        self._count += 1
        if self._count > MAX_PLACED:
            told("refused", 0, f"a bot may place {MAX_PLACED} calls in one call")
            return
        request = CallRequest(asked.target, trunk=asked.trunk, bot=asked.bot, context=asked.context)
        try:
            call = await self._place(request, told)
        except CannotCall as error:
            self._log.warning("no call to %s: %s", asked.target, error)
            told("refused", 0, str(error))
