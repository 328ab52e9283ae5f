"""The channel ``direct-line``: Bot Framework Direct Line 3.0, as its client.

https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-direct-line-3-0-api-reference

One conversation for each call: a token for it (made from the secret, or fetched from a token endpoint that keeps the
secret), ``POST /conversations``, then our activities are posted, and the bot's come on a websocket or are polled
(``direct_line_stream.py``). The token is renewed at half its life (``direct_line_token.py``).

A request is sent again only when the service certainly did not accept it (``delivery.py``), or refused its token. A 502
is the bot's own failure. ``settling.py`` decides when a request has been answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote

from pydantic import Field, model_validator

from voicebot.bots import activities
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.delivery import until_accepted
from voicebot.bots.direct_line_feed import DirectLineFeed
from voicebot.bots.direct_line_stream import DirectLineStream, StreamSockets
from voicebot.bots.direct_line_token import DirectLineToken
from voicebot.bots.exchange import Exchange, Undelivered, end_all
from voicebot.bots.remote_bot import RemoteBot
from voicebot.bots.service_client import NO_HEADERS, ServiceClient, ServiceRefused
from voicebot.bots.settling import Patience

logger = logging.getLogger(__name__)

PUBLIC_ENDPOINT = "https://directline.botframework.com/v3/directline"
ENVELOPE = frozenset({"id", "timestamp", "channelId", "serviceUrl", "recipient", "conversation"})
"""The fields of an activity that the service sets itself."""


class SettlingBot(RemoteBot):
    """A bot behind Direct Line, which does not say when a turn is over: these times decide (``settling.py``)."""

    quiet_s: Annotated[float, Field(gt=0, le=30)] = 0.8
    """The turn is over this long after the bot's last message,"""
    typing_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """after a typing activity or a part of a streamed text,"""
    silent_s: Annotated[float, Field(gt=0, le=30)] = 1.5
    """or after a key or an event to which the bot said nothing."""
    poll_s: Annotated[float, Field(ge=0.1, le=30)] = 0.5
    """Seconds between two polls for the bot's activities where no websocket is possible."""

    @property
    def patience(self) -> Patience:
        return Patience(self.quiet_s, self.typing_s, self.silent_s)


class DirectLineBot(SettlingBot):
    """``url``: a regional endpoint, such as ``https://europe.directline.botframework.com/v3/directline``; empty: the
    public one."""

    kind: Literal["direct-line"] = "direct-line"
    token_url: str = ""
    """Instead of the secret: an address that gives a token for each call. It answers GET with
    ``{"token": ..., "expires_in": ...}``."""
    start_event: str = ""
    """The name of an event that is sent when a call begins, for bots that wait for one before they greet."""

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
    """Returns the endpoint. Raises Undelivered."""
    secret: str = field(repr=False)
    token_url: str
    start_event: str
    """The name of an event that is sent when a call begins, with the facts of the call. The service has sent the bot a
    ``conversationUpdate`` of its own by then."""
    patience: Patience
    poll_s: float
    turn_timeout_s: float


class DirectLineChannel:
    """The channel to one bot behind Direct Line (:class:`voicebot.bots.channel.BotChannel`)."""

    def __init__(self, line: DirectLine) -> None:
        self._line = line
        self._service = ServiceClient()
        self._sockets = StreamSockets(self._service)
        self._open: set[Exchange] = set()

    @property
    def conversations(self) -> int:
        """How many conversations are open."""
        return len(self._open)

    async def start(self) -> None:
        self._service.open()

    def conversation(self, call: CallFacts, on_event: OnEvent) -> Exchange:
        carrier = DirectLineCarrier(call, on_event, self._line, self._service, self._sockets, self._open.discard)
        self._open.add(carrier.exchange)
        return carrier.exchange

    async def close(self) -> None:
        await end_all(self._open)
        await self._service.close()


