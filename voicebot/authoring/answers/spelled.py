"""``spelled``: letters and digits, one by one."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from voicebot.authoring.answers.answer import AnswerKind
from voicebot.authoring.understanding import Understanding


class SpelledAnswer(AnswerKind):
    """Letters and digits one by one: "A as in Anna", "bravo", "double u"."""

    HEADING = "`spelled`"

    min: int = Field(1, ge=1, le=64, description="The fewest characters.")
    max: int = Field(32, ge=1, le=64, description="The most characters.")

    def value(self, text: str, understanding: Understanding, today: date) -> str | None:
        letters = understanding.spelled(text)
        return letters if self.min <= len(letters) <= self.max else None
