"""An aiohttp application behind a listener: bounded connections, deadlines, and no requests of web pages.

=============================================  ==========================================================
what is waited for                             for how long
=============================================  ==========================================================
the head of a connection's first request       ``HEAD_S``
another request, with its head                 ``KEEP_ALIVE_S`` from the end of the one before
a body (handlers read it by :func:`read_body`) ``BODY_S``
a client that does not read its answer         ``UNREAD_S``
=============================================  ==========================================================

What is sent meanwhile, however little and slowly, prolongs nothing.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Collection, Sequence
from socket import socket
from typing import cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from voicebot.listening.admission import Admissions, Bounds, Place
from voicebot.listening.http_origin import refusal_of
from voicebot.listening.listener import ConnectionListener, listening_sockets

HEAD_S = 10.0
KEEP_ALIVE_S = 75.0
"""Longer than proxies keep idle connections (usually 60 s), so that it is they who close them."""
BODY_S = 10.0
UNREAD_S = 10.0
_log = logging.getLogger(__name__)
# aiohttp logs a traceback for each request that is not HTTP: anybody could fill the log with them.
_log.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError)))

HTTP_BOUNDS = Bounds(total=256, of_source=128)


class HttpServer:
    """Serves ``application``. ``names``: those that it answers to, ``origins``: other sites whose pages may ask
    (:mod:`voicebot.listening.http_origin`). ``admissions``: where its connections have their places, if it shares them
    with other listeners; otherwise within ``bounds``. ``trusted``: addresses with places in reserve.

    ``grace_s``: for requests that are being answered when it is closed.
    """

    def __init__(
        self,
        application: web.Application,
        *,
        names: Collection[str] | None,
        origins: Collection[str] = (),
        bounds: Bounds = HTTP_BOUNDS,
        admissions: Admissions | None = None,
        trusted: Callable[[str], bool] = lambda _host: False,
        grace_s: float = 2.0,
    ) -> None:
        self._trusted = trusted
        self.admissions = admissions if admissions is not None else Admissions(bounds)
        self._names = names
        self._origins = origins
        application.middlewares.insert(0, self._guard)
        # What is left of a body that was refused is read all the same: unpacked, it could be a thousand times as much.
        self._runner = web.AppRunner(
            application,
            access_log=None,
            logger=_log,
            shutdown_timeout=grace_s,
            keepalive_timeout=KEEP_ALIVE_S,
            auto_decompress=False,
        )
        self._listener: ConnectionListener | None = None

    @property
    def port(self) -> int:
        """The port in use; 0 while the server does not listen."""
        return self._listener.port if self._listener is not None else 0

    async def listen(self, host: str, port: int, context: ssl.SSLContext | None = None) -> None:
        """Take requests at ``host`` and ``port`` (0: any), with ``context`` by TLS. Raises OSError."""
        sockets = await listening_sockets(host, port)
        await self.prepare()
        self.accept(sockets, context)

    async def prepare(self) -> None:
        """Be ready for :meth:`accept`."""
        await self._runner.setup()

    def accept(self, sockets: Sequence[socket], context: ssl.SSLContext | None = None) -> None:
        """Take requests at ``sockets``, which are the server's from now on."""
        self._listener = ConnectionListener(
            "HTTP", sockets, self.admissions, self._connection, context=context, trusted=self._trusted
        )

    async def refuse(self, within_s: float) -> asyncio.Task[None] | None:
        """Take no more requests, on open connections neither. What is being answered is answered, for ``within_s`` at
        most: by the task that is returned."""
        listener, self._listener = self._listener, None
        if listener is None:
            return None
        listener.stop()
        await listener.settle()
        for _ in range(2):  # a connection that was just accepted reads its request
            await asyncio.sleep(0)
        server = self._server
        server.pre_shutdown()
        letting_go = asyncio.create_task(server.shutdown(within_s), name="connections are let go")
        await asyncio.sleep(0)  # those that wait for another request are closed now
        return letting_go

    async def close(self) -> None:
        """End everything; harmless when repeated."""
        listener, self._listener = self._listener, None
        if listener is not None:
            await listener.close()
        await self._runner.cleanup()

    @property
    def _server(self) -> web.Server:
        server = self._runner.server
        assert server is not None, "before prepare"
        return server

    def _connection(self, place: Place) -> asyncio.BaseProtocol:
        return _Connection(self._server(), place)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = _connection_of(request)
        connection.began(complete=not request.can_read_body)
        try:
            authority = request.host if "Host" in request.headers else ""
            refused = refusal_of(
                request.headers,
                names=self._names,
                origins=self._origins,
                authority=authority,
                has_body=request.can_read_body,
            )
            if refused is not None:
                error = {"error": {"code": refused.code, "message": refused.why}}
                return web.json_response(error, status=refused.status)
            return await handler(request)
        finally:
            connection.ended()


async def read_body(request: web.Request) -> bytes:
    """The body. Until it has come, the connection may be ended to make room for others.

    Raises ``web.HTTPRequestTimeout`` when it does not come in time, ``HTTPRequestEntityTooLarge``, and
    ``HTTPBadRequest`` for a body that breaks off or breaks the framing.
    """
    try:
        async with asyncio.timeout(BODY_S):
            body = await request.read()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except (ConnectionError, web.RequestPayloadError) as error:
        raise web.HTTPBadRequest from error
    _connection_of(request).completed()
    return body


def place_of(request: web.Request) -> Place:
    """The place of the connection by which ``request`` came, for a websocket, which may be idle as long as it is open.
    Raises ``web.HTTPBadRequest``: it is closed."""
    return _connection_of(request).place


def _connection_of(request: web.Request) -> _Connection:
    connection = request.transport.get_protocol() if request.transport is not None else None
    if not isinstance(connection, _Connection):
        raise web.HTTPBadRequest  # the connection is closed: the response is sent to nobody
    return connection


class _Connection(asyncio.Protocol):
    """Stands between a transport and aiohttp's protocol (``inner``): keeps the deadlines, and the place."""

    def __init__(self, inner: asyncio.Protocol, place: Place) -> None:
        self._inner = inner
        self.place = place
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def began(self, *, complete: bool) -> None:
        """The head of a request has come; ``complete``: it has no body."""
        if self._idle is not None:
            self._idle.cancel()
        if complete:
            self.place.use()

    def completed(self) -> None:
        """The body has come, and the request is being answered."""
        self.place.use()

    def ended(self) -> None:
        """The request has been answered."""
        self.place.rest()
        if self._transport is not None:
            self._idle = self._loop.call_later(KEEP_ALIVE_S, self._transport.abort)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._idle = self._loop.call_later(HEAD_S, self._transport.abort)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        for timer in (self._idle, self._unread):
            if timer is not None:
                timer.cancel()
        self.place.leave()
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        if self._transport is not None:
            self._unread = self._loop.call_later(UNREAD_S, self._transport.abort)
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        self._inner.resume_writing()
