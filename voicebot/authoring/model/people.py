"""The steps that bring other people in: ``transfer`` and ``queue`` hand the caller on, ``dial`` calls somebody else."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from voicebot.authoring.model.prompts import Prompt, Prompts
from voicebot.authoring.model.request import ServiceRequest
from voicebot.authoring.model.words import (
    AnyStep,
    Duration,
    Expression,
    GapText,
    HeaderName,
    KeypadKey,
    Name,
    Part,
    Target,
    Value,
    WhereTo,
)


class TransferTo(Part):
    """Where a call is transferred to."""

    to: WhereTo = Field(description="A telephone number or a SIP address.")
    announce: Prompt | None = Field(None, description="Said before; callers cannot talk over it.")
    headers: dict[HeaderName, GapText] = Field(
        default_factory=dict,
        description="SIP headers that go with the call: `User-to-User`, and those that begin with `X-`.",
    )
    context: dict[Name, Value] = Field(
        default_factory=dict,
        description='What the other side should know: `account: "{account}"` goes with the call as the header '
        "`X-Context-account`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return value if isinstance(value, dict | cls) else {"to": value}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


class Transfer(AnyStep):
    """Transfers the call. When it works, the dialog is over; when not, it goes on at `on_fail`."""

    WORD = "transfer"

    transfer: TransferTo = Field(description="Where to.")
    on_fail: Target | None = Field(
        None,
        description="Where it goes on when nobody answers there; without it, the step below. {error.status} is 486 "
        "when it is busy, 480 or 408 when nobody answers, 403 when the settings forbid the number.",
    )


class QueueFor(TransferTo):
    """People whom callers wait for, until one of them answers."""

    hours: Name | None = Field(None, description="The schedule of their opening hours; outside of them, see `closed`.")
    status: ServiceRequest | None = Field(
        None, description="A web service that knows the line; what it answers is {queue} in this step."
    )
    full_when: Expression | None = Field(
        None, description="When nobody more is let into the line (see `full`): `queue.waiting > 20`."
    )
    free_when: Expression | None = Field(
        None, description="When somebody can be reached: `queue.free > 0`. Without it, each round tries."
    )
    position: Prompt | None = Field(
        None, description="Said in each round when `status` has answered: `You are number {queue.position}.`"
    )
    hold: Prompts = Field(default_factory=list, description="Said while callers wait, one for each further round.")
    every: Duration = Field(20.0, description="So long a round takes.", ge=1)
    longest: Duration = Field(300.0, description="So long callers wait before `on_fail`; 0 for a single try.")


class Queue(AnyStep):
    """Waits with the caller until somebody answers. When somebody does, the dialog is over."""

    WORD = "queue"

    queue: QueueFor = Field(description="Whom callers wait for.")
    closed: Target | None = Field(None, description="Where it goes on outside of the opening `hours`.")
    full: Target | None = Field(None, description="Where it goes on when `full_when` holds; without it, at `on_fail`.")
    keys: dict[KeypadKey, Target] = Field(
        default_factory=dict, description="Keys that lead out of the line: `{1: call-back}`."
    )
    on_fail: Target | None = Field(
        None, description="Where it goes on when they have waited for `longest`; without it, the step below."
    )


class DialTo(Part):
    """Somebody who is called, in a call of its own. The caller stays on the line, and does not hear that call."""

    to: WhereTo = Field(description="A telephone number or a SIP address.")
    trunk: GapText | None = Field(None, description="The trunk or account that it goes by; without it, the usual one.")
    bot: GapText | None = Field(
        None, description="The bot of the settings that talks there; without it, the one that takes calls as well."
    )
    context: dict[Name, Value] = Field(
        default_factory=dict,
        description='What the dialog there should know: `order: "{order}"` is {context.order} in it.',
    )
    wait_for: Literal["answered", "ended", "nothing"] = Field(
        "answered",
        description="How long the caller waits: until somebody has `answered`, or that call has `ended` as well; with "
        "`nothing` the dialog goes on at once, and never hears what became of it.",
    )
    announce: Prompt | None = Field(
        None, description="Said before; callers cannot talk over it. Without it, callers who wait are asked to."
    )
    hold: Prompts = Field(
        default_factory=list, description="Said while callers wait, one for each further time `every` has passed."
    )
    every: Duration = Field(15.0, description="So long callers who wait hear nothing.", ge=1)
    longest: Duration = Field(
        90.0, ge=1, description="So long callers wait at most, see `too_long`. The other call is not ended by that."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return value if isinstance(value, dict | cls) else {"to": value}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


class Dial(AnyStep):
    """Calls somebody, in a call of its own with a dialog of its own.

    That call begins at the first step of `main.yaml` (or is another bot's), with {direction} `outbound` and what
    `context` gives. It is no bridge: the two never hear each other, nothing comes back from there but how it went, and
    it goes on when this call ends. To connect the caller with somebody, see `transfer`. Who may be called is in the
    settings (`calls.outbound_allow`, empty at first); one call may place ten.
    """

    WORD = "dial"
    OUTCOMES: ClassVar[tuple[str, ...]] = ("busy", "no_answer", "declined", "unreachable", "refused", "too_long")
    """Those that have a way of their own."""

    dial: DialTo = Field(description="Whom.")
    save: Name | None = Field(
        None,
        description="The variable that keeps how it went: `answered`, `ended`, `busy`, `no_answer`, `declined`, "
        "`unreachable`, `refused`, `too_long`, `cancelled` (the service gave up) or `error`.",
    )
    busy: Target | None = Field(None, description="Where it goes on when it is busy there; without it, at `on_fail`.")
    no_answer: Target | None = Field(None, description="The same when nobody answers.")
    declined: Target | None = Field(None, description="The same when the call is not taken there.")
    unreachable: Target | None = Field(None, description="The same when there is no such number, or no way to it.")
    refused: Target | None = Field(
        None, description="The same when it may not be called: by the settings, or by the network."
    )
    too_long: Target | None = Field(
        None, description="The same when `longest` has passed. The other call goes on: somebody may still answer it."
    )
    keys: dict[KeypadKey, Target] = Field(
        default_factory=dict, description="Keys that lead on without waiting any longer: `{1: menu}`."
    )
    on_fail: Target | None = Field(
        None,
        description="Where it goes on when it came to nothing; without it, the step below. {error.message} says why, "
        "{error.status} is SIP's (486 busy, 480 or 408 nobody answers), 0 when there was none.",
    )

    def after(self, outcome: str) -> str | None:
        """The target for one of the ways in which it comes to nothing; None: the step below."""
        own: str | None = getattr(self, outcome) if outcome in self.OUTCOMES else None
        return own or self.on_fail
