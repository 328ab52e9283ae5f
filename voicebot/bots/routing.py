"""Which bot answers a call, by the trunk that it came in on and the number that was called. Pure.

A route is a number as the trunk delivers it (``+49301234``, ``1001``, ``bot``), or a prefix and ``*``. An exact match
wins, then the longest prefix. Separators, a leading ``+``, and ``00`` in its place make no difference. The routes of a
trunk, its numbers and then its default, take precedence over the general ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from voicebot.address import without_separators

_NUMBER = re.compile(r"\+?[0-9]+\*?")
_WITH_PREFIX = re.compile(r"00([1-9][0-9]{6,14})")
"""An international number behind the prefix that most countries dial (E.164); shorter ones are extensions."""


def normalised(number: str) -> str:
    """``number`` without separators and ``+``, for comparison; a name of a user in lower case."""
    digits = without_separators(number)
    return digits.removeprefix("+") if _NUMBER.fullmatch(digits) else number.strip().lower()


def _forms(callee: str) -> list[str]:
    """``callee`` as routes may name it, normalised: as it was called, then with ``00`` for ``+`` or the reverse."""
    number = normalised(callee)
    if dialled := _WITH_PREFIX.fullmatch(number):
        return [number, dialled[1]]
    return [number, f"00{number}"] if callee.strip().startswith("+") else [number]


class _Numbers:
    """Called number, or a prefix and ``*``, to the bot's name."""

    def __init__(self, numbers: Mapping[str, str]) -> None:
        self._exact = {normalised(number): bot for number, bot in numbers.items() if not number.endswith("*")}
        prefixes = {normalised(number)[:-1]: bot for number, bot in numbers.items() if number.endswith("*")}
        self._prefixes = sorted(prefixes.items(), key=lambda item: -len(item[0]))

    def bot_for(self, forms: Sequence[str]) -> str:
        """The bot for a number in any of its ``forms``; ``""`` when there is no route."""
        exact = next((self._exact[form] for form in forms if form in self._exact), "")
        return exact or next((bot for prefix, bot in self._prefixes if any(f.startswith(prefix) for f in forms)), "")


class Routes:
    """``numbers``: called number, or a prefix and ``*``, to the bot's name; ``default``: the bot for all others.

    ``trunks``: numbers and default of single trunks, by name. With an empty default, a call whose number is not listed
    there is routed by the general routes.
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
        """The name of the bot for calls to ``callee`` that came in on ``trunk``."""
        forms = _forms(callee)
        if (own := self._trunks.get(trunk)) is not None and (bot := own[0].bot_for(forms) or own[1]):
            return bot
        return self._numbers.bot_for(forms) or self.default
