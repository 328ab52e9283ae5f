"""``date``: a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from voicebot.authoring.answers.answer import Answered, DialogAnswer, Reading, Replaced, Slot, Unclear, answered
from voicebot.authoring.answers.keyed import pressed
from voicebot.authoring.model import Prompt
from voicebot.authoring.understanding import Understanding

KEYS = 8
"""Keys of a day: month and day, and the year."""


class DateAnswer(DialogAnswer, title="DateWanted"):
    """A day: "the third of May", "next Tuesday", "a week before Christmas"; on the keypad, eight digits: month, day,
    year (day, month, year where dates are written so). After "next week", callers are asked for the exact day."""

    HEADING = "`date`"
    EXAMPLES = (
        ("date: true", "a week before Christmas", "2026-12-18"),
        ("date: {past: false}", "the first Monday of next month", "2027-01-04"),
        ("date: {future: false}", "May 3rd 84", "1984-05-03"),
    )
    EXPECTED = "numbers"
    MADE_OF = "date"
    COLLECTS_KEYS = True
    REPLACED = Replaced.BY_VALUE_ALONE

    past: bool = Field(True, description="Whether days before today are accepted.")
    future: bool = Field(True, description="Whether days after today are accepted.")
    which: Prompt | None = Field(
        None,
        description="Asks for the exact day after an answer such as `next week` or `Friday or Saturday`. Default: the "
        "question, behind a request for the exact day.",
    )

    def value(self, text: str, understanding: Understanding, today: date) -> date | None:
        return self._taken(understanding.date(text, today, past=not self.future), today)

    def read_words(self, text: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        past, before = not self.future, slot.get("unclear")
        named = (date.fromisoformat(before[0]), date.fromisoformat(before[1])) if before else None
        day = self._taken(understanding.date(text, today, past, named), today)
        if day is not None:
            return Answered(day)
        days = understanding.vague_days(text, today, past)
        if days is None:
            return None
        slot["unclear"] = [end.isoformat() for end in days]
        return Unclear("which_day", self.which)

    def mended(self, text: str, value: Any, understanding: Understanding, today: date) -> date | None:
        said = understanding.correction(text) or (text if understanding.yes_no(text) is None else "")
        if not isinstance(value, date):
            return None
        return self._taken(understanding.date_instead(said, value, today, past=not self.future), today)

    def read_key(self, key: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        keys = pressed(key, slot, length=KEYS)
        return self.keys_ended(keys, understanding, today) if isinstance(keys, str) else keys

    def keys_ended(self, pressed: str, understanding: Understanding, today: date) -> Reading:
        return answered(self._taken(understanding.keyed_date(pressed), today))

    def _taken(self, day: date | None, today: date) -> date | None:
        if day is None or (day < today and not self.past) or (day > today and not self.future):
            return None
        return day
