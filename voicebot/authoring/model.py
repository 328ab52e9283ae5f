"""The words of a dialog file, each with what it means: the reference pages and the JSON Schema are made from this.

A dialog file is a list of steps that run one after the other. Each step has an ``id`` and exactly one of the words in
:data:`STEP_KINDS`, which says what the step does. Nothing here knows how a step is run (that is the compiler's part) or
whether a file makes sense as a whole (the loader's).
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema, model_validator

from voicebot.authoring.document import WrittenFloat, WrittenInt

END = "end"
"""The target that ends the dialog (and, in the main dialog, the call)."""
FAIL = "fail"
"""The target that gives the dialog up: the calling dialog goes on at its `on_fail`."""
MAX_TEXT = 4000
MAX_S = 3600.0
NAMES_GIVEN = ("caller", "callee", "now", "today", "error", "secrets", "locale")
"""Names that expressions know without anybody having set them."""
WORDS_TAKEN = (*NAMES_GIVEN, "true", "false", "none", "and", "or", "not", "in", "if", "else")
"""Names that no variable can have."""

_ID = r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"
_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"
_SECONDS = re.compile(r"(?P<number>[0-9]{1,7}(?:\.[0-9]{1,3})?) ?(?P<unit>ms|s|sec|seconds?|m|min|minutes?)\Z")


def _written(value: Any) -> Any:
    """A text may look like a number (a telephone number, a key): it is taken as it was written."""
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


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> Any:
    """Numbers as Python's own; a mapping in braces where a text in quotes was meant is left for the loader to tell."""
    if isinstance(value, WrittenInt):
        return int(value)
    if isinstance(value, WrittenFloat):
        return float(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


Text = Annotated[str, BeforeValidator(_written), Field(min_length=1, max_length=MAX_TEXT)]
"""A text; ``{...}`` in it is replaced by a value (see the chapter on values)."""
Id = Annotated[str, BeforeValidator(_written), Field(pattern=_ID)]
Name = Annotated[str, Field(pattern=_NAME)]
Target = Annotated[str, BeforeValidator(_written), Field(min_length=1, max_length=64)]
"""The id of a step in the same file, ``end``, or ``fail``."""
Expression = Annotated[str, BeforeValidator(lambda value: str(value).lower() if isinstance(value, bool) else
                                            _written(value)), Field(min_length=1, max_length=500)]  # fmt: skip
Seconds = Annotated[
    float, BeforeValidator(_seconds), WithJsonSchema({"type": ["string", "number"], "examples": ["3s", "500ms", "2m"]})
]
Key = Annotated[str, BeforeValidator(_written), Field(pattern=r"^[0-9*#A-D]$")]
Value = Annotated[Any, BeforeValidator(_plain)]
"""A text (with ``{...}``: an expression's value), a number, true, false, or a list or mapping of these."""
Phrases = Annotated[list[Text], BeforeValidator(_listed), Field(max_length=500)]
BargeIn = Literal[True, False, "speech", "keys"]


class Part(BaseModel):
    """Something with words of its own; a word that is not listed is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Prompt(Part):
    """What callers hear. Mostly just a text; written out it can say how the text sounds."""

    SHORT: ClassVar[str] = "text"

    text: Text = Field(description="The words. {name} says a value, {name|digits} says it in a certain way.")
    ssml: Text | None = Field(
        None, description="SSML to be spoken instead of the text (the text is still what a chat shows)."
    )
    audio: Text | None = Field(
        None,
        description="Address (https) of an audio file that is played instead; the text is spoken when it cannot be.",
        pattern=r"^https?://\S+$",
    )
    voice: Text | None = Field(None, description="Name of the voice for this prompt alone.")
    barge_in: BargeIn | None = Field(
        None, description="Whether callers may talk over it: true, false, or only by `speech` or only by `keys`."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return value if isinstance(value, dict | Prompt) else {"text": value}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


Prompts = Annotated[list[Prompt], BeforeValidator(_listed), Field(max_length=10)]
"""One prompt, or several: the first is used at the first failed try, the next at the next, the last from then on."""


class Option(Part):
    """One of the things that a caller can choose. Mostly just the words that mean it."""

    say: Phrases = Field(
        default_factory=list, description="Words or phrases that mean this option; without them, its name."
    )
    key: Key | None = Field(None, description="The key on the keypad that means this option.")
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


class Digits(Part):
    """A row of digits, spoken (at once or in parts) or keyed in. `*` clears what was keyed in so far."""

    length: int | None = Field(None, ge=1, le=64, description="How many digits there are, if that is known.")
    min: int = Field(1, ge=1, le=64, description="The fewest digits, when there is no fixed length.")
    max: int = Field(32, ge=1, le=64, description="The most digits, when there is no fixed length.")
    end_key: Key = Field("#", description="The key that ends the input early.")
    pause: Seconds = Field(3.0, description="So long after the last key the input has ended (for no fixed length).")
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
    yes_key: Key = Field("1", description="The key that means yes.")
    no_key: Key = Field("2", description="The key that means no.")

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


class Wait(Part):
    """Said while something takes its time."""

    say: Prompt = Field(description="What is said.")
    after: Seconds = Field(0.0, description="Only when it takes longer than this.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return value if isinstance(value, dict | Wait) else {"say": value}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


class AnyStep(Part):
    """What every step has."""

    WORD: ClassVar[str] = ""

    id: Id = Field(description="The step's name, by which others go to it.")
    note: str | None = Field(None, description="For whoever reads the file; callers never hear it.")
    next: Target | None = Field(
        None, description="The id of the step that follows, or `end`. Without it, the step below follows."
    )


class Say(AnyStep):
    """Says something and goes on."""

    WORD = "say"

    say: Prompt = Field(description="What is said.")
    barge_in: BargeIn | None = Field(None, description="Whether callers may talk over it (true).")


class Ask(AnyStep):
    """Asks a question and waits for the answer."""

    WORD = "ask"
    KINDS: ClassVar[tuple[str, ...]] = (
        "choice", "digits", "yesno", "text", "number", "date", "money", "spelled", "name",
    )  # fmt: skip

    ask: Prompt = Field(description="The question.")

    choice: dict[Id, Option] | None = Field(
        None,
        description="The answer is one of these options; one with nothing behind it is that of `options`. May stand "
        "beside another kind: what means none of the options is then taken for that.",
    )
    digits: Digits | None = Field(None, description="The answer is a row of digits, such as an account number.")
    yesno: YesNo | None = Field(None, description="The answer is yes or no; saved as true or false.")
    text: FreeText | None = Field(None, description="The answer is whatever is said.")
    number: Number | None = Field(None, description="The answer is a number.")
    date: DateWanted | None = Field(None, description="The answer is a day.")
    money: Money | None = Field(None, description="The answer is an amount of money.")
    spelled: Spelled | None = Field(None, description="The answer is spelled, letter by letter.")
    name: PersonName | None = Field(None, description="The answer is a person's name.")

    save: Name | None = Field(None, description="The variable that keeps the answer.")
    confirm: Confirm | None = Field(None, description="Asks whether the answer was understood rightly.")
    retry: Prompts = Field(
        default_factory=list,
        description="What is said instead of the question when there was no answer, one text for each further try.",
    )
    no_input: Prompts = Field(default_factory=list, description="The same for silence alone.")
    no_match: Prompts = Field(default_factory=list, description="The same for what was not understood alone.")
    tries: int | None = Field(None, ge=1, le=10, description="How often callers may try before `on_fail` (3).")
    on_fail: Target | None = Field(None, description="Where it goes on when no try has worked.")
    help: Prompt | None = Field(None, description="Said when the caller asks for help; costs no try.")
    keys: dict[Key, Target] = Field(default_factory=dict, description="Keys that lead straight to a step.")
    barge_in: BargeIn | None = Field(None, description="Whether callers may talk over the question (true).")
    no_input_after: Seconds | None = Field(None, description="So long a silence is taken for no answer.")
    phrases: Phrases = Field(default_factory=list, description="Words that the recogniser should expect.")

    @property
    def kind(self) -> str:
        """The kind of answer: the one beside `choice` when there are two."""
        present = [kind for kind in self.KINDS if getattr(self, kind) is not None]
        return present[-1] if present else ""


class Set(AnyStep):
    """Keeps values in variables."""

    WORD = "set"

    set: dict[Name, Value] = Field(
        description='Variables and their values: `attempts: "{attempts + 1}"`, `city: Bonn`, `paid: true`.',
        min_length=1,
    )


class If(AnyStep):
    """Goes one way or another."""

    WORD = "if"

    condition: Expression = Field(alias="if", description="The condition, such as `bill.amount > 0 and not bill.paid`.")
    then: Target | None = Field(None, description="Where it goes on when it holds; without it, the step below.")
    otherwise: Target | None = Field(
        None, alias="else", description="Where it goes on when it does not hold; without it, the step below."
    )


class Goto(AnyStep):
    """Goes to another step."""

    WORD = "goto"

    goto: Target = Field(description="The id of the step that follows, or `end`.")


class Call(AnyStep):
    """Runs another dialog, or something written in Python, and goes on when that has ended."""

    WORD = "call"

    call: Text = Field(
        description="Another dialog file (`billing`, `shop/order`), or `module.name` of a Python file in the folder: "
        "an async function or a Bot Framework dialog."
    )
    inputs: dict[Name, Value] = Field(default_factory=dict, alias="with", description="Its inputs and their values.")
    save: Name | dict[Name, Name] | None = Field(
        None,
        description="The variable that keeps what comes back; or `mine: theirs` for several outputs of a dialog.",
    )
    wait: Wait | None = Field(None, description="Said meanwhile (Python functions only).")
    timeout: Seconds = Field(5.0, description="How long a Python function may take.")
    on_error: Target | None = Field(None, description="Where it goes on when a Python function failed; see {error}.")
    on_fail: Target | None = Field(None, description="Where it goes on when a question in it was never answered.")


class Request(Part):
    """What is asked of a web service."""

    METHODS: ClassVar[tuple[str, ...]] = ("get", "post", "put", "patch", "delete")

    get: Text | None = Field(None, description="The address to get.")
    post: Text | None = Field(None, description="The address to post to.")
    put: Text | None = Field(None, description="The address to put to.")
    patch: Text | None = Field(None, description="The address to patch.")
    delete: Text | None = Field(None, description="The address to delete.")
    headers: dict[str, Text] = Field(default_factory=dict, description="Headers; `{secrets.NAME}` is a secret.")
    query: dict[str, Value] = Field(default_factory=dict, description="Parameters behind the address.")
    body: Value = Field(None, alias="json", description="What is sent, as JSON.")
    timeout: Seconds = Field(5.0, description="How long one attempt may take.")
    retries: int = Field(
        1, ge=0, le=5, description="How often it is tried again (get, put and delete only: those may safely be)."
    )
    wait: Wait | None = Field(None, description="Said meanwhile.")

    @property
    def method(self) -> str:
        return next((method for method in self.METHODS if getattr(self, method) is not None), "get")

    @property
    def url(self) -> str:
        return str(getattr(self, self.method) or "")

    @model_validator(mode="after")
    def _one_method(self) -> Request:
        if sum(getattr(self, method) is not None for method in self.METHODS) != 1:
            raise ValueError("exactly one of get, post, put, patch, delete, with the address")
        return self


class Http(AnyStep):
    """Asks a web service. What it answers (JSON) can be saved."""

    WORD = "http"

    http: Request = Field(description="The request.")
    save: Name | None = Field(None, description="The variable that keeps the answer.")
    on_error: Target | None = Field(
        None, description="Where it goes on when there was no good answer; {error.status} and {error.message} say why."
    )


class TransferTo(Part):
    """Where a call is transferred to."""

    to: Text = Field(description="A telephone number or a SIP address.")
    announce: Prompt | None = Field(None, description="Said before; callers cannot talk over it.")
    context: dict[str, Value] = Field(
        default_factory=dict, description="What the other side should know; sent with the transfer."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return value if isinstance(value, dict | TransferTo) else {"to": value}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


class Transfer(AnyStep):
    """Transfers the call. When it works, the dialog is over; when not, it goes on at `on_fail`."""

    WORD = "transfer"

    transfer: TransferTo = Field(description="Where to.")
    on_fail: Target | None = Field(
        None, description="Where it goes on when nobody answers there; without it, the step below."
    )


class HangUp(AnyStep):
    """Ends the call."""

    WORD = "hangup"

    hangup: Literal[True] | Prompt = Field(description="What is said before; `true` for nothing.")


class Hours(AnyStep):
    """Goes one way in the opening hours and another outside of them."""

    WORD = "hours"

    hours: Name = Field(description="The name of a schedule under `schedules` of the main file.")
    open: Target | None = Field(None, description="Where it goes on when it is open; without it, the step below.")
    closed: Target | None = Field(None, description="Where it goes on when it is closed; without it, the step below.")


STEP_KINDS: dict[str, type[AnyStep]] = {
    kind.WORD: kind for kind in (Say, Ask, Set, If, Goto, Call, Http, Transfer, HangUp, Hours)
}
"""The words of which a step has exactly one."""


def step_word(step: Any) -> str | None:
    """The word that says what ``step`` (a mapping or a model) does; None unless there is exactly one."""
    if isinstance(step, AnyStep):
        return step.WORD
    if not isinstance(step, dict):
        return None
    words = [word for word in STEP_KINDS if word in step]
    return words[0] if len(words) == 1 else None


Step = Annotated[
    Annotated[Say, Tag("say")]
    | Annotated[Ask, Tag("ask")]
    | Annotated[Set, Tag("set")]
    | Annotated[If, Tag("if")]
    | Annotated[Goto, Tag("goto")]
    | Annotated[Call, Tag("call")]
    | Annotated[Http, Tag("http")]
    | Annotated[Transfer, Tag("transfer")]
    | Annotated[HangUp, Tag("hangup")]
    | Annotated[Hours, Tag("hours")],
    Discriminator(step_word),
]


class Schedule(Part):
    """Opening hours: `mon-fri: 08:00-18:00`, `sat: [09:00-13:00, 14:00-16:00]`, `sun: closed`."""

    zone: str = Field(description="The time zone, such as `Europe/Berlin`.", min_length=1, max_length=64)
    week: dict[str, Annotated[list[Text], BeforeValidator(_listed)]] = Field(
        description="Days (mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri) and their hours.",
        min_length=1,
    )
    holidays: Annotated[list[Text], Field(max_length=400)] = Field(
        default_factory=list, description="Days that are closed: `2026-12-24`, or every year: `12-25`."
    )
    special: dict[str, Annotated[list[Text], BeforeValidator(_listed)]] = Field(
        default_factory=dict, description="Days with other hours: `2026-12-31: 08:00-12:00`."
    )


class Global(Part):
    """Something that callers can say or press at any time."""

    say: Phrases = Field(default_factory=list, description="Further words for it; the usual ones are known.")
    key: Key | None = Field(None, description="A key for it (not while digits are being keyed in).")
    goto: Target | None = Field(None, description="The step of the main file where it goes on.")
    message: Prompt | None = Field(None, description="Said first.")


class Globals(Part):
    """What callers can say or press at any time. `repeat`, `slower` and `help` work without being mentioned."""

    agent: Global | None = Field(None, description='"Agent", "operator": needs `goto`.')
    start_over: Global | None = Field(None, description='"Start over", "main menu": needs `goto`.')
    repeat: Global | None = Field(None, description='"Repeat", "pardon?": says the question again; key *.')
    slower: Global | None = Field(None, description='"Slower": says it again, slowly, and goes on so.')
    help: Global | None = Field(None, description='"Help": says the question\'s `help`.')


class Defaults(Part):
    """What holds for every question that does not say otherwise."""

    tries: int | None = Field(None, ge=1, le=10, description="How often callers may try (3).")
    retry: Prompts = Field(default_factory=list, description="Said before the question is asked again.")
    no_input: Prompts = Field(default_factory=list, description="The same for silence alone.")
    no_match: Prompts = Field(default_factory=list, description="The same for what was not understood alone.")
    on_fail: Target | None = Field(None, description="Where it goes on when no try has worked.")
    help: Prompt | None = Field(None, description="Said when the caller asks for help.")
    barge_in: BargeIn | None = Field(None, description="Whether callers may talk over questions (true).")
    no_input_after: Seconds | None = Field(None, description="So long a silence is taken for no answer.")


class DialogFile(Part):
    """A dialog file."""

    MAIN_ONLY: ClassVar[tuple[str, ...]] = ("locale", "constants", "schedules", "globals")

    title: str | None = Field(None, description="What the dialog is for.")
    locale: str = Field(
        "en-US", pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$", description="The language of the texts here (main file only)."
    )
    voice: Text | None = Field(None, description="The voice of all its prompts; without it, that of the settings.")
    inputs: list[Name] = Field(default_factory=list, description="Variables that the calling dialog gives.")
    outputs: list[Name] = Field(default_factory=list, description="Variables that go back to the calling dialog.")
    constants: dict[Name, Value] = Field(
        default_factory=dict, description="Values with a name, known in every file (main file only)."
    )
    schedules: dict[Name, Schedule] = Field(default_factory=dict, description="Opening hours (main file only).")
    globals: Globals = Field(default_factory=Globals, description="What can be said at any time (main file only).")
    options: dict[Id, Option] = Field(
        default_factory=dict, description="Options that several questions of this file have: `choice: {billing: }`."
    )
    defaults: Defaults = Field(default_factory=Defaults, description="What holds for every question of this file.")
    steps: list[Step] = Field(description="The steps, in the order in which they run.", min_length=1, max_length=2000)


TRANSLATABLE = ("say", "ask", "choice", "digits", "confirm", "retry", "no_input", "no_match", "help", "phrases", "call",
                "http", "transfer", "hangup")  # fmt: skip
"""The words of a step that a translation (``main.de.yaml``) may repeat."""
