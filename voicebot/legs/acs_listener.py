"""Where Azure Communication Services reaches us: incoming calls, events of calls, and media.

==========================================  ============================================================================
path                                        who may come
==========================================  ============================================================================
``/acs/events/SECRET``                      Event Grid, which knows the secret of the settings
``/acs/calls/ID/SECRET``                    the service, with a token of its own for our resource, which knows the
                                            secret of the call
``/acs/calls/ID/SECRET/media``              likewise, by websocket; one connection a call at a time
``/acs/calls/ID/SECRET/files/NAME.wav``     who knows the secret of the call: the service fetches what it is to play
                                            without a token
==========================================  ============================================================================

Strangers get 401 or 404, whatever they send. What Event Grid delivers is taken with 200 before anything is done about
it: it waits for minutes before it delivers again what was refused, and a call rings for 30 s. Nothing that has a secret
in it is logged.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections import Counter, deque
from collections.abc import Collection
from typing import Final, Protocol

from aiohttp import WSMsgType, web

from voicebot.audio import LINEAR_16K
from voicebot.audio.riff import wave_file
from voicebot.bearer_tokens import BearerTokens, NotAuthorized
from voicebot.json_body import parse_json
from voicebot.legs.acs_events import CallEvent, IncomingCall, SubscriptionValidation, read_events, read_grid
from voicebot.legs.acs_frames import MAX_MESSAGE
from voicebot.legs.acs_media import MediaSocket
from voicebot.listening import Bounds
from voicebot.listening.http import HttpServer, read_body
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

MAX_BODY: Final = 256 * 1024
MAX_UNSENT: Final = 250
"""Messages that wait to leave; 5 s of audio. With one more, the connection is given up."""
HEARTBEAT_S: Final = 10.0
"""How often an idle media connection is asked whether it is still there; it has half of that to answer."""
CLOSE_S: Final = 2.0
_ENDS: Final = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED)


class MediaEnd(Protocol):
    """The leg's side of a call's media connections."""

    @property
    def connected(self) -> bool: ...

    def receive(self, text: str, at: float) -> None: ...


class Callee(Protocol):
    """A call, as the listener sees it."""

    @property
    def over(self) -> bool: ...

    @property
    def media(self) -> MediaEnd: ...

    def told(self, event: CallEvent) -> bool: ...

    def file(self, name: str) -> bytes | None: ...

    def media_connected(self, wire: MediaSocket) -> None: ...

    def media_lost(self) -> None: ...


class Desk(Protocol):
    """Who takes calls, and knows them."""

    def incoming(self, call: IncomingCall) -> None: ...

    def find(self, call: str, secret: str) -> Callee | None: ...


class AcsListener:
    """``secret``: of the path for Event Grid. ``names``: as for :class:`~voicebot.listening.http.HttpServer`."""

    def __init__(
        self, desk: Desk, tokens: BearerTokens, secret: str, names: Collection[str] | None, bounds: Bounds
    ) -> None:
        self.refused: Counter[str] = Counter()
        """Requests that were refused or could not be read, by what was wrong: ``token``, ``path``, ``body``."""
        self._desk = desk
        self._tokens = tokens
        self._secret = secret.encode()
        self._sockets: set[web.WebSocketResponse] = set()
        application = web.Application(client_max_size=MAX_BODY)
        application.router.add_route("OPTIONS", "/acs/events/{secret}", self._handshake)
        application.router.add_post("/acs/events/{secret}", self._grid)
        application.router.add_post("/acs/calls/{call}/{secret}", self._events)
        application.router.add_get("/acs/calls/{call}/{secret}/media", self._media)
        application.router.add_get("/acs/calls/{call}/{secret}/files/{name}.wav", self._file)
        self._server = HttpServer(application, names=names, bounds=bounds)

    @property
    def port(self) -> int:
        """The port in use; 0 while it does not listen."""
        return self._server.port

    async def listen(self, host: str, port: int) -> None:
        """Raises OSError."""
        await self._server.listen(host, port)

    async def close(self) -> None:
        await asyncio.gather(*(socket.close() for socket in self._sockets), return_exceptions=True)
        await self._server.close()

    # --- Event Grid

    async def _handshake(self, request: web.Request) -> web.Response:
        """The handshake of the CloudEvents schema."""
        if not self._knows(request):
            return self._no(404, "path", request)
        origin = request.headers.get("WebHook-Request-Origin", "")
        return web.Response(headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"})

    async def _grid(self, request: web.Request) -> web.Response:
        if not self._knows(request):
            return self._no(404, "path", request)
        found, unread = read_grid(await self._json(request))
        self._count_unread(unread, request)
        for one in found:
            if isinstance(one, SubscriptionValidation):
                return web.json_response({"validationResponse": one.code})
            self._desk.incoming(one)
        return web.Response()

    def _knows(self, request: web.Request) -> bool:
        return hmac.compare_digest(request.match_info["secret"].encode("utf-8", "replace"), self._secret)

    # --- calls

    async def _events(self, request: web.Request) -> web.Response:
        call = await self._authentic(request)
        if isinstance(call, web.Response):
            return call
        events, unread = read_events(await self._json(request))
        self._count_unread(unread, request)
        if not all([call.told(event) for event in events]):
            return self._no(404, "path", request, "an event of another call")
        return web.Response()

    async def _media(self, request: web.Request) -> web.StreamResponse:
        call = await self._authentic(request)
        if isinstance(call, web.Response):
            return call
        if call.over or call.media.connected:
            return self._no(409, "path", request, "there is a media connection already, or the call has ended")
        socket = web.WebSocketResponse(
            max_msg_size=MAX_MESSAGE, compress=False, heartbeat=HEARTBEAT_S, timeout=CLOSE_S, autoclose=True
        )
        if not socket.can_prepare(request).ok:
            return self._no(404, "path", request, "no websocket")
        wire = _SocketWire(socket)
        call.media_connected(wire)
        try:
            await socket.prepare(request)
            self._sockets.add(socket)
            await self._carry(socket, wire, call)
        finally:
            self._sockets.discard(socket)
            await wire.over()
            call.media_lost()
        return socket

    async def _carry(self, socket: web.WebSocketResponse, wire: _SocketWire, call: Callee) -> None:
        now = asyncio.get_running_loop().time
        wire.start()
        while (message := await socket.receive()).type not in _ENDS:
            if message.type is WSMsgType.TEXT:
                call.media.receive(message.data, now())
            else:
                self.refused["body"] += 1

    async def _file(self, request: web.Request) -> web.Response:
        call = self._desk.find(request.match_info["call"], request.match_info["secret"])
        samples = call.file(request.match_info["name"]) if call is not None else None
        if samples is None:
            return self._no(404, "path", request)
        return web.Response(body=wave_file(samples, LINEAR_16K), content_type="audio/wav")

    async def _authentic(self, request: web.Request) -> Callee | web.Response:
        """The call that this request of the service is about, or the refusal."""
        try:
            await self._tokens.claims(request.headers.get("Authorization", ""))
        except NotAuthorized as error:
            return self._no(error.status, "token", request, str(error))
        call = self._desk.find(request.match_info["call"], request.match_info["secret"])
        return call if call is not None else self._no(404, "path", request)

    # --- refusals

    async def _json(self, request: web.Request) -> object:
        """The body. Raises what :func:`read_body` does."""
        try:
            return parse_json(await read_body(request), MAX_BODY)
        except (ValueError, web.HTTPException) as error:
            self.refused["body"] += 1
            if isinstance(error, web.HTTPException):
                raise
            raise web.HTTPBadRequest(text=str(error)) from error

    def _no(self, status: int, what: str, request: web.Request, why: str = "no such path") -> web.Response:
        self.refused[what] += 1
        logger.info("acs: refused a request from %s with %d: %s", request.remote, status, why)
        return web.json_response({"error": {"code": str(status), "message": why}}, status=status)

    def _count_unread(self, unread: int, request: web.Request) -> None:
        if unread:
            self.refused["body"] += unread
            logger.warning("acs: %d events from %s cannot be read", unread, request.remote)


class _SocketWire:
    """Sends what there is to send in a task of its own, as a websocket's ``send_str`` may have to wait."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._unsent: deque[str] = deque()
        self._there_is = asyncio.Event()
        self._tasks = BackgroundTasks(logger)

    def start(self) -> None:
        self._tasks.spawn(self._run(), "sending media")

    def send(self, message: str) -> None:
        if len(self._unsent) >= MAX_UNSENT:
            self.close()
            return
        self._unsent.append(message)
        self._there_is.set()

    def interrupt(self, message: str) -> None:
        self._unsent.clear()
        self.send(message)

    def close(self) -> None:
        self._unsent.clear()
        self._tasks.spawn(self._end(), "closing a media connection")

    async def over(self) -> None:
        await self._tasks.close()

    async def _run(self) -> None:
        try:
            while not self._socket.closed:
                await self._there_is.wait()
                self._there_is.clear()
                while self._unsent:
                    await self._socket.send_str(self._unsent.popleft())
        except ConnectionError:
            pass  # it is gone, as who reads from it is told

    async def _end(self) -> None:
        await self._socket.close()
