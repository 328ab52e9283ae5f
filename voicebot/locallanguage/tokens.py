"""Texts cut into sentences and words, with their offsets in code points."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_SENTENCES = 400
"""Of one document; the rest of the text belongs to the last of them."""

_SENTENCE_END = re.compile(r"[.!?]+[\"')\]]*(?=\s|$)|\n+")
_ABBREVIATED = frozenset(
    ("mr", "mrs", "ms", "dr", "prof", "st", "no", "nr", "vs", "etc", "approx", "tel", "ext", "e.g", "i.e", "a.m", "p.m")
)
_LAST_WORD = re.compile(r"[\w.]{0,8}\Z")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a text: ``text[begin:end]``."""

    text: str
    begin: int

    @property
    def end(self) -> int:
        return self.begin + len(self.text)


def sentences(text: str) -> list[Span]:
    """The sentences of ``text``, without the space around them, in order; none of an empty text."""
    found: list[Span] = []
    begin = 0
    for mark in _SENTENCE_END.finditer(text):
        before = _LAST_WORD.search(text, max(begin, mark.start() - 8), mark.start())
        word = before.group().lower() if before else ""
        if mark.group() == "." and (word in _ABBREVIATED or (len(word) == 1 and word.isalpha() and word != "i")):
            continue
        if len(found) + 1 >= MAX_SENTENCES:
            break
        begin = _add(found, text, begin, mark.end())
    _add(found, text, begin, len(text))
    return found


def words(text: str) -> list[Span]:
    """The words of ``text`` as they are written; a contraction is one word."""
    return [Span(match.group(), match.start()) for match in _WORD.finditer(text)]


def _add(found: list[Span], text: str, begin: int, end: int) -> int:
    piece = text[begin:end]
    kept = piece.strip()
    if kept:
        found.append(Span(kept, begin + len(piece) - len(piece.lstrip())))
    return end
