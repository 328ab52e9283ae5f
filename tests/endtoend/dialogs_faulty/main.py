"""Dialogs as bad as they come: each key shows a way to treat the host ill, the others count how often they came."""

from __future__ import annotations

import time
from typing import Any

from botbuilder.dialogs import Dialog, DialogContext, DialogTurnResult
from botbuilder.schema import ActivityTypes

BLOCK_S = 2.0
LONG = " ".join(["one"] * 60)


def create_dialog(context: Any) -> Dialog:
    return Faulty("faulty")


class Faulty(Dialog):
    """1: says something long, then sleeps. 2: the same, computing. 3: raises. 4: never returns. Others: counts."""

    async def begin_dialog(self, dialog_context: DialogContext, options: object = None) -> DialogTurnResult:
        dialog_context.active_dialog.state["count"] = 0
        await dialog_context.context.send_activity("welcome")
        return Dialog.end_of_turn

    async def continue_dialog(self, dialog_context: DialogContext) -> DialogTurnResult:
        context, state = dialog_context.context, dialog_context.active_dialog.state
        if context.activity.type != ActivityTypes.message:
            return Dialog.end_of_turn
        match context.activity.text:
            case "1":
                await context.send_activity(LONG)
                time.sleep(BLOCK_S)
                await context.send_activity("slept well")
            case "2":
                await context.send_activity(LONG)
                end = time.monotonic() + BLOCK_S
                while time.monotonic() < end:
                    sum(range(1000))
                await context.send_activity("computed well")
            case "3":
                state["count"] += 100  # must not be kept: the turn fails
                raise RuntimeError("a defect in the dialog")
            case "4":
                while True:
                    pass
            case _:
                state["count"] += 1
                await context.send_activity(f"key number {state['count']}")
        return Dialog.end_of_turn

    async def reprompt_dialog(self, context: Any, instance: Any) -> None:
        await context.send_activity(f"you have pressed {instance.state['count']}")
