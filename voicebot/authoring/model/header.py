"""What stands at the top of a dialog file, above its steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field

from voicebot.authoring.document import YamlPath
from voicebot.authoring.model.options import Option
from voicebot.authoring.model.prompts import Prompt, Prompts
from voicebot.authoring.model.words import (
    BargeIn,
    Duration,
    Id,
    KeypadKey,
    LocaleName,
    Name,
    Part,
    PhraseList,
    PlainText,
    Target,
    Value,
    listed,
)

AGENT = "agent"
LEAVING = (AGENT, "start_over")
"""The usual commands that leave the open question, whatever else was said."""


class Schedule(Part):
    """Opening hours: `mon-fri: 08:00-18:00`, `sat: [09:00-13:00, 14:00-16:00]`, `sun: closed`."""

    HEADING = "`schedules`: opening hours"

    zone: str = Field(description="The time zone, such as `Europe/Berlin`.", min_length=1, max_length=64)
    week: dict[str, Annotated[list[PlainText], BeforeValidator(listed)]] = Field(
        description="Days (mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri) and their hours.",
        min_length=1,
    )
    holidays: Annotated[list[PlainText], BeforeValidator(listed), Field(max_length=400)] = Field(
        default_factory=list, description="Days on which it is closed: `2026-12-24`, or `12-25` for every year."
    )
    special: dict[str, Annotated[list[PlainText], BeforeValidator(listed)]] = Field(
        default_factory=dict, description="Days with other hours: `2026-12-31: 08:00-12:00`."
    )


class GlobalCommand(Part, title="Global"):
    """Something that callers can say or press at any time."""

    HEADING = "One of the `globals`"

    say: PhraseList = Field(
        default_factory=list,
        description="Words that mean it, beside the usual ones. Default for one of your own: its name.",
    )
    key: KeypadKey | None = Field(None, description="A key for it. It does not work while digits are being keyed in.")
    goto: Target | None = Field(None, description="The step of the main file to go to.")
    message: Prompt | None = Field(
        None, description="Said first. Without `goto`, the open question is asked again after it."
    )


class GlobalCommands(Part, title="Globals"):
    """What callers can say or press at any time. `repeat`, `slower` and `help` work even if not listed.

    Add others under names of your own: `address: {say: [address, where are you], message: We are in Lake Street.}`.
    They need a `message`, after which the open question is asked again, or `goto`, or both. An answer to the open
    question comes first.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, GlobalCommand] = Field(init=False)

    HEADING = "`globals`"

    agent: GlobalCommand | None = Field(
        None,
        description='"Agent", "operator": needs `goto`. If it is not listed, callers are told that there is nobody, or '
        "go where `calls.fallback_transfer` of the settings says.",
    )
    start_over: GlobalCommand | None = Field(None, description='"Start over", "main menu": needs `goto`.')
    repeat: GlobalCommand | None = Field(None, description='"Repeat", "pardon?": says the question again. Key: `*`.')
    slower: GlobalCommand | None = Field(None, description='"Slower": says it again, slowly, and stays slow.')
    help: GlobalCommand | None = Field(None, description='"Help": says the question\'s `help`.')

    @property
    def own(self) -> dict[str, GlobalCommand]:
        """Those that the author has added, by name."""
        return self.__pydantic_extra__ or {}

    def leading(self) -> dict[str, GlobalCommand]:
        """Those that lead to a step or say something, by name: all but what every question answers itself."""
        usual = {"agent": self.agent, "start_over": self.start_over}
        led = {name: given for name, given in usual.items() if given is not None and given.goto is not None}
        return led | {name: given for name, given in self.own.items() if given.goto or given.message}

    def at_any_time(self) -> dict[str, GlobalCommand]:
        """:meth:`leading`, and those that every question answers itself, as far as the author has listed them."""
        usual = {"repeat": self.repeat, "slower": self.slower, "help": self.help}
        return self.leading() | {name: given for name, given in usual.items() if given is not None}

    def phrases(self) -> dict[str, list[str]]:
        """The words of the author's for each of :meth:`at_any_time`; one of the author's own without words is named by
        its name."""
        return {
            name: given.say or ([name.replace("_", " ").replace("-", " ")] if name in self.own else [])
            for name, given in self.at_any_time().items()
        }


class Defaults(Part):
    """What applies to every question that says nothing else."""

    HEADING = "`defaults`"

    tries: int | None = Field(None, ge=1, le=10, description="How many tries callers get. Default: `3`.")
    retry: Prompts = Field(default_factory=list, description="Said before the question is asked again.")
    no_input: Prompts = Field(default_factory=list, description="Like `retry`, for silence only.")
    no_match: Prompts = Field(default_factory=list, description="Like `retry`, for answers that were not understood.")
    on_fail: Target | None = Field(None, description="The step to go to when all tries have failed.")
    help: Prompt | None = Field(None, description="Said when the caller asks for help.")
    still_there: Prompt | None = Field(
        None,
        description="Said before a question is repeated to callers whose words may be lost, because another process "
        "had to go on with their call. Default: `Are you still there? I could not hear you for a moment.`, in their "
        "language.",
    )
    barge_in: BargeIn | None = Field(None, description="Whether callers may interrupt questions. Default: `true`.")
    no_input_after: Duration | None = Field(None, description="How long a silence counts as no answer.")


class DialogHeader(Part):
    """Everything in a dialog file but its steps."""

    MAIN_ONLY: ClassVar[tuple[str, ...]] = ("locale", "constants", "schedules", "globals")

    title: str | None = Field(None, description="What the dialog is for.")
    locale: LocaleName = Field("en-US", description="The language of the texts (main file only).")
    voice: PlainText | None = Field(
        None, description="The voice of all prompts in this file. Default: that of the settings."
    )
    inputs: list[Name] = Field(default_factory=list, description="Variables that the calling dialog passes in.")
    outputs: list[Name] = Field(
        default_factory=list, description="Variables that are passed back to the calling dialog."
    )
    constants: dict[Name, Value] = Field(
        default_factory=dict, description="Named values, known in every file (main file only)."
    )
    schedules: dict[Name, Schedule] = Field(default_factory=dict, description="Opening hours (main file only).")
    globals: GlobalCommands = Field(
        default_factory=GlobalCommands, description="What callers can say or press at any time (main file only)."
    )
    options: dict[Id, Option] = Field(
        default_factory=dict, description="Options that several questions of this file share: `choice: {billing: }`."
    )
    defaults: Defaults = Field(default_factory=Defaults, description="What applies to every question of this file.")

    def sets(self) -> Iterator[tuple[YamlPath, str]]:
        """Each variable or constant that it gives a value to, with the path of the name."""
        yield from ((("constants", name), name) for name in self.constants)
        yield from ((("inputs", index), name) for index, name in enumerate(self.inputs))
