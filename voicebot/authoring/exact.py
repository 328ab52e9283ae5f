"""Decimal arithmetic whose precision no library can lower.

The recognisers that come with the Bot Framework SDK set the precision of the whole thread to 15 digits when they are
imported. What reads or says numbers here brings its own context.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

MAX_DIGITS = 40
"""The most digits of a number that is written out."""

_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])


def exact(function: Callable[P, R]) -> Callable[P, R]:
    """``function``, computing with 80 digits whatever the thread's context is."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(_EXACT):
            return function(*args, **kwargs)

    return inside


@exact
def numeral(value: float | Decimal) -> str:
    """A number in digits, with neither an exponent nor groups; ``""`` for one that is endless or too long."""
    number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or not -MAX_DIGITS <= number.adjusted() <= MAX_DIGITS:
        return ""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if isinstance(value, float) and "." in text else text
