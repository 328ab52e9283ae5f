"""Which bot answers a call, by the trunk that it came in on and the number that was called. Pure.

How routes name numbers is said in :mod:`voicebot.number_table`. The routes of a trunk, its numbers and then its
default, take precedence over the general ones.
"""

from __future__ import annotations

from collections.abc import Mapping

from voicebot.number_table import NumberTable


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
        self._numbers = NumberTable(numbers)
        self._trunks = {name: (NumberTable(own), bot) for name, (own, bot) in (trunks or {}).items()}

    def bot_for(self, callee: str, trunk: str = "") -> str:
        """The name of the bot for calls to ``callee`` that came in on ``trunk``."""
        if (own := self._trunks.get(trunk)) is not None and (bot := own[0].find(callee) or own[1]):
            return bot
        return self._numbers.find(callee) or self.default
