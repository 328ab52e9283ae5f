"""The dialog that a call begins. It holds a dialog for each file of the folder.

It keeps what belongs to the call rather than to one dialog: its language, the speed of speech, the caller. It sees what
callers say before the open question does, as an agent, or starting over, can be asked for at any time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from voicebot.authoring import channel
from voicebot.authoring.answers.choice import contains, words_of
from voicebot.authoring.answers.doubt import sure_of_sound
from voicebot.authoring.flow import Flow, Jump
from voicebot.authoring.folder import MAIN
from voicebot.authoring.languages import closest
from voicebot.authoring.model import LEAVING, GlobalCommand
from voicebot.authoring.noted import begin_notes, note_answer
from voicebot.authoring.place import Places
from voicebot.authoring.program import Program
from voicebot.authoring.steps import DialogStep
from voicebot.authoring.steps.commands import COMMAND
from voicebot.authoring.steps.step import END_KEY
from voicebot.authoring.steps.transfer import TRANSFERRING
from voicebot.authoring.turn import Surroundings, Turn
from voicebot.host.reached import tell_place
from voicebot.host.sdk import (
    ActivityTypes,
    ComponentDialog,
    Dialog,
    DialogContext,
    DialogInstance,
    DialogTurnStatus,
    LeanDialogContext,
    TurnContext,
)
from voicebot.host.trial import is_trial, only_for_real
from voicebot.telephony_channel import FALLBACK_TRANSFER, NO_INPUT

ROOT = "call"
LATE_KEY_S = 5.0
"""How long after the last key an end key may still belong to what was keyed in."""


class CallDialog(ComponentDialog):
    """The root: begins ``main``, and carries out global commands."""

    def __init__(self, flows: list[Flow], around: Surroundings, locale: str) -> None:
        super().__init__(ROOT)
        self._around = around
        self._flows = {flow.id: flow for flow in flows}
        self._locale = locale
        for dialog in (*flows, *around.functions.dialogs):
            self.add_dialog(dialog)
        self.initial_dialog_id = MAIN
        self._places = Places({flow.id: next(iter(flow.programs.values())).dialog for flow in flows})

    async def continue_dialog(self, dialog_context: DialogContext) -> Any:
        """As that of the SDK, with a dialog context that costs less."""
        stack = dialog_context.active_dialog.state[self.persisted_dialog_state]
        inner = LeanDialogContext(self._dialogs, dialog_context.context, stack)
        inner.parent = dialog_context
        result = await self.on_continue_dialog(inner)
        if result.status != DialogTurnStatus.Waiting:
            return await self.end_component(dialog_context, result.result)
        return Dialog.end_of_turn

    async def on_begin_dialog(self, inner_dc: DialogContext, options: object) -> Any:
        call = self._call(inner_dc.context)
        inner_dc.parent.active_dialog.state["call"] = call
        channel.begin_turn(inner_dc.context, call)
        return await self._watched(inner_dc, inner_dc.begin_dialog(MAIN, options))

    async def on_continue_dialog(self, inner_dc: DialogContext) -> Any:
        if any(instance.id not in self._flows for instance in inner_dc.stack):  # a Python dialog may do anything
            only_for_real(inner_dc.context)
        channel.begin_turn(inner_dc.context, inner_dc.parent.active_dialog.state.setdefault("call", {}))
        return await self._watched(inner_dc, self._continue(inner_dc))

    async def _watched(self, dc: DialogContext, turn: Awaitable[Any]) -> Any:
        """Run the turn, and tell where it has led."""
        call, notes = channel.call_state(dc.context), begin_notes(dc.context)
        before = self._places.before(dc.stack, call)
        result = await turn
        place = self._places.after(dc.stack, call, notes, before) if not is_trial(dc.context) else None
        if place is not None:
            tell_place(dc.context, place)
        return result

    async def _continue(self, inner_dc: DialogContext) -> Any:
        if inner_dc.context.activity.type == ActivityTypes.message:
            return await self._said(inner_dc)
        if inner_dc.context.activity.name == NO_INPUT:
            channel.call_state(inner_dc.context).pop("ended_by", None)
        return await inner_dc.continue_dialog()

    async def _said(self, dc: DialogContext) -> Any:
        """The caller has said or pressed something."""
        pressed = channel.is_key(dc.context.activity)
        if pressed and self._is_late_end_key(dc):
            return Dialog.end_of_turn
        step, state = self._open_step(dc)
        end_key = step.end_key(state) if step is not None else END_KEY
        before = self._asked(dc)
        wanted = self._wanted(dc)
        result = await (dc.continue_dialog() if wanted is None else self._carry_out(dc, wanted))
        channel.call_state(dc.context).pop("ended_by", None)
        if pressed and ((dc.context.activity.text or "").strip() != end_key or self._asked(dc) != before):
            await self._allow_late_end_key(dc, end_key)
        return result

    # --- end keys -----------------------------------------------------------------------------------------------------

    def _is_late_end_key(self, dc: DialogContext) -> bool:
        """Whether the key only ends what was keyed in before: "123456", which is complete, and then ``#``."""
        ended_by, activity = channel.call_state(dc.context).get("ended_by"), dc.context.activity
        if not ended_by or (activity.text or "").strip() != ended_by["key"]:
            return False
        return not ended_by["at"] or channel.sent_at(activity) - ended_by["at"] <= LATE_KEY_S

    async def _allow_late_end_key(self, dc: DialogContext, key: str) -> None:
        step, state = self._open_step(dc)
        if step is None or step.means_end_key(state, key):
            return
        if any(given.key == key for given in self._main(dc.context).script.main.globals.leading().values()):
            return
        channel.call_state(dc.context)["ended_by"] = {"key": key, "at": channel.sent_at(dc.context.activity)}
        await channel.allow_late_end_key(dc.context, key)

    def _asked(self, dc: DialogContext) -> tuple[Any, ...]:
        """Which question is open."""
        state = dc.active_dialog.state if dc.active_dialog is not None else {}
        return len(dc.stack), state.get("step"), state.get("mode")

    def _open_step(self, dc: DialogContext) -> tuple[DialogStep | None, dict[str, Any]]:
        """The step that waits for the caller, and the state of its dialog."""
        state = dc.active_dialog.state if dc.active_dialog is not None else {}
        flow = self._flows.get(dc.active_dialog.id) if dc.active_dialog is not None else None
        step = flow.program(dc.context).steps.get(state.get("step", "")) if flow is not None else None
        return (step.as_offered(state) if step is not None and state.get("mode") in step.MODES else None), state

    async def reprompt_dialog(self, context: TurnContext, instance: DialogInstance) -> None:
        channel.begin_turn(context, instance.state.setdefault("call", {}))
        await super().reprompt_dialog(context, instance)

    # --- global commands ----------------------------------------------------------------------------------------------

    def _wanted(self, dc: DialogContext) -> str | None:
        """The global command of the main file that the caller gives, by its name; None when the open question answers
        it, or there is none."""
        script = self._main(dc.context).script
        state = dc.active_dialog.state if dc.active_dialog is not None else {}
        if state.get("mode") == TRANSFERRING:
            return None
        activity = dc.context.activity
        text = (activity.text or "").strip()
        commands = script.main.globals
        step, state = self._open_step(dc)
        if channel.is_key(activity):
            if step is not None and step.takes_key(state, text):
                return None
            return next((name for name, given in commands.at_any_time().items() if given.key == text), None)
        asks_for = script.understanding.asks_for(text)
        if asks_for in commands.leading():
            return asks_for
        found = _said(text, commands.phrases())
        if found is None:
            seems = script.understanding.seems_to_ask_for(text) if sure_of_sound(channel.confidence(activity)) else None
            if step is None or seems not in commands.leading() or step.understands(self._turn(dc, state), text):
                return None
            return seems
        name, whole = found
        if step is not None and name not in LEAVING and step.is_answer(self._turn(dc, state), text, whole=whole):
            return None
        return name

    async def _carry_out(self, dc: DialogContext, name: str) -> Any:
        commands = self._main(dc.context).script.main.globals
        wanted = commands.at_any_time()[name]
        note_answer(dc.context, "", COMMAND, name)
        if name in commands.leading():
            return await (self._jump if wanted.goto is not None else self._answer)(dc, wanted)
        step, state = self._open_step(dc)
        if step is None:
            return await dc.continue_dialog()
        await step.asked_for(self._turn(dc, state), name)
        return Dialog.end_of_turn

    def _turn(self, dc: DialogContext, state: dict[str, Any]) -> Turn:
        return Turn(dc.context, self._flows[dc.active_dialog.id].program(dc.context).script, state, self._around)

    async def _jump(self, dc: DialogContext, wanted: GlobalCommand) -> Any:
        """Leave whatever is open, and go on in the main file with what it knows."""
        variables = self._variables(dc)
        await dc.cancel_all_dialogs()
        await self._message(dc, wanted, variables)
        return await dc.begin_dialog(MAIN, Jump(wanted.goto or self._main(dc.context).first, variables))

    async def _answer(self, dc: DialogContext, wanted: GlobalCommand) -> Any:
        """Say the message, and ask the open question again."""
        await self._message(dc, wanted, self._variables(dc))
        await dc.reprompt_dialog()
        return Dialog.end_of_turn

    async def _message(self, dc: DialogContext, wanted: GlobalCommand, variables: dict[str, Any]) -> None:
        if wanted.message is not None:
            script = self._main(dc.context).script
            await Turn(dc.context, script, {"vars": variables}, self._around).speak(wanted.message)

    def _variables(self, dc: DialogContext) -> dict[str, Any]:
        """What the main file knows."""
        main = next((instance for instance in dc.stack if instance.id == MAIN), None)
        return dict(main.state.get("vars", {})) if main is not None else {}

    def _main(self, context: TurnContext) -> Program:
        return self._flows[MAIN].program(context)

    def _call(self, context: TurnContext) -> dict[str, Any]:
        activity = context.activity
        data = activity.channel_data if isinstance(activity.channel_data, dict) else {}
        sender = activity.from_property.id if activity.from_property is not None else ""
        callee = activity.recipient.id if activity.recipient is not None else ""
        return {
            "locale": closest(activity.locale or "", list(self._flows[MAIN].programs)) or self._locale,
            "caller": str(data.get("caller") or sender or "")[:256],
            "callee": str(data.get("callee") or callee or "")[:256],
            "direction": "outbound" if data.get("direction") == "outbound" else "inbound",
            "context": data["context"] if isinstance(data.get("context"), dict) else {},
            "slow": False,
            "fallback": data.get(FALLBACK_TRANSFER) is True,
        }


def _said(text: str, phrases: Mapping[str, list[str]]) -> tuple[str, bool] | None:
    """The name of the longest phrase that ``text`` contains as whole words, and whether it contains nothing else."""
    said = words_of(text)
    hits = [(len(words), name, words == said) for name, own in phrases.items() for phrase in own
            if (words := words_of(phrase)) and contains(said, words)]  # fmt: skip
    return max(hits)[1:] if hits else None
