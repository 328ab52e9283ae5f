"""The words by which redaction knows numbers, and what they are, in one language: read from its data file.

A new language is a new file beside this one; no code knows a word. All words are folded: lower case, without accents.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

LANGUAGES: Final = ("en", "de", "es", "fr")
_USUAL: Final = "en"


@dataclass(frozen=True, eq=False, slots=True)
class LanguageWords:
    """Of one language. Where two words stand for a phrase, they are divided by a space.

    ``units``: 0 to 9; ``teens``: 10 to 19; ``tens``: 20, 30 ...; ``hundreds``: 200, 300 ... as one word.
    ``joiners``: between tens and units, ``hundred_joiners``: after hundreds. ``tens_then_unit``: a unit may follow
    without a joiner; ``unit_first``: it stands before its ten; ``compounds``: the parts of a number are one word.
    ``tens_take_teens``: tens that go on to nineteen. ``times``: how often the digit is said that follows; ``plurals``:
    digits of which several are said ("three ones").
    ``zero_letters`` are zeros beside another digit; ``sounds_like``: words that a recogniser writes for digits.
    ``fillers`` say nothing, and do not end a number.

    ``card``, ``code``, ``account``, ``phone``, ``email``, ``name``: what says that such a number, address or name
    follows. ``name_weak``: the same, if what follows is written like a name; ``name_asked``: by which one is asked for.
    ``other``: what says that a number is none of these. ``counted``: of what a number right before it says how many
    there are, or how much. ``is_``: what may come between these and the number.
    ``at``, ``dot``, ``signs``: the parts of an e-mail address as they are said; ``plus``: of a telephone number.
    """

    units: Mapping[str, int]
    teens: Mapping[str, int]
    tens: Mapping[str, int]
    hundred: frozenset[str]
    thousand: frozenset[str]
    fillers: frozenset[str]
    card: frozenset[str]
    code: frozenset[str]
    account: frozenset[str]
    phone: frozenset[str]
    other: frozenset[str]
    counted: frozenset[str]
    email: frozenset[str]
    name: frozenset[str]
    name_weak: frozenset[str]
    name_asked: frozenset[str]
    is_: frozenset[str]
    at: frozenset[str]
    dot: frozenset[str]
    signs: frozenset[str]
    plus: frozenset[str] = frozenset({"plus", "+"})
    hundreds: Mapping[str, int] = field(default_factory=dict)
    times: Mapping[str, int] = field(default_factory=dict)
    plurals: Mapping[str, int] = field(default_factory=dict)
    sounds_like: Mapping[str, int] = field(default_factory=dict)
    zero_letters: frozenset[str] = frozenset()
    joiners: frozenset[str] = frozenset()
    hundred_joiners: frozenset[str] = frozenset()
    tens_take_teens: frozenset[int] = frozenset()
    tens_then_unit: bool = False
    unit_first: bool = False
    compounds: bool = False

    def compound(self, word: str) -> int | None:
        """The number that is one word of several, ``viertausendeinhundertelf``; None for what is none."""
        if not self.compounds:
            return None
        total = 0
        for scale, names in ((1000, self.thousand), (100, self.hundred)):
            for name in names:
                before, there, after = word.rpartition(name)
                if there:
                    factor = self._below_hundred(before) if before else 1
                    if factor is None or not 0 < factor < 100:
                        return None
                    total += factor * scale
                    word = next((after.removeprefix(joiner) for joiner in self.joiners), after)
        rest = self._below_hundred(word) if word else 0
        return None if rest is None else total + rest

    def _below_hundred(self, word: str) -> int | None:
        for values in (self.units, self.teens, self.tens):
            if word in values:
                return values[word]
        for joiner in self.joiners:
            unit, joined, ten = word.partition(joiner)
            if joined and unit in self.units and ten in self.tens:
                return self.units[unit] + self.tens[ten]
        return None


def words_of(language: str) -> LanguageWords:
    """Those of ``language`` ("de-AT"); English where there are none."""
    code = language[:2].lower()
    return _load(code if code in LANGUAGES else _USUAL)


def warm() -> None:
    """Read the words of all languages. Blocks for some 20 ms: call it at start, off the event loop."""
    for language in LANGUAGES:
        _load(language)


def folded(word: str) -> str:
    """``word`` without case and accents, decimals of any script as 0 to 9. One character stays one character."""
    return word.lower() if word.isascii() else "".join(map(_fold, word))


@cache
def _fold(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    plain = unicodedata.normalize("NFKD", character.casefold())[:1] or character
    return "'" if plain in "’ʼ" else plain


@cache
def _load(language: str) -> LanguageWords:
    text = files("voicebot.assist.redaction").joinpath(f"{language}.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    data["is_"] = data.pop("is")
    values: dict[str, Any] = {name: _listed(value) for name, value in data.items()}
    return LanguageWords(**values)


def _listed(value: object) -> object:
    return frozenset(value) if isinstance(value, list) else value
