"""The way ``direct-line``: Bot Framework Direct Line 3.0, as its client.

https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-direct-line-3-0-api-reference

One conversation a call: a token for it (made from the secret, or fetched from a token endpoint that keeps the secret),
``POST /conversations``, then what we say is posted and what the bot says comes on a websocket. The token is renewed at
half its life. A stream that breaks is opened again where it broke (watermark), and nothing is taken twice.

What is tried again is only what the service certainly did not take: 429 and 503, a refused token, a connection that was
never made. A 502 is the bot's own failure. ``settling.py`` tells when a request is answered.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp

from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.direct_line_feed import MAX_FRAME, DirectLineFeed
from voicebot.bots.exchange import Exchange, Undelivered
from voicebot.bots.settling import Patience
from voicebot.bots.ways import BotOptions

logger = logging.getLogger(__name__)

PUBLIC_ENDPOINT = "https://directline.botframework.com/v3/directline"
CONNECT_S = 5.0
HEARTBEAT_S = 15.0
FIRST_RETRY_S = 0.2
LAST_RETRY_S = 5.0
TOKEN_LIFE_S = (2.0, 24 * 3600.0)
DEFAULT_LIFE_S = 1800.0
MAX_BODY = 1 << 20
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


class DirectLineWay:
    """The way to one bot behind Direct Line (:class:`voicebot.bots.ways.BotWay`)."""

    def __init__(self, options: DirectLineOptions, bot: BotOptions | None = None) -> None:
        self.options = options
        self.bot = bot or BotOptions()
        self._session: aiohttp.ClientSession | None = None
        self._open: set[DirectLineConversation] = set()

    @property
    def conversations(self) -> int:
        """How many conversations are open."""
        return len(self._open)

    async def start(self) -> None:
        if self._session is None:
            self._session = new_session()

    def conversation(self, call: CallFacts, on_event: OnEvent) -> DirectLineConversation:
        conversation = DirectLineConversation(self, call, on_event)
        self._open.add(conversation)
        conversation.on_close(lambda: self._open.discard(conversation))
        return conversation

    async def close(self) -> None:
        await asyncio.gather(*(conversation.close("shutdown") for conversation in list(self._open)))
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def locate(self) -> str:
        """The Direct Line endpoint; a way that must look it up overrides this. Raises Undelivered."""
        return self.options.endpoint

    async def request(self, method: str, url: str, bearer: str = "", body: Any = None) -> dict[str, Any]:
        """One exchange with the service; its JSON. Raises :class:`Refused`, or Undelivered when nothing came back."""
        if self._session is None:
            raise Undelivered("the way is not open")
        return await request_json(self._session, method, url, bearer, body)

    async def stream(self, url: str) -> aiohttp.ClientWebSocketResponse:
        if self._session is None:
            raise Undelivered("the way is not open")
        try:
            async with asyncio.timeout(CONNECT_S):
                return await self._session.ws_connect(url, heartbeat=HEARTBEAT_S, max_msg_size=MAX_FRAME)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Undelivered(f"the stream cannot be opened: {error or 'timeout'}") from None


class Refused(Undelivered):
    """The service answered with an error. ``retry_after_s``: what it asked for, None without."""

    def __init__(self, status: int, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"HTTP {status}: {text}" if text else f"HTTP {status}")
        self.status = status
        self.retry_after_s = retry_after_s


def new_session() -> aiohttp.ClientSession:
    """For many calls: the limit is on what happens at once with one host, not on the websockets."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
    )


