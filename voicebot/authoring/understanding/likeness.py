"""How much alike two words sound: for what a recogniser makes of a word that it does not expect ("Billan" for billing).

A word is spelled by its sounds, roughly and in the same way in all languages; two spellings are compared letter by
letter, where letters of the same kind (vowels; b and p; m and n; p and t) differ less than others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

NEAR, APART = 0.82, 0.12
"""How like the sound of what is expected (0 to 1) must be what was heard, to be taken for it, and how much less like it
everything else must be that is expected."""
ALIKE, FAR_APART = 0.7, 0.2
"""The same for what is only worth asking whether it was said."""

VOWELS = frozenset("aeiouy")
_PLACES = ("bpfvw", "dt", "gk", "sz", "mn", "lr")
_MANNERS = ("ptk", "bdg", "fsv")
_KIN = frozenset(
    {(one, other) for kind in (*_PLACES, *_MANNERS) for one in kind for other in kind}
)  # fmt: skip

_WRITTEN = re.compile(
    r"[^a-z]|ph|tsch|tch|sch|sh|ch|qu|ck|c[eiy]|c|x|ng(?![aeiouy])|gh|h|j|eau|[ao][uw]|[ae]i|[ae]y|ee|ea|oa|oo|ie"
)
_SPOKEN = {"ph": "f", "tsch": "s", "tch": "s", "sch": "s", "sh": "s", "ch": "s", "qu": "k", "ck": "k", "c": "k",
           "ce": "se", "ci": "si", "cy": "si", "x": "ks", "ng": "n", "j": "g", "eau": "o", "au": "o", "aw": "o",
           "ou": "o", "ow": "o", "ai": "e", "ei": "e", "ay": "e", "ey": "e", "ee": "i", "ea": "i", "oa": "o", "oo": "u",
           "ie": "i"}  # fmt: skip
_VOWELS_IN_A_ROW = re.compile(r"([aeiou])[aeiou]+")
_DOUBLED = re.compile(r"(.)\1+")

KIN, VOWEL_FOR_VOWEL, VOWEL_MORE, OTHER = 0.6, 0.3, 0.7, 1.0
"""What it costs to take one letter for another, by what they are: consonants that are made in the same place or manner,
vowels, others; ``VOWEL_MORE``: a vowel more or less."""


def sound(word: str) -> str:
    """A spelling of ``word`` (small letters without accents) by its sounds."""
    spoken = _WRITTEN.sub(lambda written: _SPOKEN.get(written[0], ""), word)
    return _VOWELS_IN_A_ROW.sub(r"\1", _DOUBLED.sub(r"\1", spoken))


@lru_cache(maxsize=4096)
def likeness(one: str, other: str) -> float:
    """How much alike two spellings by sound are, from 0 to 1 for the same."""
    longer = max(len(one), len(other))
    if not longer or abs(len(one) - len(other)) > longer // 2:
        return 0.0
    row = [0.0]
    for letter in other:
        row.append(row[-1] + _more(letter))
    for letter in one:
        above, row = row, [row[0] + _more(letter)]
        for at, against in enumerate(other):
            row.append(
                min(above[at + 1] + _more(letter), row[at] + _more(against), above[at] + _instead(letter, against))
            )
    return max(0.0, 1.0 - row[-1] / longer)


def nearest(heard: str, expected: Iterable[tuple[str, T]]) -> tuple[T, float] | None:
    """What the spelling by sound among ``expected`` stands for that ``heard`` is like, and how much; None where none
    is, or those of two are nearly as much."""
    found: dict[T, float] = {}
    for other, meaning in expected:
        found[meaning] = max(found.get(meaning, 0.0), likeness(heard, other))
    if not found:
        return None
    first, *others = sorted(found, key=lambda meaning: -found[meaning])
    lead = found[first] - (found[others[0]] if others else 0.0)
    near = (found[first] >= NEAR and lead >= APART) or (found[first] >= ALIKE and lead >= FAR_APART)
    return (first, found[first]) if near else None


def _more(letter: str) -> float:
    return VOWEL_MORE if letter in VOWELS else OTHER


def _instead(one: str, other: str) -> float:
    if one == other:
        return 0.0
    if one in VOWELS and other in VOWELS:
        return VOWEL_FOR_VOWEL
    return KIN if (one, other) in _KIN else OTHER
