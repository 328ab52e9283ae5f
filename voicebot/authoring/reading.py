"""What an answer means to a question: words and keys in, a value out. Pure; what is half said is kept in ``slot``.

``slot`` is the part of a dialog's state that belongs to the open question: ``keys`` (pressed so far), ``said`` (digits
said so far). It holds plain JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from voicebot.authoring.model import Ask, Digits
from voicebot.authoring.understanding import Understanding

MAX_KEYS = 64


@dataclass(frozen=True, slots=True)
class Answered:
    """``value`` is the answer; ``option`` names the option of ``choice`` that it came from."""

    value: Any
    option: str | None = None


@dataclass(frozen=True, slots=True)
class More:
    """The answer is not complete. ``say``: ``rest`` or ``short`` (a prompt of the question), or ``""``."""

    say: str = ""


Reading = Answered | More | None
"""None: this is no answer."""


def read_words(ask: Ask, text: str, slot: dict[str, Any], understanding: Understanding, today: date) -> Reading:
    """What the caller said."""
    option = option_meant(ask, text, understanding)
    if option is not None:
        return option
    if ask.digits is not None:
        return _digits_said(ask.digits, text, slot, understanding)
    value = value_said(ask, text, understanding, today)
    return None if value is None else Answered(value)


def option_meant(ask: Ask, text: str, understanding: Understanding) -> Answered | None:
    """The option of ``choice`` that ``text`` means."""
    if not ask.options:
        return None
    spoken = {name: (option.say or [name.replace("_", " ").replace("-", " ")]) for name, option in ask.options.items()}
    name = understanding.choice(text, spoken)
    if name is None or (not ask.chooses and not _named(text, spoken[name])):
        return None
    return _option(ask, name)


def value_said(ask: Ask, text: str, understanding: Understanding, today: date) -> Any:
    """The value of the question's kind in ``text``, complete and within its limits; None when there is none."""
    match ask.kind:
        case "choice" | "languages":
            found = option_meant(ask, text, understanding)
            return found.value if found is not None else None
        case "digits":
            assert ask.digits is not None
            digits = understanding.digits(text, ask.digits.length)
            return digits if ask.digits.shortest <= len(digits) <= ask.digits.longest else None
        case "yesno":
            return understanding.yes_no(text)
        case "number":
            return _number(ask, understanding.number(text))
        case "date":
            return _day(ask, understanding.date(text, today, past=bool(ask.date and not ask.date.future)), today)
        case "money":
            return _amount(ask, understanding.money(text, ask.money.currency if ask.money else "USD"))
        case "spelled":
            letters = understanding.spelled(text)
            limits = ask.spelled
            return letters if letters and limits and limits.min <= len(letters) <= limits.max else None
        case "name":
            return understanding.name(text) or None
    return text.strip() or None


def read_key(ask: Ask, key: str, slot: dict[str, Any], today: date) -> Reading:
    """What the caller pressed."""
    # The keys for yes and no come first: an option shared with other questions may have the same.
    if ask.yesno is not None and key in (ask.yesno.yes_key, ask.yesno.no_key):
        return Answered(key == ask.yesno.yes_key)
    if not slot.get("keys"):
        for name, option in ask.options.items():
            if option.key == key:
                return _option(ask, name)
    if ask.digits is not None:
        return _digit_pressed(ask.digits, key, slot)
    if ask.kind in ("number", "money", "date"):
        return _number_pressed(ask, key, slot, today)
    return None


def keys_ended(ask: Ask, slot: dict[str, Any], today: date) -> Reading:
    """No key has followed for a while: what was pressed so far is the answer, or is not."""
    pressed = slot.get("keys", "")
    slot["keys"] = ""
    if ask.digits is not None:
        return Answered(pressed) if len(pressed) >= ask.digits.shortest else More("short")
    return _number_complete(ask, pressed, today)


def collects_keys(ask: Ask) -> bool:
    """Whether several keys make an answer."""
    return ask.kind in ("digits", "number", "money", "date")


