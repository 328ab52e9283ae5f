"""The steps: each has an ``id`` and exactly one of the words in :data:`STEP_KINDS`, which says what it does."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from voicebot.authoring.model.answers import (
    Confirm,
    DateWanted,
    Digits,
    FreeText,
    Languages,
    Money,
    Number,
    Option,
    PersonName,
    Spelled,
    YesNo,
)
from voicebot.authoring.model.people import Dial, Queue, Transfer
from voicebot.authoring.model.prompts import Prompt, Prompts, Wait
from voicebot.authoring.model.request import ServiceRequest
from voicebot.authoring.model.words import (
    AnyStep,
    BargeIn,
    Duration,
    Expression,
    GapText,
    Id,
    KeypadKey,
    LocaleName,
    Name,
    Part,
    PhraseList,
    PlainText,
    Target,
    Value,
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
        "choice", "languages", "digits", "yesno", "text", "number", "date", "money", "spelled", "name",
    )  # fmt: skip

    ask: Prompt = Field(description="The question.")

    choice: dict[Id, Option] | None = Field(
        None,
        description="The answer is one of these options; one with nothing behind it is that of `options`. May stand "
        "beside another kind: what means none of the options is then taken for that.",
    )
    languages: Languages | None = Field(
        None,
        description='The answer is the language in which the call goes on: `{en-US: {key: "1"}, de-DE: {key: "2"}}`. '
        "Without words of its own, a language is called by its name.",
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
    keys: dict[KeypadKey, Target] = Field(default_factory=dict, description="Keys that lead straight to a step.")
    barge_in: BargeIn | None = Field(None, description="Whether callers may talk over the question (true).")
    no_input_after: Duration | None = Field(None, description="So long a silence is taken for no answer.")
    phrases: PhraseList = Field(default_factory=list, description="Words that the recogniser should expect.")
    sensitive: bool = Field(
        False,
        description="Whether the answer is for nobody's ears (a card number, a PIN): the recording is paused until it "
        "is given, and the call's record and log keep neither words nor keys.",
    )

    @property
    def kind(self) -> str:
        """The kind of answer: the one beside `choice` when there are two."""
        present = [kind for kind in self.KINDS if getattr(self, kind) is not None]
        return present[-1] if present else ""

    @property
    def options(self) -> dict[str, Option]:
        """Those of ``choice`` or ``languages``."""
        return self.choice or self.languages or {}

    @property
    def chooses(self) -> bool:
        """Whether the answer is one of the options, and nothing else."""
        return self.kind in ("choice", "languages")


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

    call: PlainText = Field(
        description="Another dialog file (`billing`, `shop/order`), or `module.name` of a Python file in the folder: "
        "an async function or a Bot Framework dialog."
    )
    inputs: dict[Name, Value] = Field(default_factory=dict, alias="with", description="Its inputs and their values.")
    save: Name | dict[Name, Name] | None = Field(
        None,
        description="The variable that keeps what comes back; or `mine: theirs` for several outputs of a dialog.",
    )
    wait: Wait | None = Field(None, description="Said meanwhile (Python functions only).")
    timeout: Duration = Field(5.0, description="How long a Python function may take.")
    on_error: Target | None = Field(None, description="Where it goes on when a Python function failed; see {error}.")
    on_fail: Target | None = Field(None, description="Where it goes on when a question in it was never answered.")


class Http(AnyStep):
    """Asks a web service. What it answers (JSON) can be saved."""

    WORD = "http"

    http: ServiceRequest = Field(description="The request.")
    save: Name | None = Field(None, description="The variable that keeps the answer.")
    on_error: Target | None = Field(
        None, description="Where it goes on when there was no good answer; {error.status} and {error.message} say why."
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


class LanguageTo(Part):
    """The language in which the call goes on, when its dialogs are written in it."""

    by_caller: dict[PlainText, LocaleName] = Field(
        default_factory=dict,
        description='By how the caller\'s number begins: `{"+49": de-DE, "+33": fr-FR}`. The longest beginning counts.',
    )
    to: GapText | None = Field(
        None, description="Otherwise this one: `de-DE`, or a value such as `{customer.language}`."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return value if isinstance(value, dict | LanguageTo) else {"to": value}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


class Language(AnyStep):
    """Goes on in another language: words, voice and recognition. To ask callers for it, see `languages` of `ask`."""

    WORD = "language"

    language: LanguageTo = Field(description="Which one; where none fits, the call goes on as it is.")


class Record(AnyStep):
    """Commands the recording of the call, where the service keeps recordings (setting `calls.recording`).

    While it is paused, the call's record and log keep no words and no keys either.
    """

    WORD = "record"

    record: Literal["start", "pause", "resume", "stop"] = Field(
        description="`pause` before what may not be kept and `resume` after it; `start` and `stop`."
    )


STEP_KINDS: dict[str, type[AnyStep]] = {
    kind.WORD: kind
    for kind in (Say, Ask, Set, If, Goto, Call, Http, Transfer, HangUp, Hours, Record, Queue, Dial, Language)
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
    | Annotated[Hours, Tag("hours")]
    | Annotated[Record, Tag("record")]
    | Annotated[Queue, Tag("queue")]
    | Annotated[Dial, Tag("dial")]
    | Annotated[Language, Tag("language")],
    Discriminator(step_word),
]
