"""The options of a question: of ``choice``, and the languages of ``languages``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from voicebot.authoring.languages import names
from voicebot.authoring.model.words import KeypadKey, LocaleName, Part, PhraseList, Target, Value


class Option(Part):
    """One of the things that a caller can choose. Usually written as just the words that mean it."""

    HEADING = "Options of `choice`"

    say: PhraseList = Field(
        default_factory=list, description="Words or phrases that mean this option. Default: its name."
    )
    key: KeypadKey | None = Field(None, description="The key on the keypad that means this option.")
    next: Target | None = Field(None, description="The step to go to. Default: the `next` of the question.")
    value: Value = Field(None, description="What `save` stores. Default: the option's name.")

    @model_validator(mode="before")
    @classmethod
    def _written_short(cls, value: Any) -> Any:
        if value is None:
            return {}
        return value if isinstance(value, dict | Option) else {"say": value}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        words = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]
        return {"anyOf": [*words, handler(schema)]}


def _called_by_name(value: Any) -> Any:
    """Languages that nothing else is said for are called by their names."""
    if not isinstance(value, dict):
        return value
    return {locale: {"say": names(locale)} if option is None
            else {"say": names(locale), **option} if isinstance(option, dict) else option
            for locale, option in value.items()}  # fmt: skip


LanguageOptions = Annotated[dict[LocaleName, Option], BeforeValidator(_called_by_name), Field(min_length=1)]
