"""Numbers on the keypad, key by key: ``#`` ends a number, ``*`` is the decimal point or starts over."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from voicebot.authoring.answers.answer import DialogAnswer, More, Reading, Slot
from voicebot.authoring.understanding import Understanding

MAX_KEYS = 15
PAUSE_S = 3.0
"""Seconds without a further key that end a number."""


class KeyedAnswer(DialogAnswer):
    """An answer that is keyed in key by key; :meth:`keys_ended` reads the keys."""

    COLLECTS_KEYS = True

    @property
    def keys_pause_s(self) -> float:
        return PAUSE_S

    def read_key(self, key: str, slot: Slot, understanding: Understanding, today: date) -> Reading:
        keys = self.pressed(key, slot)
        return self.keys_ended(keys, understanding, today) if isinstance(keys, str) else keys

    def pressed(self, key: str, slot: Slot) -> str | More | None:
        """See :func:`pressed`."""
        return pressed(key, slot)


def pressed(key: str, slot: Slot, *, point: bool = False, length: int | None = None) -> str | More | None:
    """All keys of the number when ``key`` completes it, More while it does not, None for ``#`` without keys before it.

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
    """The number that was keyed in; None when the keys are not a number."""
    try:
        return Decimal(keys)
    except InvalidOperation:
        return None
