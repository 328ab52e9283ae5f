"""A dialog file as a Bot Framework dialog: runs its steps, waits for answers, calls other dialogs.

Its state, which is stored after each turn, is plain JSON::

    {"step": "account", "mode": "ask", "vars": {...}, "misses": 0, "slot": {...}, "rounds": 0, "candidate": ...}

==========  =============================================================  ==========================================
mode        what is awaited                                                what ends it
==========  =============================================================  ==========================================
ask         the answer to the step's question                              an answer, a global, too many misses
confirm     whether ``candidate`` is right                                 yes; no and corrections, three at most
transfer    ``handoff.status``                                             failed: on_fail; completed: the dialog ends
queue       the next round of waiting (:mod:`voicebot.authoring.handing_on`)  some time without a word; a key
dial        ``call.status`` (:mod:`voicebot.authoring.dialling`)           answered, or why not; time; a key
call        the end of the dialog that the step has called                 ``resume_dialog``
==========  =============================================================  ==========================================

Whatever callers say or press, no step raises: what a dialog does wrong (a loop without a question, a function that
fails) leads to ``on_error`` or ``on_fail`` where they are given, and otherwise to an apology and the end of the call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from voicebot.authoring import line
from voicebot.authoring.dialling import Dialling
from voicebot.authoring.functions import Functions
from voicebot.authoring.http import HttpFailed
from voicebot.authoring.languages import by_number
from voicebot.authoring.model import (
    END,
    FAIL,
    AnyStep,
    Ask,
    Call,
    Dial,
    Goto,
    HangUp,
    Hours,
    Http,
    If,
    Language,
    Prompt,
    Queue,
    Record,
    Say,
    Set,
    Transfer,
    Wait,
)
from voicebot.authoring.program import Program
from voicebot.authoring.questions import NOTHING_HEARD, GaveUp, Jump
from voicebot.host.sdk import ActivityTypes, Dialog, DialogContext, DialogInstance, TurnContext

logger = logging.getLogger(__name__)


class Flow(Dialling):
    """``programs``: the dialog in each of its languages; the first is the one of its file."""

    def __init__(
        self, name: str, programs: dict[str, Program], around: line.Surroundings, functions: Functions
    ) -> None:
        super().__init__(name, programs, around)
        self._functions = functions
        self._run_step: dict[type[AnyStep], Callable[..., Awaitable[Any]]] = {
            Say: self._say, Ask: self._ask, Set: self._set, If: self._if, Goto: self._goto, Http: self._http,
            Transfer: self._transfer, HangUp: self._hang_up, Hours: self._hours, Call: self._call,
            Record: self._record, Queue: self._queue, Dial: self._dial, Language: self._language,
        }  # fmt: skip

    # --- what the Bot Framework calls --------------------------------------------------------------------------------

    async def begin_dialog(self, dialog_context: DialogContext, options: Any = None) -> Any:
        state = dialog_context.active_dialog.state
        program = self._program(dialog_context.context)
        if isinstance(options, Jump):
            state.update(step=options.step, vars=options.variables)
        else:
            given = options if isinstance(options, dict) else {}
            state.update(step=program.first, vars={name: given.get(name) for name in program.dialog.inputs})
        return await self._go_on(dialog_context)

    async def continue_dialog(self, dialog_context: DialogContext) -> Any:
        context, state = dialog_context.context, dialog_context.active_dialog.state
        activity = context.activity
        program = self._program(context)
        step = program.steps.get(state.get("step", ""))
        mode = state.get("mode")
        if step is None:  # the dialogs were changed while the host was down: the call goes on from the beginning
            state.update(step=program.first, mode=None)
            return await self._go_on(dialog_context)
        if mode == "transfer" and isinstance(step, Transfer | Queue):
            return await self._transferred(dialog_context, program, step)
        if mode == "queue" and isinstance(step, Queue):
            return await self._while_waiting(dialog_context, program, step)
        if mode == "dial" and isinstance(step, Dial):
            return await self._while_dialling(dialog_context, program, step)
        if mode not in ("ask", "confirm") or not isinstance(step, Ask):
            return Dialog.end_of_turn
        if activity.type == ActivityTypes.event and activity.name in NOTHING_HEARD:
            return await self._no_answer(dialog_context, program, step)
        if activity.type != ActivityTypes.message:
            return Dialog.end_of_turn
        text = (activity.text or "").strip()
        if line.is_key(activity):
            return await self._key(dialog_context, program, step, text)
        return await self._words(dialog_context, program, step, text)

    async def resume_dialog(self, dialog_context: DialogContext, reason: Any, result: object) -> Any:
        state = dialog_context.active_dialog.state
        program = self._program(dialog_context.context)
        step = program.steps.get(state.get("step", ""))
        if not isinstance(step, Call):
            return await self._go_on(dialog_context)
        state["mode"] = None
        if isinstance(result, GaveUp):
            return await self._failed(dialog_context, program, step.on_fail)
        self._keep(state, step, result)
        return await self._next(dialog_context, program, step, step.next)

    async def reprompt_dialog(self, context: TurnContext, instance: DialogInstance) -> None:
        state = instance.state
        program = self._program(context)
        step = program.steps.get(state.get("step", ""))
        if isinstance(step, Ask) and state.get("mode") in ("ask", "confirm"):
            await self._put(context, program, step, state)
        elif isinstance(step, Queue) and state.get("mode") == "queue":
            await self._say_hold(context, program, step, state)
        elif isinstance(step, Dial) and state.get("mode") == "dial":
            await self._say_wait(context, program, step, state)

    # --- the steps ----------------------------------------------------------------------------------------------------

    async def _go_on(self, dc: DialogContext) -> Any:
        """Run steps until one waits or the dialog ends."""
        context, state = dc.context, dc.active_dialog.state
        while True:
            program = self._program(context)  # a step may change the language
            step = program.steps.get(state["step"])
            if state["step"] == FAIL:
                return await self._give_up(dc, program)
            if step is None:
                return await self._end(dc, program, state)
            if not line.may_go_on(context, line.CALL_COSTS if isinstance(step, Call) else 1):
                logger.error("%s: step %r: goes round in circles without a question", program.name, step.id)
                return await self._hopeless(dc, program)
            state["mode"] = None
            if not (isinstance(step, Ask) and step.sensitive):
                await line.keep_private(context, False)
            going = await self._run_step[type(step)](dc, program, step)
            if not isinstance(going, str):
                return going
            self._visited(program, step, going)
            state["step"] = going

    async def _say(self, dc: DialogContext, program: Program, step: Say) -> str:
        await self._speak(dc.context, program, dc.active_dialog.state, step.say, barge_in=step.barge_in)
        return self._after(program, step)

    async def _set(self, dc: DialogContext, program: Program, step: Set) -> str:
        state = dc.active_dialog.state
        scope = self._scope(dc.context, program, state)
        for name, value in step.set.items():
            scope[name] = state["vars"][name] = program.value(value, scope)
        return self._after(program, step)

    async def _if(self, dc: DialogContext, program: Program, step: If) -> str:
        holds = program.holds(step.condition, self._scope(dc.context, program, dc.active_dialog.state))
        return (step.then if holds else step.otherwise) or self._after(program, step)

    async def _goto(self, dc: DialogContext, program: Program, step: Goto) -> str:
        return step.goto

    async def _language(self, dc: DialogContext, program: Program, step: Language) -> str:
        context, state = dc.context, dc.active_dialog.state
        wanted = by_number(str(line.call_state(context).get("caller", "")), step.language.by_caller)
        if not wanted and step.language.to is not None:
            wanted = program.text(step.language.to, self._scope(context, program, state))
        if wanted and not await line.use_language(context, wanted, self._around.locales):
            logger.warning("%s: step %r: the dialogs are not written in %.20r", program.name, step.id, wanted)
        return self._after(program, step)

    async def _record(self, dc: DialogContext, program: Program, step: Record) -> str:
        await line.record(dc.context, step.record)
        return self._after(program, step)

    async def _hang_up(self, dc: DialogContext, program: Program, step: HangUp) -> Any:
        if isinstance(step.hangup, Prompt):
            await self._speak(dc.context, program, dc.active_dialog.state, step.hangup)
        self._visited(program, step, END)
        await line.hang_up(dc.context)
        return await dc.cancel_all_dialogs()

    async def _http(self, dc: DialogContext, program: Program, step: Http) -> Any:
        context, state = dc.context, dc.active_dialog.state
        if line.is_dry_run(context):
            return Dialog.end_of_turn
        asked = step.http
        request = self._request(context, program, state, asked)
        try:
            answer = await self._meanwhile(context, program, state, asked.wait, self._around.fetch(request))
        except HttpFailed as error:
            logger.warning("%s: step %r: %s", program.name, step.id, error)
            return await self._went_wrong(dc, program, step.on_error, str(error), error.status)
        if step.save is not None:
            state["vars"][step.save] = answer
        return self._after(program, step)

    async def _call(self, dc: DialogContext, program: Program, step: Call) -> Any:
        context, state = dc.context, dc.active_dialog.state
        scope = self._scope(context, program, state)
        given = {name: program.value(value, scope) for name, value in step.inputs.items()}
        if not self._functions.is_function(step.call):
            state["mode"] = "call"
            return await dc.begin_dialog(step.call, given)
        if line.is_dry_run(context):
            return Dialog.end_of_turn
        try:
            work = self._functions.run(step.call, given, step.timeout)
            result = await self._meanwhile(context, program, state, step.wait, work)
        except Exception as error:
            logger.exception("%s: step %r: %s failed", program.name, step.id, step.call)
            return await self._went_wrong(dc, program, step.on_error, f"{type(error).__name__}: {error}"[:200], 0)
        self._keep(state, step, result)
        return self._after(program, step)

    async def _went_wrong(self, dc: DialogContext, program: Program, target: str | None, why: str, status: int) -> Any:
        dc.active_dialog.state["vars"]["error"] = {"message": why, "status": status}
        return target if target is not None else await self._failed(dc, program, None)

    async def _meanwhile(
        self, context: TurnContext, program: Program, state: dict[str, Any], wait: Wait | None, work: Awaitable[Any]
    ) -> Any:
        """Do ``work``; say ``wait`` at once, or when it takes its time."""
        if wait is None:
            return await work
        task = asyncio.ensure_future(work)
        try:
            if wait.after:
                await asyncio.wait((task,), timeout=wait.after)
            if not task.done():
                await self._speak(context, program, state, wait.say)
            return await task
        finally:
            task.cancel()
