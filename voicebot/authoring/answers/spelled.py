"""``spelled``: letters and digits, one by one."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from voicebot.authoring.answers.answer import AnswerKind
from voicebot.authoring.understanding import Understanding


class SpelledAnswer(AnswerKind):
    """Letters and digits one by one: "A as in Anna", "bravo", "double u". What cannot be read is asked for again."""

    HEADING = "`spelled`"
    EXAMPLES = (
        ("spelled: {min: 2}", "Hb 72 K.", "HB72K"),
        ("spelled: true", "C A B, no, not B, D", "CAD"),
    )

    min: int = Field(1, ge=1, le=64, description="The fewest characters.")
    max: int = Field(32, ge=1, le=64, description="The most characters.")

    def value(self, text: str, understanding: Understanding, today: date) -> str | None:
        letters = understanding.spelled(text)
        return letters if self.min <= len(letters) <= self.max else None

    def mended(self, text: str, value: Any, understanding: Understanding) -> str | None:
        letters = understanding.respelled(text, value)
        return letters if letters is not None and self.min <= len(letters) <= self.max else None
