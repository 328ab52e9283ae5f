"""Which words of a language stand for one character of a number, or of what is spelled.

The call process ends the turn of a caller by how much of an asked number has come, and knows no language: it is told
these words with the question.
"""

from __future__ import annotations

from collections.abc import Iterable

from voicebot.authoring.understanding.tokens import folded
from voicebot.authoring.understanding.vocabulary import Vocabulary


def part_words(vocabulary: Vocabulary, *, letters: bool) -> tuple[frozenset[str], frozenset[str]]:
    """The words for one digit each (with ``letters``: letter or digit), and the other words of numbers.

    Each word is given as it is written and without accents.
    """
    numbers = vocabulary.section("numbers")
    digits = [*numbers.get("zero", ()), *numbers.get("units", {}), *numbers.get("zero_letters", ())]
    others = [*numbers.get("teens", {}), *numbers.get("tens", {}), *numbers.get("hundred", ()),
              *numbers.get("hundreds", {}), *numbers.get("scales", {}), *numbers.get("times", {})]  # fmt: skip
    if letters:
        spelling = vocabulary.section("spelling")
        digits += [*spelling.get("letters", {}), *spelling.get("alphabet", {})]
    words = _single(digits)
    return words, _single(others) - words


def _single(words: Iterable[str]) -> frozenset[str]:
    written = {word.lower() for word in words if word.isalpha()}
    return frozenset(written | {folded(word) for word in written})
