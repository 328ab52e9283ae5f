"""What names several days and not one: "next week", "Friday or Saturday", "sometime in June", "after Easter".

Each is the range from its first to its last day: whoever is asked for the exact day then and says "Tuesday" means the
one in that range.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from voicebot.authoring.understanding.calendar_rules import (
    day_of,
    full_year,
    month_of,
    moved,
    next_or_last,
    nth,
    weekday_from,
)
from voicebot.authoring.understanding.day_words import DayNumber, DayWords
from voicebot.authoring.understanding.tokens import Token

DayRange = tuple[date, date]
"""The first and the last day; from ``date.min`` to ``date.max`` where any is meant."""

Exact = Callable[[Sequence[Token], date, bool], date | None]
"""The single day in some tokens."""

_SPLITS = 4
"""How many of the words that may join two days are looked at."""
_ANY = (date.min, date.max)
_SATURDAY = 5
_SOME = (2, 6)
"""What "a few" may be at least and at most."""


class VagueDays:
    """Reads ranges of days. ``exact``: reads a single one."""

    def __init__(self, words: DayWords, exact: Exact) -> None:
        self._words = words
        self._exact = exact

    def around_days(self, tokens: Sequence[Token], today: date, past: bool) -> DayRange | None:
        """The range where single days are named, but none of them is meant."""
        found = (self._amounts(tokens, today) or self._span(tokens, today) or self._several(tokens, today, past)
                 or self._beside(tokens, today, past))  # fmt: skip
        return None if found is None else (found[0], max(found))

    def _amounts(self, tokens: Sequence[Token], today: date) -> DayRange | None:
        """ "In two or three weeks", "in a week or two"."""
        words = self._words
        joints = words.alternatives.find(tokens)[:_SPLITS] if words.within.find(tokens) else []
        numbers = words.numbers(tokens) if joints else []
        for start, stop, unit in words.units.find(tokens):
            count = words.count_before(tokens, numbers, start)
            for begin, end, _ in joints:
                other = next(
                    (
                        number.value
                        for number in numbers
                        if number.stop == begin < start or (begin == stop and number.start == end)
                    ),
                    count,
                )
                if count is not None and other is not None and other != count:
                    amounts = (words.as_weeks(amount, unit) for amount in sorted((count, other)))
                    low, high = (moved(today, *amount) for amount in amounts)
                    return (low, high) if low and high else None
        return None

    def _span(self, tokens: Sequence[Token], today: date) -> DayRange | None:
        """ "In the next two weeks", "dans les deux prochaines semaines", "in the last ten days"."""
        words = self._words
        numbers = {number.stop: number for number in words.numbers(tokens) if not number.ordinal}
        for way, phrases in ((1, words.spans), (-1, words.last)):
            found = phrases.find(tokens)
            begins, ends = {stop: start for start, stop, _ in found}, {stop for _, stop, _ in found}
            for start, _, unit in words.units.find(tokens):
                number = numbers.get(start) or numbers.get(begins.get(start, -1))
                if number is None or (number.stop == start and number.start not in ends):
                    continue
                count, counted = words.as_weeks(number.value, unit)
                end = moved(today, way * count, counted)
                return (min(today, end), max(today, end)) if end is not None else None
        return None

    def _several(self, tokens: Sequence[Token], today: date, past: bool) -> DayRange | None:
        """ "Friday or Saturday", "the third or the fourth", "May 3rd to 5th", "between Monday and Wednesday"."""
        words = self._words
        joints = [hit for hit in words.alternatives.find(tokens) if hit[0] > 0 and hit[1] < len(tokens)][:_SPLITS]
        if not joints:
            return None
        numbers = words.numbers(tokens)
        whole = [(number.start, number.stop) for number in numbers]
        whole += [(start, stop) for phrases in (words.relative, words.holidays, words.ago, words.before, words.after)
                  for start, stop, _ in phrases.find(tokens)]  # fmt: skip
        for start, stop, _ in joints:
            if any(begin <= start and stop <= end and end - begin > stop - start for begin, end in whole):
                continue  # "treinta y uno"
            left, right = self._exact(tokens[:start], today, past), self._exact(tokens[stop:], today, past)
            before = next((number.value for number in numbers if number.stop == start), 0)
            after = 0 if tokens[start].word in words.before_times else self._number_at_once(tokens, numbers, stop)
            of_month, named = self._names_month(tokens[stop:]), self._names_month(tokens[:start])
            if right is not None and before and of_month and not named and not words.weekdays.find(tokens[:start]):
                left = day_of(right.year, right.month, before)  # "the third or fourth of May"
            elif left is not None and after and named and not of_month:
                right = day_of(left.year, left.month, after)  # "May 3rd or 4th"
            if left is not None and right is not None and left != right:
                return min(left, right), max(left, right)
        return None

    def _number_at_once(self, tokens: Sequence[Token], numbers: Sequence[DayNumber], at: int) -> int:
        """The number that is said from ``at`` on, articles before it; 0 for none."""
        words = self._words
        while at < len(tokens) and tokens[at].word in words.of | words.articles:
            at += 1
        return next((number.value for number in numbers if number.start == at), 0)

    def _names_month(self, tokens: Sequence[Token]) -> bool:
        return bool(self._words.months.find(tokens))

    def _beside(self, tokens: Sequence[Token], today: date, past: bool) -> DayRange | None:
        """ "Before Christmas", "after Friday", "around the fifth", "the week of the fifth", "not Friday"."""
        words = self._words
        named = [span for phrases in (words.relative, words.holidays) for span in phrases.find(tokens)]
        for _, stop, _ in words.excepted.find(tokens)[:_SPLITS]:
            at_once = stop < len(tokens) and not tokens[stop].pause
            if at_once and self._day_follows(tokens, stop) and self._exact(tokens[stop:], today, past) is not None:
                return _ANY
        for way, joints in ((-1, words.before), (1, words.after), (0, words.around)):
            for start, stop, _ in joints.find(tokens)[:_SPLITS]:
                inside = any(begin <= start and stop <= end for begin, end, _ in named)
                if inside or self._is_following(tokens, start) or not self._day_follows(tokens, stop):
                    continue
                day = self._exact(words.behind(tokens, stop), today, past)
                if day is None:
                    continue
                if way == 0:
                    return day - timedelta(days=3), day + timedelta(days=3)
                if words.weekdays.ending(tokens, start):
                    continue
                if words.weekend.ending(tokens, start):
                    saturday = weekday_from(day, _SATURDAY, way)
                    return saturday, saturday + timedelta(days=1)
                unit = words.units.ending(tokens, start)
                if unit is not None:
                    begin, meaning = unit
                    counted = words.count_before(tokens, words.numbers(tokens), begin)
                    if meaning == "day" or counted is not None:
                        continue
                    return _around(moved(day, way, meaning), meaning)
                if self._exact(tokens[:start], today, past) is None:
                    return (today, day - timedelta(days=1)) if way < 0 else (
                        day + timedelta(days=1), day + timedelta(days=30)
                    )  # fmt: skip
        for start, stop, meaning in words.units.find(tokens):  # "the week of Christmas"
            bare = not any(phrases.at(tokens, stop) or phrases.ending(tokens, start)
                           for phrases in (words.next, words.last, words.this))  # fmt: skip
            bare = bare and meaning not in ("day", "fortnight") and stop < len(tokens)
            if bare and tokens[stop].word in words.of and (
                self._day_follows(tokens, stop) and words.count_before(tokens, words.numbers(tokens), start) is None
            ):  # fmt: skip
                return _around(self._exact(tokens[stop:], today, past), meaning)
        return None

    def _is_following(self, tokens: Sequence[Token], start: int) -> bool:
        """Whether a word for after means next: "the following Monday", not "the Monday following Easter"."""
        words = self._words
        hangs = words.weekdays.ending(tokens, start) or words.units.ending(tokens, start)
        return words.next.at(tokens, start) is not None and not hangs

    def _day_follows(self, tokens: Sequence[Token], at: int) -> bool:
        """Whether a day is named at once: not "around ten on Friday", "after work on Monday"."""
        words = self._words
        at += at < len(tokens) and words.on.at(tokens, at) is not None
        while at < len(tokens) and tokens[at].word in words.of | words.articles:
            at += 1
        if any(phrases.at(tokens, at) for phrases in (words.weekdays, words.holidays, words.relative, words.months)):
            return True
        number = next((number for number in words.numbers(tokens) if number.start == at), None)
        if number is None or number.ordinal or (at > 0 and tokens[at - 1].word in words.articles):
            return number is not None
        months = (start for start, _, _ in words.months.find(tokens) if start >= number.stop)
        return any(words.only_of(tokens, number.stop, start) for start in months)

    def without_day(self, tokens: Sequence[Token], today: date, past: bool) -> DayRange | None:
        """The range where no single day is named: a week, a month, a weekend, "a few days", "soon"."""
        words = self._words
        for start, stop, _ in words.weekend.find(tokens):
            return self._weekend(tokens, start, stop, today, past)
        named = {weekday for _, _, weekday in words.weekdays.find(tokens)}
        if len(named) > 1:  # "Friday if possible, otherwise Saturday"
            days = sorted(weekday_from(today, weekday) for weekday in named)
            return days[0], days[-1]
        part = next((meaning for _, _, meaning in words.month_parts.find(tokens)), "")
        for start, stop, month in words.months.find(tokens):
            digits = words.year_at(tokens, words.numbers(tokens), stop)
            first = (day_of(full_year(digits, today, past), month, 1) if digits
                     else next_or_last(_ends_in(month), today, past))  # fmt: skip
            if first is not None and (stop - start == len(tokens) or part or not self._is_doubtful(tokens, start)):
                return _part(month_of(first), part)
        units = words.units.find(tokens)
        for start, stop, unit in units:
            turn = self._turn(tokens, start, stop)
            if unit != "day" and (turn or part or words.this.find(tokens[:start])):
                day = moved(today, turn, unit)
                return _part(_around(day, unit), part if unit == "month" else "")
        for start, _, unit in units:
            if words.some.ending(tokens, start):
                low, high = (moved(today, count, unit) for count in _SOME)
                return (low, high) if low and high else None
        return _ANY if words.any_day.find(tokens) else None

    def _turn(self, tokens: Sequence[Token], start: int, stop: int) -> int:
        """How many weeks or months from this one a unit is: "next week", "the week after next"."""
        words = self._words
        turns = ((2, words.after_next), (1, words.next), (-1, words.last))
        return next((turn for turn, phrases in turns
                     if phrases.ending(tokens, start) or phrases.at(tokens, stop)), 0)  # fmt: skip

    def _weekend(self, tokens: Sequence[Token], start: int, stop: int, today: date, past: bool) -> DayRange | None:
        """ "This weekend", "the first weekend of May"."""
        words = self._words
        which = next((number.value for number in words.numbers(tokens) if number.ordinal and number.stop == start), 0)
        month = next((month for begin, _, month in words.months.find(tokens) if begin > stop), 0)
        if which and not month:
            return None
        if which:
            saturday = next_or_last(lambda year: nth(year, month, which, _SATURDAY), today, past)
        else:
            week = today - timedelta(days=today.weekday()) + timedelta(days=7 * self._turn(tokens, start, stop))
            saturday = week + timedelta(days=_SATURDAY)
        return (saturday, saturday + timedelta(days=1)) if saturday is not None else None

    def _is_doubtful(self, tokens: Sequence[Token], at: int) -> bool:
        """Whether the month may be an ordinary word ("may"), as no "in" stands before it."""
        return at == 0 or tokens[at - 1].word not in self._words.joints


def _ends_in(month: int) -> Callable[[int], date | None]:
    """The last day of a month, by year: a month that has begun is the next one."""
    return lambda year: month_of(date(year, month, 1))[1]


def _around(day: date | None, unit: str) -> DayRange:
    """The week (from Monday), month or year of ``day``."""
    if day is None:
        return _ANY
    if unit == "month":
        return month_of(day)
    if unit == "year":
        return date(day.year, 1, 1), date(day.year, 12, 31)
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def _part(days: DayRange, part: str) -> DayRange:
    """A part of a month, such as "20-31"."""
    if not part:
        return days
    low, high = map(int, part.split("-"))
    return days[0].replace(day=low), min(days[1], days[0].replace(day=1) + timedelta(days=high - 1))
