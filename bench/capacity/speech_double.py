"""A speech client without the SDK: recognises and speaks by a script, for the cost of looking at the audio's level.

The SDK takes half a percent of a core for each call, and a scripted service behind it as much again: a hundred calls
would fill the core that the callers have, and the figures would be theirs. This process stands where the speech client
stands (``voicebot.speechsdk``), is spoken to by the same frames, and does what the scripted speech service does:
someone speaks who is louder than -40 dBFS; the text of a list comes after 200 ms as a hypothesis and 100 ms after the
last voice, or when the phrase is committed, as final; words are tones of 300 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import uvloop

from voicebot.audio import PCMU, AudioFormat
from voicebot.localspeech.formats import encode
from voicebot.localspeech.ssml import SsmlPause, parse
from voicebot.log import configure_logging
from voicebot.parent import end_with_parent
from voicebot.speechsdk.drivers import (
    RecognitionOptions,
    RecognitionReport,
    RecognitionSignal,
    SdkRecognitionDriver,
    SdkSynthesisDriver,
    SynthesisReport,
    SynthesisSignal,
)
from voicebot.speechsdk.endpoint import SpeechEndpoint
from voicebot.speechsdk.server import serve
from voicebot.speechsdk.turn_scorer import TurnScorer

STEP: Final = PCMU.frame_bytes
STEP_S: Final = STEP / PCMU.byte_rate
LOUD_SHARE: Final = 0.2
"""Of the samples of a step that is loud."""
CONFIRM: Final = 2
HYPOTHESIS: Final = round(0.2 / STEP_S)
SEGMENTATION: Final = round(0.1 / STEP_S)
WORD_S: Final = 0.3
LOUD: Final = (np.abs(PCMU.decode(bytes(range(256))).astype(np.int32)) > 327).astype(np.uint8).tobytes()
"""1 for each PCMU sample above -40 dBFS."""


class ScriptedRecogniser:
    """A driver of one recogniser. ``texts``: what is said, one text a phrase."""

    def __init__(self, texts: list[str], report: Callable[[RecognitionReport], None]) -> None:
        self._texts = iter(texts)
        self._report = report
        self._left = b""
        self._now = 0  # steps
        self._run = 0
        self._onset = self._voice_end = 0
        self._speaking = False
        self._text = ""
        self._told = False

    async def open(self, endpoint: SpeechEndpoint) -> None:
        self._report(RecognitionReport(RecognitionSignal.CONNECTED))

    def write(self, audio: bytes) -> None:
        audio = self._left + audio if self._left else audio
        whole = len(audio) - len(audio) % STEP
        loud = audio.translate(LOUD)
        for at in range(0, whole, STEP):
            self._step(loud.count(1, at, at + STEP) > LOUD_SHARE * STEP)
        self._left = audio[whole:]

    def commit(self) -> bool:
        if self._speaking and self._now > self._voice_end:
            self._final()
        return True

    async def refresh_token(self, endpoint: SpeechEndpoint) -> None:
        """There is none."""

    def release(self) -> asyncio.Future[None]:
        return _done()

    def _step(self, loud: bool) -> None:
        self._now += 1
        if not self._speaking:
            self._run = self._run + 1 if loud else 0
            if self._run == CONFIRM:
                self._speaking, self._told, self._run = True, False, 0
                self._onset, self._voice_end = self._now - CONFIRM, self._now
                self._text = next(self._texts, "")
                self._report(RecognitionReport(RecognitionSignal.SPEECH_DETECTED))
            return
        if loud:
            self._voice_end = self._now
        if not self._told and self._voice_end - self._onset >= HYPOTHESIS:
            self._told = True
            words = self._text.lower().rstrip(".")
            self._report(RecognitionReport(RecognitionSignal.HYPOTHESIS, words, *self._times()))
        if self._now - self._voice_end >= SEGMENTATION:
            self._final()

    def _final(self) -> None:
        self._speaking = False
        signal = RecognitionSignal.FINAL if self._text else RecognitionSignal.NO_MATCH
        detail = json.dumps({"RecognitionStatus": "Success", "NBest": [{"Confidence": 0.9, "Display": self._text}]})
        self._report(RecognitionReport(signal, self._text, *self._times(), detail))

    def _times(self) -> tuple[int, int]:
        ticks = round(STEP_S * 1e7)
        return self._onset * ticks, (self._voice_end - self._onset) * ticks


class ScriptedSynthesiser:
    """A driver of one synthesiser: a tone for each word."""

    def __init__(self, audio: AudioFormat, report: Callable[[SynthesisReport], None]) -> None:
        self._audio = audio
        self._report = report

    async def open(self, endpoint: SpeechEndpoint, connect: bool) -> None:
        if connect:
            self._report(SynthesisReport(SynthesisSignal.CONNECTED))

    async def begin(self, ssml: str) -> None:
        number = uuid.uuid4().hex
        self._report(SynthesisReport(SynthesisSignal.STARTED, number))
        for span in parse(ssml).spans:
            if isinstance(span, SsmlPause):
                audio = self._audio.frame_of_silence * round(span.seconds * 50)
            else:
                audio = _tone(self._audio, WORD_S / span.rate) * len(span.text.split())
            self._report(SynthesisReport(SynthesisSignal.CHUNK, number, audio))
        self._report(SynthesisReport(SynthesisSignal.COMPLETED, number))

    def release(self) -> asyncio.Future[None]:
        return _done()


class ScriptedSdk:
    """Makes the drivers."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    def recognition(
        self, options: RecognitionOptions, report: Callable[[RecognitionReport], None]
    ) -> SdkRecognitionDriver:
        return ScriptedRecogniser(self._texts, report)

    def synthesis(self, audio: AudioFormat, report: Callable[[SynthesisReport], None]) -> SdkSynthesisDriver:
        return ScriptedSynthesiser(audio, report)


class NoScores(TurnScorer):
    """Turns end as the words say."""

    def __init__(self) -> None:
        """Without the network."""

    async def score(self, heard: bytes, audio: AudioFormat) -> float | None:
        return None


@cache
def _tone(audio: AudioFormat, seconds: float) -> bytes:
    samples = np.sin(np.arange(round(seconds * audio.rate)) * (2 * np.pi * 440 / audio.rate)) * 0.14
    return encode(samples.astype(np.float32), audio)


def _done() -> asyncio.Future[None]:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--texts", required=True, help="a JSON list: what a caller says, one text a phrase")
    parser.add_argument("--exit-with-parent", action="store_true")
    parser.add_argument("--log-level", default="INFO")
    parser.add_argument("--log-json", action="store_true")
    options = parser.parse_args()
    configure_logging(options.log_level, options.log_json)
    if options.exit_with_parent:
        end_with_parent()
    os.umask(0o077)
    uvloop.run(serve(options.socket, ScriptedSdk(json.loads(options.texts)), NoScores()))


if __name__ == "__main__":
    main()
