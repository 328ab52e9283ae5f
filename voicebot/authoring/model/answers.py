"""The kinds of answers that a question can have, each with its limits; and how an answer is made sure of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from voicebot.authoring.languages import names
from voicebot.authoring.model.prompts import Prompt, Prompts
from voicebot.authoring.model.words import Duration, KeypadKey, LocaleName, Part, PhraseList, Target, Value


class Option(Part):
    """One of the things that a caller can choose. Mostly just the words that mean it."""

    say: PhraseList = Field(
        default_factory=list, description="Words or phrases that mean this option; without them, its name."
    )
    key: KeypadKey | None = Field(None, description="The key on the keypad that means this option.")
    next: Target | None = Field(None, description="Where it goes on; without it, at the step's own `next`.")
    value: Value = Field(None, description="What `save` keeps; without it, the option's name.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
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


Languages = Annotated[dict[LocaleName, Option], BeforeValidator(_called_by_name), Field(min_length=1)]


class Digits(Part):
    """A row of digits, spoken (at once or in parts) or keyed in. `*` clears what was keyed in so far."""

    length: int | None = Field(None, ge=1, le=64, description="How many digits there are, if that is known.")
    min: int = Field(1, ge=1, le=64, description="The fewest digits, when there is no fixed length.")
    max: int = Field(32, ge=1, le=64, description="The most digits, when there is no fixed length.")
    end_key: KeypadKey = Field("#", description="The key that ends the input early.")
    pause: Duration = Field(
        3.0, description="So long after a key the input has ended. (A fixed length waits as `no_input_after` says.)"
    )
    rest: Prompt | None = Field(None, description="Asks for the rest when only a part was said.")
    short: Prompt | None = Field(None, description="Said when the input was ended with too few digits.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if value is True:
            return {}
        return {"length": value} if isinstance(value, int) else value

    @model_validator(mode="after")
    def _ordered(self) -> Digits:
        if self.length is None and self.min > self.max:
            raise ValueError("min must not be larger than max")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "integer"}, {"const": True}, handler(schema)]}

    @property
    def shortest(self) -> int:
        return self.length or self.min

    @property
    def longest(self) -> int:
        return self.length or self.max


class YesNo(Part):
    """Yes or no, in any of their many forms; on the keypad 1 and 2."""

    yes: Target | None = Field(None, description="Where it goes on after yes.")
    no: Target | None = Field(None, description="Where it goes on after no.")
    yes_key: KeypadKey = Field("1", description="The key that means yes.")
    no_key: KeypadKey = Field("2", description="The key that means no.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {} if value is True else value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"const": True}, handler(schema)]}


class _Kind(Part):
    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {} if value is True else value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"const": True}, handler(schema)]}


class FreeText(_Kind):
    """Whatever the caller says, as it was heard."""


class Number(_Kind):
    """A number, spoken or keyed in (`#` ends, `*` is the decimal point)."""

    min: float | None = Field(None, description="The smallest number that is taken.")
    max: float | None = Field(None, description="The largest number that is taken.")
    whole: bool = Field(True, description="Whether only whole numbers are taken.")


class DateWanted(_Kind):
    """A day: "the third of May", "next Tuesday", "tomorrow"; on the keypad as eight digits (month, day, year)."""

    past: bool = Field(True, description="Whether days before today are taken.")
    future: bool = Field(True, description="Whether days after today are taken.")


class Money(_Kind):
    """An amount of money: "forty dollars and ten cents"; on the keypad with `*` as the decimal point."""

    currency: str = Field("USD", pattern=r"^[A-Z]{3}$", description="ISO code of the currency, when none is said.")
    min: float | None = Field(None, description="The smallest amount that is taken.")
    max: float | None = Field(None, description="The largest amount that is taken.")


class Spelled(_Kind):
    """Letters and digits one by one: "A as in Anna", "bravo", "double u"."""

    min: int = Field(1, ge=1, le=64, description="The fewest characters.")
    max: int = Field(32, ge=1, le=64, description="The most characters.")


class PersonName(_Kind):
    """A person's name, said or spelled."""


class Confirm(Part):
    """Asks whether the answer is right. Yes goes on; no asks the question again; another value is taken ("no, 42")."""

    ask: Prompt = Field(description="The question, with the answer in it: `I have {account|digits}. Is that right?`")
    retry: Prompts = Field(default_factory=list, description="Said when the answer to it was not understood.")
    help: Prompt | None = Field(None, description="Said when the caller asks for help here.")
    wrong: Prompt | None = Field(None, description="Said after no, before the question is asked again.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if isinstance(value, dict) and "ask" in value:
            return value
        return value if isinstance(value, Confirm) else {"ask": value}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(schema)]}
