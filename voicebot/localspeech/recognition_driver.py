"""One recognition connection: frames to turns, decodes to the engine, results to the client."""

from __future__ import annotations

import asyncio
import logging
import uuid
from dataclasses import replace
from functools import partial

from aiohttp import web

from voicebot.audio import PCMU, AudioFormat
from voicebot.localspeech.engines import Decode, EngineSession, RecognitionEngine, Transcript
from voicebot.localspeech.formats import UnsupportedAudio, parse_header
from voicebot.localspeech.framing import FramingError, parse_binary, parse_text, text_frame
from voicebot.localspeech.options import Options
from voicebot.localspeech.recognition import RecognitionTurn, ServiceMessage, TurnOutput, Void

_log = logging.getLogger(__name__)

_MAX_TOKEN = 20
_YIELD_BYTES = 16_000
"""After so many bytes of audio at once, other connections get their turn: a client that reconnects sends seconds of
it."""


class RecognitionDriver:
    """Drives :class:`RecognitionTurn`, one at a time as the protocol has it: a new X-RequestId begins the next."""

    def __init__(
        self, socket: web.WebSocketResponse, engine: RecognitionEngine, mode: str, query: dict[str, str]
    ) -> None:
        self._socket = socket
        self._engine = engine
        self._mode = mode
        self._query = query
        self._options = Options.from_context({}, mode, query)
        self._request_id = ""
        self._head = b""
        self._rest = b""
        self._format: AudioFormat | None = None
        self._turn: RecognitionTurn | None = None
        self._session: EngineSession | None = None
        self._decodes: dict[int, asyncio.Task[None]] = {}
        self._since_yield = 0
        self.malformed = 0

    async def text(self, frame: str) -> None:
        """A text frame from the client."""
        try:
            message = parse_text(frame)
            if message.path == "speech.context":
                self._options = Options.from_context(message.json(), self._mode, self._query)
            elif message.path == "audio.commit" and message.request_id == self._request_id:
                await self._commit(message.headers.get("x-client-commit-token", "")[:_MAX_TOKEN])
        except FramingError as error:
            self._count_malformed(error)

    async def binary(self, frame: bytes) -> None:
        """A binary frame from the client."""
        try:
            message = parse_binary(frame)
        except FramingError as error:
            self._count_malformed(error)
            return
        if message.path != "audio":
            return
        if message.request_id != self._request_id:
            self._begin(message.request_id)
        try:
            await self._audio(message.data)
        except UnsupportedAudio as error:
            _log.warning("a recognition client was refused: %s", error)
            await self._socket.close(code=1007, message=str(error).encode()[:120])

    async def close(self) -> None:
        """The connection has ended: cancel the decodes."""
        tasks = list(self._decodes.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _commit(self, token: str) -> None:
        if self._turn is not None and self._engine.commits:
            await self._carry_out(self._turn.commit(token))

    def _begin(self, request_id: str) -> None:
        for task in self._decodes.values():
            task.cancel()
        self._decodes = {}
        self._request_id = request_id
        self._head, self._rest, self._format, self._turn, self._session = b"", b"", None, None, None

    async def _audio(self, data: bytes) -> None:
        if self._turn is not None and self._turn.ended:
            return  # the client sends audio until it gets the end of the turn
        if not data:
            if self._turn is None:  # nothing was ever heard
                self._start(PCMU)
                await self._send(ServiceMessage("turn.start", self._context()))
            assert self._turn is not None
            await self._carry_out(self._turn.end_of_audio())
            return
        if self._format is None:
            self._head += data
            found = parse_header(self._head)
            if found is None:
                return
            self._start(found[0])
            await self._send(ServiceMessage("turn.start", self._context()))
            data, self._head = self._head[found[1] :], b""
        assert self._format is not None and self._turn is not None
        data = self._rest + data
        whole = len(data) - len(data) % self._format.width
        data, self._rest = data[:whole], data[whole:]
        if data:
            await self._carry_out(self._turn.audio(self._format.floats(data)))
            self._since_yield += len(data)
            if self._since_yield >= _YIELD_BYTES:
                self._since_yield = 0
                await asyncio.sleep(0)

    def _start(self, audio: AudioFormat) -> None:
        options = self._options
        if self._engine.segmentation_s is not None:
            options = replace(options, segmentation_s=self._engine.segmentation_s)
        self._format = audio
        self._tag = uuid.uuid4().hex
        self._session = self._engine.session(audio.rate, self._tag, options.previous_tag)
        engine = self._engine  # not self: in a circle, what was heard would stay until the next full collection
        self._turn = RecognitionTurn(
            audio.rate,
            options,
            self._session.detector,
            lambda: engine.quiet_s,
            lambda: engine.hypothesis_s,
            lambda: engine.suspects,
        )

    def _context(self) -> dict[str, dict[str, str]]:
        return {"context": {"serviceTag": self._tag}}

    async def _carry_out(self, outputs: list[TurnOutput]) -> None:
        for output in outputs:
            if isinstance(output, ServiceMessage):
                await self._send(output)
            elif isinstance(output, Void):
                if (task := self._decodes.pop(output.number, None)) is not None:
                    task.cancel()
            else:
                assert self._session is not None and self._turn is not None
                task = asyncio.create_task(self._decode(self._turn, self._session, output))
                self._decodes[output.number] = task
                task.add_done_callback(partial(self._done, output.number))

    def _done(self, number: int, task: asyncio.Task[None]) -> None:
        if self._decodes.get(number) is task:
            del self._decodes[number]

    async def _decode(self, turn: RecognitionTurn, session: EngineSession, decode: Decode) -> None:
        transcript: Transcript | None
        try:
            transcript = await session.transcribe(decode)
        except asyncio.CancelledError:
            raise
        except Exception:
            _log.exception("decoding failed")
            transcript = None
        if turn is self._turn:
            outputs = turn.decoded(decode.number, transcript)
            session.spoken(turn.phrases)
            try:
                await self._carry_out(outputs)
            except ConnectionError:
                _log.debug("the client disconnected before its result")

    async def _send(self, message: ServiceMessage) -> None:
        if not self._socket.closed:
            await self._socket.send_str(text_frame(self._request_id, message.path, message.body))

    def _count_malformed(self, error: FramingError) -> None:
        self.malformed += 1
        _log.debug("malformed message dropped: %s", error)