def keys_pause_s(ask: Ask) -> float | None:
    """So long after a key the answer has ended; None when its length is known, and nobody has said more."""
    if ask.digits is not None:
        return ask.digits.pause if ask.digits.length is None or "pause" in ask.digits.model_fields_set else None
    return 3.0 if ask.kind in ("number", "money") else None


def _option(ask: Ask, name: str) -> Answered:
    option = ask.options[name]
    return Answered(name if option.value is None else option.value, name)


def _named(text: str, phrases: list[str]) -> bool:
    """Whether a word of ``phrases`` is in ``text``: beside digits, "one" does not mean the first option."""
    said = text.lower()
    return any(word[:4].lower() in said for phrase in phrases for word in phrase.split() if len(word) > 2)


def _digits_said(digits: Digits, text: str, slot: dict[str, Any], understanding: Understanding) -> Reading:
    spoken = understanding.digits(text, digits.length)
    if not spoken:
        return None
    so_far = slot.get("said", "")
    slot["said"] = ""
    if digits.length is None:
        return Answered(spoken) if digits.min <= len(spoken) <= digits.max else None
    for candidate in (spoken, so_far + spoken):
        if len(candidate) == digits.length:
            return Answered(candidate)
    if len(so_far + spoken) > digits.length:
        return None
    slot["said"] = so_far + spoken
    return More("rest")


def _digit_pressed(digits: Digits, key: str, slot: dict[str, Any]) -> Reading:
    # What was said before goes on with keys: "one two three", 4 5 6.
    so_far = slot.get("keys", "") or slot.get("said", "")
    slot["said"] = ""
    if key == digits.end_key:
        slot["keys"] = ""
        if not so_far:
            return None
        return Answered(so_far) if len(so_far) >= digits.shortest else More("short")
    if key == "*":
        slot["keys"] = ""
        return More()
    if not key.isdecimal():
        return More()
    so_far += key
    slot["keys"] = "" if len(so_far) >= digits.longest else so_far
    return Answered(so_far) if len(so_far) >= digits.longest else More()


def _number_pressed(ask: Ask, key: str, slot: dict[str, Any], today: date) -> Reading:
    so_far = slot.get("keys", "")
    if key == "#":
        slot["keys"] = ""
        return _number_complete(ask, so_far, today) if so_far else None
    if key == "*":
        if ask.kind == "date" or "." in so_far or (ask.number is not None and ask.number.whole):
            slot["keys"] = ""
            return More()
        slot["keys"] = so_far + "."
        return More()
    if not key.isdecimal() or len(so_far) >= 15:
        return More()
    slot["keys"] = so_far + key
    if ask.kind == "date" and len(slot["keys"]) == 8:
        slot["keys"] = ""
        return _number_complete(ask, so_far + key, today)
    return More()


def _number_complete(ask: Ask, pressed: str, today: date) -> Reading:
    value: Any = None
    try:
        if ask.kind == "date":
            value = _day(ask, datetime.strptime(pressed, "%m%d%Y").date(), today)
        elif ask.kind == "money":
            value = _amount(ask, Decimal(pressed))
        else:
            value = _number(ask, Decimal(pressed))
    except (ValueError, InvalidOperation):
        return None
    return None if value is None else Answered(value)


def _number(ask: Ask, value: Any) -> Any:
    limits = ask.number
    if value is None or limits is None:
        return None
    if value == value.to_integral_value():
        value = int(value)
    elif limits.whole:
        return None
    return value if _within(value, limits.min, limits.max) else None


def _amount(ask: Ask, value: Any) -> Any:
    limits = ask.money
    if value is None or limits is None:
        return None
    amount = value
    return amount if _within(amount, limits.min, limits.max) else None


def _day(ask: Ask, value: Any, today: date) -> Any:
    limits = ask.date
    if value is None or limits is None:
        return None
    return None if (value < today and not limits.past) or (value > today and not limits.future) else value


def _within(value: Any, smallest: float | None, largest: float | None) -> bool:
    return (smallest is None or value >= smallest) and (largest is None or value <= largest)
