"""The mood of a sentence: what its words and phrases weigh together. Pure.

Phrases first, the longest first; the words of a phrase mean nothing more by themselves. A negation turns round what
follows it within a few words of the same clause; one that turns round nothing may have a mood of its own ("nobody
called"). What follows a "but" counts more than what stands before it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from voicebot.locallanguage.lexicon import MoodLexicon
from voicebot.locallanguage.tokens import Span, sentences
from voicebot.spoken_phrases import line_of

Label = Literal["positive", "neutral", "negative", "mixed"]

Taken = list[float | None]
"""Of each word, the valence of the phrase that it belongs to."""

NEUTRAL_BELOW = 0.2
"""Of a score between -1 and 1."""
REACH = 4
"""Words after a negation that it can turn round."""
TURNED_POSITIVE = -0.7
TURNED_NEGATIVE = -0.5
BEFORE_BUT = 0.5
AFTER_BUT = 1.3
_DAMPING = 12.0
"""The larger, the more must be said for a strong score."""
_CLAUSE = re.compile(r"[,;:.!?]+|\s-+\s")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_BOUND = ","
_BUT = frozenset(("but", "however", "though", "although"))


@dataclass(frozen=True, slots=True)
class Mood:
    """``score``: -1 to 1."""

    label: Label
    score: float

    @property
    def shares(self) -> tuple[float, float, float]:
        """How sure each label is: positive, neutral, negative. They add up to 1; the label's is the largest, or one of
        the two largest."""
        size = abs(self.score)
        if size < NEUTRAL_BELOW:
            side = 0.5 * size / NEUTRAL_BELOW
        else:
            side = 0.5 + 0.5 * (size - NEUTRAL_BELOW) / (1 - NEUTRAL_BELOW)
        side = round(side, 2)
        neutral = round(1 - side, 2)
        return (side, neutral, 0.0) if self.score > 0 else (0.0, neutral, side)


class SentimentScorer:
    """Scores the sentences of one language."""

    def __init__(self, lexicon: MoodLexicon) -> None:
        self._lexicon = lexicon

    def sentences(self, text: str) -> list[tuple[Span, Mood]]:
        """Each sentence of ``text`` with its mood."""
        return [(sentence, self.mood(sentence.text)) for sentence in sentences(text)]

    def mood(self, sentence: str) -> Mood:
        """The mood of one sentence."""
        total = sum(self._weights(sentence))
        score = total / math.sqrt(total * total + _DAMPING)
        label: Label = "neutral" if abs(score) < NEUTRAL_BELOW else "positive" if score > 0 else "negative"
        return Mood(label, score)

    def _weights(self, sentence: str) -> list[float]:
        words = self._words(sentence)
        weights = [0.0] * len(words)
        taken = self._take_phrases(words, weights)
        self._take_words(words, weights, taken)
        for place, word in enumerate(words):
            if word in _BUT:
                return [weight * (BEFORE_BUT if at < place else AFTER_BUT) for at, weight in enumerate(weights)]
        return weights

    def _words(self, sentence: str) -> list[str]:
        """The words in small letters, contractions written out, and a comma where a clause ends."""
        words: list[str] = []
        for clause in _CLAUSE.split(sentence.lower().replace("’", "'")):
            for word in _WORD.findall(clause):
                words += self._lexicon.contractions.get(word, word).split()
            words.append(_BOUND)
        return words

    def _take_phrases(self, words: list[str], weights: list[float]) -> Taken:
        taken: Taken = [None] * len(words)
        line = line_of(words)
        places = {}  # where each word begins in the line
        begin = 0
        for place, word in enumerate(words):
            places[begin] = place
            begin += len(word) + 1
        found = [(match, p.valence) for p in self._lexicon.phrases for match in p.pattern.finditer(line)]
        for match, valence in sorted(found, key=lambda one: -len(one[0].group())):
            first = places[match.start()]
            last = first + match.group().count(" ") - 1
            if all(one is None for one in taken[first : last + 1]):
                taken[first : last + 1] = [valence] * (last + 1 - first)
                weights[first] = self._turned(words, first, valence, taken)
        return taken

    def _take_words(self, words: list[str], weights: list[float], taken: Taken) -> None:
        lexicon = self._lexicon
        turning: set[int] = set()
        for place, word in enumerate(words):
            if taken[place] is not None or word in lexicon.negations or word in lexicon.boosters:
                continue
            valence = lexicon.words.get(word, 0.0)
            if not valence:
                continue
            before = words[place - 1] if place else ""
            if place and taken[place - 1] is None:
                valence += math.copysign(lexicon.boosters.get(before, 0.0), valence)
            negation = self._negation(words, place, taken)
            if negation is not None:
                turning.add(negation)
            weights[place] = self._turned(words, place, valence, taken)
        for place, word in enumerate(words):
            if word in lexicon.negations and taken[place] is None and place not in turning:
                weights[place] = lexicon.negations[word]

    def _turned(self, words: list[str], place: int, valence: float, taken: Taken) -> float:
        if self._negation(words, place, taken) is None:
            return valence
        return valence * (TURNED_POSITIVE if valence > 0 else TURNED_NEGATIVE)

    def _negation(self, words: list[str], place: int, taken: Taken) -> int | None:
        """Where the negation stands that turns round the word at ``place``."""
        for before in range(place - 1, max(-1, place - 1 - REACH), -1):
            if words[before] == _BOUND or words[before] in _BUT:
                return None
            if words[before] in self._lexicon.negations and not taken[before]:  # in a phrase without a mood, too
                return before
        return None


def document_label(moods: list[Mood]) -> Label:
    """The label of a document: what its sentences agree on, ``mixed`` if some are positive and some negative."""
    labels = {mood.label for mood in moods} - {"neutral"}
    return "mixed" if len(labels) > 1 else labels.pop() if labels else "neutral"
