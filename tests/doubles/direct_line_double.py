"""The Direct Line 3.0 service, as its documentation has it, with a bot behind it that is a coroutine.

https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-direct-line-3-0-api-reference

``tests/peers`` runs Microsoft's own client (botframework-directlinejs) against it. Faults are told to it: ``refuse``
(statuses for the next posts), ``break_streams``, ``forget`` (a conversation), ``repeat`` (all is sent twice).
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import WSCloseCode, web

from voicebot.bots.direct_line import DirectLine
from voicebot.bots.service_client import ServiceClient
from voicebot.bots.settling import Patience

Activity = dict[str, Any]
Say = Callable[[Activity], Awaitable[None]]
Bot = Callable[[Activity, Say], Awaitable[None]]

SECRET = "direct-line-secret"
PREFIX = "/v3/directline"


class BotError(Exception):
    """Raised by a bot: Direct Line answers the post with 502."""


async def echo_bot(activity: Activity, say: Say) -> None:
    """Greets who joins, and repeats what it is told."""
    if activity["type"] == "conversationUpdate":
        if any(member["id"].startswith("dl_") for member in activity["membersAdded"]):
            await say({"type": "message", "text": "Welcome.", "inputHint": "acceptingInput"})
    elif activity["type"] == "message":
        await say({"type": "message", "text": f"You said {activity['text']}.", "inputHint": "expectingInput"})


@dataclass
class Talk:
    """One conversation: its log, whose index is the watermark, and the socket that listens. ``kept``: a frame that the
    next one overtakes."""

    log: list[Activity] = field(default_factory=list)
    socket: web.WebSocketResponse | None = None
    started: bool = False
    kept: str = ""


PATIENCE = Patience(quiet_s=0.05, typing_s=0.5, silent_s=0.1)


def line_to(service: DirectLineDouble | str, **changes: Any) -> DirectLine:
    """How ``service``, or an endpoint, is reached; with little patience."""
    endpoint = service if isinstance(service, str) else service.endpoint

    async def locate(_: ServiceClient) -> str:
        return endpoint

    line = DirectLine(
        locate, secret=SECRET, token_url="", start_event="", patience=PATIENCE, poll_s=0.5, turn_timeout_s=5.0
    )
    return replace(line, **changes)


class DirectLineDouble:
    """``async with DirectLineDouble(bot) as service``: listens on a free port of 127.0.0.1."""

    def __init__(self, bot: Bot = echo_bot, *, token_life_s: float = 1800.0, port: int = 0) -> None:
        self.bot = bot
        self.token_life_s = token_life_s
        self.port = port
        self.talks: dict[str, Talk] = {}
        self.told: list[Activity] = []
        """What the bot was told."""
        self.calls: list[str] = []
        """The requests, as ``METHOD path``."""
        self.traces: list[str] = []
        """The ``traceparent`` of each activity."""
        self.refuse: deque[int] = deque()
        self.repeat = False
        self.overtake = False
        """True: of two activities of the bot, the frame of the second comes first."""
        self.streams = True
        """False: streams are refused."""
        self.retry_after = "0.05"
        self._tokens: dict[str, tuple[str, float, str]] = {}
        self._runner: web.AppRunner | None = None
        self._background: set[asyncio.Task[None]] = set()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    async def __aenter__(self) -> DirectLineDouble:
        application = web.Application(middlewares=[self._note])
        self.add_routes(application.router)
        self._runner = web.AppRunner(application, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_post(PREFIX + "/tokens/generate", self._generate)
        router.add_post(PREFIX + "/tokens/refresh", self._refresh)
        router.add_post(PREFIX + "/conversations", self._start)
        router.add_get(PREFIX + "/conversations/{id}", self._reconnect)
        router.add_post(PREFIX + "/conversations/{id}/activities", self._post)
        router.add_get(PREFIX + "/conversations/{id}/activities", self._read)
        router.add_get(PREFIX + "/conversations/{id}/stream", self._stream)

    async def __aexit__(self, *exc: object) -> None:
        await self.break_streams()
        for task in self._background:
            task.cancel()
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def open_streams(self) -> int:
        return sum(talk.socket is not None for talk in self.talks.values())

    def count(self, method: str, ending: str) -> int:
        """How many requests there were whose path ends so."""
        return sum(call.startswith(f"{method} ") and call.endswith(ending) for call in self.calls)

    # --- faults and initiative ---

    async def break_streams(self) -> None:
        """Close every stream as a network does that goes away."""
        for talk in self.talks.values():
            socket, talk.socket = talk.socket, None
            if socket is not None:
                await socket.close(code=WSCloseCode.GOING_AWAY)

    def expire_tokens(self) -> None:
        self._tokens = {token: (talk, 0.0, user) for token, (talk, _, user) in self._tokens.items()}

    def forget(self) -> None:
        """Lose all conversations, as after days of silence."""
        self.talks.clear()
        self._tokens.clear()

    async def say(self, activity: Activity) -> None:
        """The bot speaks on its own initiative, in every conversation."""
        for identity in self.talks:
            await self._append(identity, {"from": {"id": "bot"}, **activity})

    async def keep_alive(self) -> None:
        for talk in self.talks.values():
            if talk.socket is not None:
                await talk.socket.send_str("")

    # --- the service ---

    @web.middleware
    async def _note(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.calls.append(f"{request.method} {request.path}")
        return await handler(request)

    async def _generate(self, request: web.Request) -> web.Response:
        if _bearer(request) != SECRET:
            raise _error(web.HTTPForbidden, "BadArgument", "Invalid token or secret")
        identity = self._new_talk()
        return web.json_response(self._grant(identity, await _user(request)))

    async def _refresh(self, request: web.Request) -> web.Response:
        if _bearer(request) == SECRET:
            raise _error(web.HTTPForbidden, "BadArgument", "A secret cannot be refreshed")
        identity, user = self._authorised(request)
        return web.json_response(self._grant(identity, user))

    async def _start(self, request: web.Request) -> web.Response:
        identity, user = (self._new_talk(), "") if _bearer(request) == SECRET else self._authorised(request)
        user = user or await _user(request)
        talk = self.talks[identity]
        status = 200 if talk.started else 201
        grant = self._grant(identity, user)
        if not talk.started:
            talk.started = True
            members = [{"id": "bot"}, *([{"id": user}] if user else [])]
            joined = {"type": "conversationUpdate", "from": {"id": user or identity}, "membersAdded": members}
            task = asyncio.create_task(self._join(identity, joined))
            self._background.add(task)
            task.add_done_callback(self._background.discard)
        stream = {"streamUrl": self._stream_url(identity, "-", grant["token"])}
        return web.json_response(grant | stream, status=status)

    async def _reconnect(self, request: web.Request) -> web.Response:
        identity = request.match_info["id"]
        _, user = self._authorised(request, identity)
        watermark = request.query.get("watermark") or str(len(self.talks[identity].log))
        grant = self._grant(identity, user)
        return web.json_response(grant | {"streamUrl": self._stream_url(identity, watermark, grant["token"])})

    async def _post(self, request: web.Request) -> web.Response:
        identity = request.match_info["id"]
        self.traces.append(request.headers.get("traceparent", ""))
        _, user = self._authorised(request, identity)
        if self.refuse:
            status = self.refuse.popleft()
            body = {"error": {"code": "ServiceError", "message": "not now"}}
            return web.json_response(body, status=status, headers={"Retry-After": self.retry_after})
        activity = await request.json()
        if user:
            activity["from"] = {**activity.get("from", {}), "id": user}
        number = await self._append(identity, activity)
        try:
            await self._tell_bot(identity, activity)
        except BotError:
            body = {"error": {"code": "BotError", "message": "Failed to send activity: bot returned an error"}}
            return web.json_response(body, status=502)
        return web.json_response({"id": number})

    async def _read(self, request: web.Request) -> web.Response:
        identity = request.match_info["id"]
        self._authorised(request, identity)
        log = self.talks[identity].log
        return web.json_response(
            {"activities": log[int(request.query.get("watermark") or 0) :], "watermark": str(len(log))}
        )

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        identity = request.match_info["id"]
        owner, until, _ = self._tokens.get(request.query.get("t", ""), ("", 0.0, ""))
        if owner != identity or until < asyncio.get_running_loop().time() or not self.streams:
            raise web.HTTPForbidden
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        talk = self.talks[identity]
        if talk.socket is not None:
            await talk.socket.close(message=b"collision")
        watermark = request.query.get("watermark", "-")
        missed = talk.log[0 if watermark == "-" else int(watermark) :]
        talk.socket = socket
        await socket.send_str("")
        if missed:
            await self._send(talk, missed)
        async for _ in socket:
            pass
        if talk.socket is socket:
            talk.socket = None
        return socket

    # --- inside ---

    def _new_talk(self) -> str:
        identity = f"{secrets.token_urlsafe(12)}-us"
        self.talks[identity] = Talk()
        return identity

    def _grant(self, identity: str, user: str) -> dict[str, Any]:
        token = secrets.token_urlsafe(16)
        self._tokens[token] = (identity, asyncio.get_running_loop().time() + self.token_life_s, user)
        return {"conversationId": identity, "token": token, "expires_in": self.token_life_s}

    def _authorised(self, request: web.Request, identity: str = "") -> tuple[str, str]:
        token = _bearer(request)
        if identity and identity not in self.talks:
            raise _error(web.HTTPNotFound, "BadArgument", "Unknown conversation")
        if token == SECRET:
            return identity, ""
        owner, until, user = self._tokens.get(token, ("", 0.0, ""))
        if not owner or (identity and owner != identity):
            raise _error(web.HTTPForbidden, "BadArgument", "Token not valid for this conversation")
        if until < asyncio.get_running_loop().time():
            raise _error(web.HTTPForbidden, "TokenExpired", "Token has expired")
        return owner, user

    def _stream_url(self, identity: str, watermark: str, token: str) -> str:
        url = f"{self.endpoint}/conversations/{identity}/stream".replace("http:", "ws:")
        return f"{url}?watermark={watermark}&t={token}"

    async def _join(self, identity: str, activity: Activity) -> None:
        try:
            await self._tell_bot(identity, {**activity, "id": secrets.token_hex(4)})
        except BotError:
            return

    async def _tell_bot(self, identity: str, activity: Activity) -> None:
        told = {**activity, "channelId": "directline", "conversation": {"id": identity}, "recipient": {"id": "bot"}}
        self.told.append(told)

        async def say(answer: Activity) -> None:
            await self._append(identity, {"from": {"id": "bot"}, "replyToId": told["id"], **answer})

        await self.bot(told, say)

    async def _append(self, identity: str, activity: Activity) -> str:
        talk = self.talks[identity]
        activity.setdefault("channelId", "directline")
        activity["conversation"] = {"id": identity}
        if activity["type"] == "typing":
            await self._send(talk, [activity])
            return ""
        activity["id"] = f"{identity}|{len(talk.log):07d}"
        talk.log.append(activity)
        await self._send(talk, [activity])
        return str(activity["id"])

    async def _send(self, talk: Talk, activities: list[Activity]) -> None:
        if talk.socket is None or talk.socket.closed:
            return
        frame = json.dumps({"activities": activities, "watermark": str(len(talk.log))})
        if self.overtake and activities[0].get("from") == {"id": "bot"}:
            if not talk.kept:
                talk.kept = frame
                return
            await talk.socket.send_str(frame)
            frame, talk.kept = talk.kept, ""
        for _ in range(2 if self.repeat else 1):
            await talk.socket.send_str(frame)


def _bearer(request: web.Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


async def _user(request: web.Request) -> str:
    body = await request.json() if request.can_read_body else None
    return str(((body or {}).get("user") or {}).get("id") or "")


def _error(kind: type[web.HTTPException], code: str, message: str) -> web.HTTPException:
    text = json.dumps({"error": {"code": code, "message": message}})
    return kind(text=text, content_type="application/json")
