"""The one object that a dialog asks: everything that can be understood in one language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from voicebot.authoring.exact import exact
from voicebot.authoring.understanding.amounts import Amounts
from voicebot.authoring.understanding.answers import Choices, Globals
from voicebot.authoring.understanding.calendar_days import CalendarDays
from voicebot.authoring.understanding.calendar_rules import month_of
from voicebot.authoring.understanding.clock_times import ClockTimes
from voicebot.authoring.understanding.corrections import Corrections
from voicebot.authoring.understanding.day_words import DayWords
from voicebot.authoring.understanding.digit_strings import DigitStrings
from voicebot.authoring.understanding.durations import Durations
from voicebot.authoring.understanding.emails import Emails
from voicebot.authoring.understanding.likeness import NEAR
from voicebot.authoring.understanding.months import Months
from voicebot.authoring.understanding.names import Names
from voicebot.authoring.understanding.no_counts import NoCounts
from voicebot.authoring.understanding.numbers import (
    NumberReader,
    NumberWords,
    says_article,
    single,
    with_written_fractions,
)
from voicebot.authoring.understanding.patterns import Pattern
from voicebot.authoring.understanding.phone_numbers import PhoneNumbers, international, is_complete
from voicebot.authoring.understanding.refusals import Refusals
from voicebot.authoring.understanding.spelling import Spelling
from voicebot.authoring.understanding.tokens import without
from voicebot.authoring.understanding.usual_words import UsualWords
from voicebot.authoring.understanding.vocabulary import load
from voicebot.authoring.understanding.waits import Waits
from voicebot.authoring.understanding.yes_no import YesNoReader

T = TypeVar("T")

MOST_WORDS = 3
"""Of what is said, for "un" to be a number: "un billet, por favor"."""


class Understanding:
    """What words mean in ``language`` ("en", "en-US", "de-AT"). Immutable; make it once with :func:`for_language`.

    Raises:
        UnknownLanguage: there is no data file for the language.
    """

    def __init__(self, language: str) -> None:
        code, _, region = language.replace("_", "-").partition("-")
        self.language = language
        self._vocabulary = load(code.lower())
        self._numbers = NumberWords(self._vocabulary, region.upper())
        self._digits = DigitStrings(self._vocabulary, self._numbers)
        self._yes_no = YesNoReader(self._vocabulary)
        self._choices = Choices(self._vocabulary, self._numbers)
        self._corrections = Corrections(self._vocabulary, self._yes_no)
        self._globals = Globals(self._vocabulary)
        self._refusals = Refusals(self._vocabulary)
        self._no_counts = NoCounts(self._vocabulary, self._numbers)
        self._amounts = Amounts(self._vocabulary, self._numbers, self._digits)
        of_region = self._vocabulary.regions.get(region.upper(), {})
        day_words = DayWords(self._vocabulary, self._numbers, self._digits, of_region)
        self._days = CalendarDays(self._vocabulary, day_words, self._digits)
        self._months = Months(self._vocabulary, day_words, self._digits)
        self._durations = Durations(self._vocabulary, self._numbers, self._digits)
        self._times = ClockTimes(self._vocabulary, self._numbers, self._digits)
        self._phones = PhoneNumbers(self._vocabulary, self._digits, region.upper())
        self._emails = Emails(self._vocabulary, self._numbers, self._digits)
        self._spelling = Spelling(self._vocabulary, self._numbers, self._yes_no)
        self.usual = UsualWords(self._vocabulary)
        """What callers usually say."""
        self._waits = Waits(self._vocabulary)
        self._names = Names(self._vocabulary, self._spelling, self._yes_no, self._waits)

    def _value(self, text: str, read: Callable[[str], T | None]) -> T | None:
        """What ``read`` finds in ``text`` after what callers correct, and without what they ask for beside it; nothing
        that they refuse."""
        parts = self._corrections.parts(self._globals.without(text))
        found = read(parts[-1])
        while found in (None, "", ()) and len(parts) > 1:
            parts.pop()
            found = read(parts[-1])
        return self._refusals.meant(parts, read, found)

    def yes_no(self, text: str) -> bool | None:
        """Whether ``text`` is a yes; None when it is neither or both."""
        return self._yes_no.read(text)

    @exact
    def digits(self, text: str, length: int | None = None) -> str:
        """The digits that were said, ``""`` when there are none ("double three, oh" is 330).

        ``length``: how many there should be, if that is known; it settles what is doubtful.
        """
        return self._value(text, lambda part: self._digits.read(part, length)) or ""

    def near_digit(self, text: str) -> str:
        """The digit for which ``text``, one word, may have been heard ("A." for eight); ``""``: it is no such word."""
        digit = self._digits.near(text)
        return "" if digit is None else str(digit)

    def has_gap(self, text: str) -> bool:
        """Whether a word that is no digit stands between the digits of ``text``: one may have been misheard."""
        return self._digits.has_gap(self._corrections.parts(text)[-1])

    @exact
    def number(self, text: str) -> Decimal | None:
        """The one number that was said ("two and a half million"); None when there is none or several."""
        return self._value(text, self._number)

    def _number(self, text: str) -> Decimal | None:
        tokens = self._vocabulary.content(text)
        if says_article(self._numbers, tokens, MOST_WORDS) or self._no_counts.named(tokens):
            return None
        atoms = self._digits.with_zero_letters(with_written_fractions(self._numbers.atoms(tokens)))
        found = single(NumberReader(self._numbers, atoms).all())
        if found is None and (digit := self._digits.alone(text)) is not None:
            return Decimal(digit)
        return found

    @exact
    def money(self, text: str, currency: str) -> Decimal | None:
        """A sum in ``currency`` (ISO 4217), to its smallest coin ("twelve fifty" is 12.50); None when there is none,
        or another currency is named.
        """
        return self._value(text, lambda part: self._amounts.read(part, currency))

    def amounts(self, text: str, currency: str) -> tuple[Decimal, ...]:
        """The sums that may be meant: none, one, or two ("forty two fifty dollars" is 42.50 or 4250)."""
        return self._value(text, lambda part: self._amounts.candidates(part, currency) or None) or ()

    def amount_may_go_on(self, text: str, currency: str) -> bool:
        """Whether a word behind the one number of ``text`` may be the rest of it, misheard ("42 pesky")."""
        return self._amounts.may_go_on(self._corrections.parts(text)[-1], currency)

    @exact
    def vague_days(self, text: str, today: date, past: bool = False) -> tuple[date, date] | None:
        """The first and the last of the days that ``text`` names where it names no single one ("next week", "Friday or
        Saturday"); None where it does, or names none.
        """
        return self._value(text, lambda part: self._days.vague(part, today, past))

    def keyed_date(self, keys: str) -> date | None:
        """The day of eight keys: two of the month and two of the day, in the order of the country, and the year."""
        return self._days.keyed(keys)

    @exact
    def time_of_day(self, text: str) -> time | None:
        """The time that was said; without morning or afternoon as it is ("three thirty" is 3:30)."""
        return self._value(text, self._times.read)

    def times(self, text: str) -> tuple[time, ...]:
        """The times that may be meant: none, one, or two that are twelve hours apart ("three thirty")."""
        return self._value(text, self._times.candidates) or ()

    def half_of_day(self, text: str) -> str | None:
        """ "am" or "pm" ("in the afternoon"); None when neither or both are named."""
        return self._value(text, self._times.half_of_day)

    @exact
    def month(self, text: str, today: date, past: bool = False) -> date | None:
        """The first day of the month that was said ("December 2028", "twelve twenty-eight", "next month"). Without a
        year it is the next such month, with ``past`` the last one; the month of ``today`` is either.
        """
        return self._value(text, lambda part: self._months.read(part, today, past))

    def keyed_month(self, keys: str, today: date, past: bool = False) -> date | None:
        """The month of four keys (month, two digits of the year) or six."""
        return self._months.keyed(keys, today, past)

    @exact
    def duration(self, text: str, unit: str) -> Decimal | None:
        """How many of ``unit`` ("minute", "hour", "day", "night", "week", "month", "year") were said: "a fortnight" is
        14 nights, "an hour and a half" 90 minutes. A number alone is as many. None when it cannot be told.
        """
        asked = self._waits.without_durations(text)
        return self._value(asked, lambda part: self._durations.read(part, unit))

    def date_instead(self, text: str, before: date, today: date, past: bool = False) -> date | None:
        """The date that is said instead of ``before``: "the tenth" is that of its month."""
        return self.date(text, today, past, month_of(before))

    @exact
    def date(self, text: str, today: date, past: bool = False, within: tuple[date, date] | None = None) -> date | None:
        """The date that was said, seen from ``today``. Without a year it is the next such day; with ``past`` (a date of
        birth) the last one. ``within``: what :meth:`vague_days` gave for what was said before: "Tuesday" is that one.
        """
        parts = self._corrections.parts(self._globals.without(text))

        def read(part: str) -> date | None:
            return self._days.read(part, today, past, within)

        while parts:
            found = read(parts[-1])
            meant = self._refusals.meant(parts, read, found)
            if meant != found:
                return meant
            part = parts.pop()
            if found is not None and parts and within is None:
                first = self._days.read(parts[-1], today, past)  # "May ninth, no, the tenth": of May
                found = found if first is None else self._days.read(part, today, past, month_of(first))
            if found is not None:
                return found
        return None

    @exact
    def spelled(self, text: str) -> str:
        """Letters and digits said one by one ("b as in boy", "sierra", "double t"), in capitals; ``""`` if there are
        none, or other words that may be part of it.
        """
        nothing = self.hesitates(text) or self._waits.is_all(text) or self._globals.is_all(text)
        return "" if nothing else self._spelling.read(text)

    @exact
    def respelled(self, text: str, spelled: str) -> str | None:
        """``spelled`` as ``text`` corrects it ("no, not B, D"); None when that is no such correction."""
        return self._spelling.mended(text, spelled)

    def email(self, text: str) -> str | None:
        """An e-mail address in small letters, dictated or spelled; None when there is none, or not a whole one."""
        return self._corrections.last_word(text, self._emails.read, doubtful=False)

    def is_part_of_email(self, text: str) -> bool:
        """Whether ``text`` may be a part of an e-mail address, of which the rest follows."""
        return self._emails.is_part(text)

    @exact
    def phone_digits(self, text: str, country: str | None = None) -> str:
        """The digits of a telephone number, or of a part of one, behind a plus if it was said; ``""`` for none."""
        home = country or self._phones.country
        return self._value(text, lambda part: self._phones.digits(part, home)) or ""

    def phone(self, digits: str, country: str | None = None) -> str | None:
        """``digits``, as they are dialled in ``country`` (default: the language's), in E.164; None for no number."""
        return international(digits, country or self._phones.country)

    def phone_is_complete(self, digits: str, country: str | None = None) -> bool:
        """Whether ``digits`` are a telephone number to which no further digit can belong."""
        return is_complete(digits, country or self._phones.country)

    def characters(self, text: str, digits_only: bool = False) -> str:
        """The letters and digits in ``text``, or its digits; ``""`` where it has none, or words that are neither."""
        return self.digits(text) if digits_only else self.spelled(text)

    def of_form(self, text: str, pattern: Pattern) -> str | None:
        """What was said, as ``pattern`` writes it; None when it is not of this form."""

        def matched(part: str) -> str | None:
            said = self._digits.read(part) if pattern.digits_only else self._spelling.read(part)
            return pattern.matched(said) if said else None

        if pattern.digits_only:
            return self._value(text, matched)
        return None if self._globals.is_all(text) else matched(text)

    def name(self, text: str) -> str | None:
        """A person's name without what introduces it ("my name is")."""
        if self._globals.is_all(text) or self._waits.is_all(text):
            return None
        return self._corrections.last_word(text, self._names.read, doubtful=False)

    @exact
    def choice(
        self, text: str, options: Mapping[str, Iterable[str]], keys: Mapping[str, str] | None = None,
        *, outright: bool = False, by_sound: bool = True,
    ) -> str | None:  # fmt: skip
        """Which of ``options`` (name: what callers say for it) is meant; None when none, or not clearly one, is.

        ``keys``: the keys of those that have one ("press two"). ``outright``: only an option's own words count, not its
        key, its place, or (``by_sound``) a sound that is near.
        """

        def meant(part: str) -> str | None:
            return self._choices.read(part, options, keys, outright=outright)

        found = self._corrections.last_word(text, meant, doubtful=False)
        if found is None and self._corrections.in_doubt(text):
            found = self._corrections.last_word(text, meant)
        if found is None and by_sound and not outright:
            near = self.sounds_like(text, options)
            found = near[0] if near is not None and near[1] >= NEAR else None
        return found

    @exact
    def sounds_like(self, text: str, options: Mapping[str, Iterable[str]]) -> tuple[str, float] | None:
        """Which of ``options`` sounds like ``text``, and how much (0 to 1; from :data:`likeness.NEAR` on it may be
        taken for it); None where none is clearly the nearest."""
        return self._corrections.last_word(text, lambda part: self._choices.by_sound(part, options), doubtful=False)

    def hesitates(self, text: str) -> bool:
        """Whether ``text`` says nothing yet: "um", "let me see"."""
        return not without(self._vocabulary.fillers, self._vocabulary.tokens(text))

    def asks_to_wait(self, text: str, *, whole: bool = False) -> bool:
        """Whether ``text`` asks for a moment ("hold on, let me look for my card"); ``whole``: and says nothing else."""
        return self._waits.asks(text, whole=whole)

    def only_agrees(self, text: str) -> bool:
        """Whether ``text`` only agrees, refuses or shows that somebody listens ("okay, thanks", "mm-hmm", "I see")."""
        return self._yes_no.says_nothing_else(text)

    def correction(self, text: str) -> str | None:
        """What is said instead of something misheard ("no, it is 42": "42"); None when nothing is."""
        return self._corrections.read(text)

    def asks_for(self, text: str) -> str | None:
        """``help``, ``repeat``, ``slower``, ``agent`` or ``start_over``, when the caller asks for that; else None."""
        return self._globals.read(text)

    def seems_to_ask_for(self, text: str) -> str | None:
        """The same, when that is what ``text`` clearly sounds like, and nothing else is in it ("operater")."""
        return self._globals.by_sound(text)


@lru_cache(maxsize=64)
def for_language(language: str) -> Understanding:
    """The understanding of a language, made once a process ("en-US"; a region only matters where the data says so).

    Raises:
        UnknownLanguage: there is no data file for the language.
    """
    return Understanding(language)
