"""The dialog that a call begins. It holds a dialog for each file of the folder.

It keeps what belongs to the call rather than to one dialog: its language, the speed of speech, the caller. It sees what
callers say before the open question does, as an agent, or starting over, can be asked for at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voicebot.authoring import channel
from voicebot.authoring.answers.choice import contains, words_of
from voicebot.authoring.flow import Flow, Jump
from voicebot.authoring.folder import MAIN
from voicebot.authoring.languages import closest
from voicebot.authoring.model import GlobalCommand, GlobalCommands
from voicebot.authoring.program import Program
from voicebot.authoring.steps.transfer import TRANSFERRING
from voicebot.authoring.turn import Surroundings, Turn
from voicebot.host.sdk import ActivityTypes, ComponentDialog, Dialog, DialogContext, DialogInstance, TurnContext

ROOT = "call"


class CallDialog(ComponentDialog):  # type: ignore[misc]
    """The root: begins ``main``, and carries out global commands."""

    def __init__(self, flows: list[Flow], around: Surroundings, locale: str) -> None:
        super().__init__(ROOT)
        self._around = around
        self._flows = {flow.id: flow for flow in flows}
        self._locale = locale
        for dialog in (*flows, *around.functions.dialogs):
            self.add_dialog(dialog)
        self.initial_dialog_id = MAIN

    async def on_begin_dialog(self, inner_dc: DialogContext, options: object) -> Any:
        call = self._call(inner_dc.context)
        inner_dc.parent.active_dialog.state["call"] = call
        channel.begin_turn(inner_dc.context, call)
        return await inner_dc.begin_dialog(MAIN, options)

    async def on_continue_dialog(self, inner_dc: DialogContext) -> Any:
        channel.begin_turn(inner_dc.context, inner_dc.parent.active_dialog.state.setdefault("call", {}))
        if inner_dc.context.activity.type == ActivityTypes.message:
            wanted = self._wanted(inner_dc)
            if wanted is not None:
                return await (self._jump if wanted.goto is not None else self._answer)(inner_dc, wanted)
        return await inner_dc.continue_dialog()

    async def reprompt_dialog(self, context: TurnContext, instance: DialogInstance) -> None:
        channel.begin_turn(context, instance.state.setdefault("call", {}))
        await super().reprompt_dialog(context, instance)

    # --- global commands ----------------------------------------------------------------------------------------------

    def _wanted(self, dc: DialogContext) -> GlobalCommand | None:
        """The global command of the main file that the caller gives, if it leads somewhere or says something."""
        script = self._main(dc.context).script
        state = dc.active_dialog.state if dc.active_dialog is not None else {}
        if state.get("mode") == TRANSFERRING:
            return None
        activity = dc.context.activity
        text = (activity.text or "").strip()
        flow = self._flows.get(dc.active_dialog.id) if dc.active_dialog is not None else None
        waiting = flow.waiting(dc.context, state) if flow is not None else None
        led = script.main.globals.leading()
        if channel.is_key(activity):
            if waiting is not None and waiting[0].takes_key(state, text):
                return None
            return next((given for given in led.values() if given.key == text), None)
        asks_for = script.understanding.asks_for(text)
        if asks_for in led:
            return led[asks_for]
        usual = GlobalCommands.model_fields
        phrases = {name: given.say or ([] if name in usual else [name.replace("_", " ").replace("-", " ")])
                   for name, given in led.items()}  # fmt: skip
        found = _said(text, phrases)
        if found is None:
            return None
        name, whole = found
        if waiting is not None and name not in usual and waiting[0].is_answer(waiting[1], text, whole=whole):
            return None
        return led[name]

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
        }


def _said(text: str, phrases: Mapping[str, list[str]]) -> tuple[str, bool] | None:
    """The name of the longest phrase that ``text`` contains as whole words, and whether it contains nothing else."""
    said = words_of(text)
    hits = [(len(words), name, words == said) for name, own in phrases.items() for phrase in own
            if (words := words_of(phrase)) and contains(said, words)]  # fmt: skip
    return max(hits)[1:] if hits else None
