"""Which account is it, and what is due?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from botbuilder.dialogs import Dialog, DialogTurnResult, WaterfallStepContext

from . import prompts
from .asking import GIVE_UP, ConfirmDigits, Digits, Steps, filled, options
from .company import ACCOUNT_DIGITS
from .customers import Customers
from .saying import date_aloud, digits_aloud, money_aloud, say

ATTEMPTS = 3


def dialogs(customers: Customers, today: Callable[[], date]) -> list[Dialog]:
    """``account`` ends with ``{"number", "zip"}``; ``billing`` (given an account, or None) ends with the same."""
    billing = Billing(customers, today)
    account = AccountNumber(customers, today)
    return [
        Digits(
            "account-digits", ACCOUNT_DIGITS, rest=prompts.ACCOUNT_REST, short=prompts.ACCOUNT_SHORT
        ),
        ConfirmDigits("account-confirm", ACCOUNT_DIGITS),
        Steps("account", [account.ask, account.confirm, account.look_up]),
        Steps("billing", [billing.which, billing.answer]),
    ]  # fmt: skip


class AccountNumber:
    """Asks for the number, confirms it, looks it up; begins again when any of that fails, three times at most."""

    def __init__(self, customers: Customers, today: Callable[[], date]) -> None:
        self._customers = customers
        self._today = today

    async def ask(self, step: WaterfallStepContext) -> DialogTurnResult:
        given = (step.options or {}).get("digits")
        if given:
            return await step.next(given)
        question = options(prompts.ACCOUNT, retry=prompts.ACCOUNT_RETRY, help=prompts.ACCOUNT_HELP)
        return await step.begin_dialog("account-digits", question)

    async def confirm(self, step: WaterfallStepContext) -> DialogTurnResult:
        number = step.values["number"] = step.result
        spoken = digits_aloud(number)
        return await step.begin_dialog(
            "account-confirm",
            options(
                prompts.ACCOUNT_CONFIRM.format(digits=spoken),
                retry=filled(prompts.ACCOUNT_CONFIRM_RETRY, number),
                help=prompts.ACCOUNT_CONFIRM_HELP.format(digits=spoken),
                known=number,
            ),
        )

    async def look_up(self, step: WaterfallStepContext) -> DialogTurnResult:
        if step.result is not True:
            corrected = step.result if isinstance(step.result, str) else None
            return await self._again(step, "" if corrected else prompts.ACCOUNT_WRONG, corrected)
        await say(step.context, prompts.LOOKING)
        account = await self._customers.account(step.values["number"], self._today())
        if account is None:
            spoken = digits_aloud(step.values["number"])
            return await self._again(step, prompts.ACCOUNT_UNKNOWN.format(digits=spoken), None)
        return await step.end_dialog({"number": account.number, "zip": account.zip_code})

    async def _again(self, step: WaterfallStepContext, why: str, digits: str | None) -> DialogTurnResult:
        attempt = (step.options or {}).get("attempt", 1) + 1
        if attempt > ATTEMPTS:
            return await step.end_dialog(GIVE_UP)
        if why:
            await say(step.context, why)
        return await step.replace_dialog("account", {"attempt": attempt, "digits": digits})


class Billing:
    """Tells the balance and when it is due."""

    def __init__(self, customers: Customers, today: Callable[[], date]) -> None:
        self._customers = customers
        self._today = today

    async def which(self, step: WaterfallStepContext) -> DialogTurnResult:
        if step.options:
            return await step.next(step.options)
        return await step.begin_dialog("account")

    async def answer(self, step: WaterfallStepContext) -> DialogTurnResult:
        account = await self._customers.account(step.result["number"], self._today())
        if account is None or account.balance_cents <= 0:
            await say(step.context, prompts.BILL_PAID)
        else:
            text = prompts.BILL_DUE if account.due >= self._today() else prompts.BILL_OVERDUE
            await say(
                step.context,
                text.format(amount=f"${account.balance_cents / 100:,.2f}", date=f"{account.due:%B} {account.due.day}"),
                text.format(amount=money_aloud(account.balance_cents), date=date_aloud(account.due)),
            )
        return await step.end_dialog(step.result)
