"""`/v1/phone`: calls from the page `/`, whose phone speaks SIP over WebSocket.

JavaScript cannot send a token with a websocket, and a proxy would log it in a URL: so a page gets a ticket by its
token, and opens the websocket with that, which is good once and for a minute. From then on it is SIP, and its calls
count as those of a trunk of their own.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from voicebot.web.answers import error
from voicebot.web.tickets import Tickets

PREFIX: Final = "/v1/phone"
TICKET_S: Final = 60.0
MOST_TICKETS: Final = 64
SPARE: Final = 8
"""Connections beside those of calls: one that comes while all calls are up hears so by SIP."""


class PhoneApi:
    """``websocket`` answers a request for one, and carries its calls. ``calls``: how many there may be at once."""

    def __init__(
        self,
        websocket: Callable[[web.Request], Awaitable[web.StreamResponse]],
        *,
        calls: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._websocket = websocket
        self._most = calls + SPARE
        self._clock = clock
        self._tickets = Tickets(TICKET_S, MOST_TICKETS)
        self._open = 0

    @property
    def routes(self) -> list[web.RouteDef]:
        return [web.post(f"{PREFIX}/tickets", self._issue), web.get(f"{PREFIX}/sip", self._carry)]

    async def _issue(self, _request: web.Request) -> web.Response:
        issued = {"Ticket": self._tickets.issue(self._clock()), "ExpiresInS": self._tickets.life_s}
        return web.json_response(issued, status=201, headers={"Cache-Control": "no-store"})

    async def _carry(self, request: web.Request) -> web.StreamResponse:
        if not self._tickets.take(request.query.get("ticket", ""), self._clock()):
            return error(401, f"needs a ticket of POST {PREFIX}/tickets, which is good once, for {TICKET_S:.0f} s")
        if self._open >= self._most:
            return error(503, "too many phones are connected")
        self._open += 1
        try:
            return await self._websocket(request)
        finally:
            self._open -= 1
