"""``hours``: goes to one step during opening hours and to another outside them."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from voicebot.authoring.document import Fault, YamlPath
from voicebot.authoring.model import Name, Target
from voicebot.authoring.problems import did_you_mean
from voicebot.authoring.steps.outcome import GoOn, StepOutcome
from voicebot.authoring.steps.site import Site
from voicebot.authoring.steps.step import DialogStep, Exit
from voicebot.authoring.turn import Turn


class HoursStep(DialogStep):
    """Goes to one step during opening hours and to another outside them."""

    WORD = "hours"
    COLOUR = "if"

    hours: Name = Field(description="The name of a schedule under `schedules` in the main file.")
    open: Target | None = Field(None, description="The step to go to when open. Default: the next step.")
    closed: Target | None = Field(None, description="The step to go to when closed. Default: the next step.")

    def exits(self, onward: str) -> list[Exit]:
        return [Exit(self.open or onward, "open"), Exit(self.closed or onward, "closed")]

    def link_faults(self, site: Site) -> Iterator[Fault]:
        yield from unknown_schedule(site, self.hours, ("hours",))

    async def run(self, turn: Turn) -> StepOutcome:
        return GoOn(self.open if turn.is_open(self.hours) else self.closed)


def unknown_schedule(site: Site, name: str, path: YamlPath) -> Iterator[Fault]:
    """A schedule that the main file does not have; no fault if the main file could not be read."""
    if site.main is not None and name not in site.main.schedules:
        yield Fault(path, "unknown-schedule", f"main.yaml has no schedule {name!r}",
                    did_you_mean(name, site.main.schedules) or "add it under schedules")  # fmt: skip
