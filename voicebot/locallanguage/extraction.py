"""The sentences that say what a text is about, taken out of it: of what somebody says on the phone, in English. Pure.

Callers first say what they want or what is wrong, perhaps after who they are and how long they have waited. So the
first line that says more than that has the sentence of the highest rank: the one that sounds like a request or a
problem, or else its first one. The next sentence of that line follows. What callers want besides comes behind, by the
words that a sentence shares with the rest of the text, and by its place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby

import yaml

from voicebot.locallanguage.key_phrases import STOP_WORDS
from voicebot.locallanguage.tokens import Span, sentences, words
from voicebot.spoken_phrases import SpokenPhrase, SpokenWords

DEFAULT_SENTENCES = 3
MOST_SENTENCES = 20
NEXT = 0.7
"""The rank of the sentence right behind the one of the highest rank, in the same line, ..."""
REST = 0.45
"""... and the highest of all others."""
MATTER = 1.0
"""What it is worth to say what somebody wants or what is wrong, ..."""
EARLY = 0.4
"""... and to be the first sentence; less the later it comes."""
SHORT_WORDS = 4
"""A sentence of fewer words is an answer to something that is not in it, ..."""
SHORTEST_MATTER = 3
"""... unless it says what somebody wants: "Cancel my contract." """
FULL_WORDS = 6
"""A sentence of so many words may be the matter, though none of its words tells."""
MAX_WORDS = 80
"""Words of a sentence that are looked at: its last ones."""
_SMALL_TALK = re.compile(
    r"(?i)^(?:(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|thank(?:s| you)|bye|goodbye|yes|yeah|no|okay|"
    r"ok|sure|right|fine|great|(?:how|what) (?:can|may) i (?:do|help)|my name is|this is|one moment|welcome to)\b"
    r"[^.!?]{0,40}[.!?]*)$"
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """``rank``: 0 to 1."""

    sentence: Span
    rank: float


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence. ``line``: its number in the text. ``matter``: it says what somebody wants, or what is wrong.
    ``counts``: it says anything of its own. ``further``: it says that it comes on top of something."""

    sentence: Span
    line: int
    content: frozenset[str]
    matter: bool
    counts: bool
    further: bool


def ranked(text: str) -> list[Ranked]:
    """All sentences of ``text`` in order, each with its rank."""
    said: list[_Said] = []
    line = end = 0
    for sentence in sentences(text):
        line += text.count("\n", end, sentence.begin)
        end = sentence.begin
        said.append(_said(sentence, line))
    weights = _weights(said)
    most = max(weights, default=1.0)
    ranks = [REST * weight / most for weight in weights]
    first = _first_matter(said)
    if first is not None:
        ranks[first] = 1.0
        if _goes_on(said, first):
            ranks[first + 1] = NEXT
    return [Ranked(one.sentence, round(rank, 2)) for one, rank in zip(said, ranks, strict=True)]


def extracted(text: str, count: int = DEFAULT_SENTENCES, *, by_rank: bool = False) -> list[Ranked]:
    """The ``count`` sentences of the highest rank, in the order of the text, or the highest first."""
    best = sorted(ranked(text), key=lambda one: -one.rank)[:count]
    return best if by_rank else sorted(best, key=lambda one: one.sentence.begin)


def _said(sentence: Span, line: int) -> _Said:
    spoken = SpokenWords(sentence.text, MAX_WORDS)
    length = len(words(sentence.text))
    aside = _has(spoken, _ASIDES)
    matter = length >= SHORTEST_MATTER and not aside and _has(spoken, _MATTERS)
    empty = aside or _SMALL_TALK.match(sentence.text) is not None or _has(spoken, _BEFORE_IT)
    return _Said(
        sentence,
        line,
        frozenset(word.text.lower() for word in words(sentence.text)) - STOP_WORDS,
        matter,
        matter or (length >= SHORT_WORDS and not empty),
        _has(spoken, _FURTHER),
    )


def _weights(said: Sequence[_Said]) -> list[float]:
    often = Counter(word for one in said for word in one.content)
    weights = []
    for place, one in enumerate(said):
        shared = sum(often[word] - 1 for word in one.content) / (len(one.content) or 1)
        weight = min(shared, 3.0) / 3 + min(len(one.content), 8) / 16 + EARLY / (1 + place / 2)
        weights.append((weight + MATTER * one.matter) * (1.0 if one.counts else 0.1))
    return weights


def _first_matter(said: Sequence[_Said]) -> int | None:
    """Which sentence says first why somebody calls; None: nobody says anything."""
    places = [place for place, one in enumerate(said) if one.counts]
    for _, line in groupby(places, key=lambda place: said[place].line):
        of_line = list(line)
        for place in of_line:
            if said[place].matter and not said[place].further:
                return place
        if len(words(said[of_line[0]].sentence.text)) >= FULL_WORDS:
            return of_line[0]
    return places[0] if places else None


def _goes_on(said: Sequence[_Said], first: int) -> bool:
    """Whether the next sentence says more of the same: in the same line, and nothing that comes on top of it."""
    following = said[first + 1] if first + 1 < len(said) else None
    return following is not None and following.line == said[first].line and following.counts and not following.further


def _has(spoken: SpokenWords, phrases: Sequence[SpokenPhrase]) -> bool:
    return any(phrase.said_in(spoken) for phrase in phrases)


def _phrases(name: str) -> list[SpokenPhrase]:
    listed = yaml.safe_load(files(__package__).joinpath("extraction_en.yaml").read_text(encoding="utf-8"))
    return [SpokenPhrase(phrase) for phrase in listed[name]]


_MATTERS = _phrases("matters")
_BEFORE_IT = _phrases("before_it")
_ASIDES = _phrases("asides")
_FURTHER = _phrases("further")
