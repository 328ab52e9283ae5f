"""Cuts what is to be said into clauses, the units that are synthesised and sent one by one.

The caller waits for the first clause only, so it is short; the others end where a speaker would breathe. How long the
voice pauses after a clause depends on the punctuation there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from voicebot.localspeech.normalise import normalise
from voicebot.localspeech.say_as import say_as
from voicebot.localspeech.ssml import SsmlPause, SsmlSpan

FIRST_WORDS = 6
MOST_WORDS = 28

_END = re.compile(r"(?<=[,;:.?!])\s+")
_PAUSES = {",": 0.14, ";": 0.2, ":": 0.2, ".": 0.32, "?": 0.32, "!": 0.32, "": 0.0}
_BEFORE = frozenset(
    [
        "to",
        "of",
        "for",
        "and",
        "or",
        "but",
        "the",
        "a",
        "an",
        "your",
        "is",
        "are",
        "on",
        "in",
        "from",
        "at",
        "with",
        "that",
        "which",
        "if",
        "because",
        "when",
        "i",
        "you",
        "we",
        "please",
    ]
)


@dataclass(frozen=True, slots=True)
class Clause:
    """Words that are synthesised together, and the silence after them. ``text`` may be empty: only silence."""

    text: str
    rate: float
    pause_s: float


def clauses(spans: list[SsmlSpan]) -> Iterator[Clause]:
    """The clauses of ``spans``, normalised, in order."""
    first = True
    for text, rate, pause_s in _runs(spans):
        pieces = list(_cut(text, first))
        if not pieces and pause_s:
            yield Clause("", rate, pause_s)
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            mark = piece[-1] if piece[-1] in _PAUSES else ""
            yield Clause(piece, rate, max(_PAUSES[mark], pause_s) if last else _PAUSES[mark] / rate)
            first = False


def _runs(spans: list[SsmlSpan]) -> Iterator[tuple[str, float, float]]:
    """Text of one rate up to a pause: (words, rate, seconds of silence after them)."""
    words: list[str] = []
    rate = 1.0
    for span in spans:
        if isinstance(span, SsmlPause):
            yield _join(words), rate, span.seconds
            words = []
            continue
        if span.rate != rate and words:
            yield _join(words), rate, 0.0
            words = []
        rate = span.rate
        # The spaces around tell whether a word goes on over the border ("<sub>kWh</sub>s").
        lead = " " if span.text[:1].isspace() else ""
        tail = " " if span.text[-1:].isspace() else ""
        if span.interpret_as:
            words.append(f" {say_as(span.text, span.interpret_as, span.format, span.detail)} ")
        else:
            kept = re.match(r"\s*[,;:.?!]+", span.text)
            words.append((kept[0].strip() + " " if kept else "") + lead + normalise(span.text) + tail)
    if words:
        yield _join(words), rate, 0.0


def _join(words: list[str]) -> str:
    text = re.sub(r"\s+", " ", "".join(words))
    return re.sub(r" ([,.?!;:])", r"\1", text).strip()


def _cut(text: str, first: bool) -> Iterator[str]:
    held = ""
    for part in _END.split(text):
        piece = f"{held} {part}".strip()
        held = ""
        count = len(piece.split())
        if not piece.strip(",;:.?! "):
            continue
        if count < 3 and piece[-1] == ",":
            held = piece  # "Yes, ..." is not worth a breath
            continue
        words, at = piece.split(), 0
        while len(words) - at > (FIRST_WORDS + 2 if first else MOST_WORDS):
            end = at + _length(words[at : at + MOST_WORDS], FIRST_WORDS if first else MOST_WORDS - 4)
            yield " ".join(words[at:end])
            at, first = end, False
        yield " ".join(words[at:]) if at else piece
        first = False
    if held:
        yield held


def _length(words: list[str], most: int) -> int:
    """How many words a clause has: up to a function word if there is one in the later half, so that no phrase is
    torn."""
    return next((index for index in range(most, most // 2, -1) if words[index].lower() in _BEFORE), most)
