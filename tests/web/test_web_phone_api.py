"""Who may call from the page: tickets over HTTP, and what they open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from waiting import until

from voicebot.listening.http import HttpServer
from voicebot.listening.http_origin import own_names
from voicebot.web import Access, Role, Token, access
from voicebot.web.phone_api import MOST_TICKETS, SPARE, TICKET_S, PhoneApi

TOKEN = "let me in"


class Desk:
    """The API at a port of its own; each websocket that is let in stays until ``over``."""

    def __init__(self, token: str, private: bool, calls: int) -> None:
        self.token = token
        self.unreadable = False
        self.now = 0.0
        self.carried = 0
        self.open = 0
        self.over = asyncio.Event()
        self.access = Access([Token("console", Role.AGENT, self._secret)] if token else [], private=private)
        self.api = PhoneApi(self._carry, self.access, calls=calls, clock=lambda: self.now)
        self.http: aiohttp.ClientSession
        self.port = 0

    def _secret(self) -> str:
        if self.unreadable:
            raise OSError
        return self.token

    async def _carry(self, request: web.Request) -> web.StreamResponse:
        self.carried += 1
        self.open += 1
        try:
            await self.over.wait()
        finally:
            self.open -= 1
        return web.Response(text="carried")

    async def ask(self, method: str, path: str, **headers: str) -> tuple[int, Any]:
        async with self.http.request(method, f"http://127.0.0.1:{self.port}{path}", headers=headers) as response:
            return response.status, await (
                response.json() if response.content_type == "application/json" else response.text()
            )

    async def ticket(self) -> str:
        status, issued = await self.ask("POST", "/v1/phone/tickets", Authorization=f"Bearer {self.token}")
        assert status == 201
        return str(issued["Ticket"])

    async def enter(self, ticket: str) -> int:
        return (await self.ask("GET", f"/v1/phone/sip?ticket={ticket}"))[0]


@asynccontextmanager
async def desk(token: str = TOKEN, *, private: bool = True, calls: int = 1) -> AsyncIterator[Desk]:
    made = Desk(token, private, calls)
    application = web.Application(middlewares=[made.access.guard])
    application.add_routes(made.api.routes)
    server = HttpServer(application, names=own_names("127.0.0.1"))
    await server.listen("127.0.0.1", 0)
    made.port = server.port
    try:
        async with aiohttp.ClientSession() as made.http:
            yield made
    finally:
        made.over.set()
        await server.close()


@pytest.mark.parametrize(
    ("token", "private", "shown", "status"),
    [
        (TOKEN, True, TOKEN, 201),
        (TOKEN, True, "wrong", 401),
        (TOKEN, True, "", 401),
        (TOKEN, False, TOKEN, 201),
        ("", True, "", 201),
        ("", True, "anything", 201),
        ("", False, "", 403),
        ("", False, "anything", 403),
    ],
)
async def test_who_gets_a_ticket(token: str, private: bool, shown: str, status: int) -> None:
    async with desk(token, private=private) as made:
        headers = {"Authorization": f"Bearer {shown}"} if shown else {}
        assert (await made.ask("POST", "/v1/phone/tickets", **headers))[0] == status


async def test_pages_of_others_get_none_where_everybody_at_this_machine_does() -> None:
    async with desk("") as made:
        assert (await made.ask("POST", "/v1/phone/tickets", Origin="https://evil.example"))[0] == 403
        assert (await made.ask("POST", "/v1/phone/tickets", Host="rebound.example"))[0] == 421
        ticket = await made.ticket()
        headers = {"Origin": "https://evil.example"}
        assert (await made.ask("GET", f"/v1/phone/sip?ticket={ticket}", **headers))[0] == 403
        assert made.carried == 0


async def test_a_ticket_opens_one_connection_and_is_kept_by_no_cache() -> None:
    async with desk() as made:
        made.over.set()
        ticket = await made.ticket()
        assert await made.enter(ticket) == 200
        assert await made.enter(ticket) == 401
        assert await made.enter("") == 401
        assert (await made.ask("GET", "/v1/phone/sip"))[0] == 401
        assert made.carried == 1
        late = await made.ticket()
        made.now += TICKET_S
        assert await made.enter(late) == 401
        url = f"http://127.0.0.1:{made.port}/v1/phone/tickets"
        async with made.http.post(url, headers={"Authorization": f"Bearer {TOKEN}"}) as response:
            assert response.headers["Cache-Control"] == "no-store"


async def test_the_token_itself_opens_none() -> None:
    async with desk() as made:
        status, _ = await made.ask("GET", f"/v1/phone/sip?ticket={TOKEN}", Authorization=f"Bearer {TOKEN}")
        assert status == 401


async def test_more_tickets_than_are_used_are_refused_until_one_is_used_or_expires() -> None:
    async with desk() as made:
        made.over.set()
        first = await made.ticket()
        made.now += 1
        for _ in range(MOST_TICKETS - 1):
            await made.ticket()
        ours = {"Authorization": f"Bearer {TOKEN}"}
        status, answer = await made.ask("POST", "/v1/phone/tickets", **ours)
        assert status == 503 and f"{MOST_TICKETS} tickets of this token are unused" in answer["error"]["message"]
        assert await made.enter(first) == 200
        await made.ticket()
        assert (await made.ask("POST", "/v1/phone/tickets", **ours))[0] == 503
        made.now += TICKET_S
        await made.ticket()


async def test_a_phone_whose_token_is_withdrawn_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "LOOK_S", 0.05)
    async with desk() as made:
        entered = asyncio.ensure_future(made.enter(await made.ticket()))
        await until(lambda: made.carried == 1)
        made.token = "another one"
        await until(lambda: not made.open)
        assert await entered == 401, "the client asks again, with the ticket that it has used"


async def test_connections_are_bounded_and_one_that_ends_makes_room() -> None:
    async with desk(calls=1) as made:
        entered = [asyncio.ensure_future(made.enter(await made.ticket())) for _ in range(1 + SPARE)]
        await until(lambda: made.carried == 1 + SPARE)
        status, answer = await made.ask("GET", f"/v1/phone/sip?ticket={await made.ticket()}")
        assert (status, answer["error"]["message"]) == (503, "too many phones are connected")
        made.over.set()
        assert await asyncio.gather(*entered) == [200] * (1 + SPARE)
        assert await made.enter(await made.ticket()) == 200


async def test_a_token_file_that_cannot_be_read_is_the_operators_fault() -> None:
    async with desk() as made:
        made.unreadable = True
        status, answer = await made.ask("POST", "/v1/phone/tickets")
        assert status == 503 and "token_file" in answer