class DirectLineCarrier:
    """Carries one call's :attr:`exchange` (:class:`voicebot.bots.exchange.Carrier`). The first request opens the
    service's conversation, and the next one opens another when the service has lost it. ``on_over`` is called once,
    when the exchange is over."""

    def __init__(
        self,
        call: CallFacts,
        on_event: OnEvent,
        line: DirectLine,
        service: ServiceClient,
        sockets: StreamSockets,
        on_over: Callable[[Exchange], None],
    ) -> None:
        self.exchange = Exchange(call, on_event, self, timeout_s=line.turn_timeout_s, patience=line.patience)
        self._call = call
        self._line = line
        self._service = service
        self._sockets = sockets
        self._on_over = on_over
        self._user = f"dl_{call.person or call.id}"[:64]
        self._opening = asyncio.Lock()
        self._token = DirectLineToken(service, call.id, line.secret)
        self._feed = DirectLineFeed(self._user)
        self._stream: DirectLineStream | None = None
        self._background: list[asyncio.Task[None]] = []

    # --- Carrier -----------------------------------------------------------------------------------------------------

    async def hand_over(self, request: int, activity: dict[str, Any]) -> str:
        async with self._opening:
            opened = self._stream is None
            if opened:
                await self._open()
        if activity["type"] == "conversationUpdate":
            if not opened or not self._line.start_event:
                return ""  # the service itself tells the bot that the conversation has begun
            kept = {name: activity[name] for name in ("from", "locale", "channelData") if name in activity}
            activity = kept | {"type": "event", "name": self._line.start_event}
        try:
            return await self._post(activity, request)
        except ServiceRefused as refused:
            if refused.status not in (401, 403, 404):
                raise
            await self._forget()  # conversation or token are gone for good: the next request opens another conversation
            raise Undelivered(f"the conversation is lost: {refused}") from refused

    async def say_goodbye(self, activity: dict[str, Any]) -> None:
        if self._stream is not None:
            await self._post(activity)

    async def release(self) -> None:
        await self._forget()
        self._on_over(self.exchange)

    # --- the service's conversation ----------------------------------------------------------------------------------

    async def _open(self) -> None:
        line, token = self._line, self._token
        token.endpoint = (await line.locate(self._service)).rstrip("/")
        user = {"id": self._user} | ({"name": self._call.display_name} if self._call.display_name else {})
        if line.token_url:
            token.take(await self._request("GET", line.token_url, ""))
        else:
            url = f"{token.endpoint}/tokens/generate"
            token.take(await self._request("POST", url, line.secret, {"user": user}))
        answer = await self._request("POST", f"{token.endpoint}/conversations", token.bearer, {"user": user})
        token.take(answer)
        identity, stream_url = answer.get("conversationId"), answer.get("streamUrl")
        if not isinstance(identity, str) or identity in ("", ".", "..") or not isinstance(stream_url, str):
            raise Undelivered("the service gave no conversation")
        token.conversation_url = f"{token.endpoint}/conversations/{quote(identity, safe='')}"
        self._feed = DirectLineFeed(self._user)
        stream = DirectLineStream(self._service, self._sockets, token, self._feed, line.poll_s, self._came)
        await stream.open(stream_url)
        self._stream = stream
        name = self._call.id
        logger.info("conversation %s is Direct Line conversation %s", name, identity)
        self._background = [
            asyncio.create_task(self._listen(stream), name=f"direct line stream {name}"),
            asyncio.create_task(token.renew_regularly(), name=f"direct line token {name}"),
        ]

    async def _listen(self, stream: DirectLineStream) -> None:
        try:
            await stream.run()
        except Undelivered as error:
            logger.warning("conversation %s: %s", self._call.id, error)
            reason = str(error)
        except Exception:
            logger.exception("conversation %s: receiving the bot's activities failed", self._call.id)
            reason = "the stream failed"
        self.exchange.lost(reason)  # first: requests that come during the next line belong to another conversation
        await self._forget()

    async def _forget(self) -> None:
        """Close the stream and end the tasks of the service's conversation; the next request opens another one."""
        stream, self._stream = self._stream, None
        current = asyncio.current_task()
        tasks, self._background = [task for task in self._background if task is not current], []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if stream is not None:
            await stream.close()

    async def _came(self, came: list[dict[str, Any]]) -> None:
        for request, identity in self._feed.named:
            if request.isdecimal() and len(request) < 10:
                self.exchange.named(int(request), identity)
        if self._feed.unreadable:
            self.exchange.unusable(f"what the bot sent cannot be read: {self._feed.unreadable}")
        await asyncio.sleep(0)  # what came was parsed: the media of other calls comes first
        for activity in came:
            try:
                self.exchange.received(activity)
            except Exception:  # an activity that cannot be handled must not end the stream
                logger.exception("conversation %s: an activity of the bot was dropped", self._call.id)
            await asyncio.sleep(0)

    async def _post(self, activity: dict[str, Any], request: int = 0) -> str:
        headers = activities.trace_headers(self._call, request, activity)
        activity = activities.traced(activity, headers)
        content = {name: value for name, value in activity.items() if name not in ENVELOPE}
        content["channelData"] = {**activity.get("channelData", {}), "clientActivityID": str(request)}
        content["from"] = {**activity.get("from", {}), "id": self._user}
        order, identity = self._feed.order, ""
        order.sending(str(request))
        try:
            answer = await self._posted(content, headers)
            if isinstance(answer.get("id"), str):
                identity = answer["id"]
        finally:
            order.sent(str(request), identity)
        if self._stream is not None:
            self._stream.nudge()
        return identity

    async def _posted(self, content: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        token = self._token
        url = f"{token.conversation_url}/activities"
        try:
            return await self._request("POST", url, token.bearer, content, headers)
        except ServiceRefused as refused:
            if refused.status == 502:
                raise Undelivered(f"the bot failed: {refused}") from refused
            if refused.status not in (401, 403):
                raise
            await token.renew()
            return await self._request("POST", url, token.bearer, content, headers)

    async def _request(
        self, method: str, url: str, bearer: str, body: Any = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> dict[str, Any]:
        """The service's answer, as a JSON object. Raises Undelivered."""
        what = f"conversation {self._call.id}: {method} {url}"
        return await until_accepted(
            lambda: self._service.request(method, url, bearer, body, headers), self._line.turn_timeout_s, what
        )
