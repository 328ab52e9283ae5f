"""``month``: a month of a year."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from voicebot.authoring.answers.answer import More, Reading, Replaced, Slot, answered
from voicebot.authoring.answers.keyed import KeyedAnswer, pressed
from voicebot.authoring.understanding import Understanding

KEYS = 6
"""The most keys of a month: two of the month, two or four of the year."""


CENTURIES = ("19", "20", "21")
"""The keys with which a year of four digits begins."""


class MonthAnswer(KeyedAnswer, title="MonthWanted"):
    """A month of a year, saved as `2028-12`: "December 2028", "twelve twenty-eight", "next month"; on the keypad, four
    digits (1228) or six (122028)."""

    HEADING = "`month`"
    EXAMPLES = (("month: {past: false}", "twelve twenty-eight", "2028-12"),)
    EXPECTED = "numbers"
    MADE_OF = "month"
    REPLACED = Replaced.BY_VALUE_ALONE

    past: bool = Field(True, description="Whether months before this one are accepted. `false` for an expiry date.")
    future: bool = Field(True, description="Whether months after this one are accepted.")

    def value(self, text: str, understanding: Understanding, today: date) -> str | None:
        return self._taken(understanding.month(text, today, past=not self.future), today)

    def pressed(self, key: str, slot: Slot) -> str | More | None:
        so_far = slot.get("keys", "") + key
        # "0620" may go on as 062028; "0628" is complete.
        length = KEYS if so_far[2:4] in CENTURIES else KEYS - 2
        return pressed(key, slot, length=length)

    def keys_ended(self, pressed: str, understanding: Understanding, today: date) -> Reading:
        return answered(self._taken(understanding.keyed_month(pressed, today, past=not self.future), today))

    def _taken(self, month: date | None, today: date) -> str | None:
        if month is None:
            return None
        this = today.replace(day=1)
        if (month < this and not self.past) or (month > this and not self.future):
            return None
        return f"{month:%Y-%m}"
