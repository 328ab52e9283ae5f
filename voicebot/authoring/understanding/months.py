"""A month of a year: "December 2028", "twelve twenty-eight", "12/28", "next month", "June"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from voicebot.authoring.understanding.calendar_rules import day_of, full_year, moved, next_or_last
from voicebot.authoring.understanding.day_words import DayNumber, DayWords
from voicebot.authoring.understanding.digit_strings import DigitStrings
from voicebot.authoring.understanding.tokens import Token, without
from voicebot.authoring.understanding.vocabulary import Vocabulary

_SEPARATED = re.compile(r"([0-9]{1,2})[-/.]([0-9]{4}|[0-9]{2})|([0-9]{4})[-/.]([0-9]{1,2})")


class Months:
    """Reads months; section ``dates`` has the words."""

    def __init__(self, vocabulary: Vocabulary, words: DayWords, digits: DigitStrings) -> None:
        self._vocabulary = vocabulary
        self._words = words
        self._digits = digits

    def read(self, text: str, today: date, past: bool = False) -> date | None:
        """The first day of the month; without a year it is the next one (with ``past`` the last one), this one too."""
        tokens = without(self._words.ignored, self._vocabulary.content(text))
        try:
            return self._read(tokens, text, today, past)
        except (OverflowError, ValueError):
            return None

    def keyed(self, keys: str, today: date, past: bool) -> date | None:
        """A month in keys: two of the month, and two or four of the year."""
        if len(keys) not in (4, 6) or not keys.isdecimal():
            return None
        return day_of(full_year(keys[2:], today, past), int(keys[:2]), 1)

    def _read(self, tokens: Sequence[Token], text: str, today: date, past: bool) -> date | None:
        words = self._words
        for token in tokens:
            if parts := _SEPARATED.fullmatch(token.word):
                month, year = parts[1] or parts[4], parts[2] or parts[3]
                return day_of(full_year(year, today, past), int(month), 1)
        numbers = words.numbers(tokens)
        named = words.months.find(tokens)
        if len({month for _, _, month in named}) > 1:
            return None  # "June or July"
        if named:
            start, stop, month = named[0]
            return self._named(tokens, numbers, start, stop, month, today, past)
        if (found := self._from_today(tokens, numbers, today)) is not None:
            return found
        between = {at for one, other in pairwise(numbers) for at in range(one.stop, other.start)}
        if any(words.alternatives.at(tokens, at) for at in between):
            return None  # "three to two"
        return self._numbered(numbers, text, today, past)

    def _named(
        self, tokens: Sequence[Token], numbers: list[DayNumber], start: int, stop: int, month: int, today: date,
        past: bool,
    ) -> date | None:  # fmt: skip
        words = self._words
        digits = words.year_at(tokens, numbers, stop)
        if not digits and numbers and numbers[-1].stop <= start and words.only_of(tokens, numbers[-1].stop, start):
            digits = "".join(number.digits for number in numbers)  # "2028 December"
        if digits:
            return day_of(full_year(digits, today, past), month, 1) if len(digits) in (2, 4) else None
        if numbers:
            return None  # "December 5th"
        turn = next((turn for turn, phrases in ((1, words.next), (-1, words.last)) for begin, _, unit in
                     words.units.find(tokens) if unit == "year" and phrases.find(tokens)), None)  # fmt: skip
        if turn is not None:
            return day_of(today.year + turn, month, 1)
        return next_or_last(lambda year: day_of(year, month, 1), today.replace(day=1), past)

    def _from_today(self, tokens: Sequence[Token], numbers: list[DayNumber], today: date) -> date | None:
        """ "Next month", "this month", "in three months", "two months ago"."""
        words, first = self._words, today.replace(day=1)
        for start, stop, unit in words.units.find(tokens):
            if unit not in ("month", "year"):
                continue
            count = words.count_before(tokens, numbers, start)
            if count is not None and (words.within.find(tokens[:start]) or words.ago.find(tokens)):
                return moved(first, -count if words.ago.find(tokens) else count, unit)
            if unit == "month" and not numbers:
                beside = [tokens[max(0, start - 2) : start], tokens[stop : stop + 2]]
                turns = ((2, words.after_next), (1, words.next), (-1, words.last), (0, words.this))
                return next((moved(first, turn, unit) for turn, phrases in turns
                             if any(phrases.find(part) for part in beside)), None)  # fmt: skip
        return None

    def _numbered(self, numbers: list[DayNumber], text: str, today: date, past: bool) -> date | None:
        """ "Twelve twenty-eight", "oh one twenty nine", "1228", "2028 twelve"."""
        row = "".join(number.digits for number in numbers)
        if len(numbers) == 2 and 1000 <= numbers[0].value <= 9999 and numbers[1].value <= 12:
            return day_of(numbers[0].value, numbers[1].value, 1)
        if len(numbers) >= 2 and 1 <= numbers[0].value <= 12 and len(numbers[0].digits) <= 2:
            year = row[len(numbers[0].digits) :]
            if len(year) in (2, 4):
                return day_of(full_year(year, today, past), numbers[0].value, 1)
        if len(row) not in (3, 4, 6):
            row = self._digits.read(text)
        if len(row) == 6 and 1900 <= int(row[:4]) <= 2199 and 1 <= int(row[4:]) <= 12:
            return day_of(int(row[:4]), int(row[4:]), 1)
        if len(row) in (3, 4, 6):
            row = row.zfill(4)
            return day_of(full_year(row[2:], today, past), int(row[:2]), 1)
        return None
