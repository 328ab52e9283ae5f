"""Places calls for bots: from a running call, or by opening a conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from voicebot.address import Address
from voicebot.bots.connector import CallNotPlaced
from voicebot.calls import CallRequest, CannotCall, Outbound


class BotCalls:
    """Places the calls by ``outbound``."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def place(self, request: CallRequest, observer: Callable[[str, int, str], None]) -> str:
        """For the bot of a call that runs: a :data:`voicebot.calls.services.CallPlacer`."""
        return (await self._outbound.place(request, observer)).id

    async def converse(self, bot: str, to: Address, context: Mapping[str, Any], over: Callable[[str], None]) -> str:
        """For a bot that opens a conversation (``POST /v3/conversations``). Raises :class:`CallNotPlaced`."""

        def observe(state: str, status: int, reason: str) -> None:
            if state != "answered":
                over(state)

        try:
            return await self.place(CallRequest(to=to, bot=bot, context=context), observe)
        except CannotCall as error:
            raise CallNotPlaced(error.why, str(error)) from error
