"""``number``: a number."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import Field

from voicebot.authoring.answers.answer import More, Reading, Replaced, Slot, answered, within
from voicebot.authoring.answers.keyed import KeyedAnswer, as_number, pressed
from voicebot.authoring.understanding import Understanding


class NumberAnswer(KeyedAnswer):
    """A number, spoken or keyed in (`#` ends the input, `*` is the decimal point)."""

    HEADING = "`number`"
    EXAMPLES = (("number: {min: 1}", "a couple", "2"),)
    EXPECTED = "numbers"
    MADE_OF = "number"
    REPLACED = Replaced.BY_VALUE_ALONE

    min: float | None = Field(None, description="The smallest number that is accepted.")
    max: float | None = Field(None, description="The largest number that is accepted.")
    whole: bool = Field(True, description="Whether only whole numbers are accepted.")

    def value(self, text: str, understanding: Understanding, today: date) -> int | Decimal | None:
        return self._taken(understanding.number(text))

    def pressed(self, key: str, slot: Slot) -> str | More | None:
        return pressed(key, slot, point=not self.whole)

    def keys_ended(self, pressed: str, understanding: Understanding, today: date) -> Reading:
        return answered(self._taken(as_number(pressed)))

    def _taken(self, number: Decimal | None) -> int | Decimal | None:
        return counted(number, self.min, self.max, whole=self.whole)


def counted(
    number: Decimal | None, smallest: float | None, largest: float | None, *, whole: bool
) -> int | Decimal | None:
    """``number`` within its limits, a whole one as int; None when it is not. ``whole``: only whole numbers are."""
    if number is None:
        return None
    is_whole = number == number.to_integral_value()
    if whole and not is_whole:
        return None
    value = int(number) if is_whole else number
    return value if within(value, smallest, largest) else None
