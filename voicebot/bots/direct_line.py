"""The channel ``direct-line``: Bot Framework Direct Line 3.0, as its client.

https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-direct-line-3-0-api-reference

One conversation a call: a token for it (made from the secret, or fetched from a token endpoint that keeps the secret),
``POST /conversations``, then what we say is posted, and what the bot says comes on a websocket or is fetched
(``direct_line_stream.py``). The token is renewed at half its life (``direct_line_token.py``).

What is tried again is only what the service certainly did not take: 429 and 503, a refused token, a connection that was
never made. A 502 is the bot's own failure. ``settling.py`` tells when a request is answered.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote

from pydantic import Field, model_validator

from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.direct_line_feed import DirectLineFeed
from voicebot.bots.direct_line_stream import FIRST_RETRY_S, LAST_RETRY_S, DirectLineStream, StreamSockets
from voicebot.bots.direct_line_token import DirectLineToken
from voicebot.bots.exchange import Exchange, Undelivered, end_all
from voicebot.bots.remote_bot import RemoteBot
from voicebot.bots.service_client import NotConnected, ServiceClient, ServiceRefused
from voicebot.bots.settling import Patience

logger = logging.getLogger(__name__)

PUBLIC_ENDPOINT = "https://directline.botframework.com/v3/directline"
ENVELOPE = frozenset({"id", "timestamp", "channelId", "serviceUrl", "recipient", "conversation"})
"""What the service fills in itself."""


class SettlingBot(RemoteBot):
    """A bot that may be behind Direct Line, which does not tell when the bot's turn is over."""

    quiet_s: Annotated[float, Field(gt=0, le=30)] = 0.8
    """It is over so long after its last message ..."""
    typing_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """... or so long after it said that it is typing, or within a text that it streams ..."""
    silent_s: Annotated[float, Field(gt=0, le=30)] = 1.5
    """... or so long after a key or an event to which it said nothing."""
    poll_s: Annotated[float, Field(ge=0.1, le=30)] = 0.5
    """Where no websocket can be had: how often is asked for what the bot says."""

    @property
    def patience(self) -> Patience:
        return Patience(self.quiet_s, self.typing_s, self.silent_s)


class DirectLineBot(SettlingBot):
    """``url``: a region's endpoint, such as ``https://europe.directline.botframework.com/v3/directline``; empty: the
    public one."""

    kind: Literal["direct-line"] = "direct-line"
    token_url: str = ""
    """In the place of the secret: an address that gives a token for each call. It answers GET with
    ``{"token": ..., "expires_in": ...}``."""
    start_event: str = ""
    """An event of this name is sent at the start of a call, for bots that wait for one."""

    @model_validator(mode="after")
    def _secret_or_token(self) -> Self:
        if self.has_secret == bool(self.token_url):
            raise ValueError('kind = "direct-line" needs either secret_file or secret_env, or token_url')
        return self

    @property
    def address(self) -> str:
        return self.url or PUBLIC_ENDPOINT

    def channel(self, connector: ConnectorServer) -> DirectLineChannel:
        async def locate(_: ServiceClient) -> str:
            return self.address

        line = DirectLine(
            locate=locate,
            secret="" if self.token_url else self.secret(),
            token_url=self.token_url,
            start_event=self.start_event,
            patience=self.patience,
            poll_s=self.poll_s,
            turn_timeout_s=self.turn_timeout_s,
        )
        return DirectLineChannel(line)


@dataclass(frozen=True, slots=True)
class DirectLine:
    """How a bot's Direct Line is reached. Either ``secret`` or ``token_url`` is set."""

    locate: Callable[[ServiceClient], Awaitable[str]]
    """Gives the endpoint. Raises Undelivered."""
    secret: str = field(repr=False)
    token_url: str
    start_event: str
    """An event of this name is sent at the start, with what is known of the call, after the service's own
    ``conversationUpdate``."""
    patience: Patience
    poll_s: float
    turn_timeout_s: float


class DirectLineChannel:
    """The channel to one bot behind Direct Line (:class:`voicebot.bots.channel.BotChannel`)."""

    def __init__(self, line: DirectLine) -> None:
        self._line = line
        self._service = ServiceClient()
        self._sockets = StreamSockets(self._service)
        self._open: set[DirectLineConversation] = set()

    @property
    def conversations(self) -> int:
        """How many conversations are open."""
        return len(self._open)

    async def start(self) -> None:
        self._service.open()

    def conversation(self, call: CallFacts, on_event: OnEvent) -> DirectLineConversation:
        conversation = DirectLineConversation(
            call, on_event, self._line, self._service, self._sockets, self._open.discard
        )
        self._open.add(conversation)
        return conversation

    async def close(self) -> None:
        await end_all(self._open)
        await self._service.close()


