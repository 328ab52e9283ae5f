"""The offline recogniser in virtual time: its turns and its model, with decodes that take what they are said to.

What the model makes of the same audio is kept in ``var/bench``, as long as the code that makes it is the same.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from voicebot.audio import PCMU, Samples
from voicebot.audio.silero import SileroStream
from voicebot.localspeech import moonshine
from voicebot.localspeech.encoder import RATE, settled_samples
from voicebot.localspeech.engines import Decode, DecodeKind, Transcript
from voicebot.localspeech.moonshine import Encoded, Moonshine
from voicebot.localspeech.options import Options
from voicebot.localspeech.recognition import RecognitionTurn, ServiceMessage, TurnOutput, Void

Later = Callable[[float, Callable[[], None]], float]
"""Does something after so many seconds, and returns when that will be."""
_PARTS: Final = (
    "confidence", "decoder", "decoding", "digit_strings", "digit_tokens", "drafts", "encoder", "expected", "hums",
    "logits", "moonshine", "phrase_grammar", "phrase_search", "prefixes", "prepare", "spoken_numerals", "vocabulary",
)  # fmt: skip
_PAUSE_S: Final = 0.096
_HYPOTHESIS_S: Final = 0.24


class Decoded(NamedTuple):
    """``tokens``: what the model wrote; ``steps``: of its decoder, by how long they take."""

    tokens: tuple[int, ...]
    transcript: Transcript
    steps: float


class Audio:
    """What is decoded. ``before``: audio with the same beginning, which has settled some of it. It is encoded where
    what is decoded of it, or of what goes on after it, is not kept."""

    def __init__(self, decode: Decode, model: Moonshine, before: Audio | None) -> None:
        self._decode, self._model, self._before = decode, model, before
        settled = 0 if before is None else before.settled
        self.settled: int = max(settled, settled_samples((len(decode.samples) - decode.tail) * RATE // decode.rate))
        self.computed_s = len(decode.samples) / decode.rate - settled / RATE
        told = repr((decode.kind.value, decode.rate, decode.tail, before and before.key)).encode()
        self.key: str = hashlib.sha256(told + decode.samples.tobytes()).hexdigest()

    @cached_property
    def encoded(self) -> Encoded:
        decode, settled = self._decode, None if self._before is None else self._before.encoded.settled
        quick = decode.kind is DecodeKind.HYPOTHESIS
        return self._model.encoded(decode.samples, decode.rate, quick=quick, tail=decode.tail, settled=settled)

    def before(self, begin: int | None) -> Audio | None:
        """What has settled some of the audio that is decoded next, which begins there in the stream."""
        if begin is None or begin != self._decode.begin or not self.settled:
            return None
        return self if self._before is None or self.settled > self._before.settled else self._before


class DecodeCosts(NamedTuple):
    """Seconds that a decode takes: ``fixed`` and ``each_s`` for each second of audio that is encoded, and ``step`` of
    the decoder."""

    fixed: float
    each_s: float
    step: float

    def of(self, audio_s: float, steps: float) -> float:
        return self.fixed + self.each_s * audio_s + self.step * steps


FINAL_COSTS: Final = DecodeCosts(0.015, 0.012, 0.005)
HYPOTHESIS_COSTS: Final = DecodeCosts(0.015, 0.016, 0.005)
"""November 2026, by the processor's time on a busy machine: for each second of audio the encoders take 15 to 23 ms (the
one on two idle cores) and 10 to 16 ms, the memory 0.7 ms; each step takes 3 to 5 ms, a draft as long as two of them."""
_MORE_TOKENS: Final = 0.17
"""What each further token of a step adds to it."""


class VirtualRecogniser:
    """Its model. ``kept``: where decodes are kept; ``slow``: by how much longer than alone everything takes."""

    def __init__(self, model: Moonshine, kept: Path, slow: float = 1.0) -> None:
        self.slow = slow
        self._model = model
        code = Path(moonshine.__file__).parent
        version = hashlib.sha256(b"".join((code / f"{part}.py").read_bytes() for part in _PARTS)).hexdigest()[:12]
        self._file = kept / f"decodes-{version}.pickle"
        self._decodes: dict[bytes, Decoded] = {}
        if self._file.is_file():
            self._decodes = pickle.loads(self._file.read_bytes())  # written by us
        self._fresh = 0

    def turn(self, phrases: tuple[str, ...], after: Later, said: Callable[[ServiceMessage], None]) -> VirtualTurn:
        return VirtualTurn(self, phrases, after, said)

    def audio(self, decode: Decode, last: Audio | None) -> Audio:
        """``last``: what was decoded before."""
        return Audio(decode, self._model, last and last.before(decode.begin))

    def decode(self, decode: Decode, audio: Audio, draft: tuple[int, ...]) -> Decoded:
        key = hashlib.sha256(repr((audio.key, decode.expected, draft)).encode()).digest()
        if key not in self._decodes:
            self._decodes[key] = self._made(decode, audio, draft)
            self._fresh += 1
        return self._decodes[key]

    def keep(self) -> None:
        """Write what was decoded since."""
        if self._fresh:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part = self._file.with_suffix(".part")
            part.write_bytes(pickle.dumps(self._decodes))
            part.replace(self._file)
            self._fresh = 0

    def _made(self, decode: Decode, audio: Audio, draft: tuple[int, ...]) -> Decoded:
        quick = decode.kind is DecodeKind.HYPOTHESIS
        hearing = self._model.hearing(audio.encoded, decode.expected, quick=quick, draft=draft)
        decoder, steps = self._model.decoder, 0.0
        try:
            rows = next(hearing)
            while True:
                steps += 1 + _MORE_TOKENS * (len(rows) * max(len(row.tokens) for row in rows) - 1)
                rows = hearing.send(decoder.step(rows, rows[0].memory))
        except StopIteration as end:
            return Decoded(end.value.tokens, end.value.transcript(), steps)


class VirtualTurn:
    """One turn of recognition, as ``RecognitionDriver`` and ``MoonshineSession`` drive it on an idle machine."""

    def __init__(
        self,
        recogniser: VirtualRecogniser,
        phrases: tuple[str, ...],
        after: Later,
        said: Callable[[ServiceMessage], None],
    ) -> None:
        self._recogniser = recogniser
        self._after = after
        self._said = said
        detector = SileroStream(PCMU.rate)
        options = Options(expected=phrases)
        self._turn = RecognitionTurn(
            PCMU.rate, options, detector, lambda: _PAUSE_S, lambda: _HYPOTHESIS_S, lambda: True
        )
        self._written: tuple[int | None, tuple[int, ...]] = (None, ())
        self._last: Audio | None = None
        self._waiting: Decode | None = None
        """A hypothesis that waits until the last one has paid for itself."""
        self._aside = False
        self._void: set[int] = set()

    def audio(self, samples: Samples) -> None:
        self._carry_out(self._turn.audio(samples))

    def commit(self, token: str) -> None:
        self._carry_out(self._turn.commit(token))

    def _carry_out(self, outputs: list[TurnOutput]) -> None:
        for output in outputs:
            if isinstance(output, ServiceMessage):
                self._said(output)
            elif isinstance(output, Void):
                self._void.add(output.number)
            elif output.kind is DecodeKind.FINAL:
                self._begin(output)
            elif self._aside:
                self._waiting = output
            else:
                self._begin_aside(output)

    def _begin_aside(self, decode: Decode) -> None:
        self._aside = True
        took = self._begin(decode)
        self._after(2 * took, self._rested)

    def _rested(self) -> None:
        self._aside = False
        decode, self._waiting = self._waiting, None
        if decode is not None and decode.number not in self._void:
            self._begin_aside(decode)

    def _begin(self, decode: Decode) -> float:
        """Returns how long it takes."""
        if not decode.wanted():
            self._after(0.0, lambda: self._carry_out(self._turn.decoded(decode.number, None)))
            return 0.0
        audio = self._last = self._recogniser.audio(decode, self._last)
        begin, written = self._written
        made = self._recogniser.decode(decode, audio, written if begin == decode.begin else ())
        costs = FINAL_COSTS if decode.kind is DecodeKind.FINAL else HYPOTHESIS_COSTS
        took = costs.of(audio.computed_s, made.steps) * self._recogniser.slow
        self._after(took, lambda: self._decoded(decode, made))
        return took

    def _decoded(self, decode: Decode, made: Decoded) -> None:
        self._written = decode.begin, made.tokens
        if decode.number not in self._void:
            self._carry_out(self._turn.decoded(decode.number, made.transcript))
