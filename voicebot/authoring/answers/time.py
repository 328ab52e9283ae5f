"""``time``: a time of day."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, time
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from voicebot.authoring.answers.answer import Answered, More, Reading, Replaced, Slot, Unclear, answered
from voicebot.authoring.answers.keyed import KeyedAnswer, pressed
from voicebot.authoring.model import Prompt
from voicebot.authoring.model.words import written
from voicebot.authoring.understanding import Understanding

KEYS = 4
"""Keys of a time: hour and minutes."""
_BETWEEN = re.compile(r"([0-9]{1,2}:[0-9]{2}) ?- ?([0-9]{1,2}:[0-9]{2})")


def _hours(text: str) -> str:
    try:
        limits(text)
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError("two times, such as 08:00-18:30") from error
    return text


def limits(text: str) -> tuple[time, time]:
    """The two times of "08:00-18:30". Raises ValueError."""
    parts = _BETWEEN.fullmatch(text.strip())
    if parts is None:
        raise ValueError(text)
    first, last = (time(int(hour), int(minute)) for hour, _, minute in (part.partition(":") for part in parts.groups()))
    return first, last


class TimeAnswer(KeyedAnswer, title="TimeWanted"):
    """A time of day: "half past five", "17:30", "five in the afternoon"; on the keypad, four digits (1730). If it may
    be in the morning or in the afternoon, and `between` does not tell, callers are asked."""

    HEADING = "`time`"
    EXAMPLES = (
        ("time: true", "half past five in the afternoon", "17:30"),
        ('time: {between: "08:00-18:30"}', "half past five", "17:30"),
    )
    EXPECTED = "numbers"
    MADE_OF = "time"
    REPLACED = Replaced.BY_VALUE_ALONE

    between: Annotated[str, BeforeValidator(written), AfterValidator(_hours)] | None = Field(
        None, description="The first and the last time that are accepted: `08:00-18:30`. It also tells 5:30 from 17:30."
    )
    which: Prompt | None = Field(None, description="Asks whether it is in the morning or in the afternoon.")

    def value(self, text: str, understanding: Understanding, today: date) -> time | None:
        possible = self._taken(understanding.times(text))
        return possible[0] if len(possible) == 1 else None

    def read_words(self, text: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        possible = self._taken(understanding.times(text))
        if not possible and (before := slot.get("unclear")) and (half := understanding.half_of_day(text)):
            possible = [time.fromisoformat(before[half == "pm"])]
        if len(possible) > 1:
            first = "unclear" not in slot
            slot["unclear"] = [one.isoformat() for one in possible]
            return Unclear("which_half", self.which, alone=first, values=tuple(possible))
        return Answered(possible[0]) if possible else None

    def pressed(self, key: str, slot: Slot) -> str | More | None:
        return pressed(key, slot, length=KEYS)

    def keys_ended(self, pressed: str, understanding: Understanding, today: date) -> Reading:
        if len(pressed) not in (3, KEYS) or not pressed.isdecimal():
            return None
        hour, minute = int(pressed[:-2]), int(pressed[-2:])
        if hour > 23 or minute > 59:
            return None
        keyed = time(hour, minute)
        later = [keyed.replace(hour=hour + 12)] if 1 <= hour < 12 else []
        return answered(next(iter(self._taken([keyed, *later])), None))

    def _taken(self, times: Iterable[time]) -> list[time]:
        if self.between is None:
            return list(times)
        first, last = limits(self.between)
        if first > last:  # through the night
            return [one for one in times if one >= first or one <= last]
        return [one for one in times if first <= one <= last]
