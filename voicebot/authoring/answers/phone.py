"""``phone``: a telephone number of a country."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from voicebot.authoring.answers.answer import Answered, More, Reading, Replaced, Slot
from voicebot.authoring.answers.keyed import MAX_KEYS, KeyedAnswer
from voicebot.authoring.answers.parts import Form, is_part
from voicebot.authoring.model import Prompt
from voicebot.authoring.understanding import Understanding, countries, phone_lengths

ANY_LENGTH = (7, 15)
"""The fewest and the most digits of a number of no country in particular."""


def _country(code: str) -> str:
    if code not in countries():
        raise ValueError("a country as two capital letters, such as US")
    return code


class PhoneAnswer(KeyedAnswer, title="PhoneWanted"):
    """A telephone number that there can be, saved as it is dialled from everywhere: "four two five, five five five, oh
    one two two" is `+14255550122`. `{number|phone}` reads it back. On the keypad, `*` clears and `#` ends."""

    HEADING = "`phone`"
    EXAMPLES = (
        ("phone: {country: US}", "four two five, five five five, oh one two two", "+14255550122"),
        ("phone: {country: GB}", "oh two oh, seven nine four six, oh nine five eight", "+442079460958"),
    )
    EXPECTED = "digits"
    REPLACED = Replaced.BY_VALUE_ALONE

    country: Annotated[str, AfterValidator(_country)] | None = Field(
        None, description="Where numbers without a plus belong to: `US`, `DE`. Default: the country of the language."
    )
    rest: Prompt | None = Field(None, description="Asks for the rest when only part was said.")

    def value(self, text: str, understanding: Understanding, today: date) -> str | None:
        return understanding.phone(understanding.phone_digits(text, self.country), self.country)

    def is_begun(self, text: str, understanding: Understanding, *, part: bool) -> bool:
        return part or bool(understanding.phone_digits(text, self.country))

    def read_words(self, text: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        said, before = understanding.phone_digits(text, self.country), slot.get("said", "")
        if not said:
            return None
        anew = not before or said.startswith(before) or said.startswith("+")
        joined = said if said.startswith("+") else before + said
        for digits in (said, joined) if anew else (joined, said):
            found = understanding.phone(digits, self.country)
            if found is not None:
                slot["said"] = digits  # more digits may follow where numbers have no fixed length
                return Answered(found)
        if not is_part(text, said.lstrip("+")):
            return None
        slot["said"] = joined if len(joined) <= MAX_KEYS else said
        return More(self.rest)

    def form(self, slot: Slot) -> Form:
        before = len(slot.get("keys") or slot.get("said", ""))
        least, most = phone_lengths(self.country) if self.country is not None else ANY_LENGTH
        return Form(max(0, least - before), max(0, most - before))

    def goes_on(self, before: Any, text: str, understanding: Understanding, today: date) -> str | None:
        said = understanding.phone_digits(text, self.country)
        return understanding.phone(f"{before}{said}", self.country) if said.isdecimal() else None

    def read_key(self, key: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        so_far = slot.get("keys", "") or slot.get("said", "")
        slot["said"] = ""
        if key == "#":
            slot["keys"] = ""
            return self.keys_ended(so_far, understanding, today)
        slot["keys"] = "" if key == "*" else (so_far + key)[: MAX_KEYS + 1]
        if not understanding.phone_is_complete(slot["keys"], self.country):
            return More()
        keys, slot["keys"] = slot["keys"], ""
        slot["said"] = keys  # for the "#" that may follow
        return self.keys_ended(keys, understanding, today)

    def keys_ended(self, pressed: str, understanding: Understanding, today: date) -> Reading:
        found = understanding.phone(pressed, self.country) if pressed else None
        return Answered(found) if found is not None else None
