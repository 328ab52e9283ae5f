"""What callers usually say, by language: for the call, which ends their turns by it and knows no language itself.

Of the phrases in a data file, those that are written out are the usual ones; those with alternatives, "(a|b) c", stand
for thousands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from voicebot.authoring.understanding.tokens import folded
from voicebot.authoring.understanding.vocabulary import Vocabulary

MOST_WORDS = 4
"""Of a phrase; longer ones are seldom said word by word."""
MOST_PLACES = 10
"""Nobody says "the eleventh one"."""
_CLOSING_UNITS = ("minute", "day", "night")
"""Behind the smallest unit of a duration nothing follows; "two hours" may go on with "and a half"."""


@dataclass(frozen=True, slots=True)
class ValueWords:
    """``words``: of which a value is made; ``wanting``: those that want another one behind them ("half past");
    ``last``: phrases that end one ("in the morning"); ``undecided``: those of them behind which more may come."""

    words: frozenset[str]
    wanting: frozenset[str]
    last: frozenset[str]
    undecided: frozenset[str]


class UsualWords:
    """Phrases have no more than a few words; single words are given without accents as well."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._parts = (part_words(vocabulary, letters=False), part_words(vocabulary, letters=True))

    def parts(self, *, letters: bool) -> tuple[frozenset[str], frozenset[str]]:
        """The words that stand for one digit each (with ``letters``, for one letter or digit), and those that are in
        numbers but stand for several digits, or for none by themselves."""
        return self._parts[letters]

    @cached_property
    def fillers(self) -> tuple[str, ...]:
        """What may stand beside any answer and changes nothing."""
        return self._phrases("fillers")

    @cached_property
    def yes(self) -> tuple[str, ...]:
        """But for those that begin with a no ("no problem"): after that nobody waits for the rest."""
        found = [*self._phrases("yes"), *self._phrases("yes_if_short"), *self._phrases("yes_alone")]
        refusing = {phrase for phrase in self.no if " " not in phrase}
        return tuple(phrase for phrase in found if phrase.split()[0] not in refusing and phrase not in self.fillers)

    @cached_property
    def no(self) -> tuple[str, ...]:
        return (*self._phrases("no"), *self._phrases("no_alone"))

    @cached_property
    def beside_yes_no(self) -> tuple[str, ...]:
        """What else is said with a yes or no."""
        return self._phrases("beside")

    @cached_property
    def beside_option(self) -> tuple[str, ...]:
        """What is said around an option ("I'd like ..."), and is no option, yes or no."""
        answers = {*self.yes, *self.no}
        return tuple(phrase for phrase in self._phrases("choice", "carriers") if phrase not in answers)

    @cached_property
    def common(self) -> frozenset[str]:
        """Words that tell no option from others."""
        return self._vocabulary.words("choice", "ignored") | {word for word in self.beside_option if " " not in word}

    @cached_property
    def commands(self) -> tuple[str, ...]:
        """What callers may ask for at any time: help, repetition, an agent."""
        section = self._vocabulary.section("globals")
        found = [
            phrase
            for name in section
            for way in ("alone", "anywhere")
            for phrase in self._phrases("globals", name, way)
        ]
        return tuple(dict.fromkeys(found))

    def places(self, count: int, keys: Mapping[str, int]) -> dict[int, tuple[str, ...]]:
        """How the first options of ``count`` are named by their place, from 1, or by their key where some have one:
        ``keys`` has the place of each."""
        numbers, found = self._vocabulary.section("numbers"), dict[int, list[str]]()
        spoken = [(word, str(digit)) for word, digit in numbers.get("units", {}).items()]
        spoken += [(str(digit), str(digit)) for digit in range(10)]
        for word, digit in spoken:
            place = keys.get(digit, 0) if keys else int(digit)
            found.setdefault(place, []).append(word)
        pronouns = self._vocabulary.listed("choice", "pronouns")
        for ordinal, place in self._ordinals.items():
            found.setdefault(place, []).extend((ordinal, *(f"{ordinal} {pronoun}" for pronoun in pronouns)))
        if count > 1:
            found.setdefault(count, []).extend(self._phrases("choice", "last"))
        return {place: tuple(words) for place, words in found.items() if 1 <= place <= count}

    @cached_property
    def _ordinals(self) -> dict[str, int]:
        numbers = self._vocabulary.section("numbers")
        endings = numbers.get("ordinal_endings") or ("",)
        found = {
            f"{stem}{ending}": int(place) for stem, place in numbers.get("ordinals", {}).items() for ending in endings
        }
        return {word: place for word, place in found.items() if place <= MOST_PLACES}

    def value(self, kind: str) -> ValueWords:
        """Of a ``number``, ``money``, ``date``, ``month``, ``time`` or ``duration``."""
        return self._values[kind]

    @cached_property
    def _values(self) -> dict[str, ValueWords]:
        listed, section = self._listed, self._vocabulary.section
        counted = listed("numbers", "zero", "units", "teens", "tens", "hundred", "hundreds", "scales", "fractions")
        numbers = [word for phrase in counted for word in phrase.split()]
        joining, point = listed("numbers", "and", "article"), listed("numbers", "point", "minus")
        coins = section("money").get("currencies", {}).values()
        major = [word for coin in coins for word in coin.get("major", ())]
        minor = [word for coin in coins for word in coin.get("minor", ())]
        months = listed("dates", "months")
        days = [*listed("dates", "weekdays", "units", "next", "this", "last"), *months, *self._ordinals]
        within = listed("dates", "in", "on", "of", "day_articles")
        relative = self._phrases("dates", "relative")
        hours, halves = listed("times", "named", "hour_words"), listed("times", "am", "pm", "night")
        units = section("durations").get("units", {})
        smallest = [word for word, unit in units.items() if unit in _CLOSING_UNITS]
        return {
            "number": _value(numbers, [*joining, *point]),
            "money": _value([*numbers, *major, *minor], [*joining, *point], minor),
            "month": _value([*numbers, *months], [*joining, *within]),
            "date": _value([*numbers, *days, *relative], [*joining, *within], relative),
            "time": _value(
                [*numbers, *hours, *halves], [*joining, *listed("times", "past", "to")], [*halves, *hours], hours
            ),
            "duration": _value([*numbers, *units], joining, smallest),
        }

    def _listed(self, section: str, *names: str) -> list[str]:
        known = self._vocabulary.section(section)
        return [str(phrase) for name in names for phrase in known.get(name, ()) if "(" not in str(phrase)]

    def _phrases(self, *path: str) -> tuple[str, ...]:
        found = self._vocabulary.written_out(*path)
        return tuple(dict.fromkeys(phrase for phrase in found if len(phrase.split()) <= MOST_WORDS))


