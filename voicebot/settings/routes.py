"""The settings of [routes]: which bot takes which calls, by the trunk that they come by and the number they are for."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pydantic import Field

from voicebot.settings.values import Section

DIALOGS = "dialogs"
"""The name under which our own dialogs are routed to."""


class TrunkRouteSettings(Section):
    """[routes.trunks.NAME] what holds for the calls of one trunk or account, before what holds for all."""

    default: str = ""
    """Empty: as for all."""
    numbers: dict[str, str] = Field({})


class RouteSettings(Section):
    """[routes] which bot takes which calls."""

    default: str = DIALOGS
    numbers: dict[str, str] = Field({})
    """Called number, or its beginning and ``*``, to the name of a bot; ``dialogs`` is ours."""
    trunks: dict[str, TrunkRouteSettings] = Field({})
    """By the name of a trunk or account."""

    def check(self, bots: Collection[str], trunks: Collection[str]) -> None:
        """Raises ValueError for a bot or trunk that there is not."""
        known = (DIALOGS, *bots)
        for place, bot in self._targets():
            if bot not in known:
                raise ValueError(f"routes: {place}: there is no bot {bot!r}, but {', '.join(known)}")
        for trunk in self.trunks:
            if trunk not in trunks:
                there_are = ", ".join(trunks) or "none at all"
                raise ValueError(f"routes: trunks: there is no trunk or account {trunk!r}, but {there_are}")

    def _targets(self) -> Iterator[tuple[str, str]]:
        yield "default", self.default
        yield from self.numbers.items()
        for name, trunk in self.trunks.items():
            if trunk.default:
                yield f"trunks.{name}.default", trunk.default
            for number, bot in trunk.numbers.items():
                yield f"trunks.{name}.{number}", bot
