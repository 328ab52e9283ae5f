"""``transfer``: transfers the caller."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from pydantic import Field

from voicebot.authoring import channel
from voicebot.authoring.model import GapText, HeaderName, Name, Prompt, ShortPart, Target, Value, WhereTo
from voicebot.authoring.steps.outcome import Ending, GoOn, StepOutcome
from voicebot.authoring.steps.step import DialogStep, Exit
from voicebot.authoring.turn import Turn

_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")

TRANSFERRING = "transfer"
"""The mode of a step that waits for the result of a transfer."""


class TransferTarget(ShortPart, title="TransferTo"):
    """Where to transfer the call."""

    HEADING = "`transfer`: where to"
    SHORT = "to"

    to: WhereTo = Field(description="A telephone number or a SIP address.")
    announce: Prompt | None = Field(None, description="Said first; callers cannot interrupt it.")
    headers: dict[HeaderName, GapText] = Field(
        default_factory=dict,
        description="SIP headers that go with the call: `User-to-User`, and any that begin with `X-`.",
    )
    context: dict[Name, Value] = Field(
        default_factory=dict,
        description='What the person who answers should know: `account: "{account}"` goes with the call as the header '
        "`X-Context-account`.",
    )


class TransferStep(DialogStep):
    """Transfers the call. If that works, the dialog is over; if not, it goes on at `on_fail`."""

    WORD = "transfer"
    MODES = (TRANSFERRING,)
    COLOUR = "transfer"
    MAY_TRANSLATE = ("transfer",)

    transfer: TransferTarget = Field(description="Where to transfer the call.")
    on_fail: Target | None = Field(
        None,
        description="The step to go to if the transfer fails. Default: the next step. {error.status} says why: 486 "
        "(busy), 480 or 408 (no answer), 403 (the settings do not allow the number).",
    )

    def exits(self, onward: str) -> list[Exit]:
        return [Exit(self.on_fail or onward, "nobody there")]

    def shown(self) -> str:
        return announced(self.transfer.announce, self.transfer.to)

    async def run(self, turn: Turn) -> StepOutcome:
        if turn.is_dry_run:
            return Ending.WAITS
        if self.transfer.announce is not None:
            await turn.speak(self.transfer.announce, barge_in=False)
        await hand_over(turn, self.transfer)
        return Ending.WAITS

    async def resume(self, turn: Turn) -> StepOutcome:
        outcome = transferred(turn)
        return GoOn(self.on_fail) if outcome is None else outcome


async def hand_over(turn: Turn, target: TransferTarget) -> None:
    """Have the call transferred; the step waits for the result.

    The target's ``context`` goes with it as values of the event and as SIP headers.
    """
    scope, facts = turn.scope(), turn.facts(target.context)
    headers = {f"X-Context-{name.replace('_', '-')}": _for_header(value) for name, value in facts.items()}
    headers |= {name: turn.script.text(value, scope) for name, value in target.headers.items()}
    value = {**facts, "TargetPhoneNumber": turn.script.text(target.to, scope)}
    if headers:
        value["headers"] = headers
    await channel.send_event(turn.context, "handoff.initiate", value)
    turn.state["mode"] = TRANSFERRING


def transferred(turn: Turn) -> StepOutcome | None:
    """The outcome of a transfer; None when it has failed.

    The variable ``error`` says why: its ``status`` is SIP's (486 busy, 480 nobody there, 0 unknown).
    """
    if turn.event != "handoff.status":
        return Ending.WAITS
    told = turn.told
    if told.get("state") == "completed":
        return Ending.CALL_OVER
    if told.get("state") != "failed":
        return Ending.WAITS
    status = told.get("status")
    turn.error(str(told.get("message") or "")[:200], status if isinstance(status, int) else 0)
    return None


def _for_header(value: Any) -> str:
    """A value as a header can carry it: printable ASCII, all else percent-encoded as UTF-8."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return quote(text, safe=_PRINTABLE)


def announced(announce: Prompt | None, to: str) -> str:
    """The text on the card of a step that calls somebody."""
    return f"{announce.text if announce is not None else ''} ☎ {to}".strip()
