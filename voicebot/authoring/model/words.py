"""The values in a dialog file: texts, names, times, keys; and what all its parts have in common.

The type of a field also tells what role a text in it has (:class:`TextRole`). A part that uses these types needs
nothing else for its gaps to be checked and filled, its conditions to be compiled and its targets to be looked up.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from voicebot.address import Address, AddressError
from voicebot.authoring.document import WrittenFloat, WrittenInt

END = "end"
"""The target that ends the dialog (and, in the main dialog, the call)."""
FAIL = "fail"
"""The target that gives the dialog up: the calling dialog goes on at its `on_fail`."""
MAX_TEXT = 4000
MAX_S = 3600.0
MAX_WHOLE = 10**15
"""The largest whole number that a value can be; a longer one is a text."""
NAMES_GIVEN = ("caller", "callee", "direction", "context", "now", "today", "error", "secrets", "locale")
"""Names that expressions always know."""
WORDS_TAKEN = (*NAMES_GIVEN, "true", "false", "none", "and", "or", "not", "in", "if", "else")
"""Names that no variable can have."""


class TextRole(Enum):
    """What a text is for; see :mod:`voicebot.authoring.walking`."""

    GAPS = "gaps"
    """``{...}`` in it is replaced by a value."""
    CONDITION = "condition"
    """It is an expression."""
    TARGET = "target"
    """It is the id of a step, ``end`` or ``fail``."""
    PHRASE = "phrase"
    """Callers say it."""


ID = r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"
NAME = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"
_SECONDS = re.compile(r"(?P<number>[0-9]{1,7}(?:\.[0-9]{1,3})?) ?(?P<unit>ms|s|sec|seconds?|m|min|minutes?)\Z")


def written(value: Any) -> Any:
    """A text that looks like a number (a telephone number, a key) is taken as it was written."""
    if isinstance(value, str) and not value.strip():
        return ""
    return value.written if isinstance(value, WrittenInt | WrittenFloat) else value


def _seconds(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a time such as 3s, 500ms or 2m")
    if isinstance(value, int | float):
        number = float(value)
    else:
        found = _SECONDS.match(value.strip()) if isinstance(value, str) else None
        if found is None:
            raise ValueError("a time such as 3s, 500ms or 2m")
        factor = 0.001 if found["unit"] == "ms" else 60.0 if found["unit"].startswith("m") else 1.0
        number = float(found["number"]) * factor
    if not 0 <= number <= MAX_S:
        raise ValueError(f"a time from 0 to {MAX_S:g} s")
    return number


def _reachable(text: str) -> str:
    """Checks an address without gaps; one with gaps is only known when it is called."""
    if "{" not in text:
        try:
            Address.parse(text)
        except AddressError as error:
            raise ValueError(f"a number or a SIP address: {error.mend}") from error
    return text


def _of_the_web(text: str) -> str:
    if not re.match(r"\{|https?://", text, re.IGNORECASE):
        raise ValueError("an address that begins with https://")
    return text


def listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> Any:
    """Numbers as Python's own."""
    if isinstance(value, WrittenInt):
        if abs(value) > MAX_WHOLE:
            raise ValueError("a whole number of at most 15 digits")
        return int(value)
    if isinstance(value, WrittenFloat):
        return float(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _condition(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else written(value)


PlainText = Annotated[str, BeforeValidator(written), Field(min_length=1, max_length=MAX_TEXT)]
"""A text without gaps."""
GapText = Annotated[PlainText, TextRole.GAPS]
"""A text; ``{...}`` in it is replaced by a value (see the chapter on values)."""
WebAddress = Annotated[GapText, AfterValidator(_of_the_web)]
"""An address of the web, or a text that begins with a gap."""
WhereTo = Annotated[GapText, AfterValidator(_reachable)]
"""Where somebody can be reached, or a text with gaps."""
Id = Annotated[str, BeforeValidator(written), Field(pattern=ID)]
Name = Annotated[str, Field(pattern=NAME)]
Target = Annotated[str, BeforeValidator(written), Field(min_length=1, max_length=64), TextRole.TARGET]
"""The id of a step in the same file, ``end``, or ``fail``."""
Expression = Annotated[str, BeforeValidator(_condition), Field(min_length=1, max_length=500), TextRole.CONDITION]
"""A condition, such as ``bill.amount > 0``."""
Duration = Annotated[
    float, BeforeValidator(_seconds), WithJsonSchema({"type": ["string", "number"], "examples": ["3s", "500ms", "2m"]})
]
KeypadKey = Annotated[str, BeforeValidator(written), Field(pattern=r"^[0-9*#A-D]$")]
LocaleName = Annotated[str, BeforeValidator(written), Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
HeaderName = Annotated[str, Field(pattern=r"^(?:[Uu]ser-[Tt]o-[Uu]ser|[Xx]-[A-Za-z0-9-]{1,60})$")]
Value = Annotated[Any, BeforeValidator(_plain), TextRole.GAPS]
"""A text (with ``{...}``: an expression's value), a number, true, false, or a list or mapping of these."""
PhraseList = Annotated[list[Annotated[PlainText, TextRole.PHRASE]], BeforeValidator(listed), Field(max_length=500)]
BargeIn = Literal[True, False, "speech", "keys"]


def _title(kind: type) -> str:
    """The name of a class in the JSON Schema, unless its definition gives a ``title``."""
    return kind.__name__.removesuffix("Step").removesuffix("Answer")


class Part(BaseModel):
    """Something with words of its own; a word that is not among its fields is a fault.

    A class with a ``HEADING`` has a section in the reference page: its docstring, and a table of its fields.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True, model_title_generator=_title
    )

    HEADING: ClassVar[str] = ""
    SHORT: ClassVar[str] = ""
    """The field that is meant when a single text or number stands for the part; ``""`` for none."""


class ShortPart(Part):
    """A part that can be written as a single text, which stands for its field :attr:`SHORT`."""

    @model_validator(mode="before")
    @classmethod
    def _written_short(cls, value: Any) -> Any:
        return value if isinstance(value, dict | cls) else {cls.SHORT: value}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(schema)]}
