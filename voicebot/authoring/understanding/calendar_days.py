"""Dates: "tomorrow", "next Tuesday", "the third of May", "May 3rd 2027", "3/5", "in two weeks", "Friday the 13th".

Read in this order: a numeral with separators, a named day, an amount of days or weeks from some day, a month with its
day and year, a day of the week, a day of the month, numbers in the order of the country. A date without a year is the
next one (the last one, where dates of the past are asked for). A weekday is the next such day after today; what "next
Tuesday" means is in the data (English: the one of next week).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from voicebot.authoring.understanding.digit_strings import DigitStrings
from voicebot.authoring.understanding.numbers import NUMERAL, ORDINAL, NumberReader, NumberWords, SpokenNumber
from voicebot.authoring.understanding.tokens import Token
from voicebot.authoring.understanding.vocabulary import Vocabulary

_SEPARATED = re.compile(r"([0-9]{1,4})([-/.])([0-9]{1,2})(?:\2([0-9]{1,4}))?")
_LONGEST = 4800
"""Months, or the days of as many, that an amount of time may span; more is not a date that anyone means."""


@dataclass(frozen=True, slots=True)
class _Day:
    """A number in the text, by tokens."""

    value: int
    digits: str
    start: int
    stop: int
    ordinal: bool


class CalendarDays:
    """Reads dates; section ``dates`` has the words."""

    def __init__(self, vocabulary: Vocabulary, words: NumberWords, digits: DigitStrings, order: str | None) -> None:
        section = vocabulary.section("dates")
        self._vocabulary = vocabulary
        self._words = words
        self._digits = digits
        self._order = order or str(section.get("order", "dmy"))
        self._dots = section.get("dots") == "true"
        self._cardinal_days = section.get("cardinal_days") == "true"
        self._week_after = section.get("next_weekday") == "week_after"

        def numbered(key: str) -> dict[str, int]:
            return {phrase: int(value) for phrase, value in section.get(key, {}).items()}

        self._months = vocabulary.phrases(numbered("months"))
        self._weekdays = vocabulary.phrases(numbered("weekdays"))
        self._relative = vocabulary.phrases(numbered("relative"))
        self._holidays = vocabulary.phrases(dict(section.get("holidays", {})))
        self._units = vocabulary.phrases(dict(section.get("units", {})))
        self._in, self._ago, self._from = (vocabulary.listed_phrases("dates", key) for key in ("in", "ago", "from"))
        self._next, self._last, self._this = (
            vocabulary.listed_phrases("dates", key) for key in ("next", "last", "this")
        )
        self._joints = vocabulary.words("dates", "in_month")
        self._a_week = vocabulary.listed_phrases("dates", "a_week_later")
        self._of = vocabulary.words("dates", "of")
        self._articles = vocabulary.words("dates", "day_articles")
        self._doubtful = vocabulary.words("dates", "doubtful_days")
        self._suffixes = vocabulary.words("dates", "ordinal_suffixes")

    def read(self, text: str, today: date, past: bool = False) -> date | None:
        """The date in ``text``; ``past``: dates without a year are those that have been (birthdays)."""
        tokens = self._vocabulary.content(text)
        try:
            found = self._read(tokens, text, today, past, depth=0)
        except OverflowError:
            return None  # beyond year 9999
        return found

    def _read(self, tokens: Sequence[Token], text: str, today: date, past: bool, depth: int) -> date | None:
        for token in tokens:
            parts = _SEPARATED.fullmatch(token.word)
            if parts is not None and (found := self._separated(parts, today, past)) is not None:
                return found
        days = self._numbers(tokens)
        if (found := self._offset(tokens, days, today, past, depth)) is not None:
            return found
        if (counted := self._counted(tokens, days, today, past)) is not None:
            return counted
        if hits := self._relative.find(tokens):
            return today + timedelta(days=hits[0][2])
        if hits_ := self._holidays.find(tokens):
            return _holiday(hits_[0][2], today, past)
        for start, stop, month_number in self._months.find(tokens):
            with_day = self._with_month(tokens, days, start, stop, month_number, today, past)
            if with_day is not None:
                return with_day[0]  # None where there is no such day ("February 30th")
        weekday = self._weekdays.find(tokens)
        day = self._day_alone(tokens, days)
        if weekday:
            if day is None and self._cardinal_days:  # "vendredi treize"
                day = next((number.value for number in days if number.start == weekday[0][1]), None)
            return self._weekday(tokens, weekday[0][2], day, today, past)
        if day is not None:
            return _monthless(day, None, today, past)
        return self._in_order(days, text, today, past)

    def _numbers(self, tokens: Sequence[Token]) -> list[_Day]:
        atoms = self._digits.with_zero_letters(self._words.atoms(tokens))
        reader = NumberReader(self._words, atoms)
        found: list[_Day] = []
        index = 0
        while index < len(atoms):
            atom = atoms[index]
            if atom.kind == ORDINAL:
                found.append(_Day(int(atom.value), str(int(atom.value)), atom.start, atom.stop, True))
                index += 1
                continue
            number: SpokenNumber | None = reader.cardinal(index) or reader.quantity(index)  # "a couple"
            if number is None or number.value != number.value.to_integral_value() or number.value >= 10**9:
                index += 1
                continue
            stop, ordinal = atoms[number.stop - 1].stop, False
            after = tokens[stop] if stop < len(tokens) else tokens[-1]
            if atom.kind == NUMERAL and after.word in self._suffixes and after.start == tokens[stop - 1].end:
                stop, ordinal = stop + 1, True
            found.append(_Day(int(number.value), number.digits, atom.start, stop, ordinal))
            index = number.stop
            while index < len(atoms) and atoms[index].start < stop:
                index += 1
        return found

    def _separated(self, parts: re.Match[str], today: date, past: bool) -> date | None:
        first, separator, second, third = parts.groups()
        if third is None:
            if separator == "." and not self._dots:
                return None
            month, day = (first, second) if self._order.startswith("m") else (second, first)
            return _yearless(int(month), int(day), today, past)
        if len(first) == 4:
            return _date(int(first), int(second), int(third))
        if len(third) not in (2, 4) or len(first) > 2:
            return None
        return self._ordered(int(first), int(second), _year(third, today, past))

    def _ordered(self, first: int, second: int, year: int) -> date | None:
        """Two numbers in the order of the country, or the other way round where only that is a date."""
        month, day = (first, second) if self._order.startswith("m") else (second, first)
        return _date(year, month, day) or _date(year, day, month)

    def _offset(self, tokens: Sequence[Token], days: list[_Day], today: date, past: bool, depth: int) -> date | None:
        """ "in two weeks", "three days ago", "a week from Friday", "next month"."""
        units = self._units.find(tokens)
        if not units:
            return None
        counts = {day.stop: day.value for day in days if not day.ordinal}
        ago, weekdays = bool(self._ago.find(tokens)), bool(self._weekdays.find(tokens))
        after_in = min((stop for _, stop, _ in self._in.find(tokens)), default=len(tokens))
        beside_next, beside_last = _edges(self._next.find(tokens)), _edges(self._last.find(tokens))
        for start, stop, unit in units:
            count = self._count_before(tokens, counts, start)
            base, sign = today, 0
            if depth < 1 and (hit := self._from.at(tokens, stop)):
                depth = 1  # once: what follows the next one is in what follows this one
                base_ = self._read(tokens[stop + hit[0] :], "", today, past, depth)
                if base_ is not None:
                    base, sign = base_, 1
            sign = sign or (-1 if ago else 1 if after_in <= start else 0)
            if sign:
                return _moved(base, sign * (1 if count is None else count), unit)
            turn = 1 if beside_next(start, stop) else -1 if beside_last(start, stop) else 0
            if unit == "month" and (turn or self._this.at(tokens, start - 1)) and len(days) == 1:
                first = _moved(today.replace(day=1), turn, unit)  # "the fifth of next month"
                return None if first is None else _date(first.year, first.month, days[0].value)
            if turn and unit != "day" and count is None and not weekdays:
                return _moved(today, turn, unit)
        return None

    def _count_before(self, tokens: Sequence[Token], counts: dict[int, int], start: int) -> int | None:
        """The number that ends before ``start``, "of" and the like between them; ``counts``: numbers by their ends."""
        while start not in counts and start > 0 and tokens[start - 1].word in self._of:
            start -= 1
        return counts.get(start)

    def _counted(self, tokens: Sequence[Token], days: list[_Day], today: date, past: bool) -> date | None:
        """ "The second Friday in December", "the last day of next month"."""
        ends = {day.stop: day.value for day in days if day.ordinal and 1 <= day.value <= 5}
        ends |= {stop: -1 for _, stop, _ in self._last.find(tokens)}
        named: list[tuple[int, int, int | None]] = [*self._weekdays.find(tokens)]
        units = self._units.find(tokens)
        named += [(start, stop, None) for start, stop, unit in units if unit == "day"]
        last_month = max((start for start, _, unit in units if unit == "month"), default=-1)
        for start, stop, weekday in named:
            which = ends.get(start)
            if which is None or (weekday is None and which > 0):
                continue
            at = stop
            while at < len(tokens) and (tokens[at].word in self._joints or tokens[at].word in self._of):
                at += 1
            if at > stop and (month := self._months.at(tokens, at)) is not None:
                return _in_some_year(month[1], which, weekday, today, past)
            if at > stop and last_month >= at:
                first = today.replace(day=1)
                if self._next.find(tokens[stop:]):
                    first = _moved(first, 1, "month") or first
                return _nth(first.year, first.month, which, weekday)
        return None

    def _with_month(
        self, tokens: Sequence[Token], days: list[_Day], start: int, stop: int, month: int, today: date, past: bool
    ) -> tuple[date | None] | None:
        """The date, if there is such a one; None where the month has no day beside it."""
        before = [day for day in days if day.stop <= start]
        after = [day for day in days if day.start >= stop]
        if before and 1 <= before[-1].value <= 31 and self._only_of(tokens, before[-1].stop, start):
            day, years, at = before[-1].value, after, stop
        elif after and 1 <= after[0].value <= 31 and self._only_of(tokens, stop, after[0].start):
            day, years, at = after[0].value, after[1:], after[0].stop
            if not years and before and before[-1].value >= 1000:
                return (_date(before[-1].value, month, day),)
        else:
            return None
        digits = ""
        for number in years:
            if number.ordinal or not self._only_of(tokens, at, number.start) or len(digits) >= 4:
                break
            digits, at = digits + number.digits, number.stop
        if len(digits) in (2, 4):
            return (_date(_year(digits, today, past), month, day),)
        return (_yearless(month, day, today, past),)

    def _only_of(self, tokens: Sequence[Token], start: int, stop: int) -> bool:
        return all(token.word in self._of for token in tokens[start:stop])

    def _day_alone(self, tokens: Sequence[Token], days: list[_Day]) -> int | None:
        """ "the 23rd", "the twenty third"; a plain number only after an article that says so ("le treize")."""
        for day in days:
            after_article = day.start > 0 and tokens[day.start - 1].word in self._articles
            plain = day.ordinal and tokens[day.start].word not in self._doubtful
            if 1 <= day.value <= 31 and (plain or after_article):
                return day.value
        return None

    def _weekday(self, tokens: Sequence[Token], weekday: int, day: int | None, today: date, past: bool) -> date | None:
        if day is not None:
            return _monthless(day, weekday, today, past)
        ahead = (weekday - today.weekday() - 1) % 7 + 1
        if self._last.find(tokens):
            return today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)
        for _, stop, _ in self._weekdays.find(tokens)[:1]:  # "Sunday week"
            if self._a_week.at(tokens, stop) == (len(tokens) - stop, True):
                return today + timedelta(days=ahead + 7)
        if self._next.find(tokens):
            weeks = [unit for _, _, unit in self._units.find(tokens) if unit == "week"]
            if self._week_after or weeks:
                return today + timedelta(days=7 - today.weekday() + weekday)
        if past:
            return today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)
        return today + timedelta(days=ahead)

    def _in_order(self, days: list[_Day], text: str, today: date, past: bool) -> date | None:
        """Nothing but numbers: "eight thirteen two thousand one", "oh three oh five nineteen eighty"."""
        row = "".join(day.digits for day in days)
        if len(days) in (3, 4) and all(day.value <= 31 for day in days[:2]):
            year = "".join(day.digits for day in days[2:])
            if len(year) in (2, 4) and days[0].value and days[1].value:
                return self._ordered(days[0].value, days[1].value, _year(year, today, past))
        if len(row) not in (6, 8):
            row = self._digits.read(text) if text else ""
        if len(row) == 8:
            found = self._ordered(int(row[:2]), int(row[2:4]), int(row[4:]))
            if found is not None and 1850 <= found.year <= 2150:
                return found
            return _date(int(row[:4]), int(row[4:6]), int(row[6:]))
        if len(row) == 6:
            return self._ordered(int(row[:2]), int(row[2:4]), _year(row[4:], today, past))
        return None


def _edges(found: list[tuple[int, int, bool]]) -> Callable[[int, int], bool]:
    """Tells whether one of these phrases stands just before or after a part of the text."""
    begins, ends = {begin for begin, _, _ in found}, {end for _, end, _ in found}
    return lambda start, stop: stop in begins or start in ends


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _year(digits: str, today: date, past: bool) -> int:
    """Two digits are the year within the next twenty, or else one that has been."""
    if len(digits) != 2:
        return int(digits)
    year = today.year // 100 * 100 + int(digits)
    return year - 100 if year > today.year + (0 if past else 20) else year


def _holiday(rule: str, today: date, past: bool) -> date | None:
    """The next day of "12-25" (month and day) or "11-4-3" (month, which one, weekday: the fourth Thursday)."""
    month, *rest = map(int, rule.split("-"))
    if len(rest) == 1:
        return _yearless(month, rest[0], today, past)
    return _in_some_year(month, rest[0], rest[1], today, past)


def _in_some_year(month: int, which: int, weekday: int | None, today: date, past: bool) -> date | None:
    """The next (or last) such day that there is; a fifth Friday is not in every year's December."""
    for turn in range(12):
        found = _nth(today.year - turn if past else today.year + turn, month, which, weekday)
        if found is not None and (found <= today if past else found >= today):
            return found
    return None


