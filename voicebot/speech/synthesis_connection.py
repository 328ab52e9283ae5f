"""One SDK synthesiser with its connection, and the one utterance it may be rendering.

A thin driver, like :mod:`voicebot.speech.recognition_session`: native callbacks hand over to the loop. Facts about
SDK 1.53 that shape it:

* The output format belongs to the synthesiser (a changed property is ignored), hence one kind for each audio format.
* ``start_speaking_*`` resolves at once; audio comes with ``synthesizing``, each event with one chunk and a result id.
* The SDK's own retry ends an utterance under another result id than it began with, so it is off (the pool retries).
* ``stop_speaking`` closes the connection, which is also what makes the service stop working. A cancelled synthesiser is
  therefore thrown away, and can never deliver what is left of its utterance to the next one.
* One that is dropped while the service is mute keeps its threads: ``release`` always stops it first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any, Final

import azure.cognitiveservices.speech as sdk

from voicebot.audio import LINEAR_16K, PCMA, PCMU, AudioFormat
from voicebot.speech import sdk_threads
from voicebot.speech.endpoint import SpeechEndpoint, SpeechUnavailable
from voicebot.speech.sdk_threads import first_line, watch

log = logging.getLogger(__name__)

_FORMAT: Final = {
    PCMU: sdk.SpeechSynthesisOutputFormat.Raw8Khz8BitMonoMULaw,
    PCMA: sdk.SpeechSynthesisOutputFormat.Raw8Khz8BitMonoALaw,
    LINEAR_16K: sdk.SpeechSynthesisOutputFormat.Raw16Khz16BitMonoPcm,
}
_PERMANENT: Final = (
    sdk.CancellationErrorCode.AuthenticationFailure,
    sdk.CancellationErrorCode.Forbidden,
    sdk.CancellationErrorCode.BadRequest,
)
MAX_UTTERANCE_S: Final = 600
"""An utterance that gets longer is ended with an error."""


class SynthesisConnection:
    """One synthesiser. ``open`` and ``release`` block and run on an SDK thread; the rest runs on the loop."""

    def __init__(
        self, audio: AudioFormat, loop: asyncio.AbstractEventLoop, changed: Callable[[SynthesisConnection], None]
    ) -> None:
        self.audio = audio
        self.alive = True
        self.error: SpeechUnavailable | None = None
        self.since = loop.time()
        self.ready: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._changed = changed
        self._lock = Lock()
        self._released = False
        self._synthesizer: Any = None
        self._connection: Any = None
        self._result: Any = None
        # The utterance being rendered.
        self._result_id = ""
        self._old_ids: deque[str] = deque(maxlen=16)
        self._chunks: deque[bytes] = deque()
        self._received = 0
        self._over = True
        self._failure: SpeechUnavailable | None = None
        self._news = asyncio.Event()
        watch(self)

    # --- on the event loop ---

    async def begin(self, ssml: str) -> None:
        """Start rendering ``ssml``. One utterance at a time. Raises what the connection died of, if it has."""
        assert self._over
        if self.error is not None:
            raise self.error
        self._result_id, self._received, self._over, self._failure = "", 0, False, None
        self._chunks.clear()
        self._news.clear()
        await sdk_threads.call(self._begin, ssml)

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

    # --- on an SDK thread ---

    def open(self, endpoint: SpeechEndpoint, connect: bool) -> None:
        """Build the synthesiser.

        ``connect``: open its connection now; ``ready`` is set when the service has accepted it. Without, the first
        utterance opens it.
        """
        with self._lock:
            if self._released:
                return
            config = endpoint.speech_config()
            config.set_speech_synthesis_output_format(_FORMAT[self.audio])
            config.set_property_by_name("SpeechSynthesis_MaxRetryTimes", "0")
            synthesizer = sdk.SpeechSynthesizer(config, audio_config=None)
            connection = sdk.Connection.from_speech_synthesizer(synthesizer)
            self._synthesizer, self._connection = synthesizer, connection
            connection.connected.connect(lambda _: self._hand(self._on_connected))
            connection.disconnected.connect(lambda _: self._hand(self._on_disconnected))
            synthesizer.synthesis_started.connect(lambda e: self._hand(self._on_started, e.result.result_id))
            synthesizer.synthesizing.connect(
                lambda e: self._hand(self._on_chunk, e.result.result_id, e.result.audio_data)
            )
            synthesizer.synthesis_completed.connect(lambda e: self._hand(self._on_completed, e.result.result_id))
            synthesizer.synthesis_canceled.connect(self._on_native_cancel)
            if connect:
                connection.open(True)

    def _begin(self, ssml: str) -> None:
        with self._lock:
            if self._synthesizer is None:
                raise RuntimeError("the synthesiser has been released")
            self._finish_result()
            self._result = self._synthesizer.start_speaking_ssml_async(ssml)

    def _finish_result(self) -> None:
        result, self._result = self._result, None
        if result is not None:
            result.get()

    def release(self) -> None:
        """Stop at once and let go of everything, so that the SDK's threads end. Harmless when done already."""
        with self._lock:
            self._released = True
            synthesizer, connection = self._synthesizer, self._connection
            self._synthesizer = self._connection = None
            if synthesizer is None:
                return
            _disconnect(synthesizer, connection)
            for step in (lambda: synthesizer.stop_speaking_async().get(), self._finish_result, connection.close):
                try:
                    step()
                except RuntimeError as error:
                    log.debug("stopping a synthesiser: %s", first_line(error))

    def abandon(self) -> None:
        """Cut off the callbacks and no more: the program ends."""
        synthesizer, connection = self._synthesizer, self._connection
        if synthesizer is not None and connection is not None:
            _disconnect(synthesizer, connection)

    # --- on native threads: hand over, nothing else ---

    def _hand(self, function: Callable[..., None], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            self._loop.call_soon_threadsafe(function, *args)

    def _on_native_cancel(self, event: Any) -> None:
        details = event.result.cancellation_details
        reason = f"{details.error_code.name}: {first_line(details.error_details)}"
        self._hand(self._on_canceled, event.result.result_id, reason, details.error_code in _PERMANENT)

    # --- what was handed over ---

    def _on_connected(self) -> None:
        if not self.ready.done():
            self.ready.set_result(None)

    def _on_disconnected(self) -> None:
        # An utterance under way is ended by `canceled`; an idle connection is of no use any more.
        if self._over:
            self._die("the service closed the connection")

    def _on_started(self, result_id: str) -> None:
        if not self._over and not self._result_id and result_id not in self._old_ids:
            self._result_id = result_id

    def _on_chunk(self, result_id: str, audio: bytes) -> None:
        if self._over or result_id != self._result_id or not audio:
            return
        self._received += len(audio)
        if self._received > MAX_UTTERANCE_S * self.audio.byte_rate:
            self._end(SpeechUnavailable("the utterance is longer than ten minutes", permanent=True))
            return
        self._chunks.append(audio)
        self._news.set()

    def _on_completed(self, result_id: str) -> None:
        if result_id == self._result_id:
            self._end(None)

    def _on_canceled(self, result_id: str, reason: str, permanent: bool) -> None:
        if self._over:  # the attempt to open the connection failed
            self._die(reason, permanent)
        elif not self._result_id or result_id == self._result_id:
            self._end(SpeechUnavailable(reason, permanent=permanent))

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


def _disconnect(synthesizer: Any, connection: Any) -> None:
    for signal in (
        connection.connected,
        connection.disconnected,
        synthesizer.synthesis_started,
        synthesizer.synthesizing,
        synthesizer.synthesis_completed,
        synthesizer.synthesis_canceled,
    ):
        signal.disconnect_all()
