"""``text``: whatever is said."""

from __future__ import annotations

from datetime import date
from typing import Any

from voicebot.authoring.answers.answer import DialogAnswer
from voicebot.authoring.understanding import Understanding


class TextAnswer(DialogAnswer, title="FreeText"):
    """Whatever the caller says, as it was heard."""

    TAKES_ANYTHING = True
    TAKES_COMMANDS = True

    def value(self, text: str, understanding: Understanding, today: date) -> str | None:
        return text.strip() or None

    def goes_on(self, before: Any, text: str, understanding: Understanding, today: date) -> str | None:
        return f"{before} {text.strip()}"
