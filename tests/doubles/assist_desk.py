"""A console that shows calls that are listened to, and clients of it: over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from call_world import World
from watched_call import WatchedCallDouble

from voicebot.address import Address
from voicebot.assist.access import AccessTokens, Visitor
from voicebot.assist.entries import Suggestion
from voicebot.assist.roster import Roster
from voicebot.calls import Calls
from voicebot.listening import Bounds
from voicebot.listening.http import HTTP_BOUNDS
from voicebot.web import Access, AssistApi, CallsApi, ConsoleServer, Gate, Metrics, Role, Token

OPERATOR = "let me in"
SECRET = "0123456789abcdef0123456789abcdef"
ARTICLE = Suggestion("k1", "Refunds", "Within 14 days.", "refunds.md: Refunds", score=3.0)


class AssistDesk:
    """``public_url``: of a proxy that passes ``Host`` on. ``bounds``: of its connections."""

    def __init__(self, public_url: str = "", bounds: Bounds = HTTP_BOUNDS) -> None:
        self.now = 1_800_000_000.0
        self.operator = OPERATOR
        self.roster = Roster()
        access = Access([Token("console", Role.ADMIN, lambda: self.operator)], private=True)
        self.tokens = AccessTokens(SECRET, clock=lambda: self.now)
        self.api = AssistApi(self.roster, Gate(self.tokens, access), self._search, public_url)
        calls = Calls(World().services)
        self.server = ConsoleServer(
            "127.0.0.1",
            0,
            api=CallsApi(calls, None),  # type: ignore[arg-type]
            metrics=Metrics(),
            unready=list,
            access=access,
            assist=self.api,
            public_url=public_url,
            bounds=bounds,
        )
        self.http: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def call(self, call_id: str = "c1", extension: str = "7001") -> WatchedCallDouble:
        call = WatchedCallDouble(call_id, extension)
        self.roster.began(call)
        return call

    def token(self, *, agent: str = "", supervisor: bool = False, call_id: str = "", life_s: float = 60.0) -> str:
        visitor = Visitor(supervisor, Address.parse(agent) if agent else None, call_id, self.tokens.expiry(life_s))
        return self.tokens.issue(visitor)

    async def ask(
        self, method: str, path: str, token: str | None = None, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """The status and the body, of an API or as text."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"} | (headers or {})
        async with self.http.request(method, f"{self.url}{path}", json=body, headers=headers) as response:
            is_json = response.content_type == "application/json"
            return response.status, await (response.json() if is_json else response.text())

    @asynccontextmanager
    async def stream(self, path: str, token: str, last: str = "") -> AsyncIterator[EventReader]:
        """Server-sent events."""
        headers = {"Authorization": f"Bearer {token}"} | ({"Last-Event-ID": last} if last else {})
        async with self.http.get(f"{self.url}{path}", headers=headers) as response:
            assert (response.status, response.content_type) == (200, "text/event-stream"), await response.text()
            yield EventReader(response)

    def _search(self, words: str) -> list[Suggestion]:
        return [ARTICLE] if "refund" in words else []


class EventReader:
    """Reads a stream as the HTML standard says. ``last``: the id of the latest event."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._lines = response.content
        self.last = ""

    async def event(self) -> dict[str, Any]:
        """The next one. Raises StopAsyncIteration at the end of the stream, TimeoutError."""
        async with asyncio.timeout(30):
            while line := await self._lines.readline():
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "id":
                    self.last = value
                elif name == "data":
                    event: dict[str, Any] = json.loads(value)
                    return event
        raise StopAsyncIteration

    async def until(self, kind: str) -> dict[str, Any]:
        """The next event of this kind."""
        while (event := await self.event())["EventType"] != kind:
            pass
        return event

    async def rest(self) -> list[dict[str, Any]]:
        """All until the end."""
        events = []
        try:
            while True:
                events.append(await self.event())
        except StopAsyncIteration:
            return events


@asynccontextmanager
async def assist_desk(public_url: str = "", bounds: Bounds = HTTP_BOUNDS) -> AsyncIterator[AssistDesk]:
    desk = AssistDesk(public_url, bounds)
    await desk.server.start()
    async with aiohttp.ClientSession() as desk.http:
        try:
            yield desk
        finally:
            await desk.server.close()
