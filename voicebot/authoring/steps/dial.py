"""``dial``: calls somebody, in a call of its own, and waits with the caller for what becomes of it::

    announce ── wait_for: nothing ─▶ the next step
        │
        ▼        answered (or ended, as wait_for says) ─▶ the next step
      waiting ── busy, no_answer, ... ─▶ the target of that outcome, else on_fail
        │  ▲     a key of ``keys`` ─▶ its step
        └──┘ after ``every``: hold; after ``longest``: too_long

The two calls share nothing else. As in a queue, rounds are counted, not timed.
"""

from __future__ import annotations

import logging
from collections.abc import Container, Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from voicebot.authoring import channel
from voicebot.authoring.document import Fault, doubt
from voicebot.authoring.model import (
    Duration,
    GapText,
    KeypadKey,
    Name,
    Prompt,
    Prompts,
    ShortPart,
    Target,
    Value,
    WhereTo,
)
from voicebot.authoring.steps.outcome import Ending, GoOn, StepOutcome
from voicebot.authoring.steps.site import Site
from voicebot.authoring.steps.step import DialogStep, Exit
from voicebot.authoring.steps.transfer import announced
from voicebot.authoring.turn import Turn, nth
from voicebot.telephony_channel import NO_INPUT, NO_MATCH

logger = logging.getLogger(__name__)

MAX_DIALLED = 20
"""Calls that one call may ask for. The service places fewer, and refuses the rest at once; a dialog that tries again
whenever it is refused would never end without this limit.
"""
WAITING = "dial"
REACHED = ("answered", "ended")
TOLD = (*REACHED, "busy", "no_answer", "declined", "unreachable", "refused", "cancelled", "error")
"""The states that ``call.status`` reports of the other call; anything else counts as an error."""


class DialTarget(ShortPart, title="DialTo"):
    """Somebody to call, in a separate call. The caller stays on the line and does not hear that call."""

    HEADING = "`dial`: whom, and how long callers wait"
    SHORT = "to"

    to: WhereTo = Field(description="A telephone number or a SIP address.")
    trunk: GapText | None = Field(None, description="The trunk or account to call through. Default: the usual one.")
    bot: GapText | None = Field(
        None, description="The bot (from the settings) that talks in that call. Default: the one that answers calls."
    )
    context: dict[Name, Value] = Field(
        default_factory=dict,
        description='What the dialog there should know: `order: "{order}"` is {context.order} there.',
    )
    wait_for: Literal["answered", "ended", "nothing"] = Field(
        "answered",
        description="How long the caller waits: until somebody has `answered`, or until that call has `ended`. With "
        "`nothing` the dialog goes on at once, and never learns how the call went.",
    )
    announce: Prompt | None = Field(
        None,
        description="Said first; callers cannot interrupt it. Default: a request to wait, if they have to wait.",
    )
    hold: Prompts = Field(
        default_factory=list, description="Said while callers wait: one text each time `every` has passed."
    )
    every: Duration = Field(15.0, description="How often waiting callers hear something.", ge=1)
    longest: Duration = Field(
        90.0, ge=1, description="How long callers wait at most (see `too_long`). This does not end the other call."
    )

    @property
    def waits(self) -> bool:
        """Whether callers wait for what becomes of the call."""
        return self.wait_for != "nothing"

    @property
    def round_s(self) -> float:
        return min(self.every, self.longest)


