"""``pattern``: letters and digits of a form that the author gives."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from voicebot.authoring.answers.answer import Answered, More, Reading, Replaced, Slot
from voicebot.authoring.answers.keyed import KeyedAnswer
from voicebot.authoring.answers.parts import Form
from voicebot.authoring.model import Prompt
from voicebot.authoring.model.words import written
from voicebot.authoring.understanding import MAX_FORM, Pattern, PatternError, Understanding, pattern_of


def _readable(form: str) -> str:
    try:
        pattern_of(form)
    except PatternError as error:
        raise ValueError(str(error)) from error
    return form


class PatternAnswer(KeyedAnswer):
    """Letters and digits of a form: `{form: "[A-Z]{2}-[0-9]{4}", example: AB-1234}`. They are spelled, or keyed in
    where the form has digits only (`*` clears, `#` ends). The signs of the form need not be said.

    A form is written with characters, sets (`[A-Z0-9]`, `\\d`), groups (`(AB|CD)`), and how often (`?`, `*`, `+`,
    `{3}`, `{2,4}`)."""

    HEADING = "`pattern`"
    EXAMPLES = (
        ('pattern: {form: "[A-Z]{2}-[0-9]{4}", example: AB-1234}', "B as in boy, K, twelve thirty four", "BK-1234"),
    )
    EXPECTED = "numbers"
    REPLACED = Replaced.BY_VALUE_ALONE

    shape: Annotated[str, BeforeValidator(written), AfterValidator(_readable)] = Field(
        alias="form", description="The form of the whole answer.", min_length=1, max_length=MAX_FORM
    )
    example: Annotated[str, BeforeValidator(written)] = Field(
        description="An answer of this form. `voicebot check` tries it.", min_length=1, max_length=MAX_FORM
    )
    rest: Prompt | None = Field(None, description="Asks for the rest when only part was said.")

    @model_validator(mode="after")
    def _shown(self) -> PatternAnswer:
        if self.pattern.matched(self.example) is None:
            raise ValueError(f"an example of its form: {self.example!r} is not")
        return self

    @property
    def pattern(self) -> Pattern:
        return pattern_of(self.shape)

    def value(self, text: str, understanding: Understanding, today: date) -> str | None:
        return understanding.of_form(text, self.pattern)

    def read_words(self, text: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        found = self.value(text, understanding, today)
        if found is not None:
            slot["said"] = ""
            return Answered(found)
        said = slot.get("said", "") + understanding.characters(text, digits_only=self.pattern.digits_only)
        slot["said"] = ""
        found = self.pattern.matched(said)
        if found is not None:
            return Answered(found)
        if not said or not self.pattern.begins(said):
            return None
        slot["said"] = said
        return More(self.rest)

    def form(self, slot: Slot) -> Form:
        least, most = self.pattern.lengths(slot.get("keys") or slot.get("said", ""))
        return Form(least, most, letters=not self.pattern.digits_only)

    def read_key(self, key: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        so_far = slot.get("keys", "") or slot.get("said", "")
        slot["said"] = ""
        if key == "#":
            slot["keys"] = ""
            return self.keys_ended(so_far, understanding, today)
        slot["keys"] = "" if key == "*" else so_far + key
        if key == "*":
            return More()
        if not self.pattern.begins(slot["keys"]):
            slot["keys"] = ""
            return None
        found = self.pattern.matched(slot["keys"])
        if found is None or self.pattern.goes_on(slot["keys"]):
            return More()
        slot["keys"] = ""
        return Answered(found)

    def keys_ended(self, pressed: str, understanding: Understanding, today: date) -> Reading:
        found = self.pattern.matched(pressed) if pressed else None
        return Answered(found) if found is not None else None