class DirectLineConversation:
    """One call's conversation; opened by its first request, and again when the service has lost it."""

    def __init__(
        self,
        call: CallFacts,
        on_event: OnEvent,
        line: DirectLine,
        service: ServiceClient,
        sockets: StreamSockets,
        on_over: Callable[[DirectLineConversation], None],
    ) -> None:
        self.call = call
        self._line = line
        self._service = service
        self._sockets = sockets
        self._on_over = on_over
        self._exchange = Exchange(call, on_event, self, timeout_s=line.turn_timeout_s, patience=line.patience)
        self._user = f"dl_{call.person or call.id}"[:64]
        self._opening = asyncio.Lock()
        self._token = DirectLineToken(service, call.id, line.secret)
        self._feed = DirectLineFeed(self._user)
        self._stream: DirectLineStream | None = None
        self._background: list[asyncio.Task[None]] = []

    @property
    def reconnections(self) -> int:
        return self._stream.reconnections if self._stream is not None else 0

    @property
    def polls(self) -> int:
        return self._stream.polls if self._stream is not None else 0

    @property
    def renewals(self) -> int:
        return self._token.renewals

    # --- the call's side ---------------------------------------------------------------------------------------------

    def send(self, request: int, activity: dict[str, Any]) -> None:
        self._exchange.send(request, activity)

    async def close(self, reason: str) -> None:
        await self._exchange.close(reason)

    async def over(self) -> None:
        """Wait until the bot knows of the end, or cannot be told; bounded. Only after :meth:`close`."""
        await self._exchange.over()

    # --- Carrier -----------------------------------------------------------------------------------------------------

    async def hand_over(self, request: int, activity: dict[str, Any]) -> str:
        async with self._opening:
            opened = self._stream is None
            if opened:
                await self._open()
        if activity["type"] == "conversationUpdate":
            if not opened or not self._line.start_event:
                return ""  # the service told the bot itself
            kept = {name: activity[name] for name in ("from", "locale", "channelData") if name in activity}
            activity = kept | {"type": "event", "name": self._line.start_event}
        try:
            return await self._post(activity, request)
        except ServiceRefused as refused:
            if refused.status not in (401, 403, 404):
                raise
            await self._forget()  # conversation or token are gone for good: the next request begins anew
            raise Undelivered(f"the conversation is lost: {refused}") from refused

    async def say_goodbye(self, activity: dict[str, Any]) -> None:
        if self._stream is not None:
            await self._post(activity)

    async def release(self) -> None:
        await self._forget()
        self._on_over(self)

    # --- the service's conversation ----------------------------------------------------------------------------------

    async def _open(self) -> None:
        line, token = self._line, self._token
        token.endpoint = (await line.locate(self._service)).rstrip("/")
        user = {"id": self._user} | ({"name": self.call.display_name} if self.call.display_name else {})
        if line.token_url:
            token.take(await self._patiently("GET", line.token_url, ""))
        else:
            url = f"{token.endpoint}/tokens/generate"
            token.take(await self._patiently("POST", url, line.secret, {"user": user}))
        answer = await self._patiently("POST", f"{token.endpoint}/conversations", token.bearer, {"user": user})
        token.take(answer)
        identity, stream_url = answer.get("conversationId"), answer.get("streamUrl")
        if not isinstance(identity, str) or identity in ("", ".", "..") or not isinstance(stream_url, str):
            raise Undelivered("the service gave no conversation")
        token.conversation_url = f"{token.endpoint}/conversations/{quote(identity, safe='')}"
        self._feed = DirectLineFeed(self._user)
        stream = DirectLineStream(self._service, self._sockets, token, self._feed, line.poll_s, self._news)
        await stream.open(stream_url)
        self._stream = stream
        name = self.call.id
        logger.info("conversation %s: Direct Line conversation %s", name, identity)
        self._background = [
            asyncio.create_task(self._listen(stream), name=f"direct line stream {name}"),
            asyncio.create_task(token.renew_regularly(), name=f"direct line token {name}"),
        ]

    async def _listen(self, stream: DirectLineStream) -> None:
        try:
            await stream.run()
        except Undelivered as error:
            logger.warning("conversation %s: %s", self.call.id, error)
            reason = str(error)
        except Exception:
            logger.exception("conversation %s", self.call.id)
            reason = "the stream failed"
        await self._forget()
        self._exchange.lost(reason)

    async def _forget(self) -> None:
        """Give the conversation up, and all that belongs to it."""
        stream, self._stream = self._stream, None
        current = asyncio.current_task()
        tasks, self._background = [task for task in self._background if task is not current], []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if stream is not None:
            await stream.close()

    def _news(self, news: list[dict[str, Any]]) -> None:
        for request, identity in self._feed.named:
            if request.isdecimal() and len(request) < 10:
                self._exchange.named(int(request), identity)
        for activity in news:
            try:
                self._exchange.received(activity)
            except Exception:  # one activity's trouble must not make us deaf
                logger.exception("conversation %s", self.call.id)

    async def _post(self, activity: dict[str, Any], request: int = 0) -> str:
        content = {name: value for name, value in activity.items() if name not in ENVELOPE}
        content["channelData"] = {**activity.get("channelData", {}), "clientActivityID": str(request)}
        content["from"] = {**activity.get("from", {}), "id": self._user}
        token = self._token
        url = f"{token.conversation_url}/activities"
        try:
            answer = await self._patiently("POST", url, token.bearer, content)
        except ServiceRefused as refused:
            if refused.status == 502:
                raise Undelivered(f"the bot failed: {refused}") from refused
            if refused.status not in (401, 403):
                raise
            await token.renew()
            answer = await self._patiently("POST", url, token.bearer, content)
        if self._stream is not None:
            self._stream.nudge()
        identity = answer.get("id")
        return identity if isinstance(identity, str) else ""

    async def _patiently(self, method: str, url: str, bearer: str, body: Any = None) -> dict[str, Any]:
        """An exchange, again while the service certainly has not taken it; the request's deadline ends that."""
        pause_s = FIRST_RETRY_S
        while True:
            wanted_s: float | None = None
            try:
                return await self._service.request(method, url, bearer, body)
            except ServiceRefused as refused:
                if refused.status not in (429, 503):
                    raise
                logger.info("conversation %s: %s %s: %s; again", self.call.id, method, url, refused)
                wanted_s = refused.retry_after_s
            except NotConnected as error:
                logger.info("conversation %s: %s %s: %s; again", self.call.id, method, url, error)
            await asyncio.sleep(wanted_s if wanted_s is not None else pause_s * random.uniform(0.7, 1.3))
            pause_s = min(pause_s * 2, LAST_RETRY_S)
