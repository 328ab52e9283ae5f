"""Moonshine base-en (Useful Sensors, MIT) on plain onnxruntime: greedy decoding with a confidence, and a search for
expected phrases.

One object serves all threads: onnxruntime sessions are re-entrant, and the grammars of expected phrases that are kept
only get more entries. Facts about the model that the code relies on: 16 kHz in, one encoder run, then a decoder step a
token; cost grows with the length of the audio.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path

import numpy as np
import soxr

from voicebot.audio import Samples
from voicebot.localspeech.confidence import Heard, Measures
from voicebot.localspeech.decoder import Decoder, Memory
from voicebot.localspeech.decoding import Steps, alone
from voicebot.localspeech.digit_strings import DIGITS, join_digits
from voicebot.localspeech.digit_tokens import other_spellings
from voicebot.localspeech.drafts import DigitWays, following
from voicebot.localspeech.encoder import FIELD, RATE, Encoder, Past
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
    ALIKE,
    CLEAR_WORDS,
    HUMS,
    LEAD_OF_A_PHRASE,
    LEAST_WORDS,
    LEAST_WORDS_SO_FAR,
    Evidence,
    hums_of,
    is_hum,
    least_instead,
    likeliest,
    words_beside,
)
from voicebot.localspeech.logits import log_sum
from voicebot.localspeech.phrase_grammar import PUNCTUATION, PhraseGrammar
from voicebot.localspeech.phrase_search import Beam, PhraseSearch
from voicebot.localspeech.prefixes import Prefixes, Tokens
from voicebot.localspeech.spoken_numerals import likeliest as likeliest_way
from voicebot.localspeech.spoken_numerals import ways
from voicebot.localspeech.vocabulary import Vocabulary
from voicebot.processors import usable_cores

_BOS, _EOS = 1, 2
_MAX_TOKENS_PER_S = 6.5
_MIN_S = 0.6
_LOOP = 12
_BEAM, _QUICK_BEAM = 4, 2
_AHEAD, _LEAST_AHEAD, _MOST_AHEAD = 4, 2, 16
"""How many tokens are guessed at first, and at least and most: after a guess that was right, twice as many as before.
A token that is guessed takes a sixth of a run of the decoder."""
_SPREAD = 3.0
"""How much less likely than the best phrases others may be to be told."""


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """What is kept of the beginning of a phrase, for the encoder and for the decoder. A second takes 2.2 MB."""

    past: Past
    memory: Memory | None = None

    @property
    def samples(self) -> int:
        return self.past.samples


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Audio as the decoder looks at it, and what is ``settled`` of it."""

    memory: Memory
    seconds: float
    settled: Settled


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


_DIGITS_ASKED = frozenset(("one", "two", "double", "triple"))
"""Among the expected phrases, these say that a string of digits is asked for, and no other number."""


