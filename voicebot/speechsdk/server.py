"""The speech client's side of the wire: makes, feeds and releases drivers of the SDK as the call process asks.

It serves one connection and ends with it, so that nothing is left over from one call process to the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

from voicebot.audio import AudioFormat
from voicebot.garbage import settle
from voicebot.speechsdk import wire
from voicebot.speechsdk.drivers import (
    RecognitionReport,
    RecognitionSignal,
    SdkRecognitionDriver,
    SdkSynthesisDriver,
    SpeechSdk,
    SynthesisReport,
    SynthesisSignal,
)
from voicebot.speechsdk.threads import first_line
from voicebot.speechsdk.turn_scorer import TurnScorer
from voicebot.speechsdk.wire import Frame, FrameError, FrameReader, Kind
from voicebot.supervised import say_ready, told_to_stop
from voicebot.tasks import BackgroundTasks

log = logging.getLogger(__name__)

MAX_BUFFERED: Final = 64 << 20
"""Bytes that may wait for a call process that does not read (half an hour of wideband audio). Beyond that, the speech
client ends."""
_CHUNK: Final = 64 << 10


async def serve(path: Path, sdk: SpeechSdk, scorer: TurnScorer) -> None:
    """Serve one connection at ``path``, and say on standard output when it can be made; returns when that has ended, or
    after SIGTERM or SIGINT."""
    over = told_to_stop()
    server = await asyncio.get_running_loop().create_unix_server(
        lambda: SdkServer(sdk, scorer, over.set), str(path), backlog=1
    )
    say_ready()
    settle()
    await over.wait()
    server.close()
    log.info("stopping")


class SdkServer(asyncio.Protocol):
    """One connection. ``over`` is called when it has ended."""

    def __init__(self, sdk: SpeechSdk, scorer: TurnScorer, over: Callable[[], None]) -> None:
        self._sdk = sdk
        self._scorer = scorer
        self._over = over
        self._reader = FrameReader()
        self._recognitions: dict[int, SdkRecognitionDriver] = {}
        self._syntheses: dict[int, SdkSynthesisDriver] = {}
        self._tasks = BackgroundTasks(log)
        self._transport: asyncio.Transport | None = None

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no instance of it

    def data_received(self, data: bytes) -> None:
        for frame in self._reader.feed(data):
            self._received(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        self._over()

    # --- what the call process asks for ---

    def _received(self, frame: Frame) -> None:
        stream = frame.stream
        match frame.kind:
            case Kind.AUDIO:
                self._write(stream, frame.payload)
            case Kind.RECOGNITION_OPEN:
                endpoint, values = wire.endpoint_of(frame.payload)
                recognition = self._sdk.recognition(
                    wire.options_of(values), lambda report: self._recognition_reports(stream, report)
                )
                self._recognitions[stream] = recognition
                self._tell_when_open(stream, recognition.open(endpoint))
            case Kind.SYNTHESIS_OPEN:
                endpoint, values = wire.endpoint_of(frame.payload)
                synthesis = self._sdk.synthesis(
                    wire.format_of(values), lambda report: self._synthesis_reports(stream, report)
                )
                self._syntheses[stream] = synthesis
                self._tell_when_open(stream, synthesis.open(endpoint, values["connect"]))
            case Kind.SPEAK if stream in self._syntheses:
                speaking = self._speak(stream, self._syntheses[stream], frame.payload.decode())
                self._tasks.spawn(speaking, "beginning an utterance")
            case Kind.COMMIT if stream in self._recognitions:
                self._recognitions[stream].commit()
            case Kind.TOKEN if stream in self._recognitions:
                endpoint, _ = wire.endpoint_of(frame.payload)
                self._tasks.spawn(self._recognitions[stream].refresh_token(endpoint), "renewing a token")
            case Kind.RELEASE:
                driver = self._recognitions.pop(stream, None) or self._syntheses.pop(stream, None)
                if driver is None:
                    self._send(Kind.RELEASED, stream)
                else:
                    driver.release().add_done_callback(lambda _: self._send(Kind.RELEASED, stream))
            case Kind.SCORE:
                self._tasks.spawn(self._score(stream, *wire.score_asked(frame.payload)), "scoring a turn")
            case Kind.PING:
                self._send(Kind.PONG, 0)

    def _write(self, stream: int, audio: bytes) -> None:
        recognition = self._recognitions.get(stream)
        if recognition is None:
            return
        try:
            recognition.write(audio)
        except RuntimeError as error:
            detail = f"audio stream: {first_line(error)}"
            self._recognition_reports(stream, RecognitionReport(RecognitionSignal.CANCELED, detail=detail))

    def _tell_when_open(self, stream: int, opening: Coroutine[Any, Any, None]) -> None:
        async def tell() -> None:
            why_not = ""
            try:
                await opening
            except Exception as error:  # whatever the SDK refuses
                why_not = first_line(error)
            self._send(Kind.OPENED, stream, why_not.encode("utf-8", "replace"))

        self._tasks.spawn(tell(), "opening a driver")

    async def _speak(self, stream: int, synthesis: SdkSynthesisDriver, ssml: str) -> None:
        try:
            await synthesis.begin(ssml)
        except RuntimeError as error:
            self._synthesis_reports(stream, SynthesisReport(SynthesisSignal.CANCELED, detail=first_line(error)))

    async def _score(self, stream: int, heard: bytes, audio: AudioFormat) -> None:
        self._send(Kind.SCORED, stream, wire.scored_payload(await self._scorer.score(heard, audio)))

    # --- what the drivers report ---

    def _recognition_reports(self, stream: int, report: RecognitionReport) -> None:
        try:
            self._send(Kind.RECOGNITION, stream, wire.recognition_report_payload(report))
        except FrameError as error:  # too long to be a phrase: the service is faulty or hostile
            canceled = RecognitionReport(RecognitionSignal.CANCELED, detail=f"a result of the service: {error}")
            self._send(Kind.RECOGNITION, stream, wire.recognition_report_payload(canceled))

    def _synthesis_reports(self, stream: int, report: SynthesisReport) -> None:
        if report.signal is not SynthesisSignal.CHUNK:
            self._send(Kind.SYNTHESIS, stream, wire.synthesis_report_payload(report))
            return
        for at in range(0, len(report.audio), _CHUNK):
            piece = replace(report, audio=report.audio[at : at + _CHUNK])
            self._send(Kind.CHUNK, stream, wire.chunk_payload(piece))

    def _send(self, kind: Kind, stream: int, payload: bytes = b"") -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() > MAX_BUFFERED:
            log.error("the call process does not read; ending")
            transport.abort()
            return
        with contextlib.suppress(ConnectionError):
            transport.write(wire.encode(kind, stream, payload))
