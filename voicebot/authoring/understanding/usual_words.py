"""What callers usually say, by language: for the call, which ends their turns by it and knows no language itself.

Of the phrases in a data file, those that are written out are the usual ones, the most usual first; those with
alternatives, "(a|b) c", stand for thousands.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from voicebot.authoring.understanding.tokens import folded
from voicebot.authoring.understanding.vocabulary import Vocabulary

MOST_WORDS = 4
"""Of a phrase; longer ones are seldom said word by word."""
MOST_PLACES = 10
"""Nobody says "the eleventh one"."""
_CLOSING_UNITS = ("minute", "day", "night")
"""Behind the smallest unit of a duration nothing follows; "two hours" may go on with "and a half"."""
_YEARS = range(1920, 2060)
"""Behind the year of a day nothing follows."""

_BEGUN_WITH = (("neither",), ("correction", "retractions"), ("correction", "markers"), ("withheld", "question_starts"))
"""What is seldom all that somebody has to say."""


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
        """But for those that begin with a no ("no problem"), after which nobody waits for the rest, or as questions do
        ("why not")."""
        others = {*self._phrases("withheld", "question_starts"), *self._refusing}
        found = self._phrases("yes")
        return tuple(phrase for phrase in found if phrase not in self.fillers and not _begins(phrase, others))

    @cached_property
    def hardly_yes(self) -> tuple[str, ...]:
        """What is a yes if nothing follows ("okay", "it is")."""
        found = (*self._phrases("yes_if_short"), *self._phrases("yes_at_end"))
        return tuple(phrase for phrase in found if phrase not in self.fillers)

    @cached_property
    def no(self) -> tuple[str, ...]:
        return (*self._phrases("no"), *self._phrases("no_at_end"))

    @cached_property
    def _refusing(self) -> frozenset[str]:
        """Words that are a no by themselves."""
        return frozenset(phrase for phrase in self.no if " " not in phrase)

    @cached_property
    def neither(self) -> tuple[str, ...]:
        """Neither yes nor no ("I don't know")."""
        answers = {*self._refusing, *(phrase for phrase in self.yes if " " not in phrase)}
        return tuple(phrase for phrase in self._phrases("neither") if not _begins(phrase, answers))

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
        """What callers may ask for at any time: help, repetition, an agent, a moment. Not what sentences often begin
        with ("sorry", "I don't know"), nor what begins with a no (Spanish "no entiendo")."""
        ways = [(name, way) for name in self._vocabulary.section("globals") for way in ("alone", "anywhere")]
        found = [self._phrases("globals", name, way) for name, way in ways]
        several = {
            word for word, number in self._vocabulary.section("numbers").get("units", {}).items() if number != "1"
        }
        moments = [phrase for phrase in self._vocabulary.listed("waiting", "moments") if phrase.count(" ") == 1]
        moments = [phrase for phrase in moments if not _begins(phrase, several)]
        begun = {phrase for path in _BEGUN_WITH for phrase in self._phrases(*path)}
        wanted = (phrase for phrase in dict.fromkeys(chain(*found, moments)) if phrase not in begun)
        return tuple(phrase for phrase in wanted if not _begins(phrase, self._refusing))

    def places(self, count: int, keys: Mapping[str, int]) -> dict[int, tuple[str, ...]]:
        """How the first options of ``count`` are named by their place, from 1, or by their key where some have one:
        ``keys`` has the place of each."""
        numbers, found = self._vocabulary.section("numbers"), dict[int, list[str]]()
        spoken = [(word, str(digit)) for word, digit in numbers.get("units", {}).items()]
        spoken += [(str(digit), str(digit)) for digit in range(10)]
        for word, digit in spoken:
            place = keys.get(digit, 0) if keys else int(digit)
            found.setdefault(place, []).append(word)
        for ordinal, place in self._ordinals.items():
            found.setdefault(place, []).extend((ordinal, *(f"{ordinal} {pronoun}" for pronoun in self._pronouns)))
        if count > 1:
            found.setdefault(count, []).extend(self._phrases("choice", "last"))
        return {place: tuple(words) for place, words in found.items() if 1 <= place <= count}

    @cached_property
    def open_places(self) -> tuple[str, ...]:
        """Those that may be said of something else: "the first time"."""
        last = (phrase for phrase in self._phrases("choice", "last") if phrase.split()[-1] not in self._pronouns)
        return (*self._ordinals, *last)

    @cached_property
    def _pronouns(self) -> frozenset[str]:
        return frozenset(self._vocabulary.listed("choice", "pronouns"))

    @cached_property
    def _ordinals(self) -> dict[str, int]:
        numbers = self._vocabulary.section("numbers")
        endings = numbers.get("ordinal_endings") or ("",)
        ordinals = numbers.get("ordinals", {}).items()
        found = {f"{stem}{ending}": int(place) for stem, place in ordinals for ending in endings}
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
            "money": _value([*numbers, *major, *minor], [*joining, *point], [*major, *minor], major),
            "month": _value([*numbers, *months], [*joining, *within]),
            "date": _value(
                [*numbers, *days, *relative], [*joining, *within], [*relative, *map(str, _YEARS), *self._years]
            ),
            "time": _value(
                [*numbers, *hours, *halves], [*joining, *listed("times", "past", "to")], [*halves, *hours], hours
            ),
            "duration": _value([*numbers, *units], joining, smallest),
        }

    @cached_property
    def _years(self) -> tuple[str, ...]:
        """Years in words, but for those that may be the beginning of others ("twenty twenty", "two thousand")."""
        numbers = self._vocabulary.section("numbers")
        units, teens, tens = (_usual(numbers.get(name, {})) for name in ("units", "teens", "tens"))
        joints = ("", *(f"{word} " for word in numbers.get("tens_and_unit", ())))
        zeros = [f"{zero} " for zero in numbers.get("zero_letters", ())]
        two_digits = dict(teens)
        two_digits |= {f"{ten} {by}{one}": value + unit for ten, value in tens for by in joints for one, unit in units}
        found = []
        for century, first in self._vocabulary.section("dates").get("centuries", {}).items():
            one_digit = {f"{zero}{one}": unit for zero in (("",) if " " in century else zeros) for one, unit in units}
            rests = one_digit | two_digits
            found += [f"{century} {rest}" for rest, value in rests.items() if int(first) + value in _YEARS]
        return tuple(found)

    def _listed(self, section: str, *names: str) -> list[str]:
        known = self._vocabulary.section(section)
        return [str(phrase) for name in names for phrase in known.get(name, ()) if "(" not in str(phrase)]

    def _phrases(self, *path: str) -> tuple[str, ...]:
        found = self._vocabulary.written_out(*path)
        return tuple(dict.fromkeys(phrase for phrase in found if len(phrase.split()) <= MOST_WORDS))


def _begins(phrase: str, words: Container[str]) -> bool:
    return phrase.partition(" ")[0] in words


def _usual(words: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The first word for each number, with the number."""
    first = dict[int, str]()
    for word, number in words.items():
        first.setdefault(int(number), word)
    return [(word, number) for number, word in first.items()]


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
