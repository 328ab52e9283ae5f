"""The engines of the service when it is not scripted: the offline models, loaded and warmed up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from voicebot.audio import silero
from voicebot.audio.silero import SileroStream
from voicebot.localspeech.clauses import Clause
from voicebot.localspeech.decoding import Steps, Together, alone
from voicebot.localspeech.engines import Decode, DecodeKind, Detector, Transcript
from voicebot.localspeech.moonshine import Moonshine, Settled
from voicebot.localspeech.phonemes import Lexicon
from voicebot.localspeech.piper import PiperVoice
from voicebot.localspeech.pool import Answers, InferencePool, Overloaded, Rank
from voicebot.localspeech.prepare import ModelFiles
from voicebot.localspeech.synthesis import PiperSynthesis

_log = logging.getLogger(__name__)

_BUSY = 2
"""When so many jobs wait, hypotheses are skipped: they would come too late."""
_FULL = 4
"""When so many jobs wait, there is no room for what may be in vain: decodes on a mere suspicion, hypotheses ..."""
_LOADED = 0.4
"""... nor when so much of the cores was taken lately: whoever stops speaking next would wait for it."""


class MoonshineRecognition:
    """A :class:`~voicebot.localspeech.engines.RecognitionEngine` on Moonshine and Silero VAD."""

    segmentation_s: float | None = None
    commits = True

    def __init__(self, model: Moonshine, pool: InferencePool) -> None:
        self.model = model
        self._pool = pool
        self._answers: dict[DecodeKind, Answers] = {kind: Together(model.decoder).step for kind in DecodeKind}

    @property
    def _pressure(self) -> int:
        """0: there is room; 1: for some; 2: there is none."""
        waiting, load = self._pool.waiting, self._pool.load
        return 2 if waiting >= _FULL or load > _LOADED else 1 if waiting or load > _LOADED / 2 else 0

    @property
    def quiet_s(self) -> float:
        """Three frames where there is room: every third final decode is then in vain, because the speaker goes on. (Two
        frames split strings of digits, and 4 ms less are waited for.)"""
        return (0.096, 0.128, 0.2)[self._pressure]

    @property
    def hypothesis_s(self) -> float:
        """The less room, the fewer hypotheses; the first of a phrase is asked for in any case."""
        return (0.24, 0.72, 3.0)[self._pressure]

    @property
    def suspects(self) -> bool:
        """Where nobody waits for that: half of these decodes are no more than a hypothesis."""
        return self._pool.spare and self._pressure < 2

    @property
    def final_wait_s(self) -> float:
        return self._pool.final_wait_s

    def session(self, rate: int, service_tag: str, previous_tag: str) -> MoonshineSession:
        return MoonshineSession(self.model, SileroStream(rate), self._pool, self._answers)


class MoonshineSession:
    """One turn's access to the shared model."""

    def __init__(
        self,
        model: Moonshine,
        detector: SileroStream,
        pool: InferencePool,
        answers: Mapping[DecodeKind, Answers],
    ) -> None:
        self._model = model
        self._detector = detector
        self._pool = pool
        self._answers = answers
        self._written: tuple[int | None, tuple[int, ...]] = (None, ())
        """The tokens that were written last, of the phrase that begins there in the stream."""
        self._settled: tuple[int, Settled] | None = None
        """Of the phrase that begins there. Decodes in other threads replace both whole."""
        self._phrases = 0
        self._guessed_at = 0.0  # when the last hypothesis was made

    @property
    def detector(self) -> Detector:
        return self._detector

    async def transcribe(self, decode: Decode) -> Transcript | None:
        final = decode.kind is DecodeKind.FINAL
        if not final and self._pool.waiting >= _BUSY:
            return None
        rank, since = (Rank.FINAL, 0.0) if final else (Rank.HYPOTHESIS, self._guessed_at)
        try:
            return await self._pool.run_in_steps(rank, self._steps(decode), self._answers[decode.kind], since=since)
        except Overloaded:
            if final:
                _log.warning("overloaded: a phrase of %.1f s is not recognised", decode.voiced_s)
            return Transcript("") if final else None

    def decode(self, decode: Decode) -> Transcript | None:
        """What :meth:`transcribe` does in a thread."""
        return alone(self._model.decoder, self._steps(decode))

    def _steps(self, decode: Decode) -> Steps[Transcript | None]:
        if not decode.wanted():
            return None
        quick = decode.kind is DecodeKind.HYPOTHESIS
        if quick:
            self._guessed_at = time.monotonic()
        known = self._settled
        settled = known[1] if known is not None and known[0] == decode.begin else None
        audio = self._model.encoded(decode.samples, decode.rate, quick=quick, tail=decode.tail, settled=settled)
        self._settle(decode.begin, audio.settled)
        begin, written = self._written
        draft = written if begin == decode.begin else ()
        heard = yield from self._model.hearing(audio, decode.expected, quick=quick, draft=draft, wanted=decode.wanted)
        self._written = decode.begin, heard.tokens
        return heard.transcript()

    def _settle(self, begin: int | None, settled: Settled) -> None:
        """Keep what is settled of the audio that begins there, unless another decode has settled more, or it is of a
        phrase that was before."""
        known = self._settled
        if begin is not None and (known is None or (begin, settled.samples) > (known[0], known[1].samples)):
            self._settled = (begin, settled)

    def spoken(self, phrases: int) -> None:
        """What was settled of a phrase that has gone out takes room until somebody speaks again."""
        if phrases > self._phrases:
            self._phrases, self._settled = phrases, None


def load(files: ModelFiles, pool: InferencePool) -> tuple[MoonshineRecognition, PiperSynthesis]:
    """Load all models at the same time and use each once, so that the first call is not slower. Blocks for seconds."""
    started = time.monotonic()

    def timed(name: str, make: Callable[[], object]) -> object:
        before = time.monotonic()
        made = make()
        _log.debug("%s loaded in %.2f s", name, time.monotonic() - before)
        return made

    def moonshine() -> Moonshine:
        model = Moonshine(files.encoder, files.quick_encoder, files.memory, files.step, files.tokenizer)
        noise = np.random.default_rng(1).normal(0, 0.01, 16000).astype(np.float32)
        model.transcribe(noise, 8000, ("yes", "no"))
        return model

    def voice() -> PiperVoice:
        made = PiperVoice(files.voice, files.voice_config)
        made.speak("hɛlˈoʊ, hˈaʊ kæn aɪ hˈɛlp?")
        return made

    with ThreadPoolExecutor(4) as loaders:
        futures = [
            loaders.submit(timed, name, make)
            for name, make in (
                ("recogniser", moonshine),
                ("voice", voice),
                ("lexicon", lambda: Lexicon(files.lexicon)),
                ("voice activity", silero.warm),
            )
        ]
        model, speaker, lexicon, _ = (future.result() for future in futures)
    assert isinstance(model, Moonshine) and isinstance(speaker, PiperVoice)
    assert isinstance(lexicon, Lexicon)
    synthesis = PiperSynthesis(speaker, lexicon, pool)
    synthesis.render(Clause("Good morning, how can I help you?", 1.0, 0.1), 8000)
    _log.info("models loaded in %.2f s", time.monotonic() - started)
    return MoonshineRecognition(model, pool), synthesis
