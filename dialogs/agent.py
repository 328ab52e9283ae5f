"""Handing the caller to a person."""

from __future__ import annotations

from typing import Any

from botbuilder.core import TurnContext
from botbuilder.dialogs import Dialog, DialogContext, DialogInstance, DialogTurnResult
from botbuilder.schema import Activity, ActivityTypes

from . import prompts
from .company import AGENT_NUMBER
from .saying import announce, say


class AgentTransfer(Dialog):
    """Asks the channel to transfer the call, and waits for what comes of it (event ``handoff.status``).

    When it works, the caller is gone and so is this conversation. When it does not, the dialog ends, and the caller can
    go on with the bot.
    """

    async def begin_dialog(self, dialog_context: DialogContext, options: Any = None) -> DialogTurnResult:
        if options and options.get("trouble"):
            await say(dialog_context.context, prompts.TROUBLE)
        await announce(dialog_context.context, prompts.TRANSFER)
        await dialog_context.context.send_activity(
            Activity(type=ActivityTypes.event, name="handoff.initiate", value={"TargetPhoneNumber": AGENT_NUMBER})
        )
        return Dialog.end_of_turn

    async def continue_dialog(self, dialog_context: DialogContext) -> DialogTurnResult:
        activity = dialog_context.context.activity
        if activity.type != ActivityTypes.event or activity.name != "handoff.status":
            return Dialog.end_of_turn
        state = activity.value.get("state") if isinstance(activity.value, dict) else None
        if state == "failed":
            await say(dialog_context.context, prompts.TRANSFER_FAILED)
            return await dialog_context.end_dialog()
        if state == "completed":
            return await dialog_context.cancel_all_dialogs()
        return Dialog.end_of_turn

    async def reprompt_dialog(self, context: TurnContext, instance: DialogInstance) -> None:
        """The transfer is under way: there is nothing to ask."""