def _nth(year: int, month: int, which: int, weekday: int | None) -> date | None:
    """The weekday of the month that is first (1), second ... or last (-1); the month's last day without a weekday."""
    if which < 0:
        last = date(year, month, monthrange(year, month)[1])
        return last if weekday is None else last - timedelta(days=(last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    found = first + timedelta(days=((weekday or 0) - first.weekday()) % 7 + 7 * (which - 1))
    return found if found.month == month else None


def _yearless(month: int, day: int, today: date, past: bool) -> date | None:
    for turn in range(9):  # leap days are up to eight years apart
        found = _date(today.year - turn if past else today.year + turn, month, day)
        if found is not None and (found <= today if past else found >= today):
            return found
    return None


def _monthless(day: int, weekday: int | None, today: date, past: bool) -> date | None:
    for turn in range(60):
        months = today.year * 12 + today.month - 1 + (-turn if past else turn)
        found = _date(months // 12, months % 12 + 1, day)
        if found is not None and (found <= today if past else found >= today) and weekday in (None, found.weekday()):
            return found
    return None


def _moved(base: date, amount: int, unit: str) -> date | None:
    """``base`` and so many units on; a month on from the 31st is the last day of a shorter month."""
    if abs(amount) > _LONGEST:
        return None
    match unit:
        case "day" | "week" | "fortnight":
            return base + timedelta(days=amount * {"day": 1, "week": 7, "fortnight": 14}[unit])
        case "month" | "year":
            months = base.year * 12 + base.month - 1 + amount * (12 if unit == "year" else 1)
            days = range(base.day, 27, -1) if base.day > 28 else (base.day,)
            return next((found for day in days if (found := _date(months // 12, months % 12 + 1, day))), None)
        case _:
            return None
