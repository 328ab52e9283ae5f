"""``name``: a person's name."""

from __future__ import annotations

from datetime import date

from voicebot.authoring.answers.answer import AnswerKind
from voicebot.authoring.understanding import Understanding


class NameAnswer(AnswerKind, title="PersonName"):
    """A person's name, said or spelled."""

    TAKES_ANYTHING = True

    def value(self, text: str, understanding: Understanding, today: date) -> str | None:
        return understanding.name(text) or None
