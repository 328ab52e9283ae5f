"""How much alike two words sound: for what a recogniser makes of a word that it does not expect ("Billan" for billing).

A word is spelled by its sounds, roughly and in the same way in all languages; two spellings are compared letter by
letter, where letters of the same kind (vowels; b and p; m and n; p and t) differ less than others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate
from string import ascii_lowercase
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
_NOTHING = 1e-6
"""By so much, sums of these may be off."""


def sound(word: str) -> str:
    """A spelling of ``word`` (small letters without accents) by its sounds."""
    spoken = _WRITTEN.sub(lambda written: _SPOKEN.get(written[0], ""), word)
    return _VOWELS_IN_A_ROW.sub(r"\1", _DOUBLED.sub(r"\1", spoken))


def _instead(one: str, other: str) -> float:
    if one == other:
        return 0.0
    if one in VOWELS and other in VOWELS:
        return VOWEL_FOR_VOWEL
    return KIN if (one, other) in _KIN else OTHER


_MORE = {letter: VOWEL_MORE if letter in VOWELS else OTHER for letter in ascii_lowercase}
_INSTEAD = {one: {other: _instead(one, other) for other in ascii_lowercase} for one in ascii_lowercase}
_VOWEL_BITS = sum(0b1111 << 4 * ascii_lowercase.index(vowel) for vowel in VOWELS)


@lru_cache(maxsize=4096)
def likeness(one: str, other: str, matters: float = 0.0) -> float:
    """How much alike two spellings by sound are, from 0 to 1 for the same. What is less than ``matters`` may be 0: that
    it is less shows before all of them is compared."""
    longer = max(len(one), len(other))
    if not longer or abs(len(one) - len(other)) > longer // 2:
        return 0.0
    most = (1.0 - matters) * longer + _NOTHING
    more = [_MORE[letter] for letter in other]
    row = [0.0, *accumulate(more)]
    for letter in one:
        above, more_above, instead = row, _MORE[letter], _INSTEAD[letter]
        left = above[0] + more_above
        row = [left]
        for at, against in enumerate(other):
            left += more[at]
            if (over := above[at + 1] + more_above) < left:
                left = over
            if (aslant := above[at] + instead[against]) < left:
                left = aslant
            row.append(left)
        if min(row) > most:
            return 0.0
    return max(0.0, 1.0 - row[-1] / longer)


def nearest(heard: str, expected: Iterable[tuple[str, T]], least: float = ALIKE) -> tuple[T, float] | None:
    """What the spelling by sound among ``expected`` stands for that ``heard`` is like, and how much; None where none
    is, or not as much as ``least``, or those of two are nearly as much."""
    matters = least - (APART if least >= NEAR else FAR_APART)  # what is less like it is neither first nor close behind
    found: dict[T, float] = {}
    mine = _letters(heard)
    for other, meaning in expected:
        theirs, longer = _letters(other), max(len(heard), len(other)) or 1
        if 1.0 - _costs_at_least(mine, theirs) / longer + _NOTHING >= matters:
            found[meaning] = max(found.get(meaning, 0.0), likeness(heard, other, matters))
    if not found:
        return None
    first, *others = sorted(found, key=lambda meaning: -found[meaning])
    lead = found[first] - (found[others[0]] if others else 0.0)
    near = (found[first] >= NEAR and lead >= APART) or (found[first] >= ALIKE and lead >= FAR_APART)
    return (first, found[first]) if near and found[first] >= least else None


@lru_cache(maxsize=4096)
def _letters(spelled: str) -> int:
    """Which letters there are, and how often (up to four times), as bits."""
    return sum(((1 << min(spelled.count(letter), 4)) - 1) << 4 * ascii_lowercase.index(letter) for letter in {*spelled})


def _costs_at_least(mine: int, theirs: int) -> float:
    """What it costs to make one spelling of another, at the least: a letter that only one of them has is taken for one
    of its kind. It is told in a hundredth of the time, and of most words that is enough."""
    lost, new = mine & ~theirs, theirs & ~mine
    vowels = max((lost & _VOWEL_BITS).bit_count(), (new & _VOWEL_BITS).bit_count())
    others = max((lost & ~_VOWEL_BITS).bit_count(), (new & ~_VOWEL_BITS).bit_count())
    return KIN * others + VOWEL_FOR_VOWEL * vowels
