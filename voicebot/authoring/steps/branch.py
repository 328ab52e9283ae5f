"""``if`` and ``goto``: the dialog goes on at another step."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from voicebot.authoring.document import Fault, doubt
from voicebot.authoring.model import Expression, Target
from voicebot.authoring.steps.outcome import GoOn, StepOutcome
from voicebot.authoring.steps.site import Site
from voicebot.authoring.steps.step import DialogStep, Exit
from voicebot.authoring.turn import Turn


class IfStep(DialogStep):
    """Goes to one step or another."""

    WORD = "if"
    COLOUR = "if"

    condition: Expression = Field(alias="if", description="The condition, such as `bill.amount > 0 and not bill.paid`.")
    then: Target | None = Field(None, description="The step to go to if the condition is true. Default: the next step.")
    otherwise: Target | None = Field(
        None, alias="else", description="The step to go to if the condition is false. Default: the next step."
    )

    def exits(self, onward: str) -> list[Exit]:
        return [Exit(self.then or onward, "yes"), Exit(self.otherwise or onward, "no")]

    def shown(self) -> str:
        return self.condition

    def doubts(self, site: Site) -> Iterator[Fault]:
        if self.then == self.otherwise:
            yield doubt(("if",), "same-way", "it goes to the same step whether the condition holds or not",
                        "add then: or else: with another step", at_key=True)  # fmt: skip

    async def run(self, turn: Turn) -> StepOutcome:
        holds = turn.script.holds(self.condition, turn.scope())
        return GoOn(self.then if holds else self.otherwise)


class GotoStep(DialogStep):
    """Goes to another step."""

    WORD = "goto"
    COLOUR = "set"
    MAY_BE_LAST = True
    USES_NEXT = False

    goto: Target = Field(description="The id of that step, or `end`.")

    def exits(self, onward: str) -> list[Exit]:
        return [Exit(self.goto)]

    async def run(self, turn: Turn) -> StepOutcome:
        return GoOn(self.goto)
