"""The operators and functions of expressions: pure, bounded, and None for what makes no sense.

They may raise what :data:`NO_VALUE` lists; the evaluation takes that for None.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from voicebot.authoring.exact import numeral

MAX_TEXT = 4000
MAX_LIST = 1000
MAX_NUMBER = 1e15
NO_VALUE = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


def number(value: Any) -> int | float | Decimal | None:
    """``value`` as a number: numbers and texts that are one. None for everything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,15}(?:\.\d{1,9})?\s*", value):
        return float(value) if "." in value else int(value)
    return None


def bounded(value: Any) -> Any:
    """``value``, no longer than an expression may make it; None for a number that is too large."""
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, list):
        return value[:MAX_LIST]
    if isinstance(value, float | int | Decimal) and not isinstance(value, bool):
        return value if math.isfinite(value) and -MAX_NUMBER <= value <= MAX_NUMBER else None
    return value


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, str) != isinstance(right, str):
        first, second = number(left), number(right)
        return first is not None and first == second
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right)


def _ordered(left: Any, right: Any) -> int | None:
    """-1, 0 or 1; None when the two cannot be compared."""
    if isinstance(left, str) and isinstance(right, str) and (number(left) is None or number(right) is None):
        first: Any = _moment(left, right)
        second: Any = _moment(right, left)
    elif isinstance(left, date | time) or isinstance(right, date | time):
        first, second = _moment(left, right), _moment(right, left)
    else:
        first, second = number(left), number(right)
    if first is None or second is None:
        return None
    return int(first > second) - int(first < second)


def _moment(value: Any, beside: Any) -> Any:
    """A text compared with a day or a time is read as one."""
    if isinstance(value, str) and isinstance(beside, date | time):
        return type(beside).fromisoformat(value)
    if isinstance(value, datetime) and isinstance(beside, date) and not isinstance(beside, datetime):
        return value.date()
    return value


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, list) and isinstance(right, list):
        return [*left, *right]
    first, second = number(left), number(right)
    if first is not None and second is not None and not (isinstance(left, str) and isinstance(right, str)):
        return _alike(_plus, first, second)
    if isinstance(left, date) and second is not None:
        return left + timedelta(days=int(second))
    if isinstance(left, str) or isinstance(right, str):
        return (_text(left) + _text(right))[:MAX_TEXT]
    return None


def _arithmetic(work: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        if isinstance(left, date) and work is _minus:
            other = _moment(right, left)
            if isinstance(other, date):
                return (left - other).days
            days = number(right)
            return left - timedelta(days=int(days)) if days is not None else None
        first, second = number(left), number(right)
        if first is None or second is None:
            return None
        return _alike(work, first, second)

    return apply


def _alike(work: Callable[[Any, Any], Any], first: Any, second: Any) -> Any:
    """Of two numbers, of which both are exact if one is."""
    mixed = isinstance(first, Decimal) != isinstance(second, Decimal)
    return work(_exact(first), _exact(second)) if mixed else work(first, second)


def _exact(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _plus(left: Any, right: Any) -> Any:
    return left + right


def _minus(left: Any, right: Any) -> Any:
    return left - right


def _times(left: Any, right: Any) -> Any:
    return left * right


def _over(left: Any, right: Any) -> Any:
    return left / right


def _whole(left: Any, right: Any) -> Any:
    return left // right


def _rest(left: Any, right: Any) -> Any:
    return left % right


def _text(value: Any) -> str:
    """``value`` as a text, never as Python would write it: of a list or a thing with parts, what is in it."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return numeral(value)
        case date() | time():
            return value.isoformat()
        case list() | tuple():
            return ", ".join(_text(item) for item in value)
        case Mapping():
            return ", ".join(_text(item) for item in value.values())
        case _:
            return ""


def part(whole: Any, key: Any) -> Any:
    """``whole[key]`` or ``whole.key`` of an expression; None where there is no such part. Raises IndexError."""
    if isinstance(whole, Mapping):
        return whole.get(key if isinstance(key, str) else _text(key))
    if isinstance(whole, list | str) and isinstance(key, int) and not isinstance(key, bool):
        return whole[key]
    if isinstance(whole, date) and key in ("year", "month", "day"):
        return getattr(whole, key)
    if isinstance(whole, datetime | time) and key in ("hour", "minute"):
        return getattr(whole, key)
    if isinstance(whole, date) and key == "weekday":
        return whole.isoweekday()
    return None


def _within(left: Any, right: Any) -> bool:
    if isinstance(right, str):
        return isinstance(left, str) and left.lower() in right.lower()
    if isinstance(right, list):
        return any(_equal(left, item) for item in right)
    return isinstance(right, Mapping) and left in right


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | dict) else 0


def _as_number(value: Any) -> Any:
    return number(value)


def _round(value: Any, places: Any = 0) -> Any:
    amount = number(value)
    if amount is None:
        return None
    rounded = round(_exact(amount), max(0, min(int(places), 9)))
    return int(rounded) if not places else rounded if isinstance(amount, Decimal) else float(rounded)


def _date(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def _time(value: Any) -> time | None:
    return (
        value.time() if isinstance(value, datetime) else value if isinstance(value, time) else time.fromisoformat(value)
    )


FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int, str]] = {
    "len": (_length, 1, 1, "how many characters a text, or items a list has"),
    "number": (_as_number, 1, 1, "a text as a number"),
    "text": (_text, 1, 1, "a value as a text"),
    "round": (_round, 1, 2, "a number rounded (to so many places)"),
    "lower": (lambda value: _text(value).lower(), 1, 1, "a text in small letters"),
    "upper": (lambda value: _text(value).upper(), 1, 1, "a text in capital letters"),
    "last": (lambda value, count: _text(value)[-int(count) :] if int(count) > 0 else "", 2, 2,
             "the last so many characters of a text"),
    "first": (lambda value, count: _text(value)[: max(int(count), 0)], 2, 2, "the first so many characters of a text"),
    "starts": (lambda value, start: _text(value).startswith(_text(start)), 2, 2, "whether a text begins with another"),
    "min": (lambda left, right: left if (_ordered(left, right) or 0) <= 0 else right, 2, 2, "the smaller of two"),
    "max": (lambda left, right: left if (_ordered(left, right) or 0) >= 0 else right, 2, 2, "the larger of two"),
    "date": (_date, 1, 1, "a text such as 2026-12-24 as a day"),
    "time": (_time, 1, 1, "a text such as 18:30 as a time of day"),
}  # fmt: skip
"""Name: (what it does, fewest and most arguments, description)."""

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": lambda left, right: _ordered(left, right) == -1,
    "<=": lambda left, right: _ordered(left, right) in (-1, 0),
    ">": lambda left, right: _ordered(left, right) == 1,
    ">=": lambda left, right: _ordered(left, right) in (1, 0),
    "in": _within,
}
SUM: dict[str, Callable[[Any, Any], Any]] = {"+": _add, "-": _arithmetic(_minus)}
PRODUCT: dict[str, Callable[[Any, Any], Any]] = {
    "*": _arithmetic(_times), "/": _arithmetic(_over), "//": _arithmetic(_whole), "%": _arithmetic(_rest),
}  # fmt: skip
