"""Is the power out where the caller lives?"""

from __future__ import annotations

from typing import Any

from botbuilder.dialogs import Dialog, DialogTurnResult, WaterfallStepContext

from . import prompts, understanding
from .asking import Digits, Steps, options
from .company import ZIP_DIGITS
from .customers import Customers
from .saying import digits_aloud, say, time_aloud

BY_ACCOUNT = "by account"


def dialogs(customers: Customers) -> list[Dialog]:
    """``outage`` (given an account, or None) ends with the account, when it asked for one."""
    outage = OutageCheck(customers)
    return [ZipCode("zip"), Steps("outage", [outage.where, outage.account, outage.answer])]


class ZipCode(Digits):
    """Ends with a zip code, or with :data:`BY_ACCOUNT` when the caller would rather give the account."""

    phrases = (*Digits.phrases, "account", "account number")

    def __init__(self, dialog_id: str) -> None:
        super().__init__(dialog_id, ZIP_DIGITS, rest=prompts.ZIP_REST, short=prompts.ZIP_SHORT)

    def understand(self, text: str, state: dict[str, Any]) -> Any:
        if understanding.says(text, ("account", "account number", "a count")):
            return BY_ACCOUNT
        return super().understand(text, state)


class OutageCheck:
    """Finds the place, by what is known of the caller or by asking, and tells what is known about it."""

    def __init__(self, customers: Customers) -> None:
        self._customers = customers

    async def where(self, step: WaterfallStepContext) -> DialogTurnResult:
        if step.options:
            return await step.next(BY_ACCOUNT)
        return await step.begin_dialog("zip", options(prompts.ZIP, retry=prompts.ZIP_RETRY, help=prompts.ZIP_HELP))

    async def account(self, step: WaterfallStepContext) -> DialogTurnResult:
        if step.result != BY_ACCOUNT:
            step.values["zip"] = step.result
            return await step.next(None)
        if step.options:
            return await step.next(step.options)
        return await step.begin_dialog("account")

    async def answer(self, step: WaterfallStepContext) -> DialogTurnResult:
        account = step.result
        zip_code = account["zip"] if account else step.values["zip"]
        outage = await self._customers.outage(zip_code)
        where = digits_aloud(zip_code)
        if outage is None:
            await say(
                step.context, prompts.OUTAGE_NONE.format(digits=zip_code), prompts.OUTAGE_NONE.format(digits=where)
            )
        else:
            await say(
                step.context,
                prompts.OUTAGE_FOUND.format(digits=zip_code, cause=outage.cause, time=f"{outage.until:%H:%M}"),
                prompts.OUTAGE_FOUND.format(digits=where, cause=outage.cause, time=time_aloud(outage.until)),
            )
        return await step.end_dialog(account)
