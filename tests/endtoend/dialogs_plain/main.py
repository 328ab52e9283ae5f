"""The bot of ``test_endtoend_bots.py`` as dialogs."""

from __future__ import annotations

from typing import Any

from botbuilder.dialogs import Dialog, DialogContext, DialogTurnResult
from botbuilder.schema import Activity, ActivityTypes

STORY = " ".join(["once"] * 60)


def create_dialog(context: Any) -> Dialog:
    return Plain("plain")


class Plain(Dialog):
    """8: hands the caller on. 9: hangs up. "tell me a story": a long one. Else repeats what it hears."""

    async def begin_dialog(self, dialog_context: DialogContext, options: object = None) -> DialogTurnResult:
        await dialog_context.context.send_activity("Welcome.")
        return Dialog.end_of_turn

    async def continue_dialog(self, dialog_context: DialogContext) -> DialogTurnResult:
        context = dialog_context.context
        if context.activity.type != ActivityTypes.message:
            return Dialog.end_of_turn
        match context.activity.text:
            case "8":
                value = {"TargetPhoneNumber": "sip:agent@127.0.0.1"}
                await context.send_activity(Activity(type="event", name="handoff.initiate", value=value))
            case "9":
                await context.send_activity(Activity(type="endOfConversation", code="completedSuccessfully"))
            case "tell me a story":
                await context.send_activity(STORY)
            case text:
                await context.send_activity(f"You said {text}.")
        return Dialog.end_of_turn
