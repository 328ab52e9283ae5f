"""The streams of `/v1/assist`: server-sent events (the HTML standard, 9.2), or, where the request asks for one, a
websocket (RFC 6455) with each event as a text of its own.

Both go on after the position in ``Last-Event-ID`` or ``?after=``. A client that does not read is let go
(:data:`voicebot.listening.http.UNREAD_S`) and may come again; nobody waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from aiohttp import WSCloseCode, WSMsgType, hdrs, web

from voicebot.web.assist_gate import PROTOCOL
from voicebot.web.assist_watch import Sink, StreamEvent

AGAIN_MS: Final = 1000
"""After so long a browser connects again."""
MAX_MESSAGE: Final = 1024
"""Of a client, who has nothing to say."""
_SSE_HEADERS: Final = {
    hdrs.CONTENT_TYPE: "text/event-stream",
    hdrs.CACHE_CONTROL: "no-store",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}

Watching = Callable[[Sink], Coroutine[Any, Any, None]]
"""Sends what there is to see, to the end."""


class Streams:
    """The open streams. :meth:`close` ends them, before their server is closed."""

    def __init__(self) -> None:
        self._open: set[asyncio.Task[None]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._open)

    async def answer(self, request: web.Request, watching: Watching) -> web.StreamResponse:
        """Answer with a stream of what ``watching`` sends."""
        if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
            return await self._websocket(request, watching)
        return await self._server_sent(request, watching)

    async def close(self) -> None:
        self._closed = True
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=1.0)

    async def _server_sent(self, request: web.Request, watching: Watching) -> web.StreamResponse:
        response = web.StreamResponse(headers=_SSE_HEADERS)
        with contextlib.suppress(ConnectionError):
            await response.prepare(request)
            await response.write(b"retry: %d\n\n" % AGAIN_MS)
            await self._run(watching(_ServerSent(response)))
            await response.write_eof()
        return response

    async def _websocket(self, request: web.Request, watching: Watching) -> web.StreamResponse:
        socket = web.WebSocketResponse(
            protocols=(PROTOCOL,), heartbeat=25.0, compress=False, max_msg_size=MAX_MESSAGE, timeout=2.0
        )
        await socket.prepare(request)
        listening = asyncio.create_task(socket.receive(), name="the client of a stream")
        with contextlib.suppress(ConnectionError):
            await self._run(watching(_Socket(socket)), listening)
            await socket.close(code=WSCloseCode.GOING_AWAY if self._closed else WSCloseCode.OK)
        return socket

    async def _run(self, watching: Coroutine[Any, Any, None], *ends: asyncio.Task[Any]) -> None:
        """Until there is nothing more to see, one of the tasks ``ends`` is done, or :meth:`close`. Raises
        ConnectionError."""
        task = asyncio.create_task(watching, name="stream of calls")
        self._open.add(task)
        try:
            await asyncio.wait((task, *ends), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (task, *ends):
                each.cancel()
            await asyncio.wait((task, *ends))
            self._open.discard(task)
        if not task.cancelled():
            task.result()


class _ServerSent(Sink):
    def __init__(self, response: web.StreamResponse) -> None:
        self._response = response

    async def send(self, events: Sequence[StreamEvent]) -> None:
        await self._response.write(b"".join(map(_message, events)))

    async def beat(self) -> None:
        await self._response.write(b":\n\n")


class _Socket(Sink):
    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def send(self, events: Sequence[StreamEvent]) -> None:
        for event in events:
            await self._socket.send_frame(event.json, WSMsgType.TEXT)

    async def beat(self) -> None:
        """It has pings of its own."""


def _message(event: StreamEvent) -> bytes:
    position = f"id: {event.position}\n".encode() if event.position else b""
    return b"%sdata: %s\n\n" % (position, event.json)
