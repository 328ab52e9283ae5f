"""The SDK in the speech client: drivers whose work is done in another process.

While no speech client is connected, ``open`` waits for the next one; its caller sets the deadline. When the speech
client ends, every open driver reports that (``CANCELED``, ``LOST``). Its owner then opens a new one, and sends again
what has been lost.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, Protocol, cast

from voicebot.audio import AudioFormat
from voicebot.speechsdk import wire
from voicebot.speechsdk.drivers import (
    MAX_SCORE_S,
    MAX_SCORES,
    RecognitionOptions,
    RecognitionReport,
    RecognitionSignal,
    SdkRecognitionDriver,
    SdkSynthesisDriver,
    SynthesisReport,
    SynthesisSignal,
)
from voicebot.speechsdk.endpoint import SpeechEndpoint, SpeechUnavailable, token_of
from voicebot.speechsdk.wire import Frame, FrameError, FrameReader, Kind

log = logging.getLogger(__name__)

MAX_BUFFERED: Final = 4 << 20
"""Bytes that may wait for a speech client that does not read (ten seconds of 50 calls). Beyond that, its connection is
closed, and it ends."""
ENDED: Final = "the speech client has ended"


class RemoteSdk:
    """A :class:`~voicebot.speechsdk.drivers.SpeechSdk`. :meth:`connect` again whenever there is a new speech client."""

    def __init__(self) -> None:
        self._link: _Link | None = None
        self._linked = asyncio.Event()

    async def connect(self, path: Path) -> None:
        """Use the speech client that listens on the socket ``path``, from now on. Raises OSError."""
        loop = asyncio.get_running_loop()
        _, link = await loop.create_unix_connection(lambda: _Link(self._lost), str(path))
        self.close()
        self._link = link
        self._linked.set()

    def close(self) -> None:
        """Close the connection to the speech client, which ends it."""
        if self._link is not None:
            self._link.abort()

    @property
    def unsent(self) -> int:
        """Bytes that the speech client has not read yet, of all streams together."""
        return self._link.unsent if self._link is not None else 0

    async def ping(self) -> bool:
        """Whether a speech client is connected and answers. Waits for its answer; the caller sets the deadline."""
        link = self._link
        return link is not None and await link.ping()

    async def link(self) -> Link:
        """The connection to the speech client. Waits until there is one; the caller sets the deadline."""
        while self._link is None:
            await self._linked.wait()
        return self._link

    def recognition(
        self, options: RecognitionOptions, report: Callable[[RecognitionReport], None]
    ) -> SdkRecognitionDriver:
        return _RemoteRecognition(self, options, report)

    def synthesis(self, audio: AudioFormat, report: Callable[[SynthesisReport], None]) -> SdkSynthesisDriver:
        return _RemoteSynthesis(self, audio, report)

    def score(self, heard: bytes, audio: AudioFormat, answer: Callable[[float], None]) -> None:
        """Have a turn scored by its sound. ``answer`` gets the probability, 0 to 1, that the speaker has finished.

        It is not called if that takes longer than :data:`~voicebot.speechsdk.drivers.MAX_SCORE_S`, or cannot be told.
        """
        if self._link is not None:
            self._link.score(heard, audio, answer)

    def _lost(self, link: Link) -> None:
        if link is self._link:
            self._link = None
            self._linked.clear()


class Link(Protocol):
    """A connection to the speech client, as streams see it."""

    def add(self, stream: _Stream) -> int: ...

    def send(self, kind: Kind, number: int, payload: bytes = b"") -> None: ...


class _Score(NamedTuple):
    """A score that is waited for: who gets it, and until when (the loop's clock)."""

    answer: Callable[[float], None]
    due: float


class _Link(asyncio.Protocol):
    """``lost`` is called when the connection has ended, before its streams are told."""

    def __init__(self, lost: Callable[[Link], None]) -> None:
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader()
        self._numbers = itertools.count(1)
        self._streams: dict[int, _Stream] = {}
        self._scores: dict[int, _Score] = {}
        self._pong = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no instance of it

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                if frame.kind is Kind.PONG:
                    self._pong.set()
                elif frame.kind is Kind.SCORED:
                    self._scored(frame)
                elif (stream := self._streams.get(frame.stream)) is not None:
                    stream.received(frame)
                    if frame.kind is Kind.RELEASED:
                        del self._streams[frame.stream]
        except FrameError as error:
            log.error("the speech client has sent an invalid frame, and its connection is closed: %s", error)
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(self)
        self._pong.set()
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.lost()

    def add(self, stream: _Stream) -> int:
        number = next(self._numbers)
        self._streams[number] = stream
        return number

    def send(self, kind: Kind, number: int, payload: bytes = b"") -> None:
        """Never waits. Raises :class:`FrameError` for a payload that is too long."""
        transport = self._transport
        assert transport is not None
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() > MAX_BUFFERED:
            log.error("the speech client does not read what it is sent, and its connection is closed")
            transport.abort()
            return
        transport.write(wire.encode(kind, number, payload))

    async def ping(self) -> bool:
        self._pong.clear()
        self.send(Kind.PING, 0)
        await self._pong.wait()
        return not self._is_closing

    def score(self, heard: bytes, audio: AudioFormat, answer: Callable[[float], None]) -> None:
        if len(self._scores) < MAX_SCORES:
            number = next(self._numbers)
            self._scores[number] = _Score(answer, self._loop.time() + MAX_SCORE_S)
            self.send(Kind.SCORE, number, wire.score_payload(heard, audio))

    def _scored(self, frame: Frame) -> None:
        probability = wire.scored(frame.payload)
        score = self._scores.pop(frame.stream, None)
        if score is not None and probability is not None and self._loop.time() <= score.due:
            score.answer(probability)

    @property
    def _is_closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    @property
    def unsent(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _nothing(*_: object) -> None:
    """What becomes of reports after the release."""


class _Stream:
    """One driver's stream on a link. ``report`` gets the frames that are reports; ``ended`` is called when the link has
    ended.

    Nothing is sent before the stream is opened, after its release, or after the end of the link.
    """

    def __init__(self, sdk: RemoteSdk, report: Callable[[Frame], None], ended: Callable[[], None]) -> None:
        self._sdk = sdk
        self._report = report
        self._ended = ended
        self._link: Link | None = None
        self._number = 0
        self._opened: asyncio.Future[bool] | None = None
        self._released: asyncio.Future[None] | None = None

    async def open(self, kind: Kind, endpoint: SpeechEndpoint, payload: Callable[[str | None], bytes]) -> None:
        """Open the stream. ``payload`` gets the endpoint's token. If the link ends meanwhile, the next one is used.

        If the stream is released meanwhile, the answer is not waited for. Raises :class:`SpeechUnavailable` if the SDK
        refuses.
        """
        token = await token_of(endpoint)
        opened = False
        while not opened:
            link = await self._sdk.link()
            if self._released is not None:
                return
            self._opened = asyncio.get_running_loop().create_future()
            self._link, self._number = link, link.add(self)
            link.send(kind, self._number, payload(token))
            opened = await self._opened

    @property
    def there(self) -> bool:
        return self._link is not None

    def send(self, kind: Kind, payload: bytes = b"") -> None:
        if self._link is not None:
            self._link.send(kind, self._number, payload)

    def release(self) -> asyncio.Future[None]:
        if self._released is None:
            self._report, self._ended = _nothing, _nothing  # in a circle, all would wait for a full collection
            self._released = asyncio.get_running_loop().create_future()
            if self._link is None:
                self._released.set_result(None)
            else:
                self._link.send(Kind.RELEASE, self._number)
                self._link = None
            if self._opened is not None and not self._opened.done():
                self._opened.set_result(True)
        return self._released

    # --- told by the link ---

    def received(self, frame: Frame) -> None:
        if frame.kind is Kind.RELEASED:
            self._over()
        elif self._released is not None:
            return
        elif frame.kind is Kind.OPENED:
            if self._opened is not None and not self._opened.done():
                if frame.payload:
                    self._opened.set_exception(SpeechUnavailable(frame.payload.decode("utf-8", "replace")))
                else:
                    self._opened.set_result(True)
        else:
            self._report(frame)

    def lost(self) -> None:
        self._link = None
        if self._released is not None:
            self._over()
        elif self._opened is not None and not self._opened.done():
            self._opened.set_result(False)
        else:
            self._ended()

    def _over(self) -> None:
        if self._released is not None and not self._released.done():
            self._released.set_result(None)


class _RemoteRecognition:
    """A :class:`~voicebot.speechsdk.drivers.SdkRecognitionDriver`."""

    def __init__(
        self, sdk: RemoteSdk, options: RecognitionOptions, report: Callable[[RecognitionReport], None]
    ) -> None:
        self._options = options
        self._report = report
        self._stream = _Stream(sdk, self._reported, self._lost)

    async def open(self, endpoint: SpeechEndpoint) -> None:
        await self._stream.open(
            Kind.RECOGNITION_OPEN, endpoint, lambda token: wire.recognition_payload(endpoint, token, self._options)
        )

    def write(self, audio: bytes) -> None:
        self._stream.send(Kind.AUDIO, audio)

    def commit(self) -> bool:
        self._stream.send(Kind.COMMIT)
        return self._stream.there

    async def refresh_token(self, endpoint: SpeechEndpoint) -> None:
        token = await token_of(endpoint)
        self._stream.send(Kind.TOKEN, wire.endpoint_payload(endpoint, token))

    def release(self) -> asyncio.Future[None]:
        self._report = _nothing
        return self._stream.release()

    def _reported(self, frame: Frame) -> None:
        if frame.kind is not Kind.RECOGNITION:
            raise FrameError(f"{frame.kind.name} for a recogniser")
        self._report(wire.recognition_report(frame.payload))

    def _lost(self) -> None:
        self._report(RecognitionReport(RecognitionSignal.CANCELED, detail=ENDED))


class _RemoteSynthesis:
    """A :class:`~voicebot.speechsdk.drivers.SdkSynthesisDriver`."""

    def __init__(self, sdk: RemoteSdk, audio: AudioFormat, report: Callable[[SynthesisReport], None]) -> None:
        self._audio = audio
        self._report = report
        self._stream = _Stream(sdk, self._reported, self._lost)

    async def open(self, endpoint: SpeechEndpoint, connect: bool) -> None:
        await self._stream.open(
            Kind.SYNTHESIS_OPEN,
            endpoint,
            lambda token: wire.synthesis_payload(endpoint, token, self._audio, connect),
        )

    async def begin(self, ssml: str) -> None:
        try:
            self._stream.send(Kind.SPEAK, ssml.encode("utf-8", "replace"))
        except FrameError as error:
            raise SpeechUnavailable(f"the prompt is too long: {error}", permanent=True) from error

    def release(self) -> asyncio.Future[None]:
        self._report = _nothing
        return self._stream.release()

    def _reported(self, frame: Frame) -> None:
        match frame.kind:
            case Kind.CHUNK:
                self._report(wire.chunk_report(frame.payload))
            case Kind.SYNTHESIS:
                self._report(wire.synthesis_report(frame.payload))
            case _:
                raise FrameError(f"{frame.kind.name} for a synthesiser")

    def _lost(self) -> None:
        self._report(SynthesisReport(SynthesisSignal.LOST, detail=ENDED))
