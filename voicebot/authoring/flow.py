"""A dialog file as a Bot Framework dialog: runs its steps one after the other, and remembers where the call is.

Its state, which is stored after each turn, is plain JSON. ``step`` is the one that runs or waits, ``mode`` is what it
waits for, ``vars`` are the variables; the rest is kept by the steps themselves::

    {"step": "account", "mode": "ask", "vars": {...}, "misses": 0, "slot": {...}, "rounds": 0, "candidate": ...}

Whatever callers say or press, no step raises: what a dialog does wrong (a loop without a question, a function that
fails) leads to ``on_error`` or ``on_fail`` where they are given, and otherwise to the fallback of the settings, or an
apology and the end of the call.
"""

from __future__ import annotations

import logging
from typing import Any

from voicebot.authoring import channel
from voicebot.authoring.model import END, FAIL
from voicebot.authoring.noted import note_step
from voicebot.authoring.program import Program
from voicebot.authoring.steps import DialogStep
from voicebot.authoring.steps.outcome import GAVE_UP, Begin, Ending, Failed, GoOn, StepOutcome
from voicebot.authoring.turn import Surroundings, Turn
from voicebot.host.sdk import Dialog, DialogContext, DialogInstance, TurnContext
from voicebot.host.trial import only_for_real

logger = logging.getLogger(__name__)

BEGUN = "call"
"""The mode of a step that waits for the end of a dialog that it has begun."""


class Jump:
    """Options that begin a dialog at a step, with variables: how a global command gets to its target."""

    def __init__(self, step: str, variables: dict[str, Any]) -> None:
        self.step = step
        self.variables = variables


class Flow(Dialog):
    """``programs``: the dialog in each of its languages; the first is the one of its file."""

    def __init__(self, name: str, programs: dict[str, Program], around: Surroundings) -> None:
        super().__init__(name)
        self.programs = programs
        self._default = next(iter(programs.values()))
        self._around = around

    def program(self, context: TurnContext) -> Program:
        """The dialog in the language of the call."""
        return self.programs.get(channel.call_state(context).get("locale", ""), self._default)

    # --- what the Bot Framework calls --------------------------------------------------------------------------------

    async def begin_dialog(self, dialog_context: DialogContext, options: Any = None) -> Any:
        state = dialog_context.active_dialog.state
        program = self.program(dialog_context.context)
        if isinstance(options, Jump):
            state.update(step=options.step, vars=options.variables)
        else:
            given = options if isinstance(options, dict) else {}
            state.update(step=program.first, vars={name: given.get(name) for name in program.dialog.inputs})
        return await self._go_on(dialog_context)

    async def continue_dialog(self, dialog_context: DialogContext) -> Any:
        state = dialog_context.active_dialog.state
        program = self.program(dialog_context.context)
        step = program.steps.get(state.get("step", ""))
        if step is None:  # the dialogs were changed while the host was down: start over
            state.update(step=program.first, mode=None)
            return await self._go_on(dialog_context)
        if state.get("mode") not in step.MODES:
            return Dialog.end_of_turn
        step = step.as_offered(state)
        outcome = await step.resume(self._turn(dialog_context.context, program, state))
        return await self._follow(dialog_context, program, step, outcome)

    async def resume_dialog(self, dialog_context: DialogContext, reason: Any, result: object) -> Any:
        state = dialog_context.active_dialog.state
        program = self.program(dialog_context.context)
        step = program.steps.get(state.get("step", ""))
        if step is None or not step.calls:
            return await self._go_on(dialog_context)
        state["mode"] = None
        outcome = await step.returned(self._turn(dialog_context.context, program, state), result)
        return await self._follow(dialog_context, program, step, outcome)

    async def reprompt_dialog(self, context: TurnContext, instance: DialogInstance) -> None:
        state = instance.state
        program = self.program(context)
        step = program.steps.get(state.get("step", ""))
        if step is not None and state.get("mode") in step.MODES:
            await step.as_offered(state).prompt_again(self._turn(context, program, state))

    # --- the steps ----------------------------------------------------------------------------------------------------

    async def _go_on(self, dc: DialogContext) -> Any:
        """Run steps, from the one that the state names, until one waits or the dialog ends."""
        context, state = dc.context, dc.active_dialog.state
        ended = None
        while ended is None:
            program = self.program(context)  # a step may change the language
            step = program.steps.get(state["step"])
            if state["step"] == FAIL:
                ended = await self._give_up(dc, program)
            elif step is None:
                ended = await dc.end_dialog({name: state["vars"].get(name) for name in program.dialog.outputs})
            elif not channel.may_go_on(context, step.COST):
                only_for_real(context)
                logger.error("%s: step %r: goes round in circles without a question", self.id, step.id)
                ended = await self._hopeless(dc, program)
            else:
                state["mode"] = None
                if not step.is_private:
                    await channel.keep_private(context, False)
                turn = self._turn(context, program, state)
                note_step(context, f"{self.id}.{step.id}")
                step = step.offering(turn)
                ended = await self._settle(dc, program, step, await step.run(turn))
        return ended

    async def _follow(self, dc: DialogContext, program: Program, step: DialogStep, outcome: StepOutcome) -> Any:
        ended = await self._settle(dc, program, step, outcome)
        return await self._go_on(dc) if ended is None else ended

    async def _settle(self, dc: DialogContext, program: Program, step: DialogStep, outcome: StepOutcome) -> Any:
        """Carry out the outcome of ``step``. None: go on at the step that the state names now."""
        state = dc.active_dialog.state
        match outcome:
            case GoOn(target):
                self._leave(state, step, target or step.next or program.below[step.id])
                return None
            case Failed(target):
                going = target or program.dialog.defaults.on_fail
                if going is None or going == step.id:
                    return await self._give_up(dc, program)
                self._leave(state, step, going)
                return None
            case Begin(name, inputs):
                state["mode"] = BEGUN
                return await dc.begin_dialog(name, inputs)
            case Ending.CALL_OVER:
                self._leave(state, step, END)
                return await dc.cancel_all_dialogs()
            case Ending.HOPELESS:
                return await self._hopeless(dc, program)
        return Dialog.end_of_turn

    async def _give_up(self, dc: DialogContext, program: Program) -> Any:
        """Leave it to the dialog that has called this one; the main dialog turns to its agent, or ends the call.

        None: go on at the step that the state names now.
        """
        state = dc.active_dialog.state
        if len(dc.stack) > 1:
            return await dc.end_dialog(GAVE_UP)
        going = program.dialog.defaults.on_fail
        if going not in (None, FAIL, state["step"]) and state.get("given_up") is None:
            state.update(given_up=True, step=going)
            return None
        agent = program.script.main.globals.agent
        if agent is not None and agent.goto is not None and agent.goto != state["step"]:
            state["step"] = agent.goto
            return None
        return await self._hopeless(dc, program)

    async def _hopeless(self, dc: DialogContext, program: Program) -> Any:
        turn = self._turn(dc.context, program, dc.active_dialog.state)
        helped = bool(turn.call.get("fallback"))
        await turn.speak(program.script.usual["transfer" if helped else "cannot"], barge_in=False)
        if helped:
            await channel.transfer_to_fallback(dc.context)
        await channel.hang_up(dc.context)  # if the transfer fails: what comes first is done first
        return await dc.cancel_all_dialogs()

    def _leave(self, state: dict[str, Any], step: DialogStep, going: str) -> None:
        if self._around.visited is not None:
            self._around.visited(self.id, step.id, going)
        state["step"] = going

    def _turn(self, context: TurnContext, program: Program, state: dict[str, Any]) -> Turn:
        return Turn(context, program.script, state, self._around)
