"""Speaking to the caller, and how digits, money, dates and times sound."""

from __future__ import annotations

from datetime import date, time

from botbuilder.core import TurnContext
from botbuilder.schema import Activity, ActivityTypes, InputHints

_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = [
    "zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    "twentieth",
]  # fmt: skip
_MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
]  # fmt: skip


async def say(context: TurnContext, text: str, speak: str | None = None) -> None:
    """Say something that may be interrupted and asks for nothing. ``speak``: what is spoken, if not ``text``."""
    await _send(context, text, speak, InputHints.accepting_input)


async def announce(context: TurnContext, text: str) -> None:
    """Say something that cannot be interrupted. Keep it short: callers hate that."""
    await _send(context, text, None, InputHints.ignoring_input)


async def ask(context: TurnContext, text: str, speak: str | None = None) -> None:
    """Say something that the caller is expected to answer."""
    await _send(context, text, speak, InputHints.expecting_input)


async def expect(context: TurnContext, phrases: list[str]) -> None:
    """Tell the recogniser which words are likely next."""
    await context.send_activity(
        Activity(
            type=ActivityTypes.event, name="config", channel_data={"sessionParams": {"sttContextPhrases": phrases}}
        )
    )


async def _send(context: TurnContext, text: str, speak: str | None, hint: str) -> None:
    await context.send_activity(
        Activity(type=ActivityTypes.message, text=text, speak=speak if speak is not None else text, input_hint=hint)
    )


def digits_aloud(digits: str) -> str:
    """``"123456"`` as "one two three, four five six": in groups of three, as people say numbers."""
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    return ", ".join(" ".join(_ONES[int(digit)] for digit in group) for group in groups)


def number_aloud(number: int) -> str:
    """A whole number from 0 to 999,999 in words."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{_ONES[hundreds]} hundred" + (f" {number_aloud(rest)}" if rest else "")
    thousands, rest = divmod(number, 1000)
    return f"{number_aloud(thousands)} thousand" + (f" {number_aloud(rest)}" if rest else "")


def money_aloud(cents: int) -> str:
    """``8437`` as "eighty-four dollars and thirty-seven cents"."""
    dollars, rest = divmod(cents, 100)
    parts = []
    if dollars or not rest:
        parts.append(f"{number_aloud(dollars)} dollar{'' if dollars == 1 else 's'}")
    if rest:
        parts.append(f"{number_aloud(rest)} cent{'' if rest == 1 else 's'}")
    return " and ".join(parts)


def date_aloud(day: date) -> str:
    """A day as "December twenty-first"."""
    number = day.day
    if number <= 20:
        ordinal = _ORDINALS[number]
    elif number % 10 == 0:
        ordinal = "thirtieth"
    else:
        ordinal = f"{_TENS[number // 10]}-{_ORDINALS[number % 10]}"
    return f"{_MONTHS[day.month - 1]} {ordinal}"


def time_aloud(moment: time) -> str:
    """A time of day as "six thirty p.m."."""
    hour = number_aloud(moment.hour % 12 or 12)
    minute = "" if moment.minute == 0 else f" oh {number_aloud(moment.minute)}" if moment.minute < 10 else (
        f" {number_aloud(moment.minute)}"
    )  # fmt: skip
    return f"{hour}{minute} {'a.m.' if moment.hour < 12 else 'p.m.'}"
