"""Days by rule: the next 25 December, the fourth Thursday of November, Easter and what hangs on it, a month later.

None stands for a day that there is not. What lies beyond the years 1 to 9999 raises OverflowError or gives None.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

LONGEST = 4800
"""Months, or the days of as many, that an amount of time may span; more is not a date that anyone means."""

_RULE = re.compile(
    r"easter(?P<easter>[-+][0-9]+)?"
    r"|(?P<month>[0-9]{1,2})-(?P<which>[1-5]|last)-(?P<weekday>[0-6])(?P<later>\+[0-9]+)?"
    r"|(?P<fixed>[0-9]{1,2}-[0-9]{1,2})(?:>(?P<from>[0-6]))?"
)


def day_of(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def full_year(digits: str, today: date, past: bool) -> int:
    """Two digits are the year within the next twenty, or else one that has been."""
    if len(digits) != 2:
        return int(digits)
    year = today.year // 100 * 100 + int(digits)
    return year - 100 if year > today.year + (0 if past else 20) else year


def holiday(rule: str, today: date, past: bool, year: int | None = None) -> date | None:
    """The next day (the last one with ``past``, that of ``year`` if it is given) of a rule:

    ``12-25`` (month and day), ``11-4-3`` (the fourth Thursday of November; Monday is 0), ``5-last-0``, ``11-4-3+1``
    (the day after), ``05-18>0`` (the first Monday from 18 May on), ``easter``, ``easter-2``.

    Raises:
        ValueError: that is no rule.
    """
    parts = _RULE.fullmatch(rule)
    if parts is None:
        raise ValueError(f"no rule for a day: {rule!r}")
    if year is not None:
        return _in_year(parts, year)
    return next_or_last(lambda year: _in_year(parts, year), today, past)


def _in_year(parts: re.Match[str], year: int) -> date | None:
    if parts["month"]:
        which = -1 if parts["which"] == "last" else int(parts["which"])
        found = nth(year, int(parts["month"]), which, int(parts["weekday"]))
        return found and found + timedelta(days=int(parts["later"] or 0))
    if parts["fixed"]:
        month, day = map(int, parts["fixed"].split("-"))
        found = day_of(year, month, day)
        if found is None or parts["from"] is None:
            return found
        return found + timedelta(days=(int(parts["from"]) - found.weekday()) % 7)
    return easter(year) + timedelta(days=int(parts["easter"] or 0))


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    golden, century, of_century = year % 19, year // 100, year % 100
    leap, rest = divmod(century, 4)
    moon = (19 * golden + century - leap - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * rest + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def next_or_last(in_year: Callable[[int], date | None], today: date, past: bool) -> date | None:
    """The next such day that there is (the last one with ``past``); not every year has a 29 February."""
    for turn in range(12):
        year = today.year - turn if past else today.year + turn
        found = in_year(year) if 1 <= year <= 9999 else None
        if found is not None and (found <= today if past else found >= today):
            return found
    return None


def nth(year: int, month: int, which: int, weekday: int | None) -> date | None:
    """The day of the month (without a weekday), or the weekday of it, that is first (1), second ... or last (-1)."""
    if which < 0:
        last = date(year, month, monthrange(year, month)[1])
        return last if weekday is None else last - timedelta(days=(last.weekday() - weekday) % 7)
    if weekday is None:
        return day_of(year, month, which)
    first = date(year, month, 1)
    found = first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))
    return found if found.month == month else None


def yearless(month: int, day: int, today: date, past: bool) -> date | None:
    """The next (or last) day of a month."""
    return next_or_last(lambda year: day_of(year, month, day), today, past)


def monthless(day: int, weekday: int | None, today: date, past: bool) -> date | None:
    """The next (or last) day of any month with this number, on this weekday."""
    for turn in range(60):
        months = today.year * 12 + today.month - 1 + (-turn if past else turn)
        found = day_of(months // 12, months % 12 + 1, day)
        if found is not None and (found <= today if past else found >= today) and weekday in (None, found.weekday()):
            return found
    return None


def weekday_from(day: date, weekday: int, which: int = 1) -> date:
    """The ``which``-th such weekday after ``day``; with -1 the last one before it."""
    if which < 0:
        return day - timedelta(days=(day.weekday() - weekday - 1) % 7 + 1 + 7 * (-which - 1))
    return day + timedelta(days=(weekday - day.weekday() - 1) % 7 + 1 + 7 * (which - 1))


def moved(base: date, amount: int, unit: str) -> date | None:
    """``base`` and so many units on; a month on from the 31st is the last day of a shorter month."""
    if abs(amount) > LONGEST:
        return None
    match unit:
        case "day" | "week" | "fortnight":
            return base + timedelta(days=amount * {"day": 1, "week": 7, "fortnight": 14}[unit])
        case "month" | "year":
            months = base.year * 12 + base.month - 1 + amount * (12 if unit == "year" else 1)
            days = range(base.day, 27, -1) if base.day > 28 else (base.day,)
            return next((found for day in days if (found := day_of(months // 12, months % 12 + 1, day))), None)
        case _:
            return None


def month_of(day: date) -> tuple[date, date]:
    """The first and the last day of the month that ``day`` is in."""
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