class Moonshine:
    """The recogniser's model."""

    def __init__(self, encoder: Path, quick_encoder: Path, memory: Path, step: Path, tokenizer: Path) -> None:
        # The encoder is one big run and gains from a second core, which a hypothesis leaves to what callers wait for;
        # the decoder's steps are too small to share.
        self._encoder = Encoder(encoder, min(2, usable_cores()))
        self._quick_encoder = Encoder(quick_encoder)
        self.decoder = Decoder(memory, step)
        self._vocabulary = Vocabulary(tokenizer.read_bytes())
        self._marks = [self._vocabulary.ids[mark] for mark in PUNCTUATION]
        self._digit_ways = DigitWays(self._vocabulary)
        self._same_digit = other_spellings(self._digit_ways.digits, self._digit_ways.blank)

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
    ) -> Heard:
        """What :meth:`transcribe` makes its result of. See :meth:`hearing`."""
        audio = self.encoded(samples, rate, quick=quick)
        return alone(self.decoder, self.hearing(audio, expected, quick=quick, draft=draft))

    def encoded(
        self, samples: Samples, rate: int, *, quick: bool = False, tail: int = 0, settled: Settled | None = None
    ) -> Encoded:
        """What the encoder makes of audio, which takes the most time. ``settled``: what was of audio with the same
        beginning; the last ``tail`` samples settle nothing."""
        audio = soxr.resample(samples, rate, RATE) if rate != RATE else samples
        heard = len(audio) - tail * RATE // rate
        missing = int(_MIN_S * RATE) - len(audio)
        if missing > 0:
            audio = np.concatenate((audio, np.zeros(missing, np.float32)))
        encoder = self._quick_encoder if quick else self._encoder
        if settled is None or len(audio) < settled.samples + FIELD:
            settled = Settled(encoder.nothing)
        states, past = encoder.encode(audio, heard, settled.past)
        memory = self.decoder.remember(states, settled.memory)
        if past is not settled.past:
            settled = Settled(past, memory.first(past.states))
        return Encoded(memory, len(audio) / RATE, settled)

    def hearing(
        self,
        audio: Encoded,
        expected: tuple[str, ...],
        *,
        quick: bool = False,
        draft: Sequence[int] = (),
        wanted: Callable[[], bool] = lambda: True,
    ) -> Steps[Heard]:
        """What was said in ``audio``, in steps of the decoder, which may be taken together with others.

        ``draft``: the tokens that were written for the beginning of the same audio, or for nearly all of it. They are
        proved in one run of the decoder, which is as long as two to four of its steps; after the first that is wrong,
        what it says of the rest is proved a few tokens at a time. ``wanted``: whether the result is still worth a
        search for expected phrases.
        """
        memory = audio.memory
        limit = max(6, int(audio.seconds * _MAX_TOKENS_PER_S) + 2)
        draft = draft[: limit - 1]
        read = self.decoder.read(memory, [_BOS, *draft])
        asked = _DIGITS_ASKED.issubset(expected)
        known, ways = Prefixes(read, draft), self._digit_ways if asked else None
        decoded = yield from self._greedy(known, draft, limit, ways)
        written = Scored(self._vocabulary.text(decoded.tokens), decoded.log_probability, decoded.steps)
        if not lexical(written.text):
            return Heard({}, Measures(0.0, 0.0), tuple(decoded.tokens))
        phrases = (*expected, *DIGITS.values()) if asked else expected
        evidence = Evidence(decoded.nothing, decoded.mean, audio.seconds)
        words = 1.0 if is_hum(written.text) else evidence.words(expected=made_of(phrases, written.text))

        def search(width: int, spread: float, least: float) -> Steps[list[Scored]]:
            grammar, beam = self._grammar(expected, asked), Beam(width, spread, least, limit, _EOS)
            guess = partial(following, decoded.tokens, ways=ways)
            return PhraseSearch(known, grammar, beam, guess, self._vocabulary.text).steps()

        if words < (LEAST_WORDS_SO_FAR if quick else LEAST_WORDS):
            if quick:
                return Heard({}, _measures_hum({}, words), tuple(decoded.tokens), evidence)
            hums, sounds = self._hums(memory)
            if expected and wanted():
                likely = yield from search(_BEAM, _SPREAD, least_instead(sounds) - _SPREAD)
                instead = _instead(likely, phrases, sounds)
                if instead is not None:
                    return replace(instead, tokens=tuple(decoded.tokens), evidence=evidence)
            near = likeliest(written.log_probability, hums)
            return Heard(near, _measures_hum(near, words), tuple(decoded.tokens), evidence)
        found: list[Scored] = []
        certain = quick and made_of(phrases, written.text)
        doubtful = in_doubt(written, phrases, min(decoded.leads), digits=asked and not quick)
        if not certain and doubtful and wanted():
            width, spread = (_QUICK_BEAM, LEAD) if quick else (_BEAM, _SPREAD)
            found = yield from search(width, spread, floor(written, digits=asked))
        likely = readings(written, phrases, found)
        meant = made_of(phrases, likely[0].text)
        if found and not is_hum(written.text):
            words = evidence.words(expected=meant)
        if meant and words < CLEAR_WORDS and not quick:
            words = max(words, words_beside(likely[0].log_probability, self._hums(memory)[1]))
        texts: dict[str, float] = {}
        for one in likely:
            text = one.text if one.text == written.text else displayed(one.text)
            texts.setdefault(join_digits(text, asked=asked), one.log_probability)
        spoken = "" if quick or asked else self._spoken(memory, next(iter(texts)))
        measures = _measures(likely, written, found, decoded, meant, asked)
        return Heard(texts, replace(measures, words=words), tuple(decoded.tokens), evidence, spoken)

    def _hums(self, memory: Memory) -> tuple[dict[str, float], list[float]]:
        """How likely each hum is, and how likely all that a hum may be written as."""
        ways = list(chain(*HUMS.values()))
        scores = self._score(memory, (*ways, *ALIKE))
        hums = hums_of(scores[: len(ways)])
        return hums, [*hums.values(), *scores[len(ways) :]]

    def _spoken(self, memory: Memory, text: str) -> str:
        """``text`` with its numeral in the words in which it was said; ``""`` where it has none, or it is not clear."""
        said = ways(text)
        return likeliest_way(said, self._score(memory, [way for each in said.values() for way in each])) if said else ""

    def _score(self, memory: Memory, ways: Iterable[str]) -> list[float]:
        """The log probability of each text, in one run of the decoder."""
        texts = [[_BOS, *self._vocabulary.tokenize(way), _EOS] for way in ways]
        return [
            sum(float(logits[token]) - log_sum(logits) for logits, token in zip(read, text[1:], strict=True))
            for read, text in zip(self.decoder.read_all(memory, [text[:-1] for text in texts]), texts, strict=True)
        ]

    def _greedy(self, known: Prefixes, draft: Sequence[int], limit: int, ways: DigitWays | None) -> Steps[_Decoded]:
        """The text whose every token is the likeliest. ``ways``: where digits are asked for, so that tokens that mean
        the same one are no rivals."""
        decoded, ahead = _Decoded(), _AHEAD
        same = self._same_digit if ways else {}
        guess: list[int] = []
        begun = 0  # the place of the first of ``guess`` in the text
        for number in range(limit):
            prefix: Tokens = tuple(decoded.tokens)
            if prefix not in known:
                if guess:
                    right = decoded.tokens[begun : begun + len(guess)] == guess
                    ahead = min(2 * ahead, _MOST_AHEAD) if right else _LEAST_AHEAD
                begun, guess = number, following(draft, prefix, ways)[: min(ahead, limit - number - 1)]
                yield from known.read([(prefix, guess)])
            logits, whole = known.logits(prefix), known.log_sum(prefix)
            if number == 0:
                decoded.nothing = float(logits[_EOS]) - whole
                logits = logits.copy()
                logits[_EOS] = -np.inf  # else the model returns nothing for strings of ten digits
                whole = log_sum(logits)
            token = int(logits.argmax())
            best = float(logits[token])
            decoded.log_probability += best - whole
            decoded.steps += 1
            if token not in self._marks:
                marks = np.exp(logits[self._marks].astype(np.float64) - whole).sum()
                decoded.words.append(best - whole - math.log1p(-float(marks)))
                rivals = logits.copy()
                rivals[[token, *same.get(token, ()), *self._marks]] = -np.inf
                decoded.leads.append(best - float(rivals.max()))
            if token == _EOS:
                break
            decoded.tokens.append(token)
            if runs_away(decoded.tokens):
                del decoded.tokens[-_LOOP + 2 :]
                break
        return decoded

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


