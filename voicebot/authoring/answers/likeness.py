"""Whether two phrases sound so much alike that callers or the recogniser can confuse them."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

ALIKE = 0.85
"""The share of equal letters above which two phrases sound alike."""
MIN_LETTERS = 4


def folded(phrase: str) -> str:
    """``phrase`` in small letters, without punctuation."""
    return " ".join(re.findall(r"\w+", phrase.lower().replace("_", " ").replace("'", "")))


def alike(first: str, second: str) -> bool:
    """Whether two folded phrases are the same or sound alike."""
    if first == second:
        return True
    if min(len(first), len(second)) < MIN_LETTERS:
        return False
    consonants = _consonants(first)
    if len(consonants) > 2 and consonants == _consonants(second):
        return True
    return SequenceMatcher(None, first, second, autojunk=False).ratio() >= ALIKE


def _consonants(phrase: str) -> str:
    """The first letter and the consonants, without repetition: what remains when vowels are misheard."""
    letters = phrase.replace(" ", "")
    return re.sub(r"(.)\1+", r"\1", letters[0] + re.sub(r"[aeiouyäöüéèáíóú]", "", letters[1:]))
