"""``duration``: how long something takes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field, model_validator

from voicebot.authoring.answers.answer import More, Reading, Replaced, Slot, answered
from voicebot.authoring.answers.keyed import KeyedAnswer, as_number, pressed
from voicebot.authoring.answers.number import counted
from voicebot.authoring.understanding import Understanding

DurationUnit = Literal["minutes", "hours", "days", "nights", "weeks", "months", "years"]


class DurationAnswer(KeyedAnswer, title="DurationWanted"):
    """How long, as a number of `unit`: with `nights`, "two weeks" is 14 and "three" is 3; with `minutes`, "an hour and
    a half" is 90. On the keypad, `#` ends the number."""

    HEADING = "`duration`"
    EXAMPLES = (
        ("duration: nights", "two weeks", "14"),
        ("duration: minutes", "an hour and a half", "90"),
        ("duration: {unit: hours, whole: false}", "ninety minutes", "1.5"),
    )
    SHORT = "unit"
    EXPECTED = "duration"
    MADE_OF = "duration"
    REPLACED = Replaced.BY_VALUE_ALONE

    unit: DurationUnit = Field(
        "days", description="What is counted: minutes, hours, days, nights, weeks, months or years."
    )
    min: float | None = Field(None, description="The smallest number that is accepted.")
    max: float | None = Field(None, description="The largest number that is accepted.")
    whole: bool = Field(True, description="Whether only whole numbers are accepted.")

    @model_validator(mode="before")
    @classmethod
    def _written_short(cls, value: Any) -> Any:
        if value is True:
            return {}
        return {"unit": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, {"const": True}, handler(schema)]}

    def value(self, text: str, understanding: Understanding, today: date) -> int | Decimal | None:
        return self._taken(understanding.duration(text, self.unit.removesuffix("s")))

    def pressed(self, key: str, slot: Slot) -> str | More | None:
        return pressed(key, slot, point=not self.whole)

    def keys_ended(self, pressed: str, understanding: Understanding, today: date) -> Reading:
        return answered(self._taken(as_number(pressed)))

    def _taken(self, number: Decimal | None) -> int | Decimal | None:
        return counted(number, self.min, self.max, whole=self.whole)
