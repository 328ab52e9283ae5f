"""The words in recognised text, compared without case and punctuation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

_WORD = re.compile(r"\w+", re.UNICODE)
_LEAST_PART, _LEAST_REST = 4, 2
"""Letters of a word that has only begun, and of its rest."""
_DIGITS = frozenset(("zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))


def words(text: str) -> list[str]:
    """The words of ``text`` in lower case, without punctuation."""
    return _WORD.findall(text.lower())


def ends_in_number(text: str) -> bool:
    """Whether the last word is a numeral or an English digit.

    Recognisers write numerals in every language, but some of them only in the final result.
    """
    return has_numbers(" ".join(words(text)[-1:]))


def has_numbers(text: str) -> bool:
    """Whether any word is such a one."""
    return any(word.isdecimal() or word in _DIGITS for word in words(text))


def remainder(text: str, used: str) -> str:
    """``text`` without the words of ``used`` at its beginning; all of it if it does not begin with all of them. The
    last of these may have been the beginning of a word: "bill" of "billing, please"."""
    taken = words(used)
    matches = list(_WORD.finditer(text))
    first = [match.group().lower() for match in matches[: len(taken)]]
    if not taken or first[:-1] != taken[:-1] or len(first) < len(taken) or not _begins(first[-1], taken[-1]):
        return text
    if len(matches) == len(taken):
        return ""
    return text[matches[len(taken)].start() :]


def _begins(word: str, part: str) -> bool:
    """Whether ``word`` begins with ``part``, and does not mean something else, as short ones do ("no" and "nobody"),
    and those with a letter more ("does" and the first of "doesn't")."""
    rest = word[len(part) :]
    return word == part or (
        len(part) >= _LEAST_PART and len(rest) >= _LEAST_REST and word.startswith(part) and rest.isalpha()
    )


def contains(said: str, wanted: Sequence[str]) -> bool:
    """Whether the words of ``said`` contain ``wanted`` as one sequence."""
    return not wanted or f" {' '.join(wanted)} " in f" {' '.join(words(said))} "


def in_language(table: Mapping[str, T], language: str) -> T | None:
    """What ``table`` has for ``language`` ("en-US"), by its first letters ("en")."""
    return table.get(language.partition("-")[0].lower())


class Phrases:
    """A set of phrases to be found in the words of a text."""

    __slots__ = ("_by_first", "_longest", "_whole")

    def __init__(self, phrases: Iterable[str]) -> None:
        self._whole = frozenset(split for phrase in phrases if (split := tuple(words(phrase))))
        self._longest = max(map(len, self._whole), default=0)
        self._by_first: dict[str, list[int]] = {}
        """First words, with the lengths of the phrases that begin so."""
        for phrase in self._whole:
            lengths = self._by_first.setdefault(phrase[0], [])
            if len(phrase) not in lengths:
                lengths.append(len(phrase))

    def __contains__(self, said: Sequence[str]) -> bool:
        return tuple(said) in self._whole

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return iter(self._whole)

    def lengths(self, said: Sequence[str], index: int) -> list[int]:
        """The numbers of words of all phrases that stand at ``index``."""
        return [
            length for length in self._by_first.get(said[index], ())
            if index + length <= len(said) and tuple(said[index : index + length]) in self._whole
        ]  # fmt: skip

    def at(self, said: Sequence[str], index: int) -> int:
        """How many words the longest phrase at ``index`` has; 0: there is none."""
        return max(self.lengths(said, index), default=0)

    def at_end(self, said: Sequence[str]) -> int:
        """How many words the longest phrase has with which ``said`` ends; 0: there is none."""
        most = min(self._longest, len(said))
        return next((length for length in range(most, 0, -1) if tuple(said[-length:]) in self._whole), 0)

    def ends(self, said: Sequence[str]) -> list[int]:
        """Where phrases end that follow one another from the beginning, 0 for none of them: ascending."""
        reached = {0}
        for index in range(len(said)):
            if index in reached:
                reached.update(index + length for length in self.lengths(said, index))
        return sorted(reached)

    def beginnings(self) -> frozenset[tuple[str, ...]]:
        """The first words of each phrase, any number of them but all."""
        return frozenset(phrase[:length] for phrase in self._whole for length in range(1, len(phrase)))

    def cover(self, said: Sequence[str]) -> bool:
        """Whether ``said`` is made of phrases and nothing else."""
        return self.ends(said)[-1] == len(said)
