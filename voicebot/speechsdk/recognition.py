"""One SDK recogniser with its push stream: a :class:`~voicebot.speechsdk.drivers.SdkRecognitionDriver`.

SDK callbacks arrive on native threads; each reads what it needs out of the SDK's result and hands over to the event
loop with ``call_soon_threadsafe``, nothing else. The driver's owner decides what to do about it.

Facts about SDK 1.53 that shape this file:

* ``session_started`` is local; only ``Connection.connected`` says that a service is there.
* Stop and start on the same push stream make the SDK end and re-send the stream in a tight loop, and it refuses a
  ``speech.context`` in the middle of a turn. Hence a recogniser is never restarted: it is replaced.
* ``commit`` sends the audio so far and then, in order, ``audio.commit`` with a token, at most every 100 ms; the service
  listens to it only with ``setfeature=forcecommit`` in the address. The result that it brings carries the token in
  ``clientAudioMetadata``.
* A callback that runs while the interpreter ends aborts the process ("exception not rethrown"), and a reference that is
  held keeps native threads. Hence :meth:`NativeRecognition.release` disconnects every signal and drops everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from threading import Lock
from typing import Any, Final

import azure.cognitiveservices.speech as sdk

from voicebot.audio import LINEAR_16K, PCMA, PCMU
from voicebot.speechsdk import threads
from voicebot.speechsdk.configuration import PERMANENT, speech_config
from voicebot.speechsdk.drivers import (
    AT_ONCE_S,
    MAX_DETAIL,
    MAX_TEXT,
    RecognitionOptions,
    RecognitionReport,
    RecognitionSignal,
)
from voicebot.speechsdk.endpoint import SpeechEndpoint, with_token
from voicebot.speechsdk.threads import STOP_TIMEOUT_S, first_line

log = logging.getLogger(__name__)

_WAVE: Final = {
    PCMU: sdk.audio.AudioStreamWaveFormat.MULAW,
    PCMA: sdk.audio.AudioStreamWaveFormat.ALAW,
    LINEAR_16K: sdk.audio.AudioStreamWaveFormat.PCM,
}

_UNTHROTTLED_MS: Final = 24 * 3600 * 1000
"""For so long a stream is sent as fast as it comes. By default, the SDK sends what follows the first 5 s at most twice
as fast as it is spoken, so that a word whose beginning was held back for half a second would be late to its end."""


class NativeRecognition:
    """One SDK recogniser, in this process."""

    def __init__(self, options: RecognitionOptions, report: Callable[[RecognitionReport], None]) -> None:
        self._options = options
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._lock = Lock()
        self._released = False
        self._stream: Any = None
        self._recognizer: Any = None
        self._connection: Any = None
        threads.watch(self)

    # --- on the event loop ---

    async def open(self, endpoint: SpeechEndpoint) -> None:
        await threads.call(self._open, await with_token(endpoint))

    def write(self, audio: bytes) -> None:
        stream = self._stream
        if stream is not None:
            stream.write(audio)

    def commit(self) -> bool:
        try:
            return self._stream is not None and self._stream.commit() != 0
        except RuntimeError as error:
            log.debug("asking for the end of a phrase: %s", first_line(error))
            return False

    async def refresh_token(self, endpoint: SpeechEndpoint) -> None:
        await threads.call(self._refresh_token, await with_token(endpoint))

    def release(self) -> asyncio.Future[None]:
        return threads.dispose(self._release)

    def abandon(self) -> None:
        """Cut off the callbacks and no more: the program ends."""
        recognizer, connection = self._recognizer, self._connection
        if recognizer is not None and connection is not None:
            _disconnect(recognizer, connection)

    # --- on an SDK thread ---

    def _open(self, endpoint: SpeechEndpoint) -> None:
        with self._lock:
            if self._released:
                return
            options, audio = self._options, self._options.audio
            config = speech_config(endpoint)
            config.speech_recognition_language = options.language
            config.output_format = sdk.OutputFormat.Detailed
            config.set_profanity(sdk.ProfanityOption.Raw)
            config.set_property(
                sdk.PropertyId.Speech_SegmentationSilenceTimeoutMs, str(options.segmentation_silence_ms)
            )
            config.set_service_property("setfeature", "forcecommit", sdk.ServicePropertyChannel.UriQueryParameter)
            config.set_property_by_name("SPEECH-StopRecognitionTimeoutInSeconds", str(STOP_TIMEOUT_S))
            config.set_property_by_name("SPEECH-BytesPerFrame", str(round(AT_ONCE_S * audio.byte_rate)))
            config.set_property_by_name("SPEECH-TransmitLengthBeforThrottleMs", str(_UNTHROTTLED_MS))
            self._stream = sdk.audio.PushAudioInputStream(
                sdk.audio.AudioStreamFormat(
                    samples_per_second=audio.rate,
                    bits_per_sample=8 * audio.width,
                    channels=1,
                    wave_stream_format=_WAVE[audio],
                )
            )
            recognizer = sdk.SpeechRecognizer(config, audio_config=sdk.audio.AudioConfig(stream=self._stream))
            self._recognizer = recognizer
            self._connection = sdk.Connection.from_recognizer(recognizer)
            if options.phrases:
                grammar = sdk.PhraseListGrammar.from_recognizer(recognizer)
                for phrase in options.phrases:
                    grammar.addPhrase(phrase)
            self._connection.connected.connect(lambda _: self._hand(RecognitionSignal.CONNECTED))
            self._connection.disconnected.connect(lambda _: self._hand(RecognitionSignal.DISCONNECTED))
            recognizer.speech_start_detected.connect(lambda _: self._hand(RecognitionSignal.SPEECH_DETECTED))
            recognizer.recognizing.connect(self._on_recognizing)
            recognizer.recognized.connect(self._on_recognized)
            recognizer.canceled.connect(self._on_canceled)
            recognizer.start_continuous_recognition_async().get()

    def _refresh_token(self, endpoint: SpeechEndpoint) -> None:
        token = endpoint.authorization_token()
        with self._lock:
            if token and self._recognizer is not None:
                self._recognizer.authorization_token = token

    def _release(self) -> None:
        with self._lock:
            self._released = True
            stream, recognizer, connection = self._stream, self._recognizer, self._connection
            self._stream = self._recognizer = self._connection = None
            if recognizer is None:
                return
            _disconnect(recognizer, connection)  # no callback after this line, whatever the service does
            try:
                stream.close()
                recognizer.stop_continuous_recognition_async().get()
            except RuntimeError as error:
                log.debug("stopping a recogniser: %s", first_line(error))

    # --- on native threads: hand over, nothing else ---

    def _hand(self, signal: RecognitionSignal, *facts: Any, **more: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            self._loop.call_soon_threadsafe(self._report, RecognitionReport(signal, *facts, **more))

    def _on_recognizing(self, event: Any) -> None:
        result = event.result
        self._hand(RecognitionSignal.HYPOTHESIS, result.text[:MAX_TEXT], result.offset, result.duration)

    def _on_recognized(self, event: Any) -> None:
        result = event.result
        matched = result.reason == sdk.ResultReason.RecognizedSpeech
        signal = RecognitionSignal.FINAL if matched else RecognitionSignal.NO_MATCH
        detail = result.json if len(result.json) <= MAX_DETAIL else ""
        self._hand(signal, result.text[:MAX_TEXT], result.offset, result.duration, detail)

    def _on_canceled(self, event: Any) -> None:
        details = event.cancellation_details
        if details.reason == sdk.CancellationReason.EndOfStream:
            return
        detail = f"{details.code.name}: {first_line(details.error_details)}"[:MAX_TEXT]
        self._hand(RecognitionSignal.CANCELED, detail=detail, permanent=details.code in PERMANENT)


def _disconnect(recognizer: Any, connection: Any) -> None:
    for signal in (
        connection.connected,
        connection.disconnected,
        recognizer.speech_start_detected,
        recognizer.recognizing,
        recognizer.recognized,
        recognizer.canceled,
    ):
        signal.disconnect_all()
