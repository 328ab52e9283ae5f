"""The words in recognised text, compared without case and punctuation."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"\w+", re.UNICODE)
_DIGITS = frozenset(("zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))


def words(text: str) -> list[str]:
    """The words of ``text`` in lower case, without punctuation."""
    return _WORD.findall(text.lower())


def ends_in_number(text: str) -> bool:
    """Whether the last word is a numeral or an English digit.

    Recognisers write numerals in every language, but some of them only in the final result.
    """
    last = words(text)[-1:]
    return bool(last) and (last[0].isdecimal() or last[0] in _DIGITS)


def remainder(text: str, used: str) -> str:
    """``text`` without the words of ``used`` at its beginning; all of it if it does not begin with all of them."""
    taken = words(used)
    matches = list(_WORD.finditer(text))
    if not taken or [match.group().lower() for match in matches[: len(taken)]] != taken:
        return text
    if len(matches) == len(taken):
        return ""
    return text[matches[len(taken)].start() :]


def contains(said: str, wanted: Sequence[str]) -> bool:
    """Whether the words of ``said`` contain ``wanted`` as one sequence."""
    return not wanted or f" {' '.join(wanted)} " in f" {' '.join(words(said))} "
