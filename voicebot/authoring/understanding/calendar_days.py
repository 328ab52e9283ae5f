"""Dates: "tomorrow", "next Tuesday", "the third of May", "May 3rd 2027", "3/5", "in two weeks", "a week after Easter".

Read in this order: a numeral with separators; something before or after another day; the so-manieth day of a month; an
amount of days or weeks from today; a named day; a holiday; a month with its day and year; a day of the week; a day of
the month; numbers in the order of the country. A date without a year is the next one (the last one, where dates of the
past are asked for). A weekday is the next such day after today; what "next Tuesday" means is in the data (English: the
one of next week).

A weekday that is not the date's makes it doubtful: there is no date.

Where several days are meant ("next week", "Friday or Saturday", "after Easter") there is no date;
:meth:`CalendarDays.vague` tells which days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from voicebot.authoring.understanding.calendar_rules import (
    day_of,
    full_year,
    holiday,
    monthless,
    moved,
    next_or_last,
    nth,
    weekday_from,
)
from voicebot.authoring.understanding.day_words import DayNumber, DayWords
from voicebot.authoring.understanding.digit_strings import DigitStrings
from voicebot.authoring.understanding.numbered_days import NumberedDays, day_and_year_apart, edges
from voicebot.authoring.understanding.tokens import Token, without
from voicebot.authoring.understanding.vague_days import DayRange, VagueDays
from voicebot.authoring.understanding.vocabulary import Vocabulary

_JOINTS = 3
"""How many of the words that may hang one day on another are looked at."""
_SOON = timedelta(days=45)
"""How far off "Friday the nineteenth" may be; if the next 19th is no Friday, the caller rather means another day."""
_HOURS, _MINUTES = 12, 10
"""Behind a weekday, a number up to ``_HOURS`` may be a time, and one from ``_MINUTES`` on behind it minutes."""
_FRIDAY_13 = (4, 13)
"""A day that callers know, however far off it is."""
_DEPTH = 2
"""How often a day may hang on another one: "two days after the Monday before Christmas"."""


class CalendarDays:
    """Reads dates."""

    def __init__(self, vocabulary: Vocabulary, words: DayWords, digits: DigitStrings) -> None:
        self._vocabulary = vocabulary
        self._words = words
        self._numbered = NumberedDays(words, digits)
        self._vague = VagueDays(words, self._exact)

    def read(self, text: str, today: date, past: bool = False, within: DayRange | None = None) -> date | None:
        """The date in ``text``; ``past``: dates without a year are those that have been (birthdays).

        ``within``: the days that were named before: a weekday or a day of the month is the one among these.
        """
        tokens = self._tokens(text)
        try:
            if self._vague.around_days(tokens, today, past) is not None:
                return None
            found = self._exact(tokens, today, past, text)
            if within is None or (found is not None and within[0] <= found <= within[1]):
                return found
            if self._counts_from_today(tokens) or within[0] == date.min:
                return found
            among = self._exact(tokens, within[0] - timedelta(days=1), False, text)
        except (OverflowError, ValueError):
            return None  # beyond the years 1 to 9999
        return among if among is not None and within[0] <= among <= within[1] else found

    def vague(self, text: str, today: date, past: bool = False) -> DayRange | None:
        """The first and the last of the days in ``text``, where no single one is meant."""
        tokens = self._tokens(text)
        try:
            found = self._vague.around_days(tokens, today, past)
            if found is None and self._exact(tokens, today, past) is None:
                found = self._vague.without_day(tokens, today, past) or self._on_another_weekday(tokens, today, past)
            return found
        except (OverflowError, ValueError):
            return None

    def keyed(self, keys: str) -> date | None:
        """A day in eight keys, in the order of the country: month, day, year, or day, month, year."""
        if len(keys) != 8 or not keys.isdecimal():
            return None
        first, second, year = int(keys[:2]), int(keys[2:4]), int(keys[4:])
        month, day = (first, second) if self._words.month_first else (second, first)
        return day_of(year, month, day)

    def _tokens(self, text: str) -> list[Token]:
        tokens = without(self._words.ignored, self._vocabulary.content(text))
        return day_and_year_apart(tokens, self._words.months)

    def _counts_from_today(self, tokens: Sequence[Token]) -> bool:
        words = self._words
        return any(phrases.find(tokens) for phrases in (words.relative, words.units, words.holidays, words.months))

    def _exact(self, tokens: Sequence[Token], today: date, past: bool, text: str = "", depth: int = 0) -> date | None:
        """The date, whatever else is in the tokens. ``text``: theirs, to be read as digits; ``""`` for a part of it."""
        words = self._words
        if (found := self._numbered.separated(tokens, today, past)) is not None:
            return self._agreeing(found, tokens)
        numbers = words.numbers(tokens)
        for rule in (self._beside_another, self._counted, self._offset):
            if (found := rule(tokens, numbers, today, past, depth)) is not None:
                return found
        for start, stop, days in words.relative.find(tokens)[:1]:
            if words.weekdays.ending(tokens, start) and not tokens[start].pause:
                break  # "Freitag Morgen"
            if (since := words.since.ending(tokens, start)) is not None and since[0]:
                return None  # "two Mondays from now"
            later = words.later.at(tokens, stop)  # "tomorrow week"
            found = today + timedelta(days=days + (later[1] if later is not None else 0))
            return self._agreeing(found, tokens) if self._day_alone(tokens, numbers) in (None, found.day) else None
        if (with_day := self._numbered.with_month(tokens, numbers, today, past)) is not None:
            return self._agreeing(with_day[0], tokens)  # None where there is no such day ("February 30th")
        if holidays := words.holidays.find(tokens):
            return self._agreeing(self._holiday(tokens, numbers, holidays[0], today, past), tokens)
        if words.months.find(tokens):
            return None  # "Tuesday in May": any of them
        if (found := self._numbered.with_month_number(tokens, numbers, today, past)) is not None:
            return self._agreeing(found, tokens)
        weekdays = words.weekdays.find(tokens)
        day = self._day_alone(tokens, numbers)
        if weekdays:
            if day is None and words.cardinal_days:  # "vendredi treize"
                day = next((number.value for number in numbers if number.start == weekdays[0][1]), None)
            found = self._weekday(tokens, weekdays, day, today, past)
            return found if found is None or day is not None or self._fits(found, numbers, weekdays[0][1]) else None
        if day is not None:
            return monthless(day, None, today, past)
        if any(self._day_alone(tokens, [number]) for number in numbers):
            return None  # "le neuf cinq"
        return self._numbered.in_order(numbers, text, today, past)

    def _agreeing(self, day: date | None, tokens: Sequence[Token]) -> date | None:
        """``day``, unless another day of the week is named: nobody knows which of the two is meant."""
        words = self._words
        names = {at for start, stop, _ in words.holidays.find(tokens) for at in range(start, stop)}  # "Easter Monday"
        weekdays = {weekday for start, _, weekday in words.weekdays.find(tokens) if start not in names}
        return day if day is not None and (not weekdays or day.weekday() in weekdays) else None

    def _on_another_weekday(self, tokens: Sequence[Token], today: date, past: bool) -> DayRange | None:
        """The day that would be meant if another day of the week were not named: "Tuesday, May ninth", a Sunday."""
        weekdays = self._words.weekdays.find(tokens)
        named = {at for start, stop, _ in weekdays for at in range(start, stop)}
        day = self._exact([token for at, token in enumerate(tokens) if at not in named], today, past) if named else None
        return None if day is None else (day, day)

    def _beside_another(
        self, tokens: Sequence[Token], numbers: list[DayNumber], today: date, past: bool, depth: int
    ) -> date | None:
        """ "A week before Christmas", "the Monday after Easter", "two weeks from tomorrow", "a week on Friday"."""
        if depth >= _DEPTH:
            return None
        words = self._words
        for _, stop, days in words.beside.find(tokens)[:_JOINTS]:
            base = self._exact(tokens[stop:], today, past, depth=depth + 1)
            if base is not None:
                return base + timedelta(days=days)
        for way, joints in ((-1, words.before), (1, words.after), (1, words.since), (1, words.on)):
            for start, stop, _ in joints.find(tokens)[:_JOINTS]:
                unit = words.units.ending(tokens, start)
                weekday = words.weekdays.ending(tokens, start) if joints is not words.on else None
                if unit is None and weekday is None:
                    continue
                if joints is words.on and (unit is None or unit[1] not in ("week", "fortnight")):
                    continue
                base = self._exact(words.behind(tokens, stop), today, past, depth=depth + 1)
                if base is None:
                    continue
                if weekday is not None:
                    return weekday_from(base, weekday[1], way * self._which(numbers, weekday[0]))
                if unit is not None:
                    count, counted = words.amount_before(tokens, numbers, *unit)
                    if count is None and counted == "day":
                        count = 1  # "the day after Christmas"
                    if count is not None:
                        return moved(base, way * count, counted)
        return None

    def _which(self, numbers: Sequence[DayNumber], start: int) -> int:
        """Which one it is of what begins at ``start``: "the second Monday after Easter"."""
        return next((number.value for number in numbers
                     if number.ordinal and number.stop == start and 1 <= number.value <= 53), 1)  # fmt: skip

    def _offset(
        self, tokens: Sequence[Token], numbers: list[DayNumber], today: date, past: bool, depth: int
    ) -> date | None:
        """ "In two weeks", "three days ago", "Friday in a week", "the fifth of next month"."""
        words = self._words
        units = words.units.find(tokens)
        if not units:
            return None
        ago = bool(words.ago.find(tokens))
        after_in = min((stop for _, stop, _ in words.within.find(tokens)), default=len(tokens))
        beside_next, beside_last = edges(words.next.find(tokens)), edges(words.last.find(tokens))
        for start, stop, unit in units:
            turn = 1 if beside_next(start, stop) else -1 if beside_last(start, stop) else 0
            one = len(numbers) == 1 and not words.counts(tokens, numbers[0])
            if unit == "month" and one and (turn or words.this.at(tokens, start - 1)):
                first = moved(today.replace(day=1), turn, unit)
                return None if first is None else day_of(first.year, first.month, numbers[0].value)
            count, counted = words.amount_before(tokens, numbers, start, unit)
            if count is None:
                continue
            if ago or after_in <= start:
                return self._from_now(tokens, -count if ago else count, counted, after_in, today)
            named = self._exact(tokens[stop:], today, past, depth=depth + 1) if depth < _DEPTH and not turn else None
            if counted in ("week", "fortnight") and named is not None and self._begins_with_a_day(tokens, stop):
                return moved(named, count, counted)  # "a week tomorrow"
        return None

    def _from_now(self, tokens: Sequence[Token], count: int, unit: str, after_in: int, today: date) -> date | None:
        """So many units from today, or from the weekday that is said before; on the weekday that is said after."""
        words = self._words
        if unit in ("week", "fortnight") and (weekdays := words.weekdays.find(tokens)):
            start, _, weekday = weekdays[0]
            if start < after_in <= len(tokens):  # "Friday in a week"
                return moved(weekday_from(today, weekday), count, unit)
            week = moved(today - timedelta(days=today.weekday()), count, unit)  # "in two weeks on Friday"
            return week and week + timedelta(days=weekday)
        if hits := words.relative.find(tokens):  # "tomorrow in a week"
            return moved(today + timedelta(days=hits[0][2]), count, unit)
        return moved(today, count, unit)

    def _begins_with_a_day(self, tokens: Sequence[Token], at: int) -> bool:
        return any(phrases.at(tokens, at) for phrases in (self._words.weekdays, self._words.relative))

    def _counted(
        self, tokens: Sequence[Token], numbers: list[DayNumber], today: date, past: bool, depth: int
    ) -> date | None:
        """ "The second Friday in December", "the last day of next month", "the first Monday of the month"."""
        words = self._words
        ends = {number.stop: number.value for number in numbers if number.ordinal and 1 <= number.value <= 5}
        ends |= {stop: -1 for _, stop, _ in words.last.find(tokens)}
        named: list[tuple[int, int, int | None]] = [*words.weekdays.find(tokens)]
        units = words.units.find(tokens)
        named += [(start, stop, None) for start, stop, unit in units if unit == "day"]
        months = [hit for hit in units if hit[2] == "month"]
        years = [hit for hit in units if hit[2] == "year"]
        for start, stop, weekday in named:
            which = ends.get(start)
            if which is None:
                continue
            at = stop
            while at < len(tokens) and (tokens[at].word in words.joints or tokens[at].word in words.of):
                at += 1
            if at == stop:
                continue
            if (month := words.months.at(tokens, at)) is not None:
                digits = words.year_at(tokens, numbers, at + month[0])
                if digits:
                    return nth(full_year(digits, today, past), month[1], which, weekday)
                number = month[1]
                return next_or_last(lambda year: nth(year, number, which, weekday), today, past)  # noqa: B023
            coming = bool(words.next.find(tokens[stop:]))
            if any(begin >= at for begin, _, _ in months):
                first = today.replace(day=1)
                first = moved(first, 1, "month") or first if coming else first
                return nth(first.year, first.month, which, weekday)
            if any(begin >= at for begin, _, _ in years):
                return nth(today.year + coming, 12 if which < 0 else 1, which, weekday)
        return None

    def _holiday(
        self, tokens: Sequence[Token], numbers: list[DayNumber], hit: tuple[int, int, str], today: date, past: bool
    ) -> date | None:
        """ "Christmas", "Easter 2028", "Christmas next year"."""
        digits = self._words.year_at(tokens, numbers, hit[1])
        if digits:
            return holiday(hit[2], today, past, full_year(digits, today, past))
        for start, stop, unit in self._words.units.find(tokens):
            if unit == "year" and edges(self._words.next.find(tokens))(start, stop):
                return holiday(hit[2], today, past, today.year + 1)
        return holiday(hit[2], today, past)

    def _day_alone(self, tokens: Sequence[Token], numbers: list[DayNumber]) -> int | None:
        """ "the 23rd", "the twenty third"; a plain number only after an article that says so ("le treize")."""
        for number in numbers:
            after_article = number.start > 0 and tokens[number.start - 1].word in self._words.articles
            plain = number.ordinal and tokens[number.start].word not in self._words.doubtful
            if 1 <= number.value <= 31 and (plain or after_article) and not self._words.counts(tokens, number):
                return number.value if not any(_follows(number.stop, other) for other in numbers) else None
        return None

    def _fits(self, found: date, numbers: Sequence[DayNumber], at: int) -> bool:
        """Whether the number behind a weekday, if there is one, is its day or a time: "Tuesday nine thirty"."""
        behind = [number for number in numbers if number.start >= at][:2]
        if not behind or behind[0].start != at or behind[0].value == found.day:
            return True
        hour, minutes = behind[0], behind[1] if len(behind) > 1 and behind[1].start == behind[0].stop else None
        return hour.value <= _HOURS if minutes is None else minutes.value >= _MINUTES

    def _weekday(
        self, tokens: Sequence[Token], weekdays: list[tuple[int, int, int]], day: int | None, today: date, past: bool
    ) -> date | None:
        words = self._words
        if len({weekday for _, _, weekday in weekdays}) > 1:
            return None  # "Monday Tuesday"
        _, stop, weekday = weekdays[0]
        if day is not None:
            found = monthless(day, weekday, today, past)
            known = (weekday, day) == _FRIDAY_13
            return found if found is not None and (known or abs(found - today) <= _SOON) else None
        if words.last.find(tokens):
            return weekday_from(today, weekday, -1)
        weeks = any(unit == "week" for _, _, unit in words.units.find(tokens))
        if words.after_next.find(tokens):
            monday = today - timedelta(days=today.weekday())
            week_after = words.week_after or weeks
            return monday + timedelta(days=14 + weekday) if week_after else weekday_from(today, weekday, 2)
        later = words.later.at(tokens, stop)
        if later is not None and stop + later[0] == len(tokens):  # "Sunday week"
            return weekday_from(today, weekday) + timedelta(days=later[1])
        if words.next.find(tokens) and (words.week_after or weeks):
            return today + timedelta(days=7 - today.weekday() + weekday)
        return weekday_from(today, weekday, -1 if past else 1)


def _follows(stop: int, number: DayNumber) -> bool:
    """Whether ``number`` follows at once what ends at ``stop``, and is no day itself."""
    return number.start == stop and not number.ordinal
