"""The channel ``bot-framework-streaming``: one websocket that we open, so that nothing has to reach us from outside.

All calls of the bot share the connection (frames: :mod:`voicebot.bots.streaming_frames`). When it is lost it is opened
again, after a pause that grows, and activities wait up to :data:`WAIT_FOR_CONNECTION_S` for it. However much the bot
sends at once, other calls get their turn after each piece and each request of it. A request that was
being answered when the connection was lost has failed: nobody can tell whether the bot had finished with it, so it is
not sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp

from voicebot.access_tokens import TokenUnavailable
from voicebot.bots import connector
from voicebot.bots.bot_framework import MessagesBot
from voicebot.bots.connector_conversation import ConnectorConversation
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.delivery import Backoff
from voicebot.bots.exchange import Undelivered, end_all
from voicebot.bots.streaming_frames import (
    PIECE,
    ProtocolError,
    StreamingDecoder,
    StreamingRequest,
    StreamingResponse,
    encode_request,
    encode_response,
)
from voicebot.json_body import MAX_BYTES, parse_json
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

PATH = "/api/messages"
CONNECT_TIMEOUT_S = 5.0
HEARTBEAT_S = 15.0
FIRST_RETRY_S = 0.1
LAST_RETRY_S = 10.0
STEADY_S = 5.0
"""After a connection that lasted longer, the pause before the next one is the shortest again."""
WAIT_FOR_CONNECTION_S = 3.0


class StreamingBot(MessagesBot):
    """A bot that has the SDK's streaming enabled. ``url``: its ``/api/messages`` (http, https, ws or wss)."""

    kind: Literal["bot-framework-streaming"] = "bot-framework-streaming"

    def channel(self, connector: ConnectorServer) -> StreamingChannel:
        return StreamingChannel(self)


