"""The way ``direct-line``: Bot Framework Direct Line 3.0, as its client.

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
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp

from voicebot.bots.client_way import CONNECT_S, ClientWay, NotConnected, Refused
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.direct_line_feed import MAX_FRAME, DirectLineFeed
from voicebot.bots.direct_line_stream import FIRST_RETRY_S, LAST_RETRY_S, DirectLineStream, StreamUnavailable
from voicebot.bots.direct_line_token import DirectLineToken
from voicebot.bots.exchange import Exchange
from voicebot.bots.remote_conversation import Undelivered
from voicebot.bots.settling import Patience
from voicebot.bots.ways import BotOptions

logger = logging.getLogger(__name__)

PUBLIC_ENDPOINT = "https://directline.botframework.com/v3/directline"
HEARTBEAT_S = 15.0
NO_STREAMS_FOR_S = 60.0
"""A websocket that nobody answers is not tried again for so long: each call would begin with that wait."""
ENVELOPE = frozenset({"id", "timestamp", "channelId", "serviceUrl", "recipient", "conversation"})
"""What the service fills in itself."""


@dataclass(frozen=True, slots=True)
class DirectLineOptions:
    """How a bot's Direct Line is reached. Either ``secret`` or ``token_url`` is set."""

    endpoint: str = PUBLIC_ENDPOINT
    """Also a region's: ``https://europe.directline.botframework.com/v3/directline``."""
    secret: str = field(default="", repr=False)
    token_url: str = ""
    """Answers GET with ``{"token": ..., "expires_in": ...}``."""
    start_event: str = ""
    """An event of this name is sent at the start, with what is known of the call, after the service's own
    ``conversationUpdate``."""
    patience: Patience = field(default_factory=Patience)
    poll_s: float = 0.5
    """Between two fetches, where no websocket can be had."""


class DirectLineWay(ClientWay["DirectLineConversation"]):
    """The way to one bot behind Direct Line (:class:`voicebot.bots.ways.BotWay`)."""

    def __init__(self, options: DirectLineOptions, bot: BotOptions | None = None) -> None:
        super().__init__(bot)
        self.options = options
        self._no_streams_until = 0.0

    def _talk(self, call: CallFacts, on_event: OnEvent) -> DirectLineConversation:
        return DirectLineConversation(self, call, on_event)

    async def locate(self) -> str:
        """The Direct Line endpoint; a way that must look it up overrides this. Raises Undelivered."""
        return self.options.endpoint

    async def stream(self, url: str) -> aiohttp.ClientWebSocketResponse:
        """A conversation's websocket. Raises :class:`voicebot.bots.direct_line_stream.StreamUnavailable`."""
        now = asyncio.get_running_loop().time()
        if now < self._no_streams_until:
            raise StreamUnavailable("websockets were not answered a moment ago")
        try:
            async with asyncio.timeout(CONNECT_S):
                return await self.session.ws_connect(url, heartbeat=HEARTBEAT_S, max_msg_size=MAX_FRAME)
        except TimeoutError:
            self._no_streams_until = now + NO_STREAMS_FOR_S
            raise StreamUnavailable("the websocket is not answered") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise StreamUnavailable(f"the websocket cannot be opened: {error or type(error).__name__}") from None


