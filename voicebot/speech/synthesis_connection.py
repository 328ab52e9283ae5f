"""One SDK synthesiser with its connection, and the one utterance it may be rendering.

A cancelled synthesiser is thrown away, so that it can never deliver what is left of its utterance to the next one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from voicebot.audio import AudioFormat
from voicebot.speechsdk.drivers import SpeechSdk, SynthesisReport, SynthesisSignal
from voicebot.speechsdk.endpoint import SpeechEndpoint, SpeechUnavailable

MAX_UTTERANCE_S: Final = 600
"""An utterance that gets longer is ended with an error."""


class SynthesisConnection:
    """``changed`` is called when the connection can no longer be used."""

    def __init__(self, sdk: SpeechSdk, audio: AudioFormat, changed: Callable[[SynthesisConnection], None]) -> None:
        loop = asyncio.get_running_loop()
        self.audio = audio
        self.alive = True
        self.error: SpeechUnavailable | None = None
        self.since = loop.time()
        self.ready: asyncio.Future[None] = loop.create_future()
        self._changed = changed
        self._driver = sdk.synthesis(audio, self._on_report)
        # The utterance being rendered.
        self._result_id = ""
        self._old_ids: deque[str] = deque(maxlen=16)
        self._chunks: deque[bytes] = deque()
        self._received = 0
        self._over = True
        self._failure: SpeechUnavailable | None = None
        self._news = asyncio.Event()

    async def open(self, endpoint: SpeechEndpoint, connect: bool) -> None:
        """Make the synthesiser.

        ``connect``: open its connection now; ``ready`` is set when the service has accepted it. Without, the first
        utterance opens it.
        """
        await self._driver.open(endpoint, connect)

    async def begin(self, ssml: str) -> None:
        """Start rendering ``ssml``. One utterance at a time. Raises the error that has ended the connection, if any."""
        assert self._over
        if self.error is not None:
            raise self.error
        self._result_id, self._received, self._over, self._failure = "", 0, False, None
        self._chunks.clear()
        self._news.clear()
        await self._driver.begin(ssml)

    async def chunk(self) -> bytes:
        """The next piece of audio, ``b""`` at the end. Raises :class:`SpeechUnavailable` when rendering failed."""
        while not self._chunks:
            if self._failure is not None:
                raise self._failure
            if self._over:
                return b""
            self._news.clear()
            await self._news.wait()
        return self._chunks.popleft()

    @property
    def finished(self) -> bool:
        """Whether the last utterance ended well, so that another one may follow on this connection."""
        return self.alive and self._over and self._failure is None

    def release(self) -> asyncio.Future[None]:
        """Stop at once and let go of everything; nothing comes any more. Harmless when done already."""
        return self._driver.release()

    # --- what the synthesiser reports ---

    def _on_report(self, report: SynthesisReport) -> None:
        match report.signal:
            case SynthesisSignal.CONNECTED:
                if not self.ready.done():
                    self.ready.set_result(None)
            case SynthesisSignal.DISCONNECTED:
                # An utterance under way is ended by `CANCELED`; an idle connection is of no use any more.
                if self._over:
                    self._die("the service closed the connection")
            case SynthesisSignal.STARTED:
                if not self._over and not self._result_id and report.result_id not in self._old_ids:
                    self._result_id = report.result_id
            case SynthesisSignal.CHUNK:
                self._on_chunk(report.result_id, report.audio)
            case SynthesisSignal.COMPLETED:
                if report.result_id == self._result_id:
                    self._end(None)
            case SynthesisSignal.CANCELED:
                self._on_canceled(report)
            case SynthesisSignal.LOST if self._over:
                self._die(report.detail)
            case SynthesisSignal.LOST:
                self._end(SpeechUnavailable(report.detail))

    def _on_chunk(self, result_id: str, audio: bytes) -> None:
        if self._over or result_id != self._result_id or not audio:
            return
        self._received += len(audio)
        if self._received > MAX_UTTERANCE_S * self.audio.byte_rate:
            self._end(SpeechUnavailable("the utterance is longer than ten minutes", permanent=True))
            return
        self._chunks.append(audio)
        self._news.set()

    def _on_canceled(self, report: SynthesisReport) -> None:
        if self._over:  # the attempt to open the connection failed
            self._die(report.detail, report.permanent)
        elif not self._result_id or report.result_id == self._result_id:
            self._end(SpeechUnavailable(report.detail, permanent=report.permanent))

    def _end(self, failure: SpeechUnavailable | None) -> None:
        self._over, self._failure = True, failure
        self._old_ids.append(self._result_id)
        self._result_id = ""
        self._news.set()
        if failure is not None:
            self._die(failure.reason, failure.permanent)

    def _die(self, reason: str, permanent: bool = False) -> None:
        if self.alive:
            self.alive = False
            self.error = SpeechUnavailable(reason, permanent=permanent)
            if not self.ready.done():
                self.ready.cancel()
            self._changed(self)
