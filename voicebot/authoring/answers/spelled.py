"""``spelled``: letters and digits, one by one."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from voicebot.authoring.answers.answer import DialogAnswer, More, Reading, Slot, answered
from voicebot.authoring.answers.parts import Form, joined
from voicebot.authoring.understanding import Understanding


class SpelledAnswer(DialogAnswer):
    """Letters and digits one by one: "A as in Anna", "bravo", "double u". What cannot be read is asked for again."""

    HEADING = "`spelled`"
    EXPECTED = "spelled"
    EXAMPLES = (
        ("spelled: {min: 2}", "Hb 72 K.", "HB72K"),
        ("spelled: true", "C A B, no, not B, D", "CAD"),
    )

    min: int = Field(1, ge=1, le=64, description="The fewest characters.")
    max: int = Field(32, ge=1, le=64, description="The most characters.")

    def value(self, text: str, understanding: Understanding, today: date) -> str | None:
        letters = understanding.spelled(text)
        return letters if self.min <= len(letters) <= self.max else None

    def form(self, slot: Slot) -> Form:
        before = len(slot.get("said", ""))
        return Form(max(0, self.min - before), max(0, self.max - before), letters=True)

    def read_words(self, text: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        before = slot.get("said", "")
        letters = understanding.spelled(text)
        if not letters:
            return None
        whole = understanding.spelled(f"{' '.join(before)}, {text}") if before else letters
        corrected = whole != before + letters  # "B A C", "no, not C, K"
        spelled = whole if corrected else joined(before, letters, self.min, self.max)
        slot["said"] = spelled if len(spelled) < self.min else ""
        return More() if slot["said"] else answered(spelled or None)

    def goes_on(self, before: Any, text: str, understanding: Understanding, today: date) -> str | None:
        letters = understanding.spelled(text)
        spelled = joined(before, letters, self.max + 1, self.max)
        return spelled if letters and len(spelled) > len(letters) else None

    def mended(self, text: str, value: Any, understanding: Understanding, today: date) -> str | None:
        letters = understanding.respelled(text, value) if isinstance(value, str) else None
        return letters if letters is not None and self.min <= len(letters) <= self.max else None
