"""Numbers that are named, but are no number of something: limits, times of day, years since which something is so."""

from __future__ import annotations

from collections.abc import Sequence

from voicebot.authoring.understanding.numbers import NumberWords
from voicebot.authoring.understanding.tokens import Token
from voicebot.authoring.understanding.vocabulary import Vocabulary


class NoCounts:
    """Reads section ``no_counts``: what is said ``before`` such a number ("less than", "since") or ``behind`` it
    ("pm"), and what on both sides, ``at`` and ``hours`` ("à cinq heures")."""

    def __init__(self, vocabulary: Vocabulary, words: NumberWords) -> None:
        self._words = words
        self._before, self._behind, self._at, self._hours = (
            vocabulary.listed_phrases("no_counts", key) for key in ("before", "behind", "at", "hours")
        )

    def named(self, tokens: Sequence[Token]) -> bool:
        """Whether such a number is in ``tokens``: "less than fifty", "at five pm"."""
        if any(self._number_to(tokens, stop) for _, stop, _ in self._before.find(tokens)):
            return True
        if any(self._hours.at(tokens, self._number_to(tokens, stop)) for _, stop, _ in self._at.find(tokens)):
            return True
        behind = (start for start, _, _ in self._behind.find(tokens) if not tokens[start].pause)
        return any(start > 0 and self._number_to(tokens, start - 1) == start for start in behind)

    def _number_to(self, tokens: Sequence[Token], start: int) -> int:
        """Where the number words that begin at ``start`` end; 0: there are none."""
        stop = start
        while stop < len(tokens) and self._words.atoms(tokens[stop : stop + 1])[0].is_number:
            stop += 1
        return stop if stop > start else 0
