"""Receives the bot's activities from Direct Line: by a websocket, or by polling where none is possible.

A stream that breaks is opened again at the last watermark, after a pause that grows. While the service can be reached
but its websocket cannot (a proxy blocks it), or the websocket closes as soon as it is open, the same activities are
polled (``GET .../activities?watermark=``), and the stream is tried again every :data:`POLL_FOR_S`. An activity that
comes by both is delivered once: ``direct_line_feed.py``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import quote

import aiohttp

from voicebot.bots.delivery import Backoff
from voicebot.bots.direct_line_feed import MAX_FRAME, DirectLineFeed
from voicebot.bots.direct_line_token import DirectLineToken
from voicebot.bots.exchange import Undelivered
from voicebot.bots.service_client import CONNECT_S, ServiceClient, ServiceRefused
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

FIRST_RETRY_S = 0.2
LAST_RETRY_S = 5.0
STEADY_S = 1.0
"""A stream that broke sooner has failed: the pause before the next one grows."""
HEARTBEAT_S = 15.0
NO_STREAMS_FOR_S = 60.0
"""After a websocket timed out, none is tried for this long: otherwise each call would begin with that wait."""
POLL_FOR_S = 30.0
"""How long the activities are polled before a stream is tried again."""


class StreamUnavailable(Undelivered):
    """The websocket cannot be opened; the rest of the service may be reachable."""


class ConversationLost(Undelivered):
    """The service does not know the conversation any more."""


class StreamSockets:
    """Opens the websockets of all conversations of one bot, and remembers when one has timed out."""

    def __init__(self, service: ServiceClient) -> None:
        self._service = service
        self._none_until = 0.0

    async def open(self, url: str) -> aiohttp.ClientWebSocketResponse:
        """Raises :class:`StreamUnavailable`."""
        now = asyncio.get_running_loop().time()
        if now < self._none_until:
            raise StreamUnavailable("a websocket has timed out a moment ago")
        try:
            async with asyncio.timeout(CONNECT_S):
                return await self._service.session.ws_connect(url, heartbeat=HEARTBEAT_S, max_msg_size=MAX_FRAME)
        except TimeoutError as error:
            self._none_until = now + NO_STREAMS_FOR_S
            raise StreamUnavailable(f"the websocket does not open within {CONNECT_S:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise StreamUnavailable(f"the websocket cannot be opened: {str(error) or type(error).__name__}") from error


class DirectLineStream:
    """The stream of one conversation. ``on_activities`` gets the bot's activities, in the order of their ids."""

    def __init__(
        self,
        service: ServiceClient,
        sockets: StreamSockets,
        token: DirectLineToken,
        feed: DirectLineFeed,
        poll_s: float,
        on_activities: Callable[[list[dict[str, Any]]], Awaitable[None]],
    ) -> None:
        self._service = service
        self._sockets = sockets
        self._token = token
        self._feed = feed
        self._name = token.name
        self._poll_s = poll_s
        self._on_activities = on_activities
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._nudged = asyncio.Event()
        self._delivering = asyncio.Lock()
        self._waiting: asyncio.TimerHandle | None = None
        self._late = BackgroundTasks(logger)
        self._loop = asyncio.get_running_loop()

    async def open(self, url: str) -> None:
        """Open the first stream. When that fails, :meth:`run` begins by polling."""
        try:
            self._socket = await self._sockets.open(url)
        except StreamUnavailable as error:
            logger.warning("conversation %s: polling, because %s", self._name, error)

    async def run(self) -> None:
        """Receive until cancelled. Raises :class:`ConversationLost`."""
        backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        if self._socket is None:
            await self._poll()
        while True:
            try:
                if self._socket is None:
                    self._socket = await self._reopened()
                began_at = self._loop.time()
                await self._read(self._socket)
                if self._loop.time() - began_at >= STEADY_S:
                    backoff.reset()
                    continue
            except StreamUnavailable as error:
                logger.info("conversation %s: polling, because %s", self._name, error)
                await self._poll()
                continue
            except ServiceRefused as refused:
                await self._renew_token(refused)
            except (Undelivered, TimeoutError) as error:
                logger.info("conversation %s: no stream yet: %s", self._name, error or "timeout")
            await asyncio.sleep(backoff.next_s())

    def nudge(self) -> None:
        """An answer is likely now: poll at once, if polling."""
        self._nudged.set()

    async def close(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        await self._late.close()
        socket, self._socket = self._socket, None
        if socket is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await socket.close()

    # --- the stream --------------------------------------------------------------------------------------------------

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._deliver(partial(self._feed.frame, message.data))
        await socket.close()
        self._socket = None
        logger.info("conversation %s: the stream broke at watermark %r", self._name, self._feed.watermark)

    async def _deliver(self, take: Callable[[float], list[dict[str, Any]]]) -> None:
        """Pass on what ``take(now)`` gives; what waits for an earlier activity follows at its deadline."""
        async with self._delivering:
            await self._on_activities(take(self._loop.time()))
            if self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None
            if (deadline := self._feed.order.deadline) is not None:
                self._waiting = self._loop.call_at(deadline, self._due, deadline)

    def _due(self, deadline: float) -> None:
        """``deadline``: which is now, although the clock of a timer may be a little ahead of the loop's."""
        self._waiting = None
        late = self._deliver(lambda now: self._feed.due(max(now, deadline)))
        self._late.spawn(late, f"late activities of {self._name}")

    async def _reopened(self) -> aiohttp.ClientWebSocketResponse:
        async with asyncio.timeout(CONNECT_S * 2):
            answer = await self._service.request(
                "GET", self._token.conversation_url + self._since(), self._token.bearer
            )
            self._token.take(answer)
            return await self._sockets.open(str(answer.get("streamUrl") or ""))

    async def _renew_token(self, refused: ServiceRefused) -> None:
        """401, 403 and 404 mean an expired token or a lost conversation; only a renewal tells. Raises
        :class:`ConversationLost`."""
        if refused.status in (401, 403, 404) and not await self._token.renewed():
            raise ConversationLost(f"the conversation is lost: {refused}") from refused

    def _since(self) -> str:
        return f"?watermark={quote(self._feed.watermark, safe='')}" if self._feed.watermark else ""

    # --- polling -----------------------------------------------------------------------------------------------------

    async def _poll(self) -> None:
        """Poll for :data:`POLL_FOR_S`, or until the service cannot be reached at all."""
        until = self._loop.time() + POLL_FOR_S
        while self._loop.time() < until:
            url = f"{self._token.conversation_url}/activities{self._since()}"
            pause_s = self._poll_s
            try:
                async with asyncio.timeout(CONNECT_S):
                    answer = await self._service.request("GET", url, self._token.bearer)
            except ServiceRefused as refused:
                await self._renew_token(refused)
                pause_s = refused.retry_after_s or LAST_RETRY_S if refused.status in (429, 503) else self._poll_s
            except (Undelivered, TimeoutError):
                return
            else:
                await self._deliver(partial(self._feed.take, answer))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._nudged.wait()
            self._nudged.clear()
