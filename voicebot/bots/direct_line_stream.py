"""How what the bot says reaches us from Direct Line: by a websocket; by polling where none can be had.

A stream that breaks is opened again at the last watermark, with a pause that grows. While the service can be reached
but its websocket cannot (a proxy that does not let it pass), or the websocket opens and closes at once, the same
activities are fetched (``GET .../activities?watermark=``), and the stream is tried again now and then. Nothing is taken
twice, whichever way it comes: ``direct_line_feed.py``.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import aiohttp

from voicebot.bots.direct_line_feed import MAX_FRAME, DirectLineFeed
from voicebot.bots.direct_line_token import DirectLineToken
from voicebot.bots.exchange import Undelivered
from voicebot.bots.service_client import CONNECT_S, ServiceClient, ServiceRefused

logger = logging.getLogger(__name__)

FIRST_RETRY_S = 0.2
LAST_RETRY_S = 5.0
STEADY_S = 1.0
"""A stream that held for less is no stream."""
HEARTBEAT_S = 15.0
NO_STREAMS_FOR_S = 60.0
"""A websocket that nobody answers is not tried again for so long: each call would begin with that wait."""
POLL_FOR_S = 30.0
"""How long is polled before a stream is tried again."""


class StreamUnavailable(Undelivered):
    """The websocket cannot be opened; the rest of the service may well be there."""


class ConversationLost(Undelivered):
    """The service does not know the conversation any more."""


class StreamSockets:
    """Opens the websockets of all conversations of one bot, and remembers when they were not answered."""

    def __init__(self, service: ServiceClient) -> None:
        self._service = service
        self._none_until = 0.0

    async def open(self, url: str) -> aiohttp.ClientWebSocketResponse:
        """Raises :class:`StreamUnavailable`."""
        now = asyncio.get_running_loop().time()
        if now < self._none_until:
            raise StreamUnavailable("websockets were not answered a moment ago")
        try:
            async with asyncio.timeout(CONNECT_S):
                return await self._service.session.ws_connect(url, heartbeat=HEARTBEAT_S, max_msg_size=MAX_FRAME)
        except TimeoutError as error:
            self._none_until = now + NO_STREAMS_FOR_S
            raise StreamUnavailable("the websocket is not answered") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise StreamUnavailable(f"the websocket cannot be opened: {error or type(error).__name__}") from error


class DirectLineStream:
    """One conversation's. ``on_news`` is given the bot's activities, each once, in order."""

    def __init__(
        self,
        service: ServiceClient,
        sockets: StreamSockets,
        token: DirectLineToken,
        feed: DirectLineFeed,
        poll_s: float,
        on_news: Callable[[list[dict[str, Any]]], None],
    ) -> None:
        self._service = service
        self._sockets = sockets
        self._token = token
        self._feed = feed
        self._name = token.name
        self._poll_s = poll_s
        self._on_news = on_news
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._nudged = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.reconnections = 0
        self.polls = 0

    async def open(self, url: str) -> None:
        """The first stream; without one, :meth:`run` begins by polling."""
        try:
            self._socket = await self._sockets.open(url)
        except StreamUnavailable as error:
            logger.warning("conversation %s: polling, for %s", self._name, error)

    async def run(self) -> None:
        """Until cancelled. Raises :class:`ConversationLost`."""
        pause_s = FIRST_RETRY_S
        if self._socket is None:
            await self._poll()
        while True:
            try:
                if self._socket is None:
                    self._socket = await self._reopened()
                    self.reconnections += 1
                began_at = self._loop.time()
                await self._read(self._socket)
                if self._loop.time() - began_at >= STEADY_S:
                    pause_s = FIRST_RETRY_S
                    continue
            except StreamUnavailable as error:
                logger.info("conversation %s: polling, for %s", self._name, error)
                await self._poll()
                continue
            except ServiceRefused as refused:
                await self._mend(refused)
            except (Undelivered, TimeoutError) as error:
                logger.info("conversation %s: no stream yet: %s", self._name, error or "timeout")
            await asyncio.sleep(pause_s * random.uniform(0.7, 1.3))
            pause_s = min(pause_s * 2, LAST_RETRY_S)

    def nudge(self) -> None:
        """There may be news: who polls need not wait for the next time."""
        self._nudged.set()

    async def close(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await socket.close()

    # --- the stream --------------------------------------------------------------------------------------------------

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._on_news(self._feed.frame(message.data))
        await socket.close()
        self._socket = None
        logger.info("conversation %s: the stream broke at watermark %r", self._name, self._feed.watermark)

    async def _reopened(self) -> aiohttp.ClientWebSocketResponse:
        async with asyncio.timeout(CONNECT_S * 2):
            answer = await self._service.request(
                "GET", self._token.conversation_url + self._since(), self._token.bearer
            )
            self._token.take(answer)
            return await self._sockets.open(str(answer.get("streamUrl") or ""))

    async def _mend(self, refused: ServiceRefused) -> None:
        """401, 403 and 404 may be a token that has expired, or the end of the conversation."""
        if refused.status in (401, 403, 404) and not await self._token.renewed():
            raise ConversationLost(f"the conversation is lost: {refused}") from refused

    def _since(self) -> str:
        return f"?watermark={quote(self._feed.watermark, safe='')}" if self._feed.watermark else ""

    # --- polling -----------------------------------------------------------------------------------------------------

    async def _poll(self) -> None:
        """For :data:`POLL_FOR_S`; ends early when the service is not there either."""
        until = self._loop.time() + POLL_FOR_S
        while self._loop.time() < until:
            url = f"{self._token.conversation_url}/activities{self._since()}"
            pause_s = self._poll_s
            try:
                async with asyncio.timeout(CONNECT_S):
                    answer = await self._service.request("GET", url, self._token.bearer)
            except ServiceRefused as refused:
                await self._mend(refused)
                pause_s = refused.retry_after_s or LAST_RETRY_S if refused.status in (429, 503) else self._poll_s
            except (Undelivered, TimeoutError):
                return
            else:
                self.polls += 1
                self._on_news(self._feed.take(answer))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._nudged.wait()
            self._nudged.clear()
