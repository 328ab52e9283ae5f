"""`/v1/phone`: calls from the page `/`, whose phone speaks SIP over WebSocket.

JavaScript cannot send a token with a websocket, and a proxy would log it in a URL: so a page gets a ticket by its
token, and opens the websocket with that, which is good once and for a minute. From then on it is SIP, and its calls
count as those of a trunk of their own. When the token is withdrawn, the websocket ends.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from voicebot.web.access import Access, shown_token
from voicebot.web.answers import error
from voicebot.web.roles import Role
from voicebot.web.tickets import Tickets

PREFIX: Final = "/v1/phone"
TICKET_S: Final = 60.0
MOST_TICKETS: Final = 64
"""Of one token, unused: pages use theirs at once."""
SPARE: Final = 8
"""Connections beside those of calls: one that comes while all calls are up hears so by SIP."""


class PhoneApi:
    """``websocket`` answers a request for one, and carries its calls. ``access``: who may have one. ``calls``: how many
    there may be at once."""

    def __init__(
        self,
        websocket: Callable[[web.Request], Awaitable[web.StreamResponse]],
        access: Access,
        *,
        calls: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._websocket = websocket
        self._access = access
        self._most = calls + SPARE
        self._clock = clock
        self._tickets = Tickets(TICKET_S, MOST_TICKETS)
        self._open = 0

    @property
    def routes(self) -> list[web.RouteDef]:
        return [web.post(f"{PREFIX}/tickets", self._issue), web.get(f"{PREFIX}/sip", self._carry)]

    async def _issue(self, request: web.Request) -> web.Response:
        ticket = self._tickets.issue(shown_token(request), self._clock())
        if ticket is None:
            return error(503, f"{MOST_TICKETS} tickets of this token are unused; each is good for {TICKET_S:.0f} s")
        issued = {"Ticket": ticket, "ExpiresInS": self._tickets.life_s}
        return web.json_response(issued, status=201, headers={"Cache-Control": "no-store"})

    async def _carry(self, request: web.Request) -> web.StreamResponse:
        token = self._tickets.take(request.query.get("ticket", ""), self._clock())
        if token is None:
            return error(401, f"needs a ticket of POST {PREFIX}/tickets, which is good once, for {TICKET_S:.0f} s")
        if self._open >= self._most:
            return error(503, "too many phones are connected")
        self._open += 1
        try:
            with self._access.while_let_in(token, Role.AGENT):
                return await self._websocket(request)
        finally:
            self._open -= 1