class StreamingChannel:
    """The channel to one bot (:class:`voicebot.bots.channel.BotChannel`)."""

    def __init__(self, bot: StreamingBot) -> None:
        self.service_url = f"urn:voicebot:websocket:{uuid4()}"
        self._bot = bot
        self._credentials = bot.credentials()
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._sending = asyncio.Lock()
        self._pending: dict[str, asyncio.Future[int]] = {}
        self._answers = BackgroundTasks(logger)
        self._open: dict[str, ConnectorConversation] = {}
        self._away = "not connected yet"

    @property
    def connected(self) -> bool:
        return self._socket is not None

    async def start(self) -> None:
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self._task = asyncio.create_task(self._stay_connected(), name=f"bot {self._bot.name}")

    def conversation(self, call: CallFacts, on_event: OnEvent) -> ConnectorConversation:
        terms = self._bot.terms(self.service_url)
        conversation = ConnectorConversation(call, on_event, terms, self._deliver, self._forget)
        self._open[conversation.id] = conversation
        logger.info("call %s is conversation %s with bot %s", call.id, conversation.id, self._bot.name)
        return conversation

    async def close(self) -> None:
        await end_all(self._open.values())
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._credentials is not None:
            await self._credentials.close()
        if self._http is not None:
            await self._http.close()

    def _forget(self, conversation: ConnectorConversation) -> None:
        self._open.pop(conversation.id, None)

    # --- to the bot --------------------------------------------------------------------------------------------------

    async def _deliver(self, _: ConnectorConversation, activity: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(WAIT_FOR_CONNECTION_S):
                await self._connected.wait()
        except TimeoutError as error:
            raise Undelivered(f"no connection to the bot: {self._away}") from error
        request_id = str(uuid4())
        status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pending[request_id] = status
        try:
            body = json.dumps(activity, ensure_ascii=False, separators=(",", ":")).encode()
            await self._send(encode_request(request_id, "POST", PATH, body))
            if await status >= 300:
                raise Undelivered(f"the bot answered {status.result()}")
        except (ConnectionError, aiohttp.ClientError) as error:
            raise Undelivered(f"the connection to the bot was lost: {error}") from error
        finally:
            self._pending.pop(request_id, None)
            if status.done() and not status.cancelled():
                status.exception()  # retrieved, or asyncio logs it: the failed sending has reported the same loss

    async def _send(self, frames: Iterator[bytes]) -> None:
        """Send one request or response, whole. Shielded: half of one would break the connection for all calls."""
        sending = asyncio.ensure_future(self._send_whole(frames))
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            sending.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise

    async def _send_whole(self, frames: Iterator[bytes]) -> None:
        socket = self._socket
        async with self._sending:
            if socket is None or socket is not self._socket:
                raise ConnectionError(self._away)
            for frame in frames:
                await socket.send_bytes(frame)

    # --- from the bot ------------------------------------------------------------------------------------------------

    async def _stay_connected(self) -> None:
        backoff = Backoff(FIRST_RETRY_S, LAST_RETRY_S)
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                async with self._connection() as socket:
                    logger.info("bot %s: connected", self._bot.name)
                    began = loop.time()
                    await self._read(socket)
                self._away = f"closed by the bot ({socket.close_code})"
            except TokenUnavailable as error:
                self._away = f"no token: {error}"
            except (aiohttp.ClientError, OSError, TimeoutError, ProtocolError) as error:
                self._away = str(error) or type(error).__name__
            except Exception as error:  # later calls need the connection, whatever went wrong
                logger.exception("bot %s: the connection failed", self._bot.name)
                self._away = type(error).__name__
            finally:
                self._lost()
            logger.warning("bot %s: not connected: %s", self._bot.name, self._away)
            if loop.time() - began > STEADY_S:
                backoff.reset()
            await asyncio.sleep(backoff.next_s())

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        assert self._http is not None
        headers = {"channelid": self._bot.channel_id}
        credentials, token = self._credentials, ""
        if credentials is not None:
            token = await credentials.token()
            headers["Authorization"] = f"Bearer {token}"
        url = urlsplit(self._bot.url)
        target = url._replace(scheme={"http": "ws", "https": "wss"}.get(url.scheme, url.scheme)).geturl()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                socket = await self._http.ws_connect(
                    target, headers=headers, heartbeat=HEARTBEAT_S, max_msg_size=1 << 20
                )
        except aiohttp.WSServerHandshakeError as error:
            if error.status == 401 and credentials is not None:
                credentials.forget(token)
            raise
        self._socket = socket
        self._connected.set()
        try:
            yield socket
        finally:
            self._socket = None
            self._connected.clear()
            with contextlib.suppress(Exception):
                async with asyncio.timeout(2.0):
                    await socket.close()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        decoder = StreamingDecoder()
        async for message in socket:
            data = message.data if message.type is aiohttp.WSMsgType.BINARY else b""
            for at in range(0, len(data), PIECE):
                for whole in decoder.feed(data[at : at + PIECE]):
                    if isinstance(whole, StreamingResponse):
                        pending = self._pending.get(whole.id)
                        if pending is not None and not pending.done():
                            pending.set_result(whole.status)
                    else:
                        await self._serve(whole)
                await asyncio.sleep(0)

    async def _serve(self, request: StreamingRequest) -> None:
        """Handle a request of the bot before the next one; the answer is sent when it can be."""
        status = await self._answer(request)
        self._answers.spawn(self._send_answer(request.id, status), f"answering bot {self._bot.name}")
        await asyncio.sleep(0)

    async def _answer(self, request: StreamingRequest) -> int:
        route = connector.route(request.path)
        if route is None:
            return 404
        try:
            body = parse_json(request.body) if request.body.strip() else None
        except ValueError as error:
            conversation = self._open.get(route.conversation)
            if conversation is not None:
                conversation.unusable(f"what the bot sent was refused: {error}")
            return 413 if len(request.body) > MAX_BYTES else 400
        await asyncio.sleep(0)
        if not route.conversation:
            return self._create(body, request.id).status if request.verb == "POST" else 405
        conversation = self._open.get(route.conversation)
        if conversation is None:
            return 404
        return connector.answer(conversation, request.verb, route.rest, body, request.id).status

    def _create(self, body: object, key: str) -> connector.ConnectorResponse:
        """The running call with a caller. No call is placed: a response has no body here, so the bot would not learn
        the id of the new conversation."""
        wanted = connector.wish(body)
        if isinstance(wanted, connector.ConnectorResponse):
            return wanted
        conversation = connector.with_person(self._open, wanted.to)
        if conversation is None:
            return connector.NO_CALLS
        return connector.created(conversation, wanted, self.service_url, key)

    async def _send_answer(self, request_id: str, status: int) -> None:
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            await self._send(encode_response(request_id, status))

    def _lost(self) -> None:
        for pending in self._pending.values():
            if not pending.done():
                pending.set_exception(ConnectionError(self._away))
        self._answers.cancel()
