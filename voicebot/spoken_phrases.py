"""Phrases that people say, as they are written in lists: found in what was said, whatever the punctuation and case.

``cancel my (contract|account)`` has alternatives, ``thank you (very much|)`` something that may be left out, and
``never ... arrived`` up to three words in between. The patterns take time in proportion to what was said.
"""

from __future__ import annotations

import re

MAX_PHRASE = 400
"""Characters of a phrase."""
GAP_WORDS = 3
"""At most as many words stand for ``...``."""

_WHOLE = {"can't": ["can", "not"], "won't": ["will", "not"], "i'm": ["i", "am"], "that's": ["that", "is"]}
_ENDINGS = {"n't": "not", "'ll": "will", "'ve": "have", "'re": "are"}
_PART = re.compile(r"\([^()]*\)|\S+")
_ALTERNATIVES = re.compile(r"\([\w' ]+(?:\|[\w' ]+)*\|?\)")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def words_said(text: str) -> list[str]:
    """The words of ``text`` in small letters, without punctuation, the usual English contractions written out."""
    words: list[str] = []
    for word in _WORD.findall(text.lower().replace("’", "'")):
        words += _written_out(word) if "'" in word else [word]
    return words


def _written_out(word: str) -> list[str]:
    if word in _WHOLE:
        return _WHOLE[word]
    for ending, meant in _ENDINGS.items():
        if word.endswith(ending) and len(word) > len(ending):
            return [word.removesuffix(ending), meant]
    return [word]


class SpokenWords:
    """What was said, ready for phrases to be found in it. ``last``: only so many of its last words count."""

    __slots__ = ("line", "words")

    def __init__(self, text: str, last: int) -> None:
        words = words_said(text)[-last:]
        self.words = frozenset(words)
        self.line = line_of(words)


class SpokenPhrase:
    """A phrase of a list. Raises ValueError with what is wrong with ``phrase``.

    Of a long list, most phrases are ruled out by one look at the words.
    """

    __slots__ = ("_needs", "_pattern")

    def __init__(self, phrase: str) -> None:
        self._pattern = pattern_of(phrase)
        self._needs = _needed(phrase)

    def said_in(self, spoken: SpokenWords) -> bool:
        """Whether it is said there."""
        return not self._needs.isdisjoint(spoken.words) and self._pattern.search(spoken.line) is not None


def line_of(words: list[str]) -> str:
    """``words`` as patterns are searched for in them: with a space before and behind each."""
    return f" {' '.join(words)} "


def pattern_of(phrase: str) -> re.Pattern[str]:
    """``phrase`` as a pattern, for what :func:`line_of` returns: it begins with the space before its first word, and
    ends with its last. Raises ValueError with what is wrong."""
    if len(phrase) > MAX_PHRASE:
        raise ValueError(f"a phrase of more than {MAX_PHRASE} characters")
    pattern, must = "", False
    for part in _PART.findall(phrase.lower().replace("’", "'")):
        if part == "...":
            pattern += rf"(?: [\w']+){{0,{GAP_WORDS}}}?"
        elif part.startswith("("):
            if not _ALTERNATIVES.fullmatch(part):
                raise ValueError(f"{part} is not a choice of words")
            choices = part[1:-1].removesuffix("|").split("|")
            either = "|".join(" ".join(words_said(choice)) for choice in choices)
            optional = part.endswith("|)")
            pattern += f"(?: (?:{either}))" + ("?" if optional else "")
            must = must or not optional
        else:
            found = words_said(part)
            if not found or re.search(r"[()|]", part):
                raise ValueError(f"{part!r} is not a word")
            pattern += "".join(f" {word}" for word in found)
            must = True
    if not must:
        raise ValueError("no word of it must be said")
    return re.compile(f"{pattern}(?= )")


def _needed(phrase: str) -> frozenset[str]:
    """Words of which one is said wherever ``phrase`` is: the first words of its first part that must be said."""
    for part in _PART.findall(phrase.lower().replace("’", "'")):
        if part == "..." or part.endswith("|)"):
            continue
        choices = part[1:-1].split("|") if part.startswith("(") else [part]
        return frozenset(words_said(choice)[0] for choice in choices)
    return frozenset()
