"""``confirm``: callers are asked whether their answer was understood rightly."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from voicebot.authoring.model import Prompt, Prompts, ShortPart


class Confirm(ShortPart):
    """Asks whether the answer is right. After no, the question is asked again. A new value is accepted ("no, 42")."""

    HEADING = "`confirm`"
    SHORT = "ask"

    ask: Prompt = Field(description="The question, with the answer in it: `I have {account|digits}. Is that right?`")
    retry: Prompts = Field(default_factory=list, description="Said when the reply was not understood.")
    help: Prompt | None = Field(None, description="Said when the caller asks for help at this point.")
    wrong: Prompt | None = Field(None, description="Said after no, before the question is asked again.")

    @model_validator(mode="before")
    @classmethod
    def _written_short(cls, value: Any) -> Any:
        if isinstance(value, Confirm) or (isinstance(value, dict) and "ask" in value):
            return value
        return {"ask": value}
