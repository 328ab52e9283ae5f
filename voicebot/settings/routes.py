"""The settings of [routes]: which bot takes which calls, by trunk and called number."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pydantic import Field

from voicebot.settings.values import Section

DIALOGS = "dialogs"
"""The name of our dialog host in routes."""


class TrunkRouteSettings(Section):
    """[routes.trunks.NAME] the routes of calls by one trunk or account, which precede those for all calls."""

    default: str = ""
    """Empty: that for all calls."""
    numbers: dict[str, str] = Field({})


class RouteSettings(Section):
    """[routes] which bot takes which calls."""

    default: str = DIALOGS
    numbers: dict[str, str] = Field({})
    """From called numbers, or their beginnings with a ``*``, to names of bots; ``dialogs`` is our dialog host."""
    trunks: dict[str, TrunkRouteSettings] = Field({})
    """By the name of the trunk or account."""

    def check(self, bots: Collection[str], trunks: Collection[str]) -> None:
        """Raise ValueError for a bot or trunk that does not exist."""
        known = (DIALOGS, *bots)
        for place, bot in self._targets():
            if bot not in known:
                raise ValueError(f"routes: {place}: there is no bot {bot!r}, only: {', '.join(known)}")
        for trunk in self.trunks:
            if trunk not in trunks:
                there_are = ", ".join(trunks) or "none"
                raise ValueError(f"routes: trunks: there is no trunk or account {trunk!r}, only: {there_are}")

    def _targets(self) -> Iterator[tuple[str, str]]:
        yield "default", self.default
        yield from self.numbers.items()
        for name, trunk in self.trunks.items():
            if trunk.default:
                yield f"trunks.{name}.default", trunk.default
            for number, bot in trunk.numbers.items():
                yield f"trunks.{name}.{number}", bot