class DirectLineConversation(Exchange):
    """One call's conversation; opened by its first request, and again when the service has lost it."""

    def __init__(self, way: DirectLineWay, call: CallFacts, on_event: OnEvent) -> None:
        super().__init__(call, on_event, bot=way.bot, patience=way.options.patience)
        self._way = way
        self._user = f"dl_{call.person or call.call_id}"[:64]
        self._opening = asyncio.Lock()
        self._token = DirectLineToken(way, call.call_id, way.options.secret)
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

    # --- Exchange ----------------------------------------------------------------------------------------------------

    async def _hand_over(self, request: int, activity: dict[str, Any]) -> str:
        async with self._opening:
            opened = self._stream is None
            if opened:
                await self._open()
        if activity["type"] == "conversationUpdate":
            if not opened or not self._way.options.start_event:
                return ""  # the service told the bot itself
            kept = {name: activity[name] for name in ("from", "locale", "channelData") if name in activity}
            activity = kept | {"type": "event", "name": self._way.options.start_event}
        try:
            return await self._post(activity, request)
        except Refused as refused:
            if refused.status not in (401, 403, 404):
                raise
            await self._forget()  # conversation or token are gone for good: the next request begins anew
            raise Undelivered(f"the conversation is lost: {refused}") from None

    async def _say_goodbye(self, activity: dict[str, Any]) -> None:
        if self._stream is not None:
            await self._post(activity)

    async def _shut(self) -> None:
        await self._forget()

    # --- the conversation --------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        way, token = self._way, self._token
        token.endpoint = (await way.locate()).rstrip("/")
        user = {"id": self._user} | ({"name": self.call.display_name} if self.call.display_name else {})
        if way.options.token_url:
            token.take(await self._patiently("GET", way.options.token_url, ""))
        else:
            url = f"{token.endpoint}/tokens/generate"
            token.take(await self._patiently("POST", url, way.options.secret, {"user": user}))
        answer = await self._patiently("POST", f"{token.endpoint}/conversations", token.bearer, {"user": user})
        token.take(answer)
        identity, stream_url = answer.get("conversationId"), answer.get("streamUrl")
        if not isinstance(identity, str) or not identity or not isinstance(stream_url, str):
            raise Undelivered("the service gave no conversation")
        token.conversation_url = f"{token.endpoint}/conversations/{quote(identity, safe='')}"
        self._feed = DirectLineFeed(self._user)
        name = self.call.call_id
        stream = DirectLineStream(way, token, self._feed, name, way.options.poll_s, self._news)
        await stream.open(stream_url)
        self._stream = stream
        logger.info("conversation %s: Direct Line conversation %s", name, identity)
        self._background = [
            asyncio.create_task(self._listen(stream), name=f"direct line stream {name}"),
            asyncio.create_task(token.renew_regularly(), name=f"direct line token {name}"),
        ]

    async def _listen(self, stream: DirectLineStream) -> None:
        try:
            await stream.run()
        except Undelivered as error:
            logger.warning("conversation %s: %s", self.call.call_id, error)
            reason = str(error)
        except Exception:
            logger.exception("conversation %s", self.call.call_id)
            reason = "the stream failed"
        await self._forget()
        self._tell(self._requests.lost(reason, self._loop.time()))

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
                self.named(int(request), identity)
        for activity in news:
            try:
                self.received(activity)
            except Exception:  # one activity's trouble must not make us deaf
                logger.exception("conversation %s", self.call.call_id)

    async def _post(self, activity: dict[str, Any], request: int = 0) -> str:
        content = {name: value for name, value in activity.items() if name not in ENVELOPE}
        content["channelData"] = {**activity.get("channelData", {}), "clientActivityID": str(request)}
        content["from"] = {**activity.get("from", {}), "id": self._user}
        token = self._token
        url = f"{token.conversation_url}/activities"
        try:
            answer = await self._patiently("POST", url, token.bearer, content)
        except Refused as refused:
            if refused.status == 502:
                raise Undelivered(f"the bot failed: {refused}") from None
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
                return await self._way.request(method, url, bearer, body)
            except Refused as refused:
                if refused.status not in (429, 503):
                    raise
                logger.info("conversation %s: %s %s: %s; again", self.call.call_id, method, url, refused)
                wanted_s = refused.retry_after_s
            except NotConnected as error:
                logger.info("conversation %s: %s %s: %s; again", self.call.call_id, method, url, error)
            await asyncio.sleep(wanted_s if wanted_s is not None else pause_s * random.uniform(0.7, 1.3))
            pause_s = min(pause_s * 2, LAST_RETRY_S)