async def request_json(
    session: aiohttp.ClientSession, method: str, url: str, bearer: str = "", body: Any = None
) -> dict[str, Any]:
    """A JSON exchange; ``{}`` for an answer without content."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    try:
        async with session.request(method, url, headers=headers, json=body, allow_redirects=False) as response:
            if response.status >= 300:
                text = (await response.content.read(2000)).decode(errors="replace")
                raise Refused(response.status, _message(text), _retry_after(response.headers.get("Retry-After")))
            content = await _bounded(response)
    except aiohttp.ClientConnectorError as error:
        raise NotConnected(f"cannot be reached: {error}") from None
    except (aiohttp.ClientError, OSError) as error:
        raise Undelivered(f"no answer: {error or type(error).__name__}") from None
    if not content.strip():
        return {}
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        raise Undelivered("the answer is not JSON") from None
    return answer if isinstance(answer, dict) else {}


class NotConnected(Undelivered):
    """Nothing can have been taken: there was no connection."""


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        content += chunk
        if len(content) > MAX_BODY:
            raise Undelivered(f"the answer is longer than {MAX_BODY} bytes")
    return bytes(content)


class DirectLineConversation(Exchange):
    """One call's conversation; opened by its first request, and again when the service has lost it."""

    def __init__(self, way: DirectLineWay, call: CallFacts, on_event: OnEvent) -> None:
        super().__init__(call, on_event, bot=way.bot, patience=way.options.patience)
        self._way = way
        self._endpoint = ""
        self._token = ""
        self._life_s = DEFAULT_LIFE_S
        self._conversation_id = ""
        self._opening = asyncio.Lock()
        self._feed = DirectLineFeed(f"dl_{call.person or call.call_id}"[:64])
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._background: list[asyncio.Task[None]] = []
        self.reconnections = 0
        self.renewals = 0

    # --- Exchange ----------------------------------------------------------------------------------------------------

    async def _hand_over(self, request: int, activity: dict[str, Any]) -> str:
        async with self._opening:
            opened = not self._conversation_id
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
        if self._conversation_id:
            await self._post(activity)

    async def _shut(self) -> None:
        await self._forget()

    # --- the conversation --------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        way = self._way
        self._endpoint = (await way.locate()).rstrip("/")
        user = {"id": self._feed.user} | ({"name": self.call.display_name} if self.call.display_name else {})
        if way.options.token_url:
            grant = await self._patiently("GET", way.options.token_url, "")
        else:
            url = f"{self._endpoint}/tokens/generate"
            grant = await self._patiently("POST", url, way.options.secret, {"user": user})
        self._granted(grant)
        conversation = await self._patiently("POST", f"{self._endpoint}/conversations", self._token, {"user": user})
        self._granted(conversation)
        identity, stream_url = conversation.get("conversationId"), conversation.get("streamUrl")
        if not isinstance(identity, str) or not identity or not isinstance(stream_url, str):
            raise Undelivered("the service gave no conversation")
        socket = await way.stream(stream_url)
        self._conversation_id, self._socket = identity, socket
        logger.info("conversation %s: Direct Line conversation %s", self.call.call_id, identity)
        self._background = [
            asyncio.create_task(self._listen(socket), name=f"direct line stream {self.call.call_id}"),
            asyncio.create_task(self._renew_regularly(), name=f"direct line token {self.call.call_id}"),
        ]

    async def _forget(self) -> None:
        """Give the conversation up, and all that belongs to it."""
        self._conversation_id = ""
        self._feed = DirectLineFeed(self._feed.user)
        current = asyncio.current_task()
        tasks, self._background = [task for task in self._background if task is not current], []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        socket, self._socket = self._socket, None
        if socket is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await socket.close()

    async def _post(self, activity: dict[str, Any], request: int = 0) -> str:
        content = {name: value for name, value in activity.items() if name not in ENVELOPE}
        content["channelData"] = {**activity.get("channelData", {}), "clientActivityID": str(request)}
        content["from"] = {**activity.get("from", {}), "id": self._feed.user}
        url = f"{self._url}/activities"
        try:
            answer = await self._patiently("POST", url, self._token, content)
        except Refused as refused:
            if refused.status == 502:
                raise Undelivered(f"the bot failed: {refused}") from None
            if refused.status not in (401, 403):
                raise
            await self._renew()
            answer = await self._patiently("POST", url, self._token, content)
        identity = answer.get("id")
        return identity if isinstance(identity, str) else ""

    @property
    def _url(self) -> str:
        return f"{self._endpoint}/conversations/{quote(self._conversation_id, safe='')}"

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

    # --- the token ---------------------------------------------------------------------------------------------------

    def _granted(self, answer: dict[str, Any]) -> None:
        token, life = answer.get("token"), answer.get("expires_in")
        if isinstance(token, str) and token:
            self._token = token
        elif not self._token:
            raise Undelivered("the service gave no token")
        if isinstance(life, int | float) and not isinstance(life, bool):
            self._life_s = min(max(float(life), TOKEN_LIFE_S[0]), TOKEN_LIFE_S[1])

    async def _renew(self) -> None:
        """Another token for the same conversation; of an expired one, only the secret can make it."""
        try:
            self._granted(await self._way.request("POST", f"{self._endpoint}/tokens/refresh", self._token))
        except Refused as refused:
            secret = self._way.options.secret
            if refused.status not in (401, 403) or not secret:
                raise
            self._granted(await self._way.request("GET", self._url, secret))
        self.renewals += 1

    async def _renew_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._life_s / 2)
            for _ in range(4):
                try:
                    async with asyncio.timeout(CONNECT_S * 2):
                        await self._renew()
                    break
                except (Undelivered, TimeoutError) as error:
                    logger.warning("conversation %s: token not renewed: %s", self.call.call_id, error or "timeout")
                    await asyncio.sleep(self._life_s / 16)

    # --- the stream --------------------------------------------------------------------------------------------------

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(message.data)
            await socket.close()
            logger.info("conversation %s: the stream broke at watermark %r", self.call.call_id, self._feed.watermark)
            reopened = await self._reopened()
            if reopened is None:
                return
            self._socket = socket = reopened

    def _take(self, frame: str) -> None:
        try:
            activities = self._feed.frame(frame)
            for request, identity in self._feed.named:
                if request.isdecimal() and len(request) < 10:
                    self.named(int(request), identity)
            for activity in activities:
                self.received(activity)
        except Exception:  # one frame's trouble must not make us deaf
            logger.exception("conversation %s", self.call.call_id)

    async def _reopened(self) -> aiohttp.ClientWebSocketResponse | None:
        """The stream, continued; None when the service does not know the conversation any more."""
        pause_s = FIRST_RETRY_S
        url = self._url + (f"?watermark={quote(self._feed.watermark, safe='')}" if self._feed.watermark else "")
        while True:
            try:
                async with asyncio.timeout(CONNECT_S * 2):
                    answer = await self._way.request("GET", url, self._token)
                    self._granted(answer)
                    socket = await self._way.stream(str(answer.get("streamUrl") or ""))
            except Refused as refused:
                if refused.status in (401, 403, 404) and not await self._renewed():
                    logger.warning("conversation %s: it is lost: %s", self.call.call_id, refused)
                    self._conversation_id = ""
                    self._tell(self._requests.lost(f"the conversation is lost: {refused}", self._loop.time()))
                    return None
            except (Undelivered, TimeoutError) as error:
                logger.info("conversation %s: no stream yet: %s", self.call.call_id, error or "timeout")
            else:
                self.reconnections += 1
                return socket
            await asyncio.sleep(pause_s * random.uniform(0.7, 1.3))
            pause_s = min(pause_s * 2, LAST_RETRY_S)

    async def _renewed(self) -> bool:
        try:
            await self._renew()
        except Refused:
            return False
        except Undelivered:
            pass  # not known: it is tried again
        return True


def _message(text: str) -> str:
    """What an error says: its ``error.message``, or the beginning of it."""
    with suppress(ValueError, RecursionError, AttributeError, KeyError, TypeError):
        return str(json.loads(text)["error"]["message"])[:200]
    return " ".join(text.split())[:200]


def _retry_after(value: str | None) -> float | None:
    try:
        return min(max(float(value), 0.0), 30.0) if value is not None else None
    except ValueError:
        return None
