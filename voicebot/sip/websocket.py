"""SIP over WebSocket (RFC 7118): how browsers call, who can have no other connection.

A websocket with the subprotocol ``sip`` carries one SIP message in each of its messages, as text, or as bytes if it is
not UTF-8. So nothing has to be framed, and Content-Length may be missing. Otherwise it is a connection like any other:
:mod:`voicebot.sip.connections` keeps it, with the same places and deadlines. The websocket's own pings find those whose
other end is gone (7118 6); a double CRLF is answered too (RFC 5626 4.4.1).

It is opened by an HTTP request, which :mod:`voicebot.listening.http` has looked at: its deadlines, Host and Origin.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import Callable, Collection
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, hdrs, web

from voicebot.listening.http import HttpServer, place_of
from voicebot.listening.http_origin import own_names
from voicebot.sip.connections import Connection, Connections
from voicebot.sip.hop import Transport
from voicebot.sip.message import MAX_MESSAGE
from voicebot.sip.stream import PING, PONG

SUBPROTOCOL = "sip"
PING_S = 25.0
"""How often the other end is asked whether it is there; who does not answer within half that time is let go."""
CLOSE_S = 1.0
"""For the other end to say goodbye; less than the grace of an HTTP server that is closed."""


class WholeMessages:
    """What comes is whole already (:class:`~voicebot.sip.connections.Framer`)."""

    idle = True

    def __init__(self) -> None:
        self.pings = 0
        self.pongs = 0

    def feed(self, data: bytes) -> list[bytes]:
        if data.strip(PONG):
            return [data]
        self.pings += data.startswith(PING)
        self.pongs += data == PONG
        return []


class WebSocketWire:
    """The bytes of one websocket (a :class:`~voicebot.sip.connections.ByteTransport`). What is written is sent by
    :meth:`run`."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self._socket = socket
        self._transport = transport
        self._unsent = deque[bytes]()
        self._size = 0
        self._closing = False
        self._news = asyncio.Event()

    def write(self, data: bytes) -> None:
        self._unsent.append(data)
        self._size += len(data)
        self._news.set()

    def get_write_buffer_size(self) -> int:
        return self._size + self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str) -> Any:
        return self._transport.get_extra_info(name)

    def is_closing(self) -> bool:
        return self._closing or self._transport.is_closing()

    def close(self) -> None:
        self._closing = True
        self._news.set()

    def abort(self) -> None:
        self._closing = True
        self._transport.abort()

    async def run(self) -> None:
        """Send what is written, until it is closed. Raises ConnectionError."""
        while self._unsent or not self._closing:
            self._news.clear()
            while self._unsent:
                data = self._unsent.popleft()
                await self._socket.send_frame(data, WSMsgType.TEXT if _is_text(data) else WSMsgType.BINARY)
                self._size -= len(data)
            if not self._closing:
                await self._news.wait()


async def carry(
    request: web.Request, connections: Connections | None, transport: Transport, listener: int = -1, trunk: str = ""
) -> web.StreamResponse:
    """Answer a request for a websocket, and carry SIP over it for as long as it is open.

    ``connections``: None if they are closed. ``listener``: the index of ours that it came in by, if there is one;
    ``trunk``: on whose behalf it comes, if that is known.
    """
    if connections is None:
        raise web.HTTPServiceUnavailable(reason="the service is being stopped")
    offered = [name.strip() for name in request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(",")]
    if SUBPROTOCOL not in offered:
        raise web.HTTPBadRequest(reason="SIP is spoken here: ask for a websocket with the subprotocol sip")
    socket = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,), heartbeat=PING_S, compress=False, max_msg_size=MAX_MESSAGE, timeout=CLOSE_S
    )
    place = place_of(request)
    await socket.prepare(request)
    if request.transport is None:
        return socket
    wire = WebSocketWire(socket, request.transport)
    connection = Connection(connections, transport, listener, place=place, framer=WholeMessages(), trunk=trunk)
    connection.carried_by(wire)
    place.rest()
    tasks = [
        asyncio.create_task(wire.run(), name="sending by a websocket"),
        asyncio.create_task(_receive(socket, connection), name="receiving by a websocket"),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        wire.close()
        connections.lost(connection)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) and not isinstance(error, ConnectionError):
            raise error
    with contextlib.suppress(ConnectionError):
        await socket.close(code=WSCloseCode.GOING_AWAY)
    return socket


class WebSocketListener:
    """Takes websockets at an address of its own, at any path. ``origins``: sites whose pages may call. ``trusted``
    tells whether an address is a trunk's."""

    def __init__(
        self,
        connections: Connections,
        transport: Transport,
        listener: int,
        *,
        origins: Collection[str],
        trusted: Callable[[str], bool],
    ) -> None:
        self._connections = connections
        self._transport = transport
        self._listener = listener
        self._origins = origins
        self._trusted = trusted
        self._server: HttpServer | None = None

    async def listen(self, host: str, port: int, reached_at: str, context: ssl.SSLContext | None) -> int:
        """Returns the port. Raises OSError."""
        application = web.Application()
        application.router.add_get("/{path:.*}", self._take)
        self._server = HttpServer(
            application,
            names=own_names(host, reached_at),
            origins=self._origins,
            admissions=self._connections.admissions,
            trusted=self._trusted,
        )
        await self._server.listen(host, port, context)
        return self._server.port

    async def close(self) -> None:
        if self._server is not None:
            await self._server.close()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        return await carry(request, self._connections, self._transport, self._listener)


async def _receive(socket: web.WebSocketResponse, connection: Connection) -> None:
    """Until it is closed."""
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            connection.data_received(message.data.encode())
        elif message.type is WSMsgType.BINARY:
            connection.data_received(message.data)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
