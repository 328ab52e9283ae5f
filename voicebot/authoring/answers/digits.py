"""``digits``: a row of digits, such as an account number."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field, model_validator

from voicebot.authoring.answers.answer import Answered, DialogAnswer, More, Reading, Replaced, Slot
from voicebot.authoring.answers.doubt import DOUBTED
from voicebot.authoring.answers.parts import Form, is_part, joined
from voicebot.authoring.model import Duration, KeypadKey, Prompt
from voicebot.authoring.understanding import Understanding


class DigitsAnswer(DialogAnswer):
    """A series of digits, spoken (at once or in parts) or keyed in. The key `*` clears what was keyed in so far."""

    HEADING = "`digits`"
    EXAMPLES = (("digits: {length: 4}", "twelve twenty-eight", "1228"),)
    SHORT = "length"
    EXPECTED = "digits"
    COLLECTS_KEYS = True
    REPLACED = Replaced.BY_VALUE

    length: int | None = Field(None, ge=1, le=64, description="The exact number of digits, if it is fixed.")
    min: int = Field(1, ge=1, le=64, description="The fewest digits, if `length` is not given.")
    max: int = Field(32, ge=1, le=64, description="The most digits, if `length` is not given.")
    end_key: KeypadKey = Field("#", description="The key that ends the input early.")
    pause: Duration = Field(
        3.0,
        description="The input ends this long after the last key. (With `length`, `no_input_after` applies instead.)",
    )
    rest: Prompt | None = Field(None, description="Asks for the rest when only part was said.")
    short: Prompt | None = Field(None, description="Said when the caller ends the input with too few digits.")

    @model_validator(mode="before")
    @classmethod
    def _written_short(cls, value: Any) -> Any:
        if value is True:
            return {}
        return {"length": value} if isinstance(value, int) else value

    @model_validator(mode="after")
    def _ordered(self) -> DigitsAnswer:
        if self.length is None and self.min > self.max:
            raise ValueError("min must not be larger than max")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "integer"}, {"const": True}, handler(schema)]}

    @property
    def shortest(self) -> int:
        return self.length or self.min

    @property
    def longest(self) -> int:
        return self.length or self.max

    @property
    def ends_with(self) -> str:
        return self.end_key

    @property
    def keys_pause_s(self) -> float | None:
        return self.pause if self.length is None or "pause" in self.model_fields_set else None

    def value(self, text: str, understanding: Understanding, today: date) -> str | None:
        said = understanding.digits(text, self.length)
        return said if self.shortest <= len(said) <= self.longest else None

    def form(self, slot: Slot) -> Form:
        before = len(slot.get("keys") or slot.get("said", ""))
        return Form(max(0, self.shortest - before), max(0, self.longest - before))

    def is_begun(self, text: str, understanding: Understanding, *, part: bool) -> bool:
        """With half of its digits or fewer, what was said is so garbled that callers are asked about it."""
        return 2 * len(understanding.digits(text)) > self.shortest

    def read_words(self, text: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        before = slot.get("keys") or slot.get("said", "")
        said = understanding.digits(text, self.length)
        if before and self.length is not None and len(said) != self.length:
            said = understanding.digits(text, self.length - len(before))
        if not said:
            near = understanding.near_digit(text) if self.length == 1 else ""
            return Answered(near, likeness=DOUBTED) if near else None
        slot.update(keys="", said="")
        number = joined(before, said, self.shortest, self.longest)
        if len(number) >= self.shortest:
            gap = understanding.has_gap(text)
            return Answered(number, likeness=DOUBTED if gap else 1.0, gap=gap)
        if not number or not is_part(text, said):
            return None
        slot["said"] = number
        return More(self.rest)

    def goes_on(self, before: Any, text: str, understanding: Understanding, today: date) -> str | None:
        said = understanding.digits(text)
        number = joined(before, said, self.shortest, self.longest)
        return number if said and number.startswith(before) and number not in (before, said) else None

    def read_key(self, key: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        # What was said before goes on with keys: "one two three", 4 5 6.
        so_far = slot.get("keys", "") or slot.get("said", "")
        slot["said"] = ""
        if key == self.end_key:
            slot["keys"] = ""
            return self.keys_ended(so_far, understanding, today) if so_far else None
        if key == "*":
            slot["keys"] = ""
            return More()
        if not key.isdecimal():
            return More()
        so_far += key
        slot["keys"] = "" if len(so_far) >= self.longest else so_far
        return Answered(so_far) if len(so_far) >= self.longest else More()

    def keys_ended(self, pressed: str, understanding: Understanding, today: date) -> Reading:
        if len(pressed) >= self.shortest:
            return Answered(pressed)
        return More(self.short) if self.short is not None else None
