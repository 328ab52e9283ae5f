"""Moonshine base-en (Useful Sensors, MIT) on plain onnxruntime: greedy decoding with a confidence, and scoring of
expected phrases.

One object serves all threads: onnxruntime sessions are re-entrant and nothing else is kept. Facts about the model
that the code relies on: 16 kHz in, one encoder run, then a decoder step a token; cost grows with the length of the
audio (about 5 % of real time on a core).
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import soxr

from voicebot.audio import Samples
from voicebot.localspeech.digit_strings import join_digits
from voicebot.localspeech.engines import Transcript
from voicebot.localspeech.expected import choose, lexical

_BOS, _EOS = 1, 2
_FIRST_WORD_PIECE = 259  # below: specials, then one token for each byte value
_MAX_TOKENS_PER_S = 6.5
_MIN_S = 0.6
_LOOP = 12
_MAX_SCORED = 10


@dataclass(frozen=True, slots=True)
class _Decoded:
    tokens: list[int]
    log_probabilities: list[float]


_DIGITS_ASKED = frozenset(("one", "two", "double", "triple"))
"""Among the expected phrases, these say that a string of digits is asked for, and no other number."""


class Moonshine:
    """The recogniser's model."""

    def __init__(self, encoder: Path, decoder: Path, tokenizer: Path) -> None:
        # The encoder is one big run and gains from a second core; the decoder's steps are too small to share.
        self._encoder = _session(encoder, min(2, os.cpu_count() or 1))
        self._decoder = _session(decoder, 1)
        self._pieces = read_tokenizer(tokenizer.read_bytes())
        self._ids = {piece: number for number, piece in reversed(list(enumerate(self._pieces)))}
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
        decoded = self._greedy(states, max(6, int(len(audio) / 16000 * _MAX_TOKENS_PER_S) + 2))
        text = self._text(decoded.tokens)
        confidence = math.exp(sum(decoded.log_probabilities) / max(1, len(decoded.log_probabilities)))
        if not lexical(text):
            return Transcript("", 0.0)
        if expected:
            chosen = choose(
                text,
                sum(decoded.log_probabilities),
                len(decoded.log_probabilities),
                expected,
                lambda phrases: self._score(states, phrases[:_MAX_SCORED]),
            )
            if chosen is not None:
                return Transcript(chosen.text, max(confidence, chosen.confidence))
        return Transcript(join_digits(text, asked=_DIGITS_ASKED.issubset(expected)), confidence)

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

    def _score(self, states: Any, phrases: list[str]) -> list[float]:
        """log P(phrase | audio) for each phrase, the better of two spellings, in one run of the decoder."""
        rows, owners = [], []
        for owner, phrase in enumerate(phrases):
            written = phrase[:1].upper() + phrase[1:].rstrip(".?!")
            for variant in (written + ".", written + "?" if phrase.endswith("?") else written):
                rows.append([_BOS, *self.tokenize(variant), _EOS])
                owners.append(owner)
        width = max(len(row) for row in rows) - 1
        ids = np.full((len(rows), width), _EOS, np.int64)
        for index, row in enumerate(rows):
            ids[index, : len(row) - 1] = row[:-1]
        repeated = np.repeat(states, len(rows), axis=0)
        logits = self._step(ids, repeated, self._nothing_past(len(rows)), True)[0]
        best = [-math.inf] * len(phrases)
        for index, row in enumerate(rows):
            line = logits[index, : len(row) - 1].astype(np.float64)
            line -= line.max(-1, keepdims=True)
            line -= np.log(np.exp(line).sum(-1, keepdims=True))
            score = float(line[np.arange(len(row) - 1), row[1:]].sum())
            best[owners[index]] = max(best[owners[index]], score)
        return best

    def _text(self, tokens: list[int]) -> str:
        raw = b"".join(self._pieces[token] for token in tokens if 3 <= token < len(self._pieces))
        return raw.decode("utf-8", "ignore").replace("\u2581", " ").strip()

    def tokenize(self, text: str) -> list[int]:
        """Text to tokens by the longest match first, which is good enough for short phrases."""
        raw = ("\u2581" + text.replace(" ", "\u2581")).encode()
        tokens, at = [], 0
        while at < len(raw):
            for end in range(min(len(raw), at + 24), at, -1):
                token = self._ids.get(raw[at:end])
                if token is not None and token >= _FIRST_WORD_PIECE:
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
