"""The words of dates in one language (section ``dates`` of its file), and the numbers beside them.

==================  ==================================================================================================
order               of day, month and year in numerals (``mdy``, ``dmy``); a country may have another
dots, cardinal_days numerals with dots are dates ("3.5."); days are plain numbers ("vendredi treize")
months, weekdays    by number (Monday is 0); ``units``: day, week, fortnight, month, year
relative            "tomorrow": days from today
holidays            "easter monday": a rule (calendar_rules.py); a country may have others
in, ago, from       before or after an amount: "in two weeks", "two weeks ago", "two weeks from Friday"
days_as_weeks       so many days are said for so many weeks: "quinze jours" are two
before, after       before a day: "two days before Christmas", "the Monday after Easter"; alone no day is meant
beside              nouns for a day so many days from another: "le lendemain de Noël"
on                  "a week on Friday"; ``later``: so many days after the weekday before it: "Sunday week"
spans               with an amount, any day until then is meant: "in the next two weeks"
next, last, this    beside a weekday or a unit; ``after_next``: "the Monday after next"
next_weekday        what "next Tuesday" means: ``week_after`` (that of next week) or ``coming``
in_month, of        between a day and its month, and between them and the year
day_articles        make a day of a plain number ("the 15"); ``doubtful_days`` are days only behind these
day_followers       what may go on at once behind a day such as "the third"; other words are what it counts
ordinal_suffixes    "15th"
numbered_months     how a month is said by number: ``of`` ("el quince del tres"), ``ordinal`` ("fünfzehnter dritter")
alternatives        between two days, of which neither is meant alone: "Friday or Saturday"
weekend, any_day    words that name several days or any; ``around``: before a day, about that day is meant
except              before a day that is not meant: "any day but Friday"
some                amounts that are no number: "a few"; ``ignored``: "first thing"
month_parts         "early", "end of": the first and the last day of such a part of a month
==================  ==================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voicebot.authoring.understanding.digit_strings import DigitStrings
from voicebot.authoring.understanding.numbers import (
    ARTICLE,
    FRACTION,
    NUMERAL,
    ORDINAL,
    NumberReader,
    NumberWords,
    SpokenNumber,
)
from voicebot.authoring.understanding.tokens import Phrases, Token
from voicebot.authoring.understanding.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class DayNumber:
    """A number in the text, by tokens."""

    value: int
    digits: str
    start: int
    stop: int
    ordinal: bool


class DayWords:
    """The phrases of section ``dates``, and what can be told of tokens with them."""

    def __init__(
        self, vocabulary: Vocabulary, words: NumberWords, digits: DigitStrings, region: Mapping[str, Any]
    ) -> None:
        section = vocabulary.section("dates")
        self._words = words
        self._digits = digits
        self.order = str(region.get("date_order") or section.get("order", "dmy"))
        self.month_first = self.order.startswith("m")
        self.dots = section.get("dots") == "true"
        self.cardinal_days = section.get("cardinal_days") == "true"
        self.week_after = section.get("next_weekday") == "week_after"
        self.numbered_months = section.get("numbered_months", "")

        def numbered(key: str) -> Phrases[int]:
            return vocabulary.phrases({phrase: int(value) for phrase, value in vocabulary.mapped("dates", key).items()})

        def listed(key: str) -> Phrases[bool]:
            return vocabulary.listed_phrases("dates", key)

        self.months, self.weekdays, self.relative, self.beside, self.later = (
            numbered(key) for key in ("months", "weekdays", "relative", "beside", "later")
        )
        holidays = vocabulary.mapped("dates", "holidays") | vocabulary.expanded(region.get("holidays", {}))
        self.holidays: Phrases[str] = vocabulary.phrases(holidays)
        self.units: Phrases[str] = vocabulary.phrases(dict(section.get("units", {})))
        self.within, self.ago, self.after, self.before, self.on, self.since = (
            listed(key) for key in ("in", "ago", "after", "before", "on", "from")
        )
        self.next, self.last, self.this, self.after_next = (
            listed(key) for key in ("next", "last", "this", "after_next")
        )
        self.alternatives, self.weekend, self.any_day, self.around = (
            listed(key) for key in ("alternatives", "weekend", "any_day", "around")
        )
        self.some, self.spans, self.excepted, self.ignored = (
            listed(key) for key in ("some", "spans", "except", "ignored")
        )
        self.days_as_weeks = {int(days): int(weeks) for days, weeks in section.get("days_as_weeks", {}).items()}
        self.month_parts: Phrases[str] = vocabulary.phrases(vocabulary.mapped("dates", "month_parts"))
        self._pronouns = vocabulary.words("choice", "pronouns")
        self._followers = _followers(vocabulary)
        self.before_times = vocabulary.words("times", "skipped")
        self.joints = vocabulary.words("dates", "in_month")
        self.of = vocabulary.words("dates", "of")
        self.articles = vocabulary.words("dates", "day_articles")
        self.doubtful = vocabulary.words("dates", "doubtful_days")
        self.suffixes = vocabulary.words("dates", "ordinal_suffixes")

    def numbers(self, tokens: Sequence[Token]) -> list[DayNumber]:
        """The numbers in ``tokens``, ordinals too."""
        atoms = self._digits.with_zero_letters(self._words.atoms(tokens))
        reader = NumberReader(self._words, atoms)
        found: list[DayNumber] = []
        index = 0
        while index < len(atoms):
            atom = atoms[index]
            if atom.kind == ORDINAL:
                found.append(DayNumber(int(atom.value), str(int(atom.value)), atom.start, atom.stop, True))
                index += 1
                continue
            number: SpokenNumber | None = reader.cardinal(index) or reader.quantity(index)  # "a couple"
            if number is None or number.value != number.value.to_integral_value() or number.value >= 10**9:
                index += 1
                continue
            stop, ordinal = atoms[number.stop - 1].stop, False
            after = tokens[stop] if stop < len(tokens) else tokens[-1]
            if atom.kind == NUMERAL and after.word in self.suffixes and after.start == tokens[stop - 1].end:
                stop, ordinal = stop + 1, True
            found.append(DayNumber(int(number.value), number.digits, atom.start, stop, ordinal))
            index = number.stop
            while index < len(atoms) and atoms[index].start < stop:
                index += 1
        return found

    def counts(self, tokens: Sequence[Token], number: DayNumber) -> bool:
        """Whether an ordinal is no day: "the first weekend", "the third Monday", "the second call"."""
        at = number.stop
        if not number.ordinal or at >= len(tokens):
            return False
        if any(phrases.at(tokens, at) for phrases in (self.weekend, self.weekdays, self.units)):
            return True
        known = tokens[at].numeral or any(phrases.at(tokens, at) for phrases in (self._followers, self._words.phrases))
        return not tokens[at].pause and (tokens[at].word in self._pronouns or not known)

    def behind(self, tokens: Sequence[Token], stop: int) -> Sequence[Token]:
        """What follows a word such as "after", with the article that is a part of that word ("después del")."""
        return tokens[stop - (tokens[stop - 1].word in self.articles) :]

    def only_of(self, tokens: Sequence[Token], start: int, stop: int) -> bool:
        """Whether nothing but "of" and the like is between."""
        return all(token.word in self.of for token in tokens[start:stop])

    def count_before(self, tokens: Sequence[Token], numbers: Sequence[DayNumber], start: int) -> int | None:
        """How many of the unit at ``start``: the number (or the article: "a week") before it, "of" between them."""
        counts = {number.stop: number.value for number in numbers if not number.ordinal}
        at = start
        while at not in counts and at > 0 and tokens[at - 1].word in self.of:
            at -= 1
        if at in counts:
            return counts[at]
        hit = self._words.phrases.at(tokens, start - 1)
        half = (
            start > 1 and (before := self._words.phrases.at(tokens, start - 2)) is not None and before[1][0] == FRACTION
        )
        return 1 if hit is not None and hit[1][0] == ARTICLE and not half else None

    def amount_before(
        self, tokens: Sequence[Token], numbers: Sequence[DayNumber], start: int, unit: str
    ) -> tuple[int | None, str]:
        """The same with the unit, which is ``unit`` but for days that stand for weeks."""
        count = self.count_before(tokens, numbers, start)
        return (count, unit) if count is None else self.as_weeks(count, unit)

    def as_weeks(self, count: int, unit: str) -> tuple[int, str]:
        """An amount; days that stand for weeks as those."""
        weeks = self.days_as_weeks.get(count) if unit == "day" else None
        return (count, unit) if weeks is None else (weeks, "week")

    def year_at(self, tokens: Sequence[Token], numbers: Sequence[DayNumber], at: int) -> str:
        """The digits of the year that is said from ``at`` on: "twenty twenty seven", "27"; ``""`` for none."""
        digits = ""
        for number in numbers:
            if number.start < at:
                continue
            if number.ordinal or not self.only_of(tokens, at, number.start) or len(digits) >= 4:
                break
            digits, at = digits + number.digits, number.stop
        return digits if len(digits) in (2, 4) else ""


def _followers(vocabulary: Vocabulary) -> Phrases[bool]:
    """What may go on behind "the third": words of dates and times, what agrees, and words that say nothing."""
    of_dates = ("day_followers", "of", "in_month", "in", "on", "before", "after", "from", "ago", "alternatives",
                "around", "next", "last", "this", "any_day", "except")  # fmt: skip
    paths = [("dates", key) for key in of_dates]
    paths += [("times", key) for key in ("am", "pm", "night", "skipped", "to", "past")]
    paths += [("correction", "markers"), ("correction", "retractions"), ("choice", "ignored")]
    lists = [vocabulary.listed(*path) for path in paths]
    lists += [vocabulary.listed(key) for key in ("beside", "yes", "yes_if_short", "no")]
    named = [*vocabulary.mapped("dates", "months"), *vocabulary.mapped("dates", "relative"),
             *vocabulary.mapped("times", "named")]  # fmt: skip
    return vocabulary.phrases({phrase: True for phrases in [*lists, named] for phrase in phrases})
