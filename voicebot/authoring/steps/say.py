"""``say``: says something and goes on."""

from __future__ import annotations

from pydantic import Field

from voicebot.authoring.model import BargeIn, Prompt
from voicebot.authoring.steps.outcome import GoOn, StepOutcome
from voicebot.authoring.steps.step import DialogStep
from voicebot.authoring.turn import Turn


class SayStep(DialogStep):
    """Says something and goes on."""

    WORD = "say"
    COLOUR = "say"
    MAY_BE_LAST = True
    MAY_TRANSLATE = MUST_TRANSLATE = ("say",)

    say: Prompt = Field(description="What is said.")
    barge_in: BargeIn | None = Field(None, description="Whether callers may interrupt it. Default: `true`.")

    async def run(self, turn: Turn) -> StepOutcome:
        await turn.speak(self.say, barge_in=self.barge_in)
        return GoOn()
