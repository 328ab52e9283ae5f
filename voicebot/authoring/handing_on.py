"""Handing callers on to people: ``transfer``, and ``queue``, which waits with them until somebody is free.

The part of a :class:`~voicebot.authoring.flow.Flow` that gives the call away. A queue goes in rounds::

    closed? -> closed     full? -> full     announce, position ── free ──▶ transfer ── completed ▶ the dialog ends
                                                ▲        └─ not free ┐        └─ failed ┐
                                                └── after ``every`` ─┴── hold ◀─────────┘   after ``longest``: on_fail

Rounds are counted, not timed: that ends on any clock, and the same in a test as on the phone.
"""

from __future__ import annotations

import logging
from typing import Any

from voicebot.authoring import line
from voicebot.authoring.http import HttpFailed, HttpRequest
from voicebot.authoring.model import END, Hours, Queue, ServiceRequest, Transfer, TransferTo
from voicebot.authoring.program import Program
from voicebot.authoring.questions import NOTHING_HEARD, Questions
from voicebot.host.sdk import ActivityTypes, Dialog, DialogContext, TurnContext

logger = logging.getLogger(__name__)

QUEUE = "queue"
"""The variable that keeps what the queue's service has answered."""


class HandingOn(Questions):
    """``programs``: the dialog in each of its languages; the first is the one of its file."""

    async def _transfer(self, dc: DialogContext, program: Program, step: Transfer) -> Any:
        context, state = dc.context, dc.active_dialog.state
        if line.is_dry_run(context):
            return Dialog.end_of_turn
        if step.transfer.announce is not None:
            await self._speak(context, program, state, step.transfer.announce, barge_in=False)
        return await self._hand_over(dc, program, step.transfer)

    async def _transferred(self, dc: DialogContext, program: Program, step: Transfer | Queue) -> Any:
        """What came of it. Why it failed is ``error``: ``status`` is SIP's (486 busy, 480 nobody there, 0 unknown)."""
        activity, state = dc.context.activity, dc.active_dialog.state
        if activity.type != ActivityTypes.event or activity.name != "handoff.status":
            return Dialog.end_of_turn
        told = activity.value if isinstance(activity.value, dict) else {}
        if told.get("state") == "completed":
            self._visited(program, step, END)
            return await dc.cancel_all_dialogs()
        if told.get("state") != "failed":
            return Dialog.end_of_turn
        status = told.get("status")
        state["vars"]["error"] = {
            "message": str(told.get("message") or "")[:200],
            "status": status if isinstance(status, int) else 0,
        }
        if isinstance(step, Queue):
            return await self._hold(dc, program, step)
        return await self._next(dc, program, step, step.on_fail or step.next)

    async def _hours(self, dc: DialogContext, program: Program, step: Hours) -> str:
        return (step.open if self._is_open(program, step.hours) else step.closed) or self._after(program, step)

    # --- waiting in line ----------------------------------------------------------------------------------------------

    async def _queue(self, dc: DialogContext, program: Program, step: Queue) -> Any:
        if line.is_dry_run(dc.context):
            return Dialog.end_of_turn
        if step.queue.hours is not None and not self._is_open(program, step.queue.hours):
            return step.closed or self._after(program, step)
        context, state = dc.context, dc.active_dialog.state
        state["round"] = 0
        known = await self._asked_for_status(context, program, state, step)
        if known and program.holds(step.queue.full_when, self._scope(context, program, state)):
            return step.full or step.on_fail or self._after(program, step)
        if step.queue.announce is not None:
            await self._speak(context, program, state, step.queue.announce, barge_in=False)
        return await self._in_line(dc, program, step, known)

    async def _in_line(self, dc: DialogContext, program: Program, step: Queue, known: bool) -> Any:
        """One round: where the caller stands, and the transfer when somebody is free (or nothing is known of it)."""
        context, state = dc.context, dc.active_dialog.state
        free_when = step.queue.free_when
        free = not known or free_when is None or program.holds(free_when, self._scope(context, program, state))
        if known and step.queue.position is not None:
            await self._speak(context, program, state, step.queue.position, barge_in="keys")
        return await self._hand_over(dc, program, step.queue) if free else await self._hold(dc, program, step)

    async def _hold(self, dc: DialogContext, program: Program, step: Queue) -> Any:
        """Wait for the next round, if there is one."""
        state = dc.active_dialog.state
        state["round"] = state.get("round", 0) + 1
        if state["round"] * step.queue.every > step.queue.longest:
            return await self._next(dc, program, step, step.on_fail or step.next)
        state["mode"] = "queue"
        await line.configure(dc.context, [], step.queue.every, patient=True)
        await self._say_hold(dc.context, program, step, state)
        return Dialog.end_of_turn

    async def _say_hold(self, context: TurnContext, program: Program, step: Queue, state: dict[str, Any]) -> None:
        prompts = step.queue.hold
        prompt = prompts[min(state["round"], len(prompts)) - 1] if prompts else program.hold
        await self._speak(context, program, state, prompt, asking=True, barge_in="keys")

    async def _while_waiting(self, dc: DialogContext, program: Program, step: Queue) -> Any:
        """The caller, or the end of a round. What is said meanwhile changes nothing; keys may lead away."""
        context, state = dc.context, dc.active_dialog.state
        activity = context.activity
        if activity.type == ActivityTypes.event and activity.name in NOTHING_HEARD:
            known = await self._asked_for_status(context, program, state, step)
            return await self._in_line(dc, program, step, known)
        if activity.type != ActivityTypes.message:
            return Dialog.end_of_turn
        key = (activity.text or "").strip()
        if line.is_key(activity) and key in step.keys:
            return await self._next(dc, program, step, step.keys[key])
        await self._say_hold(context, program, step, state)
        return Dialog.end_of_turn

    async def _asked_for_status(
        self, context: TurnContext, program: Program, state: dict[str, Any], step: Queue
    ) -> bool:
        """Ask the service how the line is; whether it has told."""
        if step.queue.status is None:
            return False
        try:
            answer = await self._around.fetch(self._request(context, program, state, step.queue.status))
        except HttpFailed as error:
            logger.warning("%s: step %r: %s", program.name, step.id, error)
            answer = None
        state["vars"][QUEUE] = answer
        return answer is not None

    # --- what both need -----------------------------------------------------------------------------------------------

    async def _hand_over(self, dc: DialogContext, program: Program, to: TransferTo) -> Any:
        context, state = dc.context, dc.active_dialog.state
        scope = self._scope(context, program, state)
        about = {name: plain(program.value(value, scope)) for name, value in to.context.items()}
        headers = {name: program.text(value, scope) for name, value in to.headers.items()}
        await line.hand_over(context, program.text(to.to, scope), about, headers)
        state["mode"] = "transfer"
        return Dialog.end_of_turn

    def _is_open(self, program: Program, schedule: str) -> bool:
        hours = program.schedules.get(schedule)
        return hours is not None and hours.is_open(self._around.now())

    def _request(
        self, context: TurnContext, program: Program, state: dict[str, Any], asked: ServiceRequest
    ) -> HttpRequest:
        """``asked``, its gaps filled."""
        scope = {**self._scope(context, program, state), "secrets": self._around.secrets}
        return HttpRequest(
            asked.method,
            program.address(asked.url, scope),
            {name: program.text(value, scope) for name, value in asked.headers.items()},
            {name: _query(program.value(value, scope)) for name, value in asked.query.items()},
            plain(program.value(asked.body, scope)),
            asked.timeout,
            asked.retries,
        )


def plain(value: Any) -> Any:
    """``value``, fit for JSON."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _query(value: Any) -> str:
    ready = plain(value)
    return "" if ready is None else str(ready).lower() if isinstance(ready, bool) else str(ready)
