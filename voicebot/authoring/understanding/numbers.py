"""Spoken numbers: "a hundred and five", "two and a half million", "minus two point five", "1,250.75".

Words become *atoms* (a unit, a ten, a hundred, a scale ...), and a small grammar reads the atoms from left to right:

- below a hundred: a teen, a ten with a unit, or a unit before its ten (German); tens that go on to nineteen (French)
- below a thousand: that, times a hundred, and the rest; "twelve hundred" too
- a whole number: those, each times a scale, the scales falling
- a quantity: a sign, a whole number, a fraction or decimals, a scale

What cannot be one number is several: "one two three" are three, "forty two seventeen" two. What several in a row mean
depends on what was asked for. Every reader looks at each atom a bounded number of times.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

from voicebot.authoring.understanding.tokens import Phrases, Token
from voicebot.authoring.understanding.vocabulary import Vocabulary
from voicebot.authoring.understanding.waits import ALL

ZERO, UNIT, TEEN, TENS, HUNDRED, HUNDREDS, SCALE = "zero", "unit", "teen", "tens", "hundred", "hundreds", "scale"
FRACTION, ARTICLE, POINT, MINUS, NUMERAL, ORDINAL, WORD = (
    "fraction", "article", "point", "minus", "numeral", "ordinal", "word",
)  # fmt: skip

_WRITTEN_FRACTION = re.compile(r"[1-9]/[248]")

_PAIRED, _NEAR = 22, 6
"""Two numbers below a hundred are one where the first is smaller than ``_PAIRED`` ("nineteen", "twenty one") and the
second not up to ``_NEAR`` larger, as both of "fifteen, twenty" are meant."""

MAX_NUMERAL = 40
"""Digits in a numeral; a longer one is no number (it still is a string of digits)."""


@dataclass(frozen=True, slots=True)
class Atom:
    """What one phrase is in a number. ``start`` and ``stop`` count tokens."""

    kind: str
    value: Decimal
    word: str
    start: int
    stop: int
    pause: bool

    @property
    def is_digit(self) -> bool:
        """Whether it stands for one digit."""
        return self.kind in (ZERO, UNIT) or (self.kind == NUMERAL and len(self.word) == 1)

    @property
    def is_number(self) -> bool:
        """Whether it has a value by itself: no "and", no "point"."""
        return self.kind in (ZERO, UNIT, TEEN, TENS, HUNDRED, HUNDREDS, NUMERAL)


@dataclass(frozen=True, slots=True)
class SpokenNumber:
    """A number that was read: its value, how its digits are written, and the atoms it takes."""

    value: Decimal
    digits: str
    start: int
    stop: int
    pause: bool = False
    """Punctuation stands before it."""


END = Atom(WORD, Decimal(0), "", 0, 0, True)


class NumberWords:
    """The number words of one language, section ``numbers`` of its file."""

    def __init__(self, vocabulary: Vocabulary, region: str = "") -> None:
        section = {**vocabulary.section("numbers"), **vocabulary.regions.get(region, {})}
        entries: list[tuple[str, tuple[str, Decimal]]] = []
        for kind, key in ((ZERO, "zero"), (HUNDRED, "hundred"), (ARTICLE, "article"), (POINT, "point"),
                          (MINUS, "minus")):  # fmt: skip
            entries += [(word, (kind, Decimal(0))) for word in section.get(key, ())]
        for kind, key in ((UNIT, "units"), (TEEN, "teens"), (TENS, "tens"), (HUNDREDS, "hundreds"), (SCALE, "scales"),
                          (FRACTION, "fractions")):  # fmt: skip
            entries += [(word, (kind, Decimal(value))) for word, value in section.get(key, {}).items()]
        no_numbers = vocabulary.listed("numbers", "no_numbers")
        no_numbers += [phrase for key in ALL for phrase in vocabulary.listed("waiting", key)]
        entries += [(phrase, (WORD, Decimal(0))) for phrase in no_numbers]
        entries += [(word, (ORDINAL, Decimal(value))) for word, value in _ordinals(section).items()]
        self.phrases: Phrases[tuple[str, Decimal]] = vocabulary.phrases(entries)
        self.conjunctions = vocabulary.words("numbers", "and")
        self.of = vocabulary.words("numbers", "of")
        self._articles_too = vocabulary.words("numbers", "articles_too")
        self.tens_joiners = vocabulary.words("numbers", "tens_and_unit")
        self.bare_scales = vocabulary.words("numbers", "bare_scales")
        self.unit_first = vocabulary.words("numbers", "unit_before_tens")
        self.teens_follow = {Decimal(value) for value in section.get("tens_take_teens", ())}
        self.decimal = str(section.get("decimal", "."))
        group = str(section.get("group", ","))
        self._plain = re.compile(
            rf"(?:[0-9]+|[0-9]{{1,3}}(?:[{re.escape(group)}'’][0-9]{{3}})+)(?:[{re.escape(self.decimal)}][0-9]+)?"
        )
        # "12.50" where the comma is the decimal sign: two places cannot be a group.
        self._foreign = re.compile(r"[0-9]+[.,][0-9]{1,2}")
        # "1,200.50" and "1.200,50": with both signs it is clear which is which.
        self._both = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+")
        self._group = re.compile(rf"[{re.escape(group)}'’]")

    def is_article(self, word: str) -> bool:
        """Whether a number word is an article as well."""
        return word in self._articles_too

    def numeral(self, text: str) -> Decimal | None:
        """The value of a numeral with its separators; None when it is not one number ("3/5")."""
        if len(text) > MAX_NUMERAL:
            return None
        if self._plain.fullmatch(text):
            plain = self._group.sub("", text).replace(self.decimal, ".")
        elif self._foreign.fullmatch(text):
            plain = text.replace(",", ".")
        elif self._both.fullmatch(text):
            whole, places = re.split(r"[.,](?=[0-9]+\Z)", text)
            plain = re.sub(r"\D", "", whole) + "." + places
        else:
            return None
        try:
            return Decimal(plain)
        except InvalidOperation:
            return None

    def atoms(self, tokens: Sequence[Token]) -> list[Atom]:
        found: list[Atom] = []
        index = 0
        while index < len(tokens):
            token = tokens[index]
            stop, kind, value = index + 1, WORD, Decimal(0)
            if token.numeral:
                kind, value = NUMERAL, self.numeral(token.word) or Decimal(0)
            elif token.word == "-":
                kind = MINUS
            elif hit := self.phrases.at(tokens, index):
                stop, (kind, value) = index + hit[0], hit[1]
            found.append(Atom(kind, value, token.word, index, stop, token.pause))
            index = stop
        return found


def says_article(words: NumberWords, tokens: Sequence[Token], most: int) -> bool:
    """Whether the only number in ``tokens`` is rather an article ("un jour en mai"): there are more than ``most``."""
    if len(tokens) <= most:
        return False
    found = NumberReader(words, atoms := words.atoms(tokens)).all()
    return len(found) == 1 and found[0].value == 1 and words.is_article(atoms[found[0].start].word)


def with_written_fractions(atoms: Sequence[Atom]) -> list[Atom]:
    """``atoms`` with "1/2" as a fraction, where numbers are asked for (elsewhere it may be a date)."""
    return [
        replace(atom, kind=FRACTION, value=Decimal(atom.word[0]) / Decimal(atom.word[2]))
        if atom.kind == NUMERAL and _WRITTEN_FRACTION.fullmatch(atom.word) and atom.word[0] < atom.word[2]
        else atom
        for atom in atoms
    ]  # fmt: skip


def _ordinals(section: Mapping[str, Any]) -> dict[str, str]:
    """The words listed under ``ordinals``, with each of ``ordinal_endings`` where there are any."""
    endings = section.get("ordinal_endings", ()) or ("",)
    listed = section.get("ordinals", {})
    return {word + ending: value for word, value in listed.items() for ending in endings}


class NumberReader:
    """Reads numbers out of atoms; ``at`` methods give None where none begins."""

    def __init__(self, words: NumberWords, atoms: Sequence[Atom]) -> None:
        self._words = words
        self._atoms = atoms

    def atom(self, index: int) -> Atom:
        return self._atoms[index] if 0 <= index < len(self._atoms) else END

    def all(self) -> list[SpokenNumber]:
        """Every quantity, left to right."""
        found: list[SpokenNumber] = []
        index = 0
        while index < len(self._atoms):
            number = self.quantity(index)
            if number is not None:
                found.append(replace(number, pause=self.atom(index).pause))
                index = number.stop
            else:
                index += 1
        return found

    def quantity(self, index: int) -> SpokenNumber | None:
        """A number with its sign, decimals and fraction."""
        if self.atom(index).kind == MINUS:
            number = self._unsigned(index + 1)
            return None if number is None else SpokenNumber(-number.value, number.digits, index, number.stop)
        return self._unsigned(index)

    def cardinal(self, index: int) -> SpokenNumber | None:
        """A whole number (a numeral may have decimals)."""
        first = self.atom(index)
        if first.kind == NUMERAL and self.atom(index + 1).kind not in (HUNDRED, SCALE):
            if self._words.numeral(first.word) is None:
                return None
            return SpokenNumber(first.value, re.sub(r"\D", "", first.word), index, index + 1)
        total, limit, at = Decimal(0), Decimal("Infinity"), index
        while True:
            joined = at > index and self.atom(at).word in self._words.conjunctions
            start = at + joined
            part = self._scale_alone(start, at == index) or self._below_thousand(start)
            if part is None:
                break
            value, stop = part
            scale = self.atom(stop)
            if scale.kind == SCALE:
                if scale.value >= limit:
                    break
                total, limit, at = total + value * scale.value, scale.value, stop + 1
                continue
            # "six thousand one two" is 6000, 1, 2: a unit is added only where no digit follows.
            if value != value.to_integral_value() or (
                at > index and (value >= limit or (not joined and self._goes_on(start, stop)))
            ):
                break
            total, at = total + value, stop
            break
        if at == index:
            return None
        return SpokenNumber(total, _digits(total.normalize()) if total else "0", index, at)

    def _unsigned(self, index: int) -> SpokenNumber | None:
        number = self._fraction(index) or self.cardinal(index)
        if number is None:
            return (
                self._decimals(SpokenNumber(Decimal(0), "0", index, index)) if self.atom(index).kind == POINT else None
            )
        if self.atom(number.stop).kind == POINT:
            number = self._decimals(number) or number
        number = self._with_fraction(number)
        scale = self.atom(number.stop)
        if scale.kind == SCALE and number.value != number.value.to_integral_value():
            value = number.value * scale.value
            return SpokenNumber(value, _digits(value), index, number.stop + 1)
        return number

    def _fraction(self, index: int) -> SpokenNumber | None:
        """ "half a million", "a quarter", "three quarters"."""
        at = index + (self.atom(index).kind == ARTICLE)
        count = Decimal(1)
        if self.atom(at).kind == UNIT and self.atom(at + 1).kind == FRACTION and (
            self.atom(at + 1).value < 1 or self.atom(at).value == 1  # "un par"
        ):  # fmt: skip
            count, at = self.atom(at).value, at + 1
        fraction = self.atom(at)
        if fraction.kind != FRACTION:
            return None
        value, stop = fraction.value * count, at + 1
        after = stop + (self.atom(stop).word in self._words.of)
        after += self.atom(after).kind == ARTICLE
        if self.atom(after).kind == SCALE:
            value, stop = value * self.atom(after).value, after + 1
        elif self.atom(after).kind == HUNDRED and value > 1:  # "a couple hundred"
            value, stop = value * 100, after + 1
        return SpokenNumber(value, _digits(value), index, stop)

    def _with_fraction(self, number: SpokenNumber) -> SpokenNumber:
        """ "two and a half", and "a million and a half", where half a million is meant."""
        at = number.stop
        written = self.atom(at).kind == FRACTION and "/" in self.atom(at).word  # "5 1/2"
        if self.atom(at).word not in self._words.conjunctions and not written:
            return number
        at += not written
        at += self.atom(at).kind == ARTICLE
        count = Decimal(1)
        if self.atom(at).kind == UNIT:  # "three and three quarters"
            count, at = self.atom(at).value, at + 1
        fraction = self.atom(at)
        if fraction.kind != FRACTION or fraction.value >= 1:
            return number
        last = self.atom(number.stop - 1)
        value = number.value + count * fraction.value * (last.value if last.kind == SCALE else 1)
        return SpokenNumber(value, _digits(value), number.start, at + 1)

    def _decimals(self, whole: SpokenNumber) -> SpokenNumber | None:
        """What follows "point": digits one by one, or a number ("zwölf Komma fünfzig")."""
        at, places = whole.stop + 1, ""
        while len(places) < 20:
            atom = self.atom(at)
            if atom.kind == NUMERAL and atom.word.isdecimal():
                places, at = places + atom.word, at + 1
            elif (small := self.small(at)) is not None:
                places, at = places + str(small[0]), small[1]
            else:
                break
        if not places or whole.value != whole.value.to_integral_value():
            return None
        value = whole.value + Decimal(f"0.{places[:20]}")
        return SpokenNumber(value, _digits(value), whole.start, at)

    def _scale_alone(self, index: int, first: bool) -> tuple[Decimal, int] | None:
        """ "a thousand", "tausend"; the stop is where the scale is."""
        if self.atom(index).kind == ARTICLE and self.atom(index + 1).kind == SCALE:
            return Decimal(1), index + 1
        bare = first and self.atom(index).kind == SCALE and self.atom(index).word in self._words.bare_scales
        return (Decimal(1), index) if bare else None

    def _below_thousand(self, index: int) -> tuple[Decimal, int] | None:
        first = self.atom(index)
        if first.kind == HUNDREDS:
            base, stop = first.value, index + 1
        elif first.kind == HUNDRED:
            base, stop = Decimal(100), index + 1
        elif first.kind == ARTICLE and self.atom(index + 1).kind == HUNDRED:
            base, stop = Decimal(100), index + 2
        else:
            small = (first.value, index + 1) if first.kind == NUMERAL else self.small(index)
            if small is None or self.atom(small[1]).kind != HUNDRED or not 0 < small[0] < 100:
                return small
            base, stop = small[0] * 100, small[1] + 1
        joined = self.atom(stop).word in self._words.conjunctions
        rest = self.small(stop + joined)
        if rest is None or not rest[0] or self.atom(rest[1]).kind == HUNDRED:
            return base, stop
        # "eight hundred five five five" is 800, 5, 5, 5.
        if not joined and self._goes_on(stop, rest[1]):
            return base, stop
        return base + rest[0], rest[1]

    def _goes_on(self, start: int, stop: int) -> bool:
        """Whether what is between is one digit and another digit follows it."""
        return stop - start == 1 and self.atom(start).is_digit and self.atom(stop).is_digit

    def small(self, index: int) -> tuple[Decimal, int] | None:
        """Below a hundred."""
        first, second = self.atom(index), self.atom(index + 1)
        if first.kind in (ZERO, TEEN):
            return first.value, index + 1
        if first.kind == UNIT:
            if second.word in self._words.unit_first and self.atom(index + 2).kind == TENS:
                return first.value + self.atom(index + 2).value, index + 3
            return first.value, index + 1
        if first.kind != TENS:
            return None
        joined = second.word in self._words.tens_joiners
        unit = self.atom(index + 1 + joined)
        fits = unit.kind == UNIT or (unit.kind == TEEN and first.value in self._words.teens_follow)
        if fits and not unit.pause and not self._words.unit_first:
            return first.value + unit.value, index + 2 + joined
        return first.value, index + 1


def _digits(value: Decimal) -> str:
    return re.sub(r"\D", "", format(value, "f"))


def single(numbers: Sequence[SpokenNumber]) -> Decimal | None:
    """The one number that was said: one, or several in a row ("one two three four", "nineteen eighty four").

    Several are one as far as each stands for digits of it: "three, four, five hundred", "15, 16" and "two three" (two
    or three) are lists.
    """
    if not numbers:
        return None
    if len(numbers) == 1:
        value = numbers[0].value
        return value.quantize(Decimal(1)) if value == value.to_integral_value() and abs(value) < 10**20 else value
    grouped = all(len(number.digits) == 3 for number in numbers[1:])  # "1 234 567"
    if len(numbers) > 2 and not grouped and any(number.value >= 100 for number in numbers):
        return None
    if len(numbers) == 2 and not grouped and not _is_pair(*numbers):
        return None
    for before, number in pairwise(numbers):
        if number.start != before.stop or (number.pause and max(len(before.digits), len(number.digits)) > 1):
            return None
    digits = "".join(number.digits for number in numbers)
    whole = all(number.value >= 0 and number.value == number.value.to_integral_value() for number in numbers)
    return Decimal(digits) if whole and len(digits) <= MAX_NUMERAL else None


def _is_pair(first: SpokenNumber, second: SpokenNumber) -> bool:
    """Whether two numbers stand for one, as in "nineteen eighty four", "twelve hundred" and "one fifty".

    "Two three", "fifteen sixteen" and "fifty sixty" rather name two.
    """
    if first.digits[:1] == "0" or second.digits[:1] == "0":
        return True
    if len(second.digits) != 2 or first.value >= 100:
        return False
    apart = second.value - first.value
    return len(first.digits) == 1 or (first.value < _PAIRED and not 0 < apart <= _NEAR)
