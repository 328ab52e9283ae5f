"""The options of a question: of ``choice``, those made from data, and the languages of ``languages``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from voicebot.authoring.languages import names
from voicebot.authoring.model.words import (
    Expression,
    GapText,
    KeypadKey,
    LocaleName,
    Part,
    PhraseList,
    PlainText,
    Target,
    Value,
    listed,
)


class Option(Part):
    """One of the things that a caller can choose. Usually written as just the words that mean it."""

    HEADING = "Options of `choice`"

    say: PhraseList = Field(
        default_factory=list, description="Words or phrases that mean this option. Default: its name."
    )
    key: KeypadKey | None = Field(None, description="The key on the keypad that means this option.")
    next: Target | None = Field(None, description="The step to go to. Default: the `next` of the question.")
    value: Value = Field(None, description="What `save` stores. Default: the option's name.")
    label: PlainText | None = Field(
        None,
        description="What `{name}` says when the variable `name` stores this option, such as `an individual room`. A "
        "translation has its own. Default: the value.",
    )
    condition: Expression | None = Field(
        None, alias="if", description="The option is there only if this is true: `suites > 0`."
    )

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


class OptionsFrom(Part):
    """Options made from data: one for each thing of a list. The keys 1 to 9 mean the first nine, in their order.

    `{rooms|or:"a {type} room for {price|money}"}` says them. `choice` beside them has options that are always there.
    """

    HEADING = "`options` of `ask`"

    things: Expression = Field(alias="from", description="The list: `rooms`.")
    say: Annotated[list[GapText], BeforeValidator(listed), Field(max_length=20)] = Field(
        default_factory=list,
        description="Words or phrases that mean the thing: `{type}`. Default: the thing, or those of its parts that "
        "are texts.",
    )
    value: Value = Field(None, description="What `save` stores: `{id}`. Default: the thing, with all its parts.")
    keys: bool = Field(True, description="Whether they have keys.")
    next: Target | None = Field(None, description="The step to go to. Default: the `next` of the question.")
    empty: Target | None = Field(
        None, description="The step to go to if the list is empty. Default: the `on_fail` of the question."
    )


def _called_by_name(value: Any) -> Any:
    """Languages that nothing else is said for are called by their names."""
    if not isinstance(value, dict):
        return value
    return {locale: {"say": names(locale)} if option is None
            else {"say": names(locale), **option} if isinstance(option, dict) else option
            for locale, option in value.items()}  # fmt: skip


LanguageOptions = Annotated[dict[LocaleName, Option], BeforeValidator(_called_by_name), Field(min_length=1)]
