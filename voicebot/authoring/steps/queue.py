"""``queue``: waits with the caller until somebody answers. It goes in rounds::

    closed? -> closed     full? -> full     announce, position ── free ──▶ transfer ── completed ▶ the dialog ends
                                                ▲        └─ not free ┐        └─ failed ┐
                                                └── after ``every`` ─┴── hold ◀─────────┘   after ``longest``: on_fail

Rounds are counted, not timed, so waiting ends whatever the clock says, and in a test as on the phone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from voicebot.authoring.document import Fault, YamlPath
from voicebot.authoring.http import HttpFailed
from voicebot.authoring.model import Duration, Expression, KeypadKey, Name, Prompt, Prompts, ServiceRequest, Target
from voicebot.authoring.steps.hours import unknown_schedule
from voicebot.authoring.steps.outcome import Ending, GoOn, StepOutcome
from voicebot.authoring.steps.site import Site
from voicebot.authoring.steps.step import DialogStep, Exit
from voicebot.authoring.steps.transfer import TRANSFERRING, TransferTarget, hand_over, transferred
from voicebot.authoring.turn import Turn, nth
from voicebot.telephony_channel import NO_INPUT, NO_MATCH

logger = logging.getLogger(__name__)

VARIABLE = "queue"
"""The variable with the answer of the queue's service."""
HOLDING = "queue"
"""The mode in which the next round is waited for."""


class QueueTarget(TransferTarget, title="QueueFor"):
    """People that callers wait for until one of them answers."""

    HEADING = "`queue`: whom callers wait for"

    hours: Name | None = Field(None, description="The schedule of their opening hours. Outside them, see `closed`.")
    status: ServiceRequest | None = Field(
        None, description="A web service that knows the line. Its answer is {queue} in this step."
    )
    full_when: Expression | None = Field(None, description="When the line is full (see `full`): `queue.waiting > 20`.")
    free_when: Expression | None = Field(
        None, description="When somebody can be reached: `queue.free > 0`. Without it, every round tries."
    )
    position: Prompt | None = Field(
        None, description="Said in each round if `status` has answered: `You are number {queue.position}.`"
    )
    hold: Prompts = Field(default_factory=list, description="Said while callers wait: one text for each further round.")
    every: Duration = Field(20.0, description="How long a round takes.", ge=1)
    longest: Duration = Field(300.0, description="How long callers wait before `on_fail`; 0 for a single try.")


class QueueStep(DialogStep):
    """Keeps trying a number while the caller waits. When somebody answers, the dialog is over."""

    WORD = "queue"
    MODES = (HOLDING, TRANSFERRING)
    KNOWS_OWN_VALUE = True
    MAY_TRANSLATE = ("queue",)

    queue: QueueTarget = Field(description="Who callers wait for.")
    closed: Target | None = Field(
        None, description="The step to go to outside the opening `hours`. Default: the next step."
    )
    full: Target | None = Field(None, description="The step to go to if `full_when` is true. Default: `on_fail`.")
    keys: dict[KeypadKey, Target] = Field(
        default_factory=dict, description="Keys with which callers leave the line: `{1: call-back}`."
    )
    on_fail: Target | None = Field(
        None, description="The step to go to when callers have waited for `longest`. Default: the next step."
    )

    def exits(self, onward: str) -> list[Exit]:
        closed = [Exit(self.closed or onward)] if self.queue.hours is not None else []
        full = [Exit(self.full or self.on_fail or onward)] if self.queue.full_when is not None else []
        keys = [Exit(target) for target in self.keys.values()]
        waited = Exit(self.on_fail, "no answer") if self.on_fail is not None else Exit(onward)
        return [*closed, *full, *keys, waited]

    def sets(self) -> Iterator[tuple[YamlPath, str]]:
        if self.queue.status is not None:
            yield ("queue",), VARIABLE

    def link_faults(self, site: Site) -> Iterator[Fault]:
        if self.queue.hours is not None:
            yield from unknown_schedule(site, self.queue.hours, ("queue", "hours"))
        for word, cause in (("closed", "hours"), ("full", "full_when")):
            if getattr(self, word) is not None and getattr(self.queue, cause) is None:
                yield Fault((word,), "no-effect", f"it never goes to {word!r}",
                            f"add {cause}: to the queue, or leave it out", at_key=True)  # fmt: skip
        if self.queue.status is None:
            for word in ("position", "full_when", "free_when"):
                if getattr(self.queue, word) is not None:
                    yield Fault(("queue", word), "no-status", f"nothing tells the queue's {word!r}",
                                "add status: {get: ...}, a service that knows", at_key=True)  # fmt: skip

    async def run(self, turn: Turn) -> StepOutcome:
        if turn.is_dry_run:
            return Ending.WAITS
        if self.queue.hours is not None and not turn.is_open(self.queue.hours):
            return GoOn(self.closed)
        turn.state["round"] = 0
        known = await self._ask_service(turn)
        if known and turn.script.holds(self.queue.full_when, turn.scope()):
            return GoOn(self.full or self.on_fail)
        if self.queue.announce is not None:
            await turn.speak(self.queue.announce, barge_in=False)
        return await self._try(turn, known)

    async def resume(self, turn: Turn) -> StepOutcome:
        if turn.state["mode"] == TRANSFERRING:
            outcome = transferred(turn)
            return await self._hold(turn) if outcome is None else outcome
        if turn.event in (NO_INPUT, NO_MATCH):
            return await self._try(turn, await self._ask_service(turn))
        if turn.message is None:
            return Ending.WAITS
        if turn.key is not None and turn.key in self.keys:  # what is said meanwhile changes nothing
            turn.took(self.id, "key", turn.key)
            return GoOn(self.keys[turn.key])
        await self._say_hold(turn)
        return Ending.WAITS

    async def prompt_again(self, turn: Turn) -> None:
        if turn.state["mode"] == HOLDING:
            await self._say_hold(turn)

    def takes_key(self, state: Mapping[str, Any], key: str) -> bool:
        return state["mode"] == HOLDING and key in self.keys

    async def _try(self, turn: Turn, known: bool) -> StepOutcome:
        """One round: where the caller stands, and the transfer when somebody is free (or nothing is known of it)."""
        free_when = self.queue.free_when
        free = not known or free_when is None or turn.script.holds(free_when, turn.scope())
        if known and self.queue.position is not None:
            await turn.speak(self.queue.position, barge_in="keys")
        if not free:
            return await self._hold(turn)
        await hand_over(turn, self.queue)
        return Ending.WAITS

    async def _hold(self, turn: Turn) -> StepOutcome:
        """Wait for the next round, if there is one."""
        turn.state["round"] = turn.state.get("round", 0) + 1
        if turn.state["round"] * self.queue.every > self.queue.longest:
            return GoOn(self.on_fail)
        turn.state["mode"] = HOLDING
        await turn.expect(turn.expectation((), self.queue.every, patient=True))
        await self._say_hold(turn)
        return Ending.WAITS

    async def _say_hold(self, turn: Turn) -> None:
        hold = self.queue.hold
        prompt = nth(hold, turn.state["round"]) if hold else turn.script.usual["hold"]
        await turn.speak(prompt, asking=True, barge_in="keys")

    async def _ask_service(self, turn: Turn) -> bool:
        """Ask the service about the queue; whether it has answered."""
        if self.queue.status is None:
            return False
        try:
            answer = await turn.fetch(self.queue.status)
        except HttpFailed as error:
            logger.warning("%s: step %r: %s", turn.script.name, self.id, error)
            answer = None
        turn.variables[VARIABLE] = answer
        return answer is not None
