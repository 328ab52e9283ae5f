"""Moonshine base-en (Useful Sensors, MIT) on plain onnxruntime: greedy decoding with a confidence, and a search for
expected phrases.

One object serves all threads: onnxruntime sessions are re-entrant, and the grammars of expected phrases that are kept
only get more entries. Facts about the model that the code relies on: 16 kHz in, one encoder run, then a decoder step a
token; cost grows with the length of the audio (about 5 % of real time on a core).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from voicebot.audio import Samples
from voicebot.audio.onnx_session import session
from voicebot.localspeech.confidence import Heard, Measures
from voicebot.localspeech.digit_strings import DIGITS, join_digits
from voicebot.localspeech.digit_tokens import other_spellings
from voicebot.localspeech.engines import Transcript
from voicebot.localspeech.expected import (
    LEAD,
    Scored,
    displayed,
    floor,
    in_doubt,
    lexical,
    made_of,
    readings,
    same_words,
)
from voicebot.localspeech.hums import (
    HUMS,
    LEAST_WORDS,
    LEAST_WORDS_SO_FAR,
    Evidence,
    is_hum,
    likeliest,
)
from voicebot.localspeech.phrase_grammar import PUNCTUATION, PhraseGrammar, Places, ends
from voicebot.localspeech.vocabulary import Vocabulary

_BOS, _EOS = 1, 2
_MAX_TOKENS_PER_S = 6.5
_MIN_S = 0.6
_LOOP = 12
_BEAM, _QUICK_BEAM = 4, 2
_SPREAD = 3.0
"""How much less likely than the best phrases others may be to be told."""


@dataclass(slots=True)
class _Decoded:
    """A text with its log probability, and the measures of its words: punctuation aside, which is a matter of taste,
    how likely each token was among those that are words, and by how much it led the next (all natural logs).
    ``nothing``: how likely no text was."""

    tokens: list[int] = field(default_factory=list)
    log_probability: float = 0.0
    steps: int = 0
    words: list[float] = field(default_factory=list)
    leads: list[float] = field(default_factory=list)
    nothing: float = 0.0

    @property
    def mean(self) -> float:
        return sum(self.words) / len(self.words)


@dataclass(frozen=True, slots=True)
class _Partial:
    """The beginning of a text in the search, and where it stands in the grammar."""

    log_probability: float
    tokens: tuple[int, ...]
    places: Places


_DIGITS_ASKED = frozenset(("one", "two", "double", "triple"))
"""Among the expected phrases, these say that a string of digits is asked for, and no other number."""


class Moonshine:
    """The recogniser's model."""

    def __init__(self, encoder: Path, quick_encoder: Path, decoder: Path, tokenizer: Path) -> None:
        # The encoder is one big run and gains from a second core, which a hypothesis leaves to what callers wait for;
        # the decoder's steps are too small to share.
        self._encoder = session(encoder, min(2, os.cpu_count() or 1))
        self._quick_encoder = session(quick_encoder)
        self._decoder = session(decoder)
        self._vocabulary = Vocabulary(tokenizer.read_bytes())
        self._marks = [self._vocabulary.ids[mark] for mark in PUNCTUATION]
        self._same_digit = other_spellings(self._vocabulary)
        self._outputs = [output.name for output in self._decoder.get_outputs()][1:]
        past = [tensor for tensor in self._decoder.get_inputs() if tensor.name.startswith("past")]
        self._past = [tensor.name for tensor in past]
        self._heads, self._width = past[0].shape[1], past[0].shape[3]

    def transcribe(
        self, samples: Samples, rate: int, expected: tuple[str, ...] = (), *, quick: bool = False
    ) -> Transcript:
        """Make words of audio; ``expected`` phrases may replace words that sound like one of them. ``quick``: take
        one core, look less far for them, and not where the model wrote nothing else.

        Blocks for tens to hundreds of milliseconds.
        """
        return self.hear(samples, rate, expected, quick=quick).transcript()

    def hear(
        self,
        samples: Samples,
        rate: int,
        expected: tuple[str, ...],
        *,
        quick: bool = False,
        draft: Sequence[int] = (),
        wanted: Callable[[], bool] = lambda: True,
    ) -> Heard:
        """What :meth:`transcribe` makes its result of.

        ``draft``: the tokens that were written for the beginning of the same audio, or for nearly all of it. They are
        proved in one run of the decoder, which is as long as two of its steps; only what follows the first that is
        wrong takes a step for each token. Numbers are rounded a little more coarsely in such a run (the model is int8).
        ``wanted``: whether the result is still worth a search for expected phrases.
        """
        audio = soxr.resample(samples, rate, 16000) if rate != 16000 else samples
        missing = int(_MIN_S * 16000) - len(audio)
        if missing > 0:
            audio = np.concatenate((audio, np.zeros(missing, np.float32)))
        encoder = self._quick_encoder if quick else self._encoder
        states = encoder.run(None, {"input_values": np.ascontiguousarray(audio, np.float32)[None]})[0]
        limit = max(6, int(len(audio) / 16000 * _MAX_TOKENS_PER_S) + 2)
        draft = draft[: limit - 1]
        first = self._step(np.array([[_BOS, *draft]], np.int64), states, self._nothing_past(), True)
        asked = _DIGITS_ASKED.issubset(expected)
        decoded = self._greedy(states, first, draft, limit, self._same_digit if asked else {})
        written = Scored(self._vocabulary.text(decoded.tokens), decoded.log_probability, decoded.steps)
        if not lexical(written.text):
            return Heard({}, Measures(0.0, 0.0), tuple(decoded.tokens))
        phrases = (*expected, *DIGITS.values()) if asked else expected
        evidence = Evidence(decoded.nothing, decoded.mean, len(audio) / 16000)
        words = 1.0 if is_hum(written.text) else evidence.words(expected=made_of(phrases, written.text))
        if words < (LEAST_WORDS_SO_FAR if quick else LEAST_WORDS):
            hums = {} if quick else likeliest(written.log_probability, self._score_hums(states))
            return Heard(hums, _measures_hum(hums, words), tuple(decoded.tokens), evidence)
        found: list[Scored] = []
        certain = quick and made_of(phrases, written.text)
        if not certain and in_doubt(written, phrases, min(decoded.leads)) and wanted():
            width, spread = (_QUICK_BEAM, LEAD) if quick else (_BEAM, _SPREAD)
            least = floor(written, digits=asked)
            found = self._search(
                states, self._begun(first, 1), self._grammar(expected, asked), limit, least, width, spread
            )
        likely = readings(written, phrases, found)
        texts: dict[str, float] = {}
        for one in likely:
            text = one.text if one.text == written.text else displayed(one.text)
            texts.setdefault(join_digits(text, asked=asked), one.log_probability)
        measures = _measures(likely, written, found, decoded, made_of(phrases, likely[0].text), asked)
        return Heard(texts, replace(measures, words=words), tuple(decoded.tokens), evidence)

    def _score_hums(self, states: Any) -> list[float]:
        """The log probability of each way to write a hum, in one run of the decoder."""
        rows = [[_BOS, *self._vocabulary.tokenize(way), _EOS] for ways in HUMS.values() for way in ways]
        ids = np.full((len(rows), max(map(len, rows)) - 1), _EOS, np.int64)
        for line, row in zip(ids, rows, strict=True):
            line[: len(row) - 1] = row[:-1]
        logits = self._step(ids, np.repeat(states, len(rows), axis=0), self._nothing_past(len(rows)), True)[0]
        return [
            sum(float(logits[number, at, token]) - _log_sum(logits[number, at]) for at, token in enumerate(row[1:]))
            for number, row in enumerate(rows)
        ]

    def _step(self, ids: Any, states: Any, past: dict[str, Any], first: bool) -> list[Any]:
        feed = {"input_ids": ids, "encoder_hidden_states": states, "use_cache_branch": np.array([not first]), **past}
        result: list[Any] = self._decoder.run(None, feed)
        return result

    def _nothing_past(self, rows: int = 1) -> dict[str, Any]:
        return {
            name: np.zeros((rows, self._heads, 0 if ".decoder." in name else 1, self._width), np.float32)
            for name in self._past
        }

    def _begun(self, first: list[Any], tokens: int) -> list[Any]:
        """The outputs of the first step, had its draft ended so that it is of so many tokens."""
        return [
            np.ascontiguousarray(value[:, :, :tokens]) if ".decoder." in name else value
            for name, value in zip(("logits", *self._outputs), (first[0][:, :tokens], *first[1:]), strict=True)
        ]

    def _greedy(
        self, states: Any, first: list[Any], draft: Sequence[int], limit: int, same: Mapping[int, list[int]]
    ) -> _Decoded:
        """The text whose every token is the likeliest. ``first``: the outputs of the first step, in which ``draft``
        was tried. ``same``: by token, those that mean the same and so are no rivals of it."""
        past: dict[str, Any] = {}
        token, decoded = _BOS, _Decoded()
        tried, outputs = len(draft), first  # so many tokens of the draft may still be right
        for number in range(limit):
            if number <= tried:
                logits = first[0][0, number].astype(np.float32)
            else:
                outputs = self._step(np.array([[token]], np.int64), states, past, False)
                logits = outputs[0][0, -1].astype(np.float32)
            if number == 0:
                decoded.nothing = float(logits[_EOS]) - _log_sum(logits)
                logits[_EOS] = -np.inf  # else the model returns nothing for strings of ten digits
            token = int(logits.argmax())
            best = float(logits[token])
            decoded.log_probability += best - _log_sum(logits)
            decoded.steps += 1
            if token not in self._marks:
                logits[self._marks] = -np.inf
                decoded.words.append(best - _log_sum(logits))
                logits[[token, *same.get(token, ())]] = -np.inf
                decoded.leads.append(best - float(logits.max()))
            if token == _EOS:
                break
            decoded.tokens.append(token)
            if number < tried and token != draft[number]:
                tried = number
            if number == tried:
                outputs = self._begun(first, number + 1)
            for name, value in zip(self._outputs, outputs[1:], strict=True):
                if number == tried or (number > tried and ".decoder." in name):
                    past[name.replace("present", "past_key_values")] = value
            if runs_away(decoded.tokens):
                del decoded.tokens[-_LOOP + 2 :]
                break
        return decoded

    def _search(
        self,
        states: Any,
        first: list[Any],
        grammar: PhraseGrammar,
        limit: int,
        floor: float,
        width: int,
        spread: float,
    ) -> list[Scored]:
        """The likeliest texts of ``grammar``, by a beam of ``width``; nothing less likely than ``floor``, nor by more
        than ``spread`` less likely than the best. ``first``: the outputs of the first step."""
        past: dict[str, Any] = {}
        ids = np.empty((0, 1), np.int64)
        beam: list[_Partial] = [_Partial(0.0, (), grammar.start)]
        found: list[Scored] = []
        for number in range(limit):
            outputs = first if number == 0 else self._step(ids, np.repeat(states, len(beam), axis=0), past, False)
            lines = outputs[0][:, -1].astype(np.float64)
            lines -= lines.max(-1, keepdims=True)
            lines -= np.log(np.exp(lines).sum(-1, keepdims=True))
            longer: list[tuple[float, int, int]] = []
            for row, partial in enumerate(beam):
                whole = partial.log_probability + float(lines[row, _EOS])
                if ends(partial.places) and whole >= floor:
                    found.append(Scored(self._vocabulary.text(partial.tokens), whole, len(partial.tokens) + 1))
                    floor = max(floor, whole - spread)
                tokens = np.fromiter(grammar.after(partial.places), np.int64)
                scores = lines[row, tokens] + partial.log_probability
                for place in np.argsort(-scores)[:width]:
                    longer.append((float(scores[place]), row, int(tokens[place])))
            longer = [one for one in sorted(longer, reverse=True)[:width] if one[0] >= floor]
            if not longer:
                break
            rows = [row for _, row, _ in longer]
            for name, value in zip(self._outputs, outputs[1:], strict=True):
                key = name.replace("present", "past_key_values")
                if number == 0 or ".decoder." in name:
                    past[key] = value[rows]
                elif len(past[key]) != len(rows):
                    past[key] = np.repeat(past[key][:1], len(rows), axis=0)
            beam = [
                _Partial(score, (*beam[row].tokens, token), grammar.after(beam[row].places)[token])
                for score, row, token in longer
            ]
            ids = np.array([[partial.tokens[-1]] for partial in beam], np.int64)
        return [one for one in found if one.log_probability >= floor]

    @lru_cache(maxsize=64)  # noqa: B019 - there is one model in a process
    def _grammar(self, expected: tuple[str, ...], numerals: bool) -> PhraseGrammar:
        return PhraseGrammar(expected, self._vocabulary, numerals)


