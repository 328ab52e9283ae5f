"""Which bot answers a call, by the trunk that it came by and the number that it is for. Pure.

A route is a number as the trunk delivers it (``+49301234``, ``1001``, ``bot``), or its beginning and ``*``. The exact
number wins, then the longest beginning. Visual separators and a leading ``+`` make no difference. What a trunk has
of its own, its numbers and then its default, comes before what holds for all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from voicebot.address import without_separators

_NUMBER = re.compile(r"\+?[0-9]+\*?")


def normalised(number: str) -> str:
    """``number`` without what is there for the eye; names of users are only folded in case."""
    digits = without_separators(number)
    return digits.removeprefix("+") if _NUMBER.fullmatch(digits) else number.strip().lower()


class _Numbers:
    """Called number, or its beginning and ``*``, to the bot's name."""

    def __init__(self, numbers: Mapping[str, str]) -> None:
        self._exact = {normalised(number): bot for number, bot in numbers.items() if not number.endswith("*")}
        beginnings = {normalised(number)[:-1]: bot for number, bot in numbers.items() if number.endswith("*")}
        self._beginnings = sorted(beginnings.items(), key=lambda item: -len(item[0]))

    def bot_for(self, number: str) -> str:
        """The bot for a normalised number; empty when there is no route."""
        if number in self._exact:
            return self._exact[number]
        return next((bot for beginning, bot in self._beginnings if number.startswith(beginning)), "")


class Routes:
    """``numbers``: called number, or its beginning and ``*``, to the bot's name; ``default`` for all others.

    ``trunks``: the same of single trunks, by name; an empty default leaves to the general routes what it has no number
    for.
    """

    def __init__(
        self,
        numbers: Mapping[str, str],
        default: str,
        trunks: Mapping[str, tuple[Mapping[str, str], str]] | None = None,
    ) -> None:
        self.default = default
        self._numbers = _Numbers(numbers)
        self._trunks = {name: (_Numbers(own), bot) for name, (own, bot) in (trunks or {}).items()}

    def bot_for(self, callee: str, trunk: str = "") -> str:
        """The name of the bot that takes calls to ``callee`` that came by ``trunk``."""
        number = normalised(callee)
        if (own := self._trunks.get(trunk)) is not None and (bot := own[0].bot_for(number) or own[1]):
            return bot
        return self._numbers.bot_for(number) or self.default
