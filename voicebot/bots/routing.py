"""Which bot answers a called number. Pure.

A route is a number as the trunk delivers it (``+49301234``, ``1001``, ``bot``), or its beginning and ``*``. The exact
number wins, then the longest beginning. Visual separators and a leading ``+`` make no difference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_SEPARATORS = re.compile(r"[\s().\-/]")
_NUMBER = re.compile(r"\+?[\d\s().\-/]+\*?")


def normalised(number: str) -> str:
    """``number`` without what is there for the eye; names of users are only folded in case."""
    if _NUMBER.fullmatch(number):
        return _SEPARATORS.sub("", number).removeprefix("+")
    return number.strip().lower()


class Routes:
    """``numbers``: called number, or its beginning and ``*``, to the bot's name; ``default`` for all others."""

    def __init__(self, numbers: Mapping[str, str], default: str) -> None:
        self.default = default
        self._exact = {normalised(number): bot for number, bot in numbers.items() if not number.endswith("*")}
        beginnings = {normalised(number)[:-1]: bot for number, bot in numbers.items() if number.endswith("*")}
        self._beginnings = sorted(beginnings.items(), key=lambda item: -len(item[0]))

    def bot_for(self, callee: str) -> str:
        """The name of the bot that takes calls to ``callee``."""
        number = normalised(callee)
        if number in self._exact:
            return self._exact[number]
        return next((bot for beginning, bot in self._beginnings if number.startswith(beginning)), self.default)
