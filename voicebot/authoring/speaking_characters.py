"""What is said character by character: digits in groups, telephone numbers, letters, e-mail addresses."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from voicebot.authoring.exact import numeral
from voicebot.authoring.speaking_words import SpokenLanguage

MAX_SPELLED = 200
"""The most characters that are said one by one."""

_VOWELS = frozenset("aeiouyäöüéèáíóú")


def groups(digits: str) -> list[str]:
    """``digits`` in the groups in which people read out numbers: of three where that comes out even, or of four; never
    of a single digit.
    """
    if len(digits) <= 4:
        return [digits] if digits else []
    size = 3 if len(digits) in (5, 6, 7, 9, 10) else 4
    found = [digits[at : at + size] for at in range(0, len(digits), size)]
    if len(found[-1]) == 1:
        last = found[-2] + found[-1]
        found[-2:] = [last] if len(last) <= 4 else [last[:3], last[3:]]
    return found


def digits_spoken(value: Any, detail: str, speech: SpokenLanguage) -> str:
    """One by one, with pauses between groups. These functions are the ways of saying in :mod:`speaking
    <voicebot.authoring.speaking>`; ``detail`` is what stands behind the way's name, of which they have none."""
    text = _short(value)
    parts = re.findall(r"[0-9]+|[^\W\d_]+", text)
    if len(parts) == 1 and parts[0].isdecimal():
        parts = groups(parts[0])
    return ", ".join(_one_by_one(part, speech) for part in parts)


def phone_spoken(value: Any, detail: str, speech: SpokenLanguage) -> str:
    """A telephone number, in the groups of the language unless it is written in groups."""
    text = _short(value)
    parts = re.findall(r"[0-9]+", text)
    if len(parts) == 1 and len(parts[0]) > 4:
        digits = parts[0]
        parts = []
        if text.lstrip().startswith("+1") and len(digits) == 11:
            parts, digits = ["1"], digits[1:]
        sizes = [int(size) for size in speech.data["phone_groups"]]
        while digits:
            size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
            size = len(digits) if len(digits) <= size + 1 and size > 2 else size
            parts.append(digits[:size])
            digits = digits[size:]
    plus = f"{speech.data['plus']} " if text.lstrip().startswith("+") else ""
    return plus + ", ".join(_one_by_one(part, speech) for part in parts)


def spelled_spoken(value: Any, detail: str, speech: SpokenLanguage) -> str:
    """Character by character, signs by their names."""
    names = speech.data["letters"]
    said = [_one_by_one(character, speech) if character.isalnum() else names.get(character, "") for character in
            _short(value)]  # fmt: skip
    return ", ".join(part for part in said if part)


def email_spoken(value: Any, detail: str, speech: SpokenLanguage) -> str:
    """An address with its signs by name; what cannot be said as a word is spelled."""
    names = speech.data["letters"]
    said = []
    for part in re.findall(r"[^\W\d_]+|[0-9]+|[^\s\w]|_", _short(value)):
        if part.isalpha():
            said.append(part if len(part) > 2 and set(part.lower()) & _VOWELS else " ".join(part.upper()))
        else:
            said.append(_one_by_one(part, speech) if part.isdecimal() else names.get(part, part))
    return " ".join(said)


def _one_by_one(text: str, speech: SpokenLanguage) -> str:
    words = speech.data["digits"]
    return " ".join(words[int(one)] if one.isascii() and one.isdecimal() else one.upper() for one in text)


def _short(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TypeError(f"{type(value).__name__} is not said one by one")
    text = value if isinstance(value, str) else numeral(value)
    if len(text) > MAX_SPELLED:
        raise ValueError("too long to be said one by one")
    return text
