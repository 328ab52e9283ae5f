"""``yesno``: yes or no."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from voicebot.authoring.answers.answer import Answered, DialogAnswer, Reading, Replaced, Slot
from voicebot.authoring.answers.expectation import Expectation, of_yes_no
from voicebot.authoring.model import KeypadKey, Target
from voicebot.authoring.understanding import Understanding


class YesNoAnswer(DialogAnswer):
    """Yes or no, in any of their many forms; on the keypad, 1 and 2."""

    HEADING = "`yesno`"
    EXAMPLES = (("yesno: true", "uh-huh", "true"),)
    EXPECTED = "yesno"
    REPLACED = Replaced.NEVER
    TAKEN_UNHEARD = False

    yes: Target | None = Field(None, description="The step to go to after yes.")
    no: Target | None = Field(None, description="The step to go to after no.")
    yes_key: KeypadKey = Field("1", description="The key that means yes.")
    no_key: KeypadKey = Field("2", description="The key that means no.")

    def value(self, text: str, understanding: Understanding, today: date) -> bool | None:
        return understanding.yes_no(text)

    def expectation(self, slot: Slot, understanding: Understanding) -> Expectation:
        return of_yes_no(understanding)

    def read_key(self, key: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        return Answered(key == self.yes_key) if self.takes_key(key) else None

    def takes_key(self, key: str) -> bool:
        return key in (self.yes_key, self.no_key)

    def targets(self) -> dict[str, str | None]:
        return {"yes": self.yes, "no": self.no}

    def target(self, value: Any) -> str | None:
        return self.yes if value else self.no
