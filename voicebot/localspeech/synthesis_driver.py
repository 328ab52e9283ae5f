"""One synthesis connection: SSML in, audio frames out, one request after the other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable

from aiohttp import web

from voicebot.audio import PCMA, PCMU
from voicebot.audio.riff import stream_header
from voicebot.localspeech.engines import SynthesisEngine
from voicebot.localspeech.formats import OUTPUT_FORMATS, encode
from voicebot.localspeech.framing import FramingError, Message, audio_frame, parse_text, text_frame
from voicebot.localspeech.ssml import InvalidSsml, parse

_log = logging.getLogger(__name__)

_DEFAULT_FORMAT = "riff-16khz-16bit-mono-pcm"
_MAX_WAITING = 8
_FRAME_S = 0.1
_CONTENT_TYPES = {PCMU: "audio/x-mulaw", PCMA: "audio/x-alaw"}

_unknown_voices: set[str] = set()


class SynthesisDriver:
    """Answers the requests of one client; the SDK stops one by closing the connection.

    ``stalled()`` true: begin to answer, and never go on (a scripted fault).
    """

    def __init__(self, socket: web.WebSocketResponse, engine: SynthesisEngine, stalled: Callable[[], bool]) -> None:
        self._socket = socket
        self._engine = engine
        self._stalled = stalled
        self._format = _DEFAULT_FORMAT
        self._requests: asyncio.Queue[Message] = asyncio.Queue(_MAX_WAITING)
        self._speaker = asyncio.create_task(self._speak_all())
        self.malformed = 0

    async def text(self, frame: str) -> None:
        """A text frame from the client."""
        try:
            message = parse_text(frame)
            if message.path == "synthesis.context":
                audio = message.json().get("synthesis", {}).get("audio", {})
                self._format = str(audio.get("outputFormat", _DEFAULT_FORMAT))
            elif message.path == "ssml":
                self._requests.put_nowait(message)
        except (FramingError, AttributeError) as error:
            self.malformed += 1
            _log.debug("malformed message dropped: %s", error)
        except asyncio.QueueFull:
            await self._socket.close(code=1008, message=b"too many requests are waiting on this connection")

    async def binary(self, frame: bytes) -> None:
        """Binary frames are ignored (text streaming has another endpoint)."""
        self.malformed += 1

    async def close(self) -> None:
        """The connection has ended: stop after the present clause."""
        self._speaker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._speaker

    async def _speak_all(self) -> None:
        while True:
            message = await self._requests.get()
            try:
                await self._speak(message)
            except InvalidSsml as error:
                _log.info("SSML refused: %s", error)
                await self._socket.close(code=1007, message=str(error).encode()[:120])
                return
            except ConnectionError:
                return
            except Exception:
                _log.exception("synthesis failed")
                await self._socket.close(code=1011, message=b"synthesis failed")
                return

    async def _speak(self, message: Message) -> None:
        speech = await asyncio.to_thread(parse, message.text)
        self._note_voices(speech.voices)
        known = OUTPUT_FORMATS.get(self._format)
        if known is None:
            raise InvalidSsml(f"Unsupported output format {self._format[:60]}")
        with_header, audio = known
        request, stream = message.request_id, uuid.uuid4().hex.upper()
        context = {"serviceTag": uuid.uuid4().hex}
        await self._socket.send_str(text_frame(request, "turn.start", {"context": context}))
        inline = {"type": "inline", "streamId": stream}
        await self._socket.send_str(text_frame(request, "response", {"context": context, "audio": inline}))
        if self._stalled():
            await asyncio.Event().wait()
        kind = _CONTENT_TYPES.get(audio, "audio/x-wav")
        if with_header:
            await self._socket.send_bytes(audio_frame(request, stream, stream_header(audio), kind))
        size = round(_FRAME_S * audio.rate) * audio.width
        async with contextlib.aclosing(self._engine.stream(speech.spans, audio.rate)) as pieces:
            async for samples in pieces:
                data = encode(samples, audio)
                for at in range(0, len(data), size):
                    await self._socket.send_bytes(audio_frame(request, stream, data[at : at + size], kind))
                if self._socket.closed:
                    return
        await self._socket.send_bytes(audio_frame(request, stream, b""))
        await self._socket.send_str(text_frame(request, "turn.end", {}))

    def _note_voices(self, names: tuple[str, ...]) -> None:
        for name in names:
            if "Joe" not in name and name not in _unknown_voices and len(_unknown_voices) < 100:
                _unknown_voices.add(name)
                _log.info("there is no voice %s here: the offline voice is used instead", name[:80])
