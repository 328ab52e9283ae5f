"""``hangup``: ends the call."""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

from pydantic import Field

from voicebot.authoring import channel
from voicebot.authoring.model import Prompt
from voicebot.authoring.steps.outcome import Ending, StepOutcome
from voicebot.authoring.steps.step import DialogStep, Exit
from voicebot.authoring.turn import Turn


class HangUpStep(DialogStep):
    """Ends the call."""

    WORD = "hangup"
    COLOUR = "hangup"
    MAY_BE_LAST = True
    USES_NEXT = False
    MAY_TRANSLATE = MUST_TRANSLATE = ("hangup",)

    hangup: Literal[True] | Prompt = Field(description="What is said first; `true` for nothing.")

    def exits(self, onward: str) -> list[Exit]:
        return []

    def ends_turn(self, dialogs: Container[str]) -> bool:
        return True

    async def run(self, turn: Turn) -> StepOutcome:
        if isinstance(self.hangup, Prompt):
            await turn.speak(self.hangup)
        await channel.hang_up(turn.context)
        return Ending.CALL_OVER