class DialStep(DialogStep):
    """Calls somebody in a separate call, with its own dialog.

    That call begins at the first step of `main.yaml` (or is another bot's). There, {direction} is `outbound`, and
    {context} is what this step gave it. The two people never hear each other, and this dialog only learns how the
    call went. The other call goes on even when this one ends. To connect the caller with somebody, see `transfer`.
    The settings list who may be called (`calls.outbound_allow`, empty at first). One call may place ten others.
    """

    WORD = "dial"
    MODES = (WAITING,)
    COLOUR = "transfer"
    MAY_TRANSLATE = ("dial",)
    OUTCOMES: ClassVar[tuple[str, ...]] = ("busy", "no_answer", "declined", "unreachable", "refused", "too_long")
    """Those that have a target of their own."""

    dial: DialTarget = Field(description="Who to call.")
    save: Name | None = Field(
        None,
        description="The variable that stores how it went: `answered`, `ended`, `busy`, `no_answer`, `declined`, "
        "`unreachable`, `refused`, `too_long`, `cancelled` (the service gave up) or `error`.",
    )
    busy: Target | None = Field(None, description="The step to go to if the line is busy. Default: `on_fail`.")
    no_answer: Target | None = Field(None, description="The same, if nobody answers.")
    declined: Target | None = Field(None, description="The same, if the call is declined.")
    unreachable: Target | None = Field(None, description="The same, if the number does not exist or cannot be reached.")
    refused: Target | None = Field(None, description="The same, if the settings or the network do not allow the call.")
    too_long: Target | None = Field(
        None, description="The same, if `longest` has passed. The other call goes on: somebody may still answer it."
    )
    keys: dict[KeypadKey, Target] = Field(
        default_factory=dict, description="Keys that end the wait and lead to a step: `{1: menu}`."
    )
    on_fail: Target | None = Field(
        None,
        description="The step to go to if the call fails. Default: the next step. {error.message} says why. "
        "{error.status} is the SIP status (486 for busy, 480 or 408 for no answer), or 0 if there was none.",
    )

    def exits(self, onward: str) -> list[Exit]:
        if not self.dial.waits:
            return [Exit(onward)]
        own = {outcome: getattr(self, outcome) for outcome in self.OUTCOMES}
        failed = [Exit(target, outcome.replace("_", " ")) if target is not None else Exit(self.on_fail or onward)
                  for outcome, target in own.items()]  # fmt: skip
        keys = [Exit(target, f"key {key}") for key, target in self.keys.items()]
        nothing = Exit(self.on_fail, "comes to nothing") if self.on_fail is not None else Exit(onward)
        return [Exit(onward, self.dial.wait_for), *failed, *keys, nothing]

    def ends_turn(self, dialogs: Container[str]) -> bool:
        return self.dial.waits

    def shown(self) -> str:
        return announced(self.dial.announce, self.dial.to)

    def possible_values(self) -> Mapping[str, tuple[str, ...]]:
        return {self.save: (*TOLD, "too_long")} if self.save is not None else {}

    def link_faults(self, site: Site) -> Iterator[Fault]:
        """Words that have no effect when nobody waits."""
        if self.dial.waits:
            return
        needs_waiting = {*self.OUTCOMES, "save", "keys", "on_fail", "hold", "every", "longest"}
        unused = [(word,) for word in sorted(self.model_fields_set & needs_waiting)]
        unused_within = [("dial", word) for word in sorted(self.dial.model_fields_set & needs_waiting)]
        for path in (*unused, *unused_within):
            yield Fault(path, "no-effect", f"nobody waits, so {path[-1]!r} is never used",
                        "leave it out, or wait_for: answered", at_key=True)  # fmt: skip

    def doubts(self, site: Site) -> Iterator[Fault]:
        unknown = self.on_fail is None and self.save is None and site.header.defaults.on_fail is None
        if self.dial.waits and unknown:
            yield doubt(("dial",), "no-on-fail", "it goes on the same when nobody was reached",
                        "add on_fail: and a step, or save: and ask for it with if:", at_key=True)  # fmt: skip

    async def run(self, turn: Turn) -> StepOutcome:
        if turn.is_dry_run:
            return Ending.WAITS
        if turn.call.get("dialled", 0) >= MAX_DIALLED:
            turn.only_for_real()
            logger.error("%s: step %r: dials for ever", turn.script.name, self.id)
            return Ending.HOPELESS
        asked = self.dial
        if asked.announce is not None or asked.waits:
            await turn.speak(asked.announce or turn.script.usual["wait"], barge_in=False)
        await self._place(turn)
        if not asked.waits:
            return GoOn()
        turn.state.update(mode=WAITING, round=0)
        await turn.expect(turn.expectation((), asked.round_s, patient=True))
        return Ending.WAITS

    async def resume(self, turn: Turn) -> StepOutcome:
        if turn.event == "call.status":
            return self._became(turn)
        if turn.event == NO_INPUT:
            turn.state["round"] = turn.state.get("round", 0) + 1
            if (turn.state["round"] + 1) * self.dial.round_s > self.dial.longest:
                return self._not_reached(turn, "too_long", f"nothing was known after {self.dial.longest:g} s", 0)
        elif turn.message is not None:
            if turn.key is not None and turn.key in self.keys:  # what is said meanwhile changes nothing
                turn.took(self.id, "key", turn.key)
                return GoOn(self.keys[turn.key])
        elif turn.event != NO_MATCH:
            return Ending.WAITS
        await self.prompt_again(turn)
        return Ending.WAITS

    async def prompt_again(self, turn: Turn) -> None:
        hold = self.dial.hold
        prompt = nth(hold, turn.state.get("round", 0)) if hold else turn.script.usual["wait"]
        await turn.speak(prompt, asking=True, barge_in="keys")

    def takes_key(self, state: Mapping[str, Any], key: str) -> bool:
        return key in self.keys

    async def _place(self, turn: Turn) -> None:
        """Ask the channel to call; its ``call.status`` has the name of this command."""
        turn.call["dialled"] = turn.call.get("dialled", 0) + 1
        command = turn.state["command"] = f"dial-{turn.call['dialled']}"
        scope = turn.scope()
        value = {
            "to": turn.script.text(self.dial.to, scope),
            "trunk": turn.script.text(self.dial.trunk or "", scope),
            "bot": turn.script.text(self.dial.bot or "", scope),
            "context": turn.facts(self.dial.context),
            "commandId": command,
        }
        await channel.send_event(turn.context, "call.place", value)

    def _became(self, turn: Turn) -> StepOutcome:
        told = turn.told
        if told.get("commandId") != turn.state.get("command"):
            return Ending.WAITS  # news of a call that nobody waits for any more
        outcome = str(told.get("state")).replace("-", "_")
        if outcome == "answered" and self.dial.wait_for == "ended":
            return Ending.WAITS
        if outcome in REACHED:
            self._keep(turn, outcome)
            return GoOn()
        status = told.get("status")
        outcome = outcome if outcome in TOLD else "error"
        why = str(told.get("reason") or "")[:200]
        return self._not_reached(turn, outcome, why, status if isinstance(status, int) else 0)

    def _not_reached(self, turn: Turn, outcome: str, why: str, status: int) -> StepOutcome:
        turn.error(why, status)
        self._keep(turn, outcome)
        own = getattr(self, outcome) if outcome in self.OUTCOMES else None
        return GoOn(own or self.on_fail)

    def _keep(self, turn: Turn, outcome: str) -> None:
        if self.save is not None:
            turn.variables[self.save] = outcome
