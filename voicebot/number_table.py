"""What is set for telephone numbers, or for all that begin with one: a table of patterns. Pure.

A pattern is a number as it may be called (``+49301234``, ``1001``, ``bot``), or a prefix and ``*``. An exact match
wins, then the longest prefix. Separators, a leading ``+``, and ``00`` in its place make no difference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain

from voicebot.address import without_separators

_NUMBER = re.compile(r"\+?[0-9]+\*?")
_WITH_PREFIX = re.compile(r"00([1-9][0-9]{6,14})")
"""An international number behind the prefix that most countries dial (E.164); shorter ones are extensions."""


def normalised(number: str) -> str:
    """``number`` without separators and ``+``, for comparison; a name of a user in lower case."""
    digits = without_separators(number)
    return digits.removeprefix("+") if _NUMBER.fullmatch(digits) else number.strip().lower()


def _forms(number: str) -> list[str]:
    """``number`` as patterns may name it, normalised: as it is, then with ``00`` for ``+`` or the reverse."""
    same = normalised(number)
    if dialled := _WITH_PREFIX.fullmatch(same):
        return [same, dialled[1]]
    return [same, f"00{same}"] if number.strip().startswith("+") else [same]


class NumberTable:
    """``values``: by pattern."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._exact = {normalised(number): value for number, value in values.items() if not number.endswith("*")}
        prefixes = {normalised(number)[:-1]: value for number, value in values.items() if number.endswith("*")}
        self._prefixes = sorted(prefixes.items(), key=lambda item: -len(item[0]))

    def find(self, number: str) -> str:
        """The value for ``number``; ``""`` when there is none."""
        forms = _forms(number)
        exact = (self._exact[form] for form in forms if form in self._exact)
        begun = (value for prefix, value in self._prefixes if any(form.startswith(prefix) for form in forms))
        return next(chain(exact, begun), "")
