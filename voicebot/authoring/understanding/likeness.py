"""How much alike two words sound: for what a recogniser makes of a word that it does not expect ("Billan" for billing).

A word is spelled by its sounds, roughly and in the same way in all languages; two spellings are compared letter by
letter, where letters of the same kind (vowels; b and p; m and n) differ less than others.
"""

from __future__ import annotations

import re
from functools import lru_cache

VOWELS = frozenset("aeiouy")
_KINDS = ("bpfvw", "dt", "gk", "sz", "mn", "lr")
_KIND = {letter: kind for kind, letters in enumerate(_KINDS) for letter in letters}

_WRITTEN = re.compile(r"[^a-z]|ph|tsch|tch|sch|sh|ch|qu|ck|c[eiy]|c|x|ng|gh|h|j")
_SPOKEN = {"ph": "f", "tsch": "s", "tch": "s", "sch": "s", "sh": "s", "ch": "s", "qu": "k", "ck": "k", "c": "k",
           "ce": "se", "ci": "si", "cy": "si", "x": "ks", "ng": "n", "j": "g"}  # fmt: skip
_DOUBLED = re.compile(r"(.)\1+")

SAME_KIND, VOWEL_FOR_VOWEL, VOWEL_MORE, OTHER = 0.6, 0.3, 0.7, 1.0
"""What it costs to take one letter for another, by what they are; ``VOWEL_MORE``: a vowel more or less."""


def sound(word: str) -> str:
    """A spelling of ``word`` (small letters without accents) by its sounds."""
    spoken = _WRITTEN.sub(lambda written: _SPOKEN.get(written[0], ""), word)
    return _DOUBLED.sub(r"\1", spoken)


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


def _more(letter: str) -> float:
    return VOWEL_MORE if letter in VOWELS else OTHER


def _instead(one: str, other: str) -> float:
    if one == other:
        return 0.0
    if one in VOWELS and other in VOWELS:
        return VOWEL_FOR_VOWEL
    kind = _KIND.get(one)
    return SAME_KIND if kind is not None and kind == _KIND.get(other) else OTHER
