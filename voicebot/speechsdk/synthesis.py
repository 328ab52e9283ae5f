"""One SDK synthesiser with its connection: a :class:`~voicebot.speechsdk.drivers.SdkSynthesisDriver`.

As in :mod:`voicebot.speechsdk.recognition`, native callbacks hand over to the loop. Facts about SDK 1.53:

* The output format belongs to the synthesiser (a changed property is ignored), hence one kind for each audio format.
* ``start_speaking_*`` resolves at once; audio comes with ``synthesizing``, each event with one chunk and a result id.
* The SDK's own retry ends an utterance under another result id than it began with, so it is off.
* ``stop_speaking`` closes the connection, which is also what makes the service stop working. A cancelled synthesiser is
  therefore thrown away, and can never deliver what is left of its utterance to the next one.
* A synthesiser that is dropped while the service does not answer keeps its threads: ``release`` always stops it first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from threading import Lock
from typing import Any, Final

import azure.cognitiveservices.speech as sdk

from voicebot.audio import LINEAR_16K, PCMA, PCMU, AudioFormat
from voicebot.speechsdk import threads
from voicebot.speechsdk.configuration import PERMANENT, speech_config
from voicebot.speechsdk.drivers import SynthesisReport, SynthesisSignal
from voicebot.speechsdk.endpoint import SpeechEndpoint, with_token
from voicebot.speechsdk.threads import first_line

log = logging.getLogger(__name__)

_FORMAT: Final = {
    PCMU: sdk.SpeechSynthesisOutputFormat.Raw8Khz8BitMonoMULaw,
    PCMA: sdk.SpeechSynthesisOutputFormat.Raw8Khz8BitMonoALaw,
    LINEAR_16K: sdk.SpeechSynthesisOutputFormat.Raw16Khz16BitMonoPcm,
}


class NativeSynthesis:
    """One SDK synthesiser, in this process."""

    def __init__(self, audio: AudioFormat, report: Callable[[SynthesisReport], None]) -> None:
        self._audio = audio
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._lock = Lock()
        self._released = False
        self._synthesizer: Any = None
        self._connection: Any = None
        self._result: Any = None
        threads.watch(self)

    # --- on the event loop ---

    async def open(self, endpoint: SpeechEndpoint, connect: bool) -> None:
        await threads.call(self._open, await with_token(endpoint), connect)

    async def begin(self, ssml: str) -> None:
        await threads.call(self._begin, ssml)

    def release(self) -> asyncio.Future[None]:
        return threads.dispose(self._release)

    def abandon(self) -> None:
        """Cut off the callbacks and no more: the program ends."""
        synthesizer, connection = self._synthesizer, self._connection
        if synthesizer is not None and connection is not None:
            _disconnect(synthesizer, connection)

    # --- on an SDK thread ---

    def _open(self, endpoint: SpeechEndpoint, connect: bool) -> None:
        with self._lock:
            if self._released:
                return
            config = speech_config(endpoint)
            config.set_speech_synthesis_output_format(_FORMAT[self._audio])
            config.set_property_by_name("SpeechSynthesis_MaxRetryTimes", "0")
            synthesizer = sdk.SpeechSynthesizer(config, audio_config=None)
            connection = sdk.Connection.from_speech_synthesizer(synthesizer)
            self._synthesizer, self._connection = synthesizer, connection
            connection.connected.connect(lambda _: self._hand(SynthesisSignal.CONNECTED))
            connection.disconnected.connect(lambda _: self._hand(SynthesisSignal.DISCONNECTED))
            synthesizer.synthesis_started.connect(lambda e: self._hand(SynthesisSignal.STARTED, e.result.result_id))
            synthesizer.synthesizing.connect(
                lambda e: self._hand(SynthesisSignal.CHUNK, e.result.result_id, e.result.audio_data)
            )
            synthesizer.synthesis_completed.connect(lambda e: self._hand(SynthesisSignal.COMPLETED, e.result.result_id))
            synthesizer.synthesis_canceled.connect(self._on_canceled)
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

    def _release(self) -> None:
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

    # --- on native threads: hand over, nothing else ---

    def _hand(self, signal: SynthesisSignal, *facts: Any, **more: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            self._loop.call_soon_threadsafe(self._report, SynthesisReport(signal, *facts, **more))

    def _on_canceled(self, event: Any) -> None:
        details = event.result.cancellation_details
        detail = f"{details.error_code.name}: {first_line(details.error_details)}"
        permanent = details.error_code in PERMANENT
        self._hand(SynthesisSignal.CANCELED, event.result.result_id, detail=detail, permanent=permanent)


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
