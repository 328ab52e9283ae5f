"""`GET /v1/live/calls/{id}/audio`: listening in to a call, one way.

The answer goes on as long as the call does. It is made of blocks: a byte for the kind, two (big-endian) for the length
of what follows, and that:

====  ==============================================================================================================
kind  what follows
====  ==============================================================================================================
0, 1  100 ms of the caller, of the bot, in the format of the call's leg
2     JSON: first ``{"format": "PCMU", "rate": 8000}`` (PCMU, PCMA, or L16: linear, 16 bit, little-endian); from then on
      empty, when nothing was heard for some seconds: the recording is paused, or the call is held
====  ==============================================================================================================
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Final

from aiohttp import hdrs, web

from voicebot.calls.listeners import Piece
from voicebot.calls.session import CallSession

MOST_LISTENERS: Final = 8
"""Of all calls together."""
QUIET_S: Final = 5.0
_TOLD: Final = 2


class Audio:
    """The answers that go on. :meth:`close` ends them, before their server is closed."""

    def __init__(self) -> None:
        self._open: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._open)

    async def answer(self, call: CallSession, request: web.Request) -> web.StreamResponse:
        """Answer with the call's audio, to its end."""
        response = web.StreamResponse(
            headers={hdrs.CONTENT_TYPE: "application/octet-stream", hdrs.CACHE_CONTROL: "no-store"}
        )
        task = asyncio.create_task(_tell(call, request, response), name="listening in")
        self._open.add(task)
        try:
            await asyncio.wait((task,))
        finally:
            task.cancel()
            await asyncio.wait((task,))
            self._open.discard(task)
        if not task.cancelled():
            task.result()
        return response

    async def close(self) -> None:
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=1.0)


async def _tell(call: CallSession, request: web.Request, response: web.StreamResponse) -> None:
    audio = call.info.audio
    name = audio.name if audio.width == 1 else "L16"
    listener = call.listeners.join()
    try:
        with contextlib.suppress(ConnectionError):
            await response.prepare(request)
            await response.write(_block(_TOLD, json.dumps({"format": name, "rate": audio.rate}).encode()))
            while (pieces := await listener.pieces(QUIET_S)) is not None:
                await response.write(_blocks(pieces) or _block(_TOLD, b""))
            await response.write_eof()
    finally:
        call.listeners.leave(listener)


def _blocks(pieces: list[Piece]) -> bytes:
    return b"".join(_block(piece.side, piece.audio) for piece in pieces)


def _block(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + len(body).to_bytes(2, "big") + body
