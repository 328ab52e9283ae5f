"""Copilot Studio as clients see it: a token endpoint with its regional Direct Line, and the streaming protocol.

``tests/peers`` runs Microsoft's own client (microsoft-agents-copilotstudio-client) against the streaming part.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import web
from direct_line_double import Activity, Bot, BotError, DirectLineDouble, Say

TOKEN = "entra-token"
SCHEMA = "cr1_agent"


async def agent(activity: Activity, say: Say) -> None:
    """Greets on ``startConversation``, streams its answers as generative ones are streamed, hands off on "human"."""
    if activity.get("name") == "startConversation":
        await say({"type": "message", "text": "Hello, this is Contoso.", "inputHint": "acceptingInput"})
    elif activity.get("text") == "human":
        value = {"va_AgentMessage": "help", "TargetPhoneNumber": "+14255550123"}
        await say({"type": "event", "name": "handoff.initiate", "value": value})
    elif activity.get("type") == "message":
        parts = ("Let me see.", "Let me see. You said", f"Let me see. You said {activity['text']}.")
        for number, text in enumerate(parts, 1):
            await say({"type": "typing", "text": text, "entities": [stream("streaming", number)]})
        await say({"type": "message", "text": parts[-1], "entities": [stream("final", 4)]})


def stream(kind: str, sequence: int, identity: str = "s1") -> dict[str, Any]:
    return {"type": "streaminfo", "streamType": kind, "streamId": identity, "streamSequence": sequence}


class Tokens:
    """Where an agent's tokens come from: one after another, as they are refused; the last for ever."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens)

    async def token(self) -> str:
        return self._tokens[0]

    def forget(self, token: str) -> None:
        if len(self._tokens) > 1:
            self._tokens.remove(token)

    async def close(self) -> None: ...


class CopilotStudioDouble(DirectLineDouble):
    """``async with CopilotStudioDouble() as service``."""

    def __init__(self, bot: Bot = agent) -> None:
        super().__init__(bot)
        self.conversations: list[str] = []
        self.accepts: list[str] = []
        self.welcome: Callable[[str], bool] = lambda token: token == TOKEN
        """Which tokens the streaming protocol accepts."""
        self.stops_behind = 0
        self.goes_on = asyncio.Event()
        """The ``stops_behind``-th activity of a stream is followed by others only when this is set."""

    @property
    def environment(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token_endpoint(self) -> str:
        path = f"/powervirtualagents/botsbyschema/{SCHEMA}/directline/token"
        return f"{self.environment}{path}?api-version=2022-03-01-preview"

    @property
    def direct_url(self) -> str:
        return f"{self.environment}/copilotstudio/dataverse-backed/authenticated/bots/{SCHEMA}"

    @property
    def connection_url(self) -> str:
        return f"{self.direct_url}/conversations?api-version=2022-03-01-preview"

    def add_routes(self, router: web.UrlDispatcher) -> None:
        super().add_routes(router)
        router.add_get(f"/powervirtualagents/botsbyschema/{SCHEMA}/directline/token", self._token)
        router.add_get("/powervirtualagents/regionalchannelsettings", self._regional)
        base = f"/copilotstudio/dataverse-backed/authenticated/bots/{SCHEMA}/conversations"
        router.add_post(base, self._begin)
        router.add_post(base + "/{id}", self._turn)

    async def _token(self, request: web.Request) -> web.Response:
        return web.json_response(self._grant(self._new_talk(), f"dl_{secrets.token_hex(4)}"))

    async def _regional(self, request: web.Request) -> web.Response:
        urls = {"directline": f"{self.environment}/", "webchat": f"{self.environment}/webchat"}
        return web.json_response({"channelUrlsById": urls, "geo": "europe"})

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        self._check(request)
        identity = secrets.token_hex(8)
        self.conversations.append(identity)
        start = {"type": "event", "name": "startConversation"}
        asked = (await request.json()).get("emitStartConversationEvent", True)
        return await self._stream_turn(request, identity, start if asked else None)

    async def _turn(self, request: web.Request) -> web.StreamResponse:
        self._check(request)
        identity = request.match_info["id"]
        if identity not in self.conversations:
            raise web.HTTPNotFound(text="unknown conversation")
        return await self._stream_turn(request, identity, (await request.json())["activity"])

    def _check(self, request: web.Request) -> None:
        if not self.welcome(request.headers.get("Authorization", "").removeprefix("Bearer ")):
            raise web.HTTPUnauthorized
        self.accepts.append(request.headers.get("Accept", ""))
        self.traces.append(request.headers.get("traceparent", ""))
        if self.refuse:
            raise _status(self.refuse.popleft())

    async def _stream_turn(self, request: web.Request, identity: str, activity: Activity | None) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream", "x-ms-conversationid": identity}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        said = 0

        async def say(answer: Activity) -> None:
            whole = {"from": {"id": "agent", "role": "bot"}, "conversation": {"id": identity}, **answer}
            await response.write(f"event: activity\r\ndata: {json.dumps(whole)}\r\n\r\n".encode())
            nonlocal said
            said += 1
            if said == self.stops_behind:
                await self.goes_on.wait()

        if activity is not None:
            self.told.append(activity)
            try:
                await self.bot(activity, say)
            except BotError:
                assert request.transport is not None
                request.transport.close()
                return response
        await response.write(b"event: end\r\ndata: end\r\n\r\n")
        return response


def _status(status: int) -> web.HTTPException:
    refused = web.HTTPServiceUnavailable(text="not now")
    refused.set_status(status)
    return refused
