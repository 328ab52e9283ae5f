"""Moonshine base-en (Useful Sensors, MIT) on plain onnxruntime: greedy decoding with a confidence, and a search for
expected phrases.

One object serves all threads: onnxruntime sessions are re-entrant, and the grammars of expected phrases that are kept
only get more entries. Facts about the model that the code relies on: 16 kHz in, one encoder run, then a decoder step a
token; cost grows with the length of the audio (about 5 % of real time on a core).
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import soxr

from voicebot.audio import Samples
from voicebot.localspeech.digit_strings import DIGITS, join_digits
from voicebot.localspeech.engines import Transcript
from voicebot.localspeech.expected import Scored, choose, floor, in_doubt, lexical
from voicebot.localspeech.phrase_grammar import PhraseGrammar, Places, ends

_BOS, _EOS = 1, 2
_FIRST_WORD_PIECE = 259  # below: specials, then one token for each byte value
_MAX_TOKENS_PER_S = 6.5
_MIN_S = 0.6
_LOOP = 12
_BEAM = 4


@dataclass(frozen=True, slots=True)
class _Decoded:
    tokens: list[int]
    log_probabilities: list[float]


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

    def __init__(self, encoder: Path, decoder: Path, tokenizer: Path) -> None:
        # The encoder is one big run and gains from a second core; the decoder's steps are too small to share.
        self._encoder = _session(encoder, min(2, os.cpu_count() or 1))
        self._decoder = _session(decoder, 1)
        self._pieces = read_tokenizer(tokenizer.read_bytes())
        # Without the tokens of single bytes, which the model itself does not use for what has a piece of its own.
        words = reversed(list(enumerate(self._pieces))[_FIRST_WORD_PIECE:])
        self._ids = {piece: number for number, piece in words}
        self._outputs = [output.name for output in self._decoder.get_outputs()][1:]
        past = [tensor for tensor in self._decoder.get_inputs() if tensor.name.startswith("past")]
        self._past = [tensor.name for tensor in past]
        self._heads, self._width = past[0].shape[1], past[0].shape[3]

    def transcribe(self, samples: Samples, rate: int, expected: tuple[str, ...] = ()) -> Transcript:
        """Make words of audio; ``expected`` phrases may replace words that sound like one of them.

        Blocks for tens to hundreds of milliseconds.
        """
        audio = soxr.resample(samples, rate, 16000) if rate != 16000 else samples
        missing = int(_MIN_S * 16000) - len(audio)
        if missing > 0:
            audio = np.concatenate((audio, np.zeros(missing, np.float32)))
        states = self._encoder.run(None, {"input_values": np.ascontiguousarray(audio, np.float32)[None]})[0]
        limit = max(6, int(len(audio) / 16000 * _MAX_TOKENS_PER_S) + 2)
        decoded = self._greedy(states, limit)
        written = Scored(self._text(decoded.tokens), sum(decoded.log_probabilities), len(decoded.log_probabilities))
        confidence = math.exp(written.log_probability / max(1, written.tokens))
        if not lexical(written.text):
            return Transcript("", 0.0)
        asked = _DIGITS_ASKED.issubset(expected)
        phrases = (*expected, *DIGITS.values()) if asked else expected
        if in_doubt(written, phrases):
            found = self._search(states, self._grammar(expected, asked), limit, floor(written))
            chosen = choose(written, phrases, found)
            if chosen is not None:
                return Transcript(join_digits(chosen.text, asked=asked), max(confidence, chosen.confidence))
        return Transcript(join_digits(written.text, asked=asked), confidence)

    def _step(self, ids: Any, states: Any, past: dict[str, Any], first: bool) -> list[Any]:
        feed = {"input_ids": ids, "encoder_hidden_states": states, "use_cache_branch": np.array([not first]), **past}
        result: list[Any] = self._decoder.run(None, feed)
        return result

    def _nothing_past(self, batch: int) -> dict[str, Any]:
        return {
            name: np.zeros((batch, self._heads, 0 if ".decoder." in name else 1, self._width), np.float32)
            for name in self._past
        }

    def _greedy(self, states: Any, limit: int) -> _Decoded:
        past = self._nothing_past(1)
        token, tokens, log_probabilities = _BOS, [], []
        for number in range(limit):
            outputs = self._step(np.array([[token]], np.int64), states, past, number == 0)
            logits = outputs[0][0, -1].astype(np.float32)
            if number == 0:
                logits[_EOS] = -np.inf  # else the model returns nothing for strings of ten digits
            top = float(logits.max())
            token = int(logits.argmax())
            log_probabilities.append(-math.log(float(np.exp(logits - top).sum())))
            if token == _EOS:
                break
            tokens.append(token)
            for name, value in zip(self._outputs, outputs[1:], strict=True):
                if number == 0 or ".decoder." in name:
                    past[name.replace("present", "past_key_values")] = value
            if runs_away(tokens):
                tokens = tokens[: -_LOOP + 2]
                break
        return _Decoded(tokens, log_probabilities)

    def _search(self, states: Any, grammar: PhraseGrammar, limit: int, floor: float) -> list[Scored]:
        """The likeliest texts of ``grammar``, by a beam; nothing less likely than ``floor``."""
        past, ids = self._nothing_past(1), np.array([[_BOS]], np.int64)
        beam: list[_Partial] = [_Partial(0.0, (), grammar.start)]
        found: list[Scored] = []
        for number in range(limit):
            outputs = self._step(ids, np.repeat(states, len(beam), axis=0), past, number == 0)
            lines = outputs[0][:, -1].astype(np.float64)
            lines -= lines.max(-1, keepdims=True)
            lines -= np.log(np.exp(lines).sum(-1, keepdims=True))
            longer: list[tuple[float, int, int]] = []
            for row, partial in enumerate(beam):
                whole = partial.log_probability + float(lines[row, _EOS])
                if ends(partial.places) and whole >= floor:
                    found.append(Scored(self._text(partial.tokens), whole, len(partial.tokens) + 1))
                tokens = np.fromiter(grammar.after(partial.places), np.int64)
                scores = lines[row, tokens] + partial.log_probability
                for place in np.argsort(-scores)[:_BEAM]:
                    longer.append((float(scores[place]), row, int(tokens[place])))
            longer = [one for one in sorted(longer, reverse=True)[:_BEAM] if one[0] >= floor]
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
        return found

    @lru_cache(maxsize=64)  # noqa: B019 - there is one model in a process
    def _grammar(self, expected: tuple[str, ...], numerals: bool) -> PhraseGrammar:
        return PhraseGrammar(expected, self.tokenize, self._ids, numerals)

    def _text(self, tokens: Sequence[int]) -> str:
        raw = b"".join(self._pieces[token] for token in tokens if 3 <= token < len(self._pieces))
        return raw.decode("utf-8", "ignore").replace("\u2581", " ").strip()

    def tokenize(self, text: str) -> list[int]:
        """Text to tokens by the longest match first, which is good enough for short phrases."""
        raw = ("\u2581" + text.replace(" ", "\u2581")).encode()
        tokens, at = [], 0
        while at < len(raw):
            for end in range(min(len(raw), at + 24), at, -1):
                token = self._ids.get(raw[at:end])
                if token is not None:
                    tokens.append(token)
                    at = end
                    break
            else:
                tokens.append(3 + raw[at])
                at += 1
        return tokens


def _session(path: Path, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def runs_away(tokens: list[int]) -> bool:
    """Whether decoding is in a loop: the last twelve tokens repeat with a period of up to four."""
    tail = tokens[-_LOOP:]
    return len(tail) == _LOOP and any(
        all(tail[index] == tail[index - period] for index in range(period, _LOOP)) for period in (1, 2, 3, 4)
    )


def read_tokenizer(data: bytes) -> list[bytes]:
    """The vocabulary in ``tokenizer.bin``: pieces, each after its length in one byte, or two if the first is >= 128."""
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        length = data[at]
        at += 1
        if length >= 128:
            length = data[at] * 128 + length - 128
            at += 1
        pieces.append(data[at : at + length])
        at += length
    return pieces
