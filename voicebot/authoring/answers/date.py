"""``date``: a day."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from voicebot.authoring.answers.answer import AnswerKind, Reading, Replaced, Slot, answered
from voicebot.authoring.answers.keyed import pressed
from voicebot.authoring.understanding import Understanding

KEYS = 8
"""Keys of a day: month, day, year."""


class DateAnswer(AnswerKind, title="DateWanted"):
    """A day: "the third of May", "next Tuesday", "tomorrow"; on the keypad, eight digits (month, day, year)."""

    HEADING = "`date`"
    EXPECTED = "numbers"
    COLLECTS_KEYS = True
    REPLACED = Replaced.BY_VALUE_ALONE

    past: bool = Field(True, description="Whether days before today are accepted.")
    future: bool = Field(True, description="Whether days after today are accepted.")

    def value(self, text: str, understanding: Understanding, today: date) -> date | None:
        return self._taken(understanding.date(text, today, past=not self.future), today)

    def read_key(self, key: str, slot: Slot, today: date) -> Reading:
        keys = pressed(key, slot, length=KEYS)
        return self.keys_ended(keys, today) if isinstance(keys, str) else keys

    def keys_ended(self, pressed: str, today: date) -> Reading:
        try:
            day = datetime.strptime(pressed, "%m%d%Y").date()
        except ValueError:
            return None
        return answered(self._taken(day, today))

    def _taken(self, day: date | None, today: date) -> date | None:
        if day is None or (day < today and not self.past) or (day > today and not self.future):
            return None
        return day
