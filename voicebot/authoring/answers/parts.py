"""Answers that callers give in parts, with pauses between them: numbers in groups, names letter by letter. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

PART_PAUSE_S = 3.0
"""Seconds in which a further part may follow without a word of the bot."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Form:
    """What the rest of an answer looks like: ``least`` to ``most`` digits, or with ``letters`` letters and digits."""

    least: int
    most: int
    letters: bool = False


def joined(before: str, said: str, least: int, most: int) -> str:
    """What was said before and now, as one; ``""`` when it is too long.

    An answer that is complete by itself replaces one that it repeats, or with which it would be too long.
    """
    whole = before + said
    complete = least <= len(said) <= most
    if before and complete and (said.startswith(before) or len(whole) > most):
        return said
    return whole if len(whole) <= most else ""


def is_part(text: str, said: str) -> bool:
    """Whether ``text``, in which the characters ``said`` were read, holds little else: "I have two questions" does."""
    words = _WORD.findall(text)
    numerals = [word for word in words if any(character.isdecimal() for character in word)]
    spoken = len(said) - sum(len(word) for word in numerals)
    others = len(words) - len(numerals) - max(spoken, 0)
    return others <= (len(said) + 1 if len(said) > 1 else 1)
