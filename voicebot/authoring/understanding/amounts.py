"""Sums of money: "twelve fifty", "twelve dollars and fifty cents", "$12.50", "a dollar fifty", "two grand".

Amounts that are joined by "and" are one where they can be: "$1200 and $50" are 1250.

"15 to 20 dollars" and "between 20 and 30" are no sum, "forty two fifty dollars" may be two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from functools import lru_cache
from itertools import pairwise

from babel.numbers import get_currency_precision

from voicebot.authoring.understanding.digit_strings import DigitStrings
from voicebot.authoring.understanding.no_counts import NoCounts
from voicebot.authoring.understanding.numbers import (
    ARTICLE,
    HUNDRED,
    POINT,
    NumberReader,
    NumberWords,
    SpokenNumber,
    says_article,
    single,
)
from voicebot.authoring.understanding.tokens import Phrases, Token
from voicebot.authoring.understanding.vocabulary import Vocabulary

MAX_AMOUNT = Decimal(10) ** 15
HALF = 50
"""Of the smaller coin: prices end in it, so that "six fifty" is one."""
MAX_MINOR = 1000
"""Nobody counts so many of the smaller coin."""
_FOUR_DIGITS = re.compile(r"[1-9][0-9]{3}(?<!00)")


class _Unit(Enum):
    SIGN = "sign"
    MAJOR = "major"
    MINOR = "minor"
    FOREIGN = "foreign"


_WHOLE = {_Unit.SIGN, _Unit.MAJOR}


class Amounts:
    """Reads sums of money; section ``money`` has the words of each currency."""

    def __init__(self, vocabulary: Vocabulary, words: NumberWords, digits: DigitStrings) -> None:
        self._vocabulary = vocabulary
        self._words = words
        self._digits = digits
        self._alternatives = vocabulary.listed_phrases("dates", "alternatives")
        self._between = vocabulary.listed_phrases("money", "between")
        self._no_counts = NoCounts(vocabulary, words)
        self._no_sums = vocabulary.listed_phrases("money", "no_sums")
        self._counted = vocabulary.words("money", "counted") | {
            word for phrase in vocabulary.section("durations").get("units", {}) for word in [phrase] if " " not in word
        }
        self._behind = vocabulary.words("money", "behind")
        self._sounds_like = frozenset(vocabulary.section("numbers").get("sounds_like", {}))
        self._currencies = vocabulary.section("money").get("currencies", {})
        self._hundred_left_out = vocabulary.section("money").get("hundred_left_out") == "true"
        self._units = lru_cache(maxsize=32)(self._units_of)

    def read(self, text: str, currency: str) -> Decimal | None:
        """The sum in ``currency`` (ISO 4217), to its smallest coin; None when none, several, or another's is named."""
        possible = self.candidates(text, currency)
        return possible[0] if len(possible) == 1 else None

    def candidates(self, text: str, currency: str) -> tuple[Decimal, ...]:
        """The sums that may be meant: none, one, or two ("forty two fifty dollars" and "4250" are 42.50 or 4250)."""
        cents = self._read(text, currency, whole=False) if _places(currency) else None
        found = (cents, self._read(text, currency, whole=True))
        return tuple(dict.fromkeys(amount for amount in found if amount is not None))

    def may_go_on(self, text: str, currency: str) -> bool:
        """Whether there is a number without a unit, and behind it a single word that nobody says there: it may be the
        rest of the number, misheard ("42 pesky" for "forty-two fifty"). Known of languages that list what is said."""
        tokens = self._vocabulary.content(text)
        atoms = self._digits.with_zero_letters(self._words.atoms(tokens))
        found = NumberReader(self._words, atoms).all()
        if len(found) != 1 or not self._behind or self._units(currency.upper()).find(tokens):
            return False
        behind = atoms[found[0].stop :]
        return len(behind) == 1 and not behind[0].pause and behind[0].word not in self._behind

    def _read(self, text: str, currency: str, *, whole: bool) -> Decimal | None:
        """``whole``: what may have cents at its end, or not, has none."""
        units = self._units(currency.upper())
        tokens = self._added(self._vocabulary.content(text), units)
        if self._is_range(tokens, units) or self._no_counts.named(tokens) or self._no_sums.find(tokens):
            return None
        if tokens and tokens[0].word in self._sounds_like and self._is_digit_first(tokens[1:]):
            return None  # "for two fifty" may be "forty two fifty"
        major: Decimal | None = None
        minor: Decimal | None = None
        begin, index, leads = 0, 0, False
        while index <= len(tokens):
            hit = units.at(tokens, index)
            if hit is None and index < len(tokens):
                index += 1
                continue
            unit = hit[1] if hit is not None else None
            if unit is _Unit.MINOR and self._is_hundred(tokens, index) and units.at(tokens, index + 1) is not None:
                index += 1
                continue
            if unit is _Unit.FOREIGN:
                return None
            rows = self._rows(tokens[begin:index], unit)
            named = unit in (_Unit.MAJOR, _Unit.SIGN) and len(rows) > leads
            if rows and (major is not None or minor is not None) and (leads or named):
                return None  # two sums: "three dollars or four dollars"
            if leads and rows:
                major, rows = self._bare(rows[0], whole), rows[1:]  # "$45", "$45 and 32 cents"
            leads = unit is _Unit.SIGN and not rows
            group = rows[-1] if rows else []
            if unit is _Unit.MINOR:
                minor = single(group) if minor is None else minor
                if minor is not None and minor >= MAX_MINOR:
                    return None  # "forty two fifty cents"
                if major is None and len(rows) == 2 and self._adds(tokens[begin:index], rows):
                    major = single(rows[0])  # "forty two and fifty cents"
            elif unit is not None and group:
                major = self._named(group, whole) if major is None else major
            elif unit is None and group:
                if major is None and minor is None:
                    if says_article(self._words, tokens, 1) or self._counts_another(tokens[begin:], group):
                        return None
                    amount = self._bare(group, whole) if len(rows) == 1 else None
                    if amount is not None and not whole and _may_have_cents(tokens[begin:index], amount):
                        amount /= 100
                    return self._rounded(amount, currency)
                if minor is None and len(group) == 1 and group[0].start <= 1:
                    # "twelve dollars fifty", "ten dollars and a half"
                    part = group[0].value
                    minor = part * 100 if 0 < part < 1 else part if part < 100 else None
            index += hit[0] if hit is not None else 1
            begin = index
        if major is None and minor is None:
            return None
        return self._rounded((major or Decimal(0)) + (minor or Decimal(0)) / 100, currency)

    def _added(self, tokens: Sequence[Token], units: Phrases[_Unit]) -> Sequence[Token]:
        """``tokens`` with amounts that add up to one as one numeral: "$1200 and $50", "1200 and 50 dollars". The second
        must fit into the zeros at the end of the first: "$45 and $32" are two, "$1200 and 50" may have cents."""
        named = {at: unit for start, stop, unit in units.find(tokens) for at in range(start, stop)}
        atoms = self._digits.with_zero_letters(self._words.atoms(tokens))
        sums: list[tuple[int, int, Decimal, bool]] = []
        """Start, stop, value, and whether it was added up."""
        for number in NumberReader(self._words, atoms).all():
            start, stop, value = atoms[number.start].start, atoms[number.stop - 1].stop, number.value
            first, until, before, _ = sums[-1] if sums else (0, 0, Decimal(0), False)
            joints = [tokens[at].word for at in range(until, start) if named.get(at) not in _WHOLE]
            fits = len(joints) == 1 and joints[0] in self._words.conjunctions and 1 <= value < _last_place(before)
            said = [_WHOLE & {named.get(at) for at in around} for around in ((first - 1, until), (start - 1, stop))]
            hundreds = _last_place(before) >= 100 and not said[0] and named.get(stop) is not _Unit.MINOR
            if fits and (all(said) or hundreds):
                sums[-1] = (first, stop, before + value, True)
            else:
                sums.append((start, stop, value, False))
        found = list(tokens)
        for start, stop, value, added in reversed(sums):
            if added and not self._between.find(tokens):
                found[start:stop] = [replace(tokens[start], word=f"{value:.2f}")]
        return found

    def _is_range(self, tokens: Sequence[Token], units: Phrases[_Unit]) -> bool:
        """Whether two numbers are the ends of a range, or either is meant: "15 to 20 dollars", "$15 or $20"."""
        atoms = self._words.atoms(tokens)
        found = [
            (atoms[number.start].start, atoms[number.stop - 1].stop)
            for number in NumberReader(self._words, atoms).all()
        ]
        named = {at: unit for start, stop, unit in units.find(tokens) for at in range(start, stop)}
        opened = bool(self._between.find(tokens))
        for (_, stop), (start, end) in pairwise(found):
            joints = [at for at in range(stop, start) if at not in named]
            if len(joints) != 1 or self._alternatives.at(tokens, joints[0]) is None:
                continue
            adds = tokens[joints[0]].word in self._words.conjunctions  # "12 dollars and 50", "12 and 50 cents"
            if not adds or opened or (start - stop == 1 and named.get(end) is not _Unit.MINOR):
                return True
        return False

    def _counts_another(self, tokens: Sequence[Token], numbers: Sequence[SpokenNumber]) -> bool:
        """Whether ``numbers``, which have no unit, count something else ("two weeks"), or belong to a month."""
        atoms = self._digits.with_zero_letters(self._words.atoms(tokens))
        behind = atoms[numbers[-1].stop :][:1]
        counted = bool(behind) and not behind[0].pause and behind[0].word in self._counted
        return counted or self._digits.are_of_month(tokens, atoms)

    def _is_digit_first(self, tokens: Sequence[Token]) -> bool:
        """Whether a digit begins ``tokens``, and another number follows it."""
        atoms = self._words.atoms(tokens[:2])
        return len(atoms) == 2 and atoms[0].is_digit and atoms[1].is_number

    def _is_hundred(self, tokens: Sequence[Token], index: int) -> bool:
        """Whether a coin is a number word as well: "deux cents euros"."""
        hit = self._words.phrases.at(tokens, index)
        return hit is not None and hit[1][0] == HUNDRED

    def _units_of(self, currency: str) -> Phrases[_Unit]:
        entries: dict[str, _Unit] = {}
        for code, words in self._currencies.items():
            own = code == currency
            for key, unit in (("signs", _Unit.SIGN), ("major", _Unit.MAJOR), ("minor", _Unit.MINOR)):
                for phrase in words.get(key, ()):
                    if own or phrase not in entries:
                        entries[phrase] = unit if own else _Unit.FOREIGN
        # What currencies share ("dollar", "cent") is the asked one's.
        for key, unit in (("signs", _Unit.SIGN), ("major", _Unit.MAJOR), ("minor", _Unit.MINOR)):
            for phrase in self._currencies.get(currency, {}).get(key, ()):
                entries[phrase] = unit
        return self._vocabulary.phrases(entries)

    def _rows(self, tokens: Sequence[Token], unit: _Unit | None) -> list[list[SpokenNumber]]:
        """The numbers before ``unit``, those in a row together. The last row belongs to the unit."""
        atoms = self._digits.with_zero_letters(self._words.atoms(tokens))
        if unit is _Unit.MINOR and atoms and atoms[0].kind == POINT:
            atoms = atoms[1:]  # "un euro con un céntimo"
        found = NumberReader(self._words, atoms).all()
        if not found and unit in (_Unit.MAJOR, _Unit.MINOR) and atoms and atoms[-1].kind == ARTICLE:
            return [[SpokenNumber(Decimal(1), "1", len(atoms) - 1, len(atoms))]]  # "a dollar"
        rows: list[list[SpokenNumber]] = []
        for number in found:
            if rows and rows[-1][-1].stop == number.start:
                rows[-1].append(number)
            else:
                rows.append([number])
        return rows

    def _adds(self, tokens: Sequence[Token], rows: list[list[SpokenNumber]]) -> bool:
        """Whether nothing but "and" stands between two rows of numbers."""
        between = self._words.atoms(tokens)[rows[0][-1].stop : rows[1][0].start]
        return bool(between) and all(atom.word in self._words.conjunctions for atom in between)

    def _named(self, row: list[SpokenNumber], whole: bool) -> Decimal | None:
        """Numbers before their unit: "one twenty five dollars". "Forty two fifty dollars" may have cents, or not."""
        if len(row) != 2 or len(row[1].digits) != 2 or row[0].value < 10:
            return single(row)
        if whole and row[0].value < 100:
            return Decimal(row[0].digits + row[1].digits)
        return row[0].value + row[1].value / 100

    def _bare(self, row: list[SpokenNumber], whole_only: bool) -> Decimal | None:
        """Numbers without a unit: "twelve fifty", "twelve oh five". "One eighty" may have cents, or not."""
        hundreds = whole_only and self._hundred_left_out and len(row) == 2 and 0 < row[0].value < 10
        if hundreds and len(row[1].digits) == 2 and row[1].value % 10 == 0 and row[1].value != HALF:
            return row[0].value * 100 + row[1].value
        if len(row) >= 3 and row[-2].digits == "0" and len(row[-1].digits) == 1:
            whole, cents = single(row[:-2]), row[-1].value
        elif len(row) >= 2 and len(row[-1].digits) == 2 and row[-1].value == int(row[-1].digits):
            whole, cents = single(row[:-1]), row[-1].value
        else:
            return single(row)
        return None if whole is None else whole + cents / 100

    def _rounded(self, amount: Decimal | None, currency: str) -> Decimal | None:
        if amount is None or abs(amount) >= MAX_AMOUNT:
            return None
        return amount.quantize(Decimal(1).scaleb(-_places(currency)), rounding=ROUND_HALF_UP)


def _places(currency: str) -> int:
    """How many decimal places sums in ``currency`` have."""
    try:
        return int(get_currency_precision(currency.upper()))
    except (LookupError, ValueError):
        return 2


def _last_place(value: Decimal) -> Decimal:
    """What the last digit of ``value`` that is not zero stands for: 100 in 1200; 0 where there is none."""
    exponent = value.normalize().as_tuple().exponent
    return Decimal(1).scaleb(exponent) if value > 0 and isinstance(exponent, int) else Decimal(0)


def _may_have_cents(tokens: Sequence[Token], amount: Decimal) -> bool:
    """Whether ``amount`` was said in ``tokens`` as "4250", which recognisers write for "forty two fifty" as well."""
    return any(_FOUR_DIGITS.fullmatch(token.word) and Decimal(token.word) == amount for token in tokens)
