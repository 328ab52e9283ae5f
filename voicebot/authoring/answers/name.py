"""``name``: a person's name."""

from __future__ import annotations

from datetime import date
from typing import Any

from voicebot.authoring.answers.answer import DialogAnswer
from voicebot.authoring.understanding import Understanding


class NameAnswer(DialogAnswer, title="PersonName"):
    """A person's name, said or spelled."""

    TAKES_ANYTHING = True

    def value(self, text: str, understanding: Understanding, today: date) -> str | None:
        return understanding.name(text) or None

    def goes_on(self, before: Any, text: str, understanding: Understanding, today: date) -> str | None:
        more = understanding.name(text)
        return understanding.name(f"{before} {more}") if more and more != before else None
