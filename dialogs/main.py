"""The phone line of a utility company: billing, outages, opening hours, or an agent.

``create_dialog`` is what the dialog host calls; see README.md for the contract.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from botbuilder.dialogs import ComponentDialog, DialogContext, DialogTurnResult, WaterfallStepContext
from botbuilder.dialogs.dialog_reason import DialogReason
from botbuilder.schema import Activity, ActivityTypes

from . import billing, outage, prompts, understanding
from .agent import AgentTransfer
from .asking import GIVE_UP, Question, Steps, YesNo, is_key, options
from .customers import Customers
from .prompts import PROMPTS
from .saying import announce, say

__all__ = ["PROMPTS", "create_dialog"]

MENU_PHRASES = (
    "billing", "my bill", "balance", "payment", "outage", "power outage", "opening hours", "agent", "operator",
)  # fmt: skip


def create_dialog(context: Any) -> ComponentDialog:
    """The root dialog. ``context.file(name)`` finds a file of this folder."""
    return ServiceLine(Customers(context.file("data")), date.today)


class Menu(Question):
    """Ends with a topic. Keys: 1, 2, 3 and 0."""

    phrases = MENU_PHRASES

    def understand(self, text: str, state: dict[str, Any]) -> Any:
        return understanding.topic(text)

    def key(self, key: str, state: dict[str, Any]) -> Any:
        return understanding.MENU_KEYS.get(key)


class AnythingElse(YesNo):
    """Ends with True, False, or right away with a topic."""

    phrases = (*YesNo.phrases, *MENU_PHRASES)

    def understand(self, text: str, state: dict[str, Any]) -> Any:
        wanted = understanding.topic(text)
        if wanted is not None:
            return wanted
        if understanding.is_done(text):
            return False
        return super().understand(text, state)

    def key(self, key: str, state: dict[str, Any]) -> Any:
        return understanding.AGENT if key == "0" else super().key(key, state)


class ServiceLine(ComponentDialog):
    """The root dialog: the main steps, all that they begin, and what can be said at any time."""

    def __init__(self, customers: Customers, today: Callable[[], date]) -> None:
        super().__init__("service-line")
        self.add_dialog(MainSteps("main", [self.open, self.route, self.wrap_up, self.finish]))
        self.add_dialog(Menu("menu"))
        self.add_dialog(AnythingElse("anything-else"))
        self.add_dialog(AgentTransfer("agent"))
        for dialog in (*billing.dialogs(customers, today), *outage.dialogs(customers)):
            self.add_dialog(dialog)
        self.add_dialog(Steps("hours", [self.hours]))

    # --- the main steps -----------------------------------------------------------------------------------------------

    async def open(self, step: WaterfallStepContext) -> DialogTurnResult:
        given = step.options or {}
        if given.get("topic"):
            return await step.next(given["topic"])
        if not given.get("again"):
            await announce(step.context, prompts.WELCOME)
        text = prompts.MENU_AGAIN if given.get("again") else prompts.MENU
        return await step.begin_dialog("menu", options(text, retry=prompts.MENU_RETRY, help=prompts.MENU_HELP))

    async def route(self, step: WaterfallStepContext) -> DialogTurnResult:
        given = step.options or {}
        if step.result == understanding.AGENT:
            return await step.begin_dialog("agent", {"trouble": given.get("trouble", False)})
        return await step.begin_dialog(step.result, given.get("account"))

    async def wrap_up(self, step: WaterfallStepContext) -> DialogTurnResult:
        step.values["account"] = step.result or (step.options or {}).get("account")
        question = options(
            prompts.ANYTHING_ELSE, retry=prompts.ANYTHING_ELSE_RETRY, help=prompts.ANYTHING_ELSE_HELP
        )  # fmt: skip
        return await step.begin_dialog("anything-else", question)

    async def finish(self, step: WaterfallStepContext) -> DialogTurnResult:
        account = step.values["account"]
        if isinstance(step.result, str):
            return await step.replace_dialog("main", {"topic": step.result, "account": account})
        if step.result:
            return await step.replace_dialog("main", {"again": True, "account": account})
        await say(step.context, prompts.GOODBYE)
        await step.context.send_activity(Activity(type=ActivityTypes.end_of_conversation, code="completedSuccessfully"))
        return await step.end_dialog()

    async def hours(self, step: WaterfallStepContext) -> DialogTurnResult:
        await say(step.context, prompts.HOURS)
        return await step.end_dialog(step.options)

    # --- at any time --------------------------------------------------------------------------------------------------

    async def on_continue_dialog(self, inner_dc: DialogContext) -> DialogTurnResult:
        """Before the active question sees what was said: agent, start over."""
        activity = inner_dc.context.activity
        waiting_for_agent = inner_dc.active_dialog is not None and inner_dc.active_dialog.id == "agent"
        if activity.type == ActivityTypes.message and not is_key(activity) and not waiting_for_agent:
            if understanding.wants_agent(activity.text or ""):
                await inner_dc.cancel_all_dialogs()
                return await inner_dc.begin_dialog("main", {"topic": understanding.AGENT})
            if understanding.wants_start_over(activity.text or ""):
                await inner_dc.cancel_all_dialogs()
                await say(inner_dc.context, prompts.START_OVER)
                return await inner_dc.begin_dialog("main", {"again": True})
        return await inner_dc.continue_dialog()


class MainSteps(Steps):
    """Whoever could not be understood anywhere is handed to an agent."""

    async def resume_dialog(
        self, dialog_context: DialogContext, reason: DialogReason, result: object
    ) -> DialogTurnResult:
        if result == GIVE_UP:
            return await dialog_context.replace_dialog("main", {"topic": understanding.AGENT, "trouble": True})
        return await super().resume_dialog(dialog_context, reason, result)
