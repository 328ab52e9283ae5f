"""Calling somebody else: ``dial``, which has a call placed and waits with the caller for what becomes of it.

The part of a :class:`~voicebot.authoring.flow.Flow` that sends ``call.place`` and is told ``call.status``::

    announce ── wait_for: nothing ─▶ the next step
        │
        ▼        answered (or ended, as wait_for says) ─▶ the next step
      waiting ── busy, no_answer, ... ─▶ the way of that outcome, else on_fail
        │  ▲     a key of ``keys`` ─▶ its step
        └──┘ after ``every``: hold; after ``longest``: too_long

The two calls have nothing but this in common. Rounds are counted, not timed, as those of a queue are.
"""

from __future__ import annotations

import logging
from typing import Any

from voicebot.authoring import line
from voicebot.authoring.handing_on import HandingOn, plain
from voicebot.authoring.model import Dial
from voicebot.authoring.program import Program
from voicebot.host.sdk import ActivityTypes, Dialog, DialogContext, TurnContext

logger = logging.getLogger(__name__)

MAX_DIALLED = 20
"""Calls that one call may ask for. The service places fewer and refuses the rest at once: a dialog that tries again
whenever it is refused would otherwise never end.
"""
REACHED = ("answered", "ended")
TOLD = (*REACHED, "busy", "no_answer", "declined", "unreachable", "refused", "cancelled", "error")
"""What a call can be told to have become; anything else counts as an error."""


class Dialling(HandingOn):
    """``programs``: the dialog in each of its languages; the first is the one of its file."""

    async def _dial(self, dc: DialogContext, program: Program, step: Dial) -> Any:
        context, state, asked = dc.context, dc.active_dialog.state, step.dial
        if line.is_dry_run(context):
            return Dialog.end_of_turn
        if line.call_state(context).get("dialled", 0) >= MAX_DIALLED:
            logger.error("%s: step %r: dials for ever", program.name, step.id)
            return await self._hopeless(dc, program)
        waits = asked.wait_for != "nothing"
        if asked.announce is not None or waits:
            await self._speak(context, program, state, asked.announce or program.wait, barge_in=False)
        scope = self._scope(context, program, state)
        state["command"] = await line.place_call(
            context,
            program.text(asked.to, scope),
            {name: plain(program.value(value, scope)) for name, value in asked.context.items()},
            trunk=program.text(asked.trunk or "", scope),
            bot=program.text(asked.bot or "", scope),
        )
        if not waits:
            return self._after(program, step)
        state.update(mode="dial", round=0)
        await line.configure(context, [], _round_s(step), patient=True)
        return Dialog.end_of_turn

    async def _while_dialling(self, dc: DialogContext, program: Program, step: Dial) -> Any:
        """News of the other call, or the caller. What is said meanwhile changes nothing; keys may lead away."""
        context, state = dc.context, dc.active_dialog.state
        activity = context.activity
        if activity.type == ActivityTypes.event and activity.name == "call.status":
            return await self._told(dc, program, step, activity.value if isinstance(activity.value, dict) else {})
        if activity.type == ActivityTypes.event and activity.name == "noUserInput":
            state["round"] = state.get("round", 0) + 1
            if (state["round"] + 1) * _round_s(step) > step.dial.longest:
                told = f"nothing was known after {step.dial.longest:g} s"
                return await self._not_reached(dc, program, step, "too_long", told, 0)
        elif activity.type == ActivityTypes.message:
            key = (activity.text or "").strip()
            if line.is_key(activity) and key in step.keys:
                return await self._next(dc, program, step, step.keys[key])
        elif activity.type != ActivityTypes.event or activity.name != "unrecognizedSpeech":
            return Dialog.end_of_turn
        await self._say_wait(context, program, step, state)
        return Dialog.end_of_turn

    async def _told(self, dc: DialogContext, program: Program, step: Dial, told: dict[str, Any]) -> Any:
        state = dc.active_dialog.state
        if told.get("commandId") != state.get("command"):
            return Dialog.end_of_turn  # of a call that nobody waits for any more
        outcome = str(told.get("state")).replace("-", "_")
        if outcome == "answered" and step.dial.wait_for == "ended":
            return Dialog.end_of_turn
        if outcome in REACHED:
            self._keep_outcome(state, step, outcome)
            return await self._next(dc, program, step, step.next)
        status = told.get("status")
        return await self._not_reached(
            dc, program, step, outcome if outcome in TOLD else "error",
            str(told.get("reason") or "")[:200], status if isinstance(status, int) else 0,
        )  # fmt: skip

    async def _not_reached(
        self, dc: DialogContext, program: Program, step: Dial, outcome: str, why: str, status: int
    ) -> Any:
        state = dc.active_dialog.state
        state["vars"]["error"] = {"message": why, "status": status}
        self._keep_outcome(state, step, outcome)
        return await self._next(dc, program, step, step.after(outcome) or step.next)

    async def _say_wait(self, context: TurnContext, program: Program, step: Dial, state: dict[str, Any]) -> None:
        prompts = step.dial.hold
        prompt = prompts[min(max(state.get("round", 0), 1), len(prompts)) - 1] if prompts else program.wait
        await self._speak(context, program, state, prompt, asking=True, barge_in="keys")

    def _keep_outcome(self, state: dict[str, Any], step: Dial, outcome: str) -> None:
        if step.save is not None:
            state["vars"][step.save] = outcome


def _round_s(step: Dial) -> float:
    return min(step.dial.every, step.dial.longest)
