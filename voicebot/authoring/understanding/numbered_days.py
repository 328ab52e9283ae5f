"""Days told by numbers: "the third of May", "May 3rd 2027", "3/5", "the fifteenth of the third", "oh three oh five 80".

A date without a year is the next one (the last one, where dates of the past are asked for).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from voicebot.authoring.understanding.calendar_rules import day_of, full_year, yearless
from voicebot.authoring.understanding.day_words import DayNumber, DayWords
from voicebot.authoring.understanding.digit_strings import DigitStrings
from voicebot.authoring.understanding.tokens import Phrases, Token

_SEPARATED = re.compile(r"([0-9]{1,4})([-/.])([0-9]{1,2})(?:\2([0-9]{1,4}))?")
_CENTURIES = (19, 20)
_YEAR = re.compile(r"(?:1[89]|2[01])[0-9]{2}")
_DAY_AND_YEAR = re.compile(rf"([0-9]{{1,2}})[.,/-]?({_YEAR.pattern})")


class NumberedDays:
    """Reads them. None in a tuple: there is no such day, or it is not clear which is meant."""

    def __init__(self, words: DayWords, digits: DigitStrings) -> None:
        self._words = words
        self._digits = digits

    def separated(self, tokens: Sequence[Token], today: date, past: bool) -> date | None:
        """A numeral with separators: "3/5", "2027-03-15"."""
        for token in tokens:
            parts = _SEPARATED.fullmatch(token.word)
            if parts is not None and (found := self._of_parts(parts, today, past)) is not None:
                return found
        return None

    def with_month(
        self, tokens: Sequence[Token], numbers: list[DayNumber], today: date, past: bool
    ) -> tuple[date | None] | None:
        """The date, if there is one such; None where no month is named, or none has a day beside it."""
        found = [
            beside[0] for start, stop, month in self._words.months.find(tokens)
            if (beside := self._beside_month(tokens, numbers, start, stop, month, today, past)) is not None
        ]  # fmt: skip
        if not found:
            return None
        return (found[0] if len(set(found)) == 1 else None,)

    def _beside_month(
        self, tokens: Sequence[Token], numbers: list[DayNumber], start: int, stop: int, month: int, today: date,
        past: bool,
    ) -> tuple[date | None] | None:  # fmt: skip
        """The date, if there is such a one; None where the month has no day beside it."""
        words = self._words
        before = [number for number in numbers if number.stop <= start]
        after = [number for number in numbers if number.start >= stop]
        after = [
            number for number in after if not words.counts(tokens, number) or words.weekdays.at(tokens, number.stop)
        ]  # fmt: skip
        follows = bool(after) and 1 <= after[0].value <= 31 and words.only_of(tokens, stop, after[0].start)
        if follows and before and (year := _year_before(before)):
            return (day_of(year, month, after[0].value),)  # "2027 March 15"
        if before and 1 <= before[-1].value <= 31 and words.only_of(tokens, before[-1].stop, start):
            day, at = before[-1].value, stop
        elif follows and _is_no_day(after):
            return (None,)
        elif follows:
            day, at = after[0].value, after[0].stop
        else:
            return None
        if any(number.start == at and number.ordinal for number in numbers):
            return (None,)  # "May ninth, tenth"
        digits = words.year_at(tokens, numbers, at)
        if digits:
            return (day_of(full_year(digits, today, past), month, day),)
        for begin, end, unit in words.units.find(tokens):
            if unit == "year" and edges(words.next.find(tokens))(begin, end):
                return (day_of(today.year + 1, month, day),)
        return (yearless(month, day, today, past),)

    def with_month_number(
        self, tokens: Sequence[Token], numbers: list[DayNumber], today: date, past: bool
    ) -> date | None:
        """ "El quince del tres", "fünfzehnter dritter", "the third of the fifth"."""
        words = self._words
        for day, month in pairwise(numbers):
            if not (1 <= day.value <= 31 and 1 <= month.value <= 12):
                continue
            joined = day.stop < month.start and words.only_of(tokens, day.stop, month.start)
            row = day.stop == month.start and (
                (day.ordinal and month.ordinal) or (words.dots and self._dotted(tokens, day, month))
            )
            if (joined and "of" in words.numbered_months) or (row and "ordinal" in words.numbered_months):
                digits = words.year_at(tokens, numbers, month.stop)
                if digits:
                    return day_of(full_year(digits, today, past), month.value, day.value)
                return yearless(month.value, day.value, today, past)
        return None

    def _dotted(self, tokens: Sequence[Token], day: DayNumber, month: DayNumber) -> bool:
        """Whether the two are written "15. 3."."""
        return tokens[day.start].numeral and tokens[month.start].numeral and tokens[month.start].pause

    def _of_parts(self, parts: re.Match[str], today: date, past: bool) -> date | None:
        first, separator, second, third = parts.groups()
        if third is None:
            if separator == "." and not self._words.dots:
                return None
            month, day = (first, second) if self._words.month_first else (second, first)
            return (yearless(int(month), int(day), today, past)
                    or (yearless(int(day), int(month), today, past) if int(month) > 12 else None))  # fmt: skip
        if len(first) == 4:
            return day_of(int(first), int(second), int(third))
        if len(third) not in (2, 4) or len(first) > 2:
            return None
        return self._ordered(int(first), int(second), full_year(third, today, past))

    def _ordered(self, first: int, second: int, year: int) -> date | None:
        """Two numbers in the order of the country, or the other way round where only that is a date."""
        month, day = (first, second) if self._words.month_first else (second, first)
        return day_of(year, month, day) or day_of(year, day, month)

    def in_order(self, numbers: list[DayNumber], text: str, today: date, past: bool) -> date | None:
        """Nothing but numbers: "eight thirteen two thousand one", "oh three oh five nineteen eighty", "2027 3 15"."""
        if len(numbers) == 3 and 1000 <= numbers[0].value <= 9999:
            return day_of(numbers[0].value, numbers[1].value, numbers[2].value)
        if len(numbers) in (3, 4) and all(number.value <= 31 for number in numbers[:2]):
            year = "".join(number.digits for number in numbers[2:])
            if len(year) in (2, 4) and numbers[0].value and numbers[1].value:
                return self._ordered(numbers[0].value, numbers[1].value, full_year(year, today, past))
        row = _Row.of(numbers)
        if len(row.digits) not in (6, 8):
            row = _Row(self._digits.read(text) if text else "", frozenset())
        digits = row.digits
        if len(digits) == 8:
            if row.may_part(2, 4):
                found = self._ordered(int(digits[:2]), int(digits[2:4]), int(digits[4:]))
                if found is not None and 1850 <= found.year <= 2150:
                    return found
            return day_of(int(digits[:4]), int(digits[4:6]), int(digits[6:])) if row.may_part(4, 6) else None
        if len(digits) == 6 and row.may_part(2, 4):
            found = self._ordered(int(digits[:2]), int(digits[2:4]), full_year(digits[4:], today, past))
            if found is not None:
                return found
        return self._without_zeros(row)

    def _without_zeros(self, row: _Row) -> date | None:
        """ "532027": with a day or month of one digit, if it can be no other one of the two ("1112027")."""
        digits = row.digits
        year = _YEAR.fullmatch(digits, max(0, len(digits) - 4))
        if len(digits) not in (6, 7) or year is None:
            return None
        parts = digits[:-4]
        places = [at for at in range(1, len(parts)) if row.may_part(at, len(parts))]
        found = {self._ordered(int(parts[:at]), int(parts[at:]), int(year[0])) for at in places} - {None}
        return found.pop() if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class _Row:
    """The digits of numbers that follow each other. ``whole``: the places within numbers that stay whole, because they
    were said, or written, as one: "twenty-six", and "2027" beside another."""

    digits: str
    whole: frozenset[int]

    @classmethod
    def of(cls, numbers: Sequence[DayNumber]) -> _Row:
        whole: list[int] = []
        at = 0
        for number in numbers:
            size = len(number.digits)
            if len(numbers) > 1 and (size <= 2 or (size == 4 and _YEAR.fullmatch(number.digits))):
                whole += range(at + 1, at + size)
            at += size
        return cls("".join(number.digits for number in numbers), frozenset(whole))

    def may_part(self, *places: int) -> bool:
        """Whether all ``places`` are between numbers, or within one that may be several."""
        return self.whole.isdisjoint(places)


def day_and_year_apart(tokens: Sequence[Token], months: Phrases[int]) -> list[Token]:
    """``tokens`` with the numeral behind a month that is a day and a year ("October 262027", "26,2027") as the two."""
    behind = {stop for _, stop, _ in months.find(tokens)}
    found: list[Token] = []
    for index, token in enumerate(tokens):
        parts = _DAY_AND_YEAR.fullmatch(token.word) if index in behind else None
        if parts is None:
            found.append(token)
            continue
        between = token.start + parts.end(1)
        found.append(Token(parts[1], token.start, between, token.pause))
        found.append(Token(parts[2], between, token.end, pause=False))
    return found


def edges(found: list[tuple[int, int, bool]]) -> Callable[[int, int], bool]:
    """Tells whether one of these phrases stands just before or after a part of the text."""
    begins, ends = {begin for begin, _, _ in found}, {end for _, end, _ in found}
    return lambda start, stop: stop in begins or start in ends


def _year_before(before: Sequence[DayNumber]) -> int:
    """The year that ends the numbers before a month: "2027", "twenty twenty seven"; 0 for none."""
    if before[-1].value >= 1000:
        return before[-1].value if before[-1].value <= 9999 else 0
    if len(before) > 1 and before[-2].stop == before[-1].start and len(before[-1].digits) == 2 and (
        before[-2].value in (19, 20, 21)
    ):  # fmt: skip
        return before[-2].value * 100 + before[-1].value
    return 0


def _is_no_day(after: Sequence[DayNumber]) -> bool:
    """Whether the numbers behind a month do not tell its day: "May thirty second", "May nineteen eighty four"."""
    if len(after) < 2 or after[0].ordinal or after[1].start != after[0].stop:
        return False
    return after[1].ordinal or (after[0].value in _CENTURIES and len(after) == 2 and len(after[1].digits) == 2)