def _value(
    words: Iterable[str], wanting: Iterable[str], last: Iterable[str] = (), undecided: Iterable[str] = ()
) -> ValueWords:
    open_ends = _single(wanting)
    return ValueWords(_single(words) - open_ends, open_ends, frozenset(last), frozenset(undecided))


def part_words(vocabulary: Vocabulary, *, letters: bool) -> tuple[frozenset[str], frozenset[str]]:
    """The words for one digit each (with ``letters``: letter or digit), and the other words of numbers."""
    numbers = vocabulary.section("numbers")
    digits = [*numbers.get("zero", ()), *numbers.get("units", {}), *numbers.get("zero_letters", ())]
    others = [*numbers.get("teens", {}), *numbers.get("tens", {}), *numbers.get("hundred", ()),
              *numbers.get("hundreds", {}), *numbers.get("scales", {}), *numbers.get("times", {})]  # fmt: skip
    if letters:
        spelling: Mapping[str, Any] = vocabulary.section("spelling")
        digits += [*spelling.get("letters", {}), *spelling.get("alphabet", {})]
    words = _single(digits)
    return words, _single(others) - words


def _single(words: Iterable[str]) -> frozenset[str]:
    written = {word.lower() for word in words if word.isalpha()}
    return frozenset(written | {folded(word) for word in written})
