"""The one object that a dialog asks: everything that can be understood in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from functools import lru_cache

from voicebot.authoring.exact import exact
from voicebot.authoring.understanding.amounts import Amounts
from voicebot.authoring.understanding.answers import Choices, Globals
from voicebot.authoring.understanding.calendar_days import CalendarDays
from voicebot.authoring.understanding.clock_times import ClockTimes
from voicebot.authoring.understanding.corrections import Corrections
from voicebot.authoring.understanding.digit_strings import DigitStrings
from voicebot.authoring.understanding.digit_words import part_words
from voicebot.authoring.understanding.numbers import NumberReader, NumberWords, single, with_written_fractions
from voicebot.authoring.understanding.spelling import Names, Spelling
from voicebot.authoring.understanding.vocabulary import load
from voicebot.authoring.understanding.yes_no import YesNoReader


class Understanding:
    """What words mean in ``language`` ("en", "en-US", "de-AT"). Immutable; make it once with :func:`for_language`.

    Raises:
        UnknownLanguage: there is no data file for the language.
    """

    def __init__(self, language: str) -> None:
        code, _, region = language.replace("_", "-").partition("-")
        self.language = language
        self._vocabulary = load(code.lower())
        order = self._vocabulary.regions.get(region.upper(), {}).get("date_order")
        self._numbers = NumberWords(self._vocabulary, region.upper())
        self._digits = DigitStrings(self._vocabulary, self._numbers)
        self._yes_no = YesNoReader(self._vocabulary)
        self._choices = Choices(self._vocabulary, self._numbers)
        self._corrections = Corrections(self._vocabulary, self._yes_no)
        self._globals = Globals(self._vocabulary)
        self._amounts = Amounts(self._vocabulary, self._numbers, self._digits)
        self._days = CalendarDays(self._vocabulary, self._numbers, self._digits, order)
        self._times = ClockTimes(self._vocabulary, self._numbers, self._digits)
        self._spelling = Spelling(self._vocabulary, self._numbers, self._yes_no)
        self._part_words = (part_words(self._vocabulary, letters=False), part_words(self._vocabulary, letters=True))
        self._names = Names(self._vocabulary, self._spelling, self._yes_no)

    def yes_no(self, text: str) -> bool | None:
        """Whether ``text`` is a yes; None when it is neither or both."""
        return self._yes_no.read(text)

    @exact
    def digits(self, text: str, length: int | None = None) -> str:
        """The digits that were said, ``""`` when there are none ("double three, oh" is 330).

        ``length``: how many there should be, if that is known; it settles what is doubtful.
        """
        return self._corrections.last_word(text, lambda part: self._digits.read(part, length)) or ""

    @exact
    def number(self, text: str) -> Decimal | None:
        """The one number that was said ("two and a half million"); None when there is none or several."""
        return self._corrections.last_word(text, self._number)

    def _number(self, text: str) -> Decimal | None:
        tokens = self._vocabulary.content(text)
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
        return self._corrections.last_word(text, lambda part: self._amounts.read(part, currency))

    @exact
    def date(self, text: str, today: date, past: bool = False) -> date | None:
        """The date that was said, seen from ``today``. Without a year it is the next such day; with ``past`` (a date of
        birth) the last one.
        """
        return self._corrections.last_word(text, lambda part: self._days.read(part, today, past))

    @exact
    def time_of_day(self, text: str) -> time | None:
        """The time that was said; without morning or afternoon as it is ("three thirty" is 3:30)."""
        return self._corrections.last_word(text, self._times.read)

    @exact
    def spelled(self, text: str) -> str:
        """Letters and digits said one by one ("b as in boy", "sierra", "double t"), in capitals; ``""`` if none."""
        return self._corrections.last_word(text, self._spelling.read) or ""

    def name(self, text: str) -> str | None:
        """A person's name without what introduces it ("my name is")."""
        if self._globals.is_all(text):
            return None
        return self._corrections.last_word(text, self._names.read, doubtful=False)

    @exact
    def choice(
        self, text: str, options: Mapping[str, Iterable[str]], keys: Mapping[str, str] | None = None,
        *, outright: bool = False,
    ) -> str | None:  # fmt: skip
        """Which of ``options`` (name: what callers say for it) is meant; None when none, or not clearly one, is.

        ``keys``: the keys of those that have one ("press two"). ``outright``: only an option's own words count, not its
        key, its place, or a sound that is near.
        """

        def meant(part: str) -> str | None:
            return self._choices.read(part, options, keys, outright=outright)

        found = self._corrections.last_word(text, meant, doubtful=False)
        if found is None and self._corrections.in_doubt(text):
            found = self._corrections.last_word(text, meant)
        return found

    def only_agrees(self, text: str) -> bool:
        """Whether ``text`` only agrees, refuses or shows that somebody listens ("okay, thanks", "mm-hmm", "I see")."""
        return self._yes_no.says_nothing_else(text)

    def part_words(self, letters: bool) -> tuple[frozenset[str], frozenset[str]]:
        """The words that stand for one digit each (with ``letters``, for one letter or digit), and those that are in
        numbers but stand for several digits, or for none by themselves."""
        return self._part_words[letters]

    def correction(self, text: str) -> str | None:
        """What is said instead of something misheard ("no, it is 42": "42"); None when nothing is."""
        return self._corrections.read(text)

    def asks_for(self, text: str) -> str | None:
        """``help``, ``repeat``, ``slower``, ``agent`` or ``start_over``, when the caller asks for that; else None."""
        return self._globals.read(text)


@lru_cache(maxsize=64)
def for_language(language: str) -> Understanding:
    """The understanding of a language, made once a process ("en-US"; a region only matters where the data says so).

    Raises:
        UnknownLanguage: there is no data file for the language.
    """
    return Understanding(language)