def _measures(
    likely: list[Scored], written: Scored, found: list[Scored], decoded: _Decoded, expected: bool, asked: bool
) -> Measures:
    """Of the first of ``likely``, which is ``expected`` or not. What competes with an expected text is what else was
    ``found``, and with any other also the next best of each token. Digits are ``asked`` for, but some of the words only
    sound like them: that leads nothing by much."""
    first = likely[0]
    rivals = [one for one in likely[1:] if any(same_words(one.text, other.text) for other in found)]
    if not same_words(first.text, written.text):
        mean, whole, lead = first.log_probability / first.tokens, first.log_probability, math.inf
    elif found and expected:
        mean, whole, lead = first.log_probability / len(decoded.words), first.log_probability, math.inf
    else:
        whole, lead = sum(decoded.words), min(decoded.leads)
        mean = decoded.mean
    leads = [lead, *(whole - rival.log_probability for rival in rivals)]
    return Measures(mean, min([*leads, LEAD] if asked and not expected else leads))


def _measures_hum(hums: dict[str, float], words: float) -> Measures:
    """Of the first of ``hums``: by how much it is likelier than the next."""
    likely = [*hums.values(), -math.inf]
    return Measures(0.0, likely[0] - likely[1] if hums else 0.0, 1 - words)


def _log_sum(logits: Any) -> float:
    """The logarithm of the sum of their exponentials."""
    top = float(logits.max())
    return top + math.log(float(np.exp(logits - top).sum()))


def runs_away(tokens: list[int]) -> bool:
    """Whether decoding is in a loop: the last twelve tokens repeat with a period of up to four."""
    tail = tokens[-_LOOP:]
    return len(tail) == _LOOP and any(
        all(tail[index] == tail[index - period] for index in range(period, _LOOP)) for period in (1, 2, 3, 4)
    )