def _instead(found: Sequence[Scored], phrases: Sequence[str], sounds: Sequence[float]) -> Heard | None:
    """The likeliest of the phrases that were ``found``, if that is what is meant instead of ``sounds``."""
    if not found:
        return None
    first, *others = readings(max(found, key=lambda one: one.log_probability), phrases, found)
    words = words_beside(first.log_probability, sounds)
    lead = first.log_probability - max((one.log_probability for one in others), default=-math.inf)
    if not words or lead < LEAD_OF_A_PHRASE:
        return None
    texts = {join_digits(displayed(one.text), asked=True): one.log_probability for one in (first, *others)}
    return Heard(texts, Measures(first.log_probability / first.tokens, lead, words))


def _measures_hum(hums: dict[str, float], words: float) -> Measures:
    """Of the first of ``hums``: by how much it is likelier than the next."""
    likely = [*hums.values(), -math.inf]
    return Measures(0.0, likely[0] - likely[1] if hums else 0.0, 1 - words)


def runs_away(tokens: list[int]) -> bool:
    """Whether decoding is in a loop: the last twelve tokens repeat with a period of up to four."""
    tail = tokens[-_LOOP:]
    return len(tail) == _LOOP and any(
        all(tail[index] == tail[index - period] for index in range(period, _LOOP)) for period in (1, 2, 3, 4)
    )
