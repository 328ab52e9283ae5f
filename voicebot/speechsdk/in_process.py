"""The SDK in this process, which then ends if a service sends what the SDK crashes on."""

from __future__ import annotations

from collections.abc import Callable

from voicebot.audio import AudioFormat
from voicebot.speechsdk.drivers import RecognitionOptions, RecognitionReport, SynthesisReport
from voicebot.speechsdk.recognition import NativeRecognition
from voicebot.speechsdk.synthesis import NativeSynthesis


class InProcessSdk:
    """A :class:`~voicebot.speechsdk.drivers.SpeechSdk`."""

    def recognition(
        self, options: RecognitionOptions, report: Callable[[RecognitionReport], None]
    ) -> NativeRecognition:
        return NativeRecognition(options, report)

    def synthesis(self, audio: AudioFormat, report: Callable[[SynthesisReport], None]) -> NativeSynthesis:
        return NativeSynthesis(audio, report)
