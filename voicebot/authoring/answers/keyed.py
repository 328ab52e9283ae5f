"""Numbers on the keypad, one key after another: ``#`` ends them, ``*`` is the decimal point, or begins anew."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from voicebot.authoring.answers.answer import More, Slot

MAX_KEYS = 15
PAUSE_S = 3.0
"""Seconds after a key until a number has ended."""


def pressed(key: str, slot: Slot, *, point: bool = False, length: int | None = None) -> str | More | None:
    """All keys of the number when ``key`` completes it, More while it does not, None when there are no keys to end.

    ``point``: whether a decimal point can be keyed in. ``length``: the number of keys that make the answer.
    """
    so_far: str = slot.get("keys", "")
    if key == "#":
        slot["keys"] = ""
        return so_far or None
    if key == "*":
        slot["keys"] = so_far + "." if point and "." not in so_far else ""
        return More()
    if not key.isdecimal() or len(so_far) >= MAX_KEYS:
        return More()
    slot["keys"] = so_far + key
    if length is None or len(slot["keys"]) < length:
        return More()
    slot["keys"] = ""
    return so_far + key


def as_number(keys: str) -> Decimal | None:
    """The number that was keyed in; None for keys that are none."""
    try:
        return Decimal(keys)
    except InvalidOperation:
        return None
