"""How long: "two weeks", "a fortnight", "half an hour", "an hour and a half", "two hours fifteen", "three"."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from voicebot.authoring.understanding.digit_strings import DigitStrings
from voicebot.authoring.understanding.numbers import ARTICLE, FRACTION, Atom, NumberReader, NumberWords, single
from voicebot.authoring.understanding.tokens import Token, without
from voicebot.authoring.understanding.vocabulary import Vocabulary

SIZES = {
    "minute": ("time", 1), "hour": ("time", 60), "day": ("time", 1440), "night": ("time", 1440),
    "week": ("time", 10080), "month": ("months", 1), "year": ("months", 12),
}  # fmt: skip
"""Of each unit: what it is counted in (a month is no fixed number of days), and how many of these it has."""


class Durations:
    """Reads durations; section ``durations`` has the words of the units.

    ``units``: phrase to unit, or to an amount of it ("fortnight: 2 week"); ``some``: words for an amount that is open.
    ``days_as_weeks`` of ``dates``: see day_words.py; a question for days takes them as they are said.
    """

    def __init__(self, vocabulary: Vocabulary, words: NumberWords, digits: DigitStrings) -> None:
        self._vocabulary = vocabulary
        self._words = words
        self._digits = digits
        self._units = vocabulary.phrases(vocabulary.mapped("durations", "units"))
        self._ignored = vocabulary.listed_phrases("durations", "ignored")
        self._weeks = {Decimal(days): Decimal(weeks) for days, weeks in
                       vocabulary.section("dates").get("days_as_weeks", {}).items()}  # fmt: skip
        self._carriers = vocabulary.words("choice", "ignored") | vocabulary.words("dates", "of")
        self._some = vocabulary.listed_phrases("dates", "some")
        self._of = vocabulary.words("dates", "of") | vocabulary.words("numbers", "of")

    def read(self, text: str, unit: str) -> Decimal | None:
        """How many of ``unit`` (a key of :data:`SIZES`), not always a whole number; a number without a unit is as many.

        None where there is none, several, one that cannot be counted in ``unit``, or "a few".
        """
        tokens = without(self._ignored, self._vocabulary.content(text))
        if self._some.find(tokens):
            return None
        hits = self._units.find(tokens)
        if not hits:
            return self._bare(tokens)
        named = [meaning for _, _, meaning in hits]
        if {"day", "night"} <= {*named} or len({*named}) < len(named):
            return None  # "two nights and three days" are not five, "one night, two nights" not three
        counted_in, size = SIZES[unit]
        total, begin = Decimal(0), 0
        for at, (start, stop, meaning) in enumerate(hits):
            amount, _, name = meaning.rpartition(" ")
            kind, each = SIZES[name]
            if kind != counted_in:
                return None
            behind = tokens[stop : hits[at + 1][0]] if at + 1 < len(hits) else tokens[stop:]
            more, used = self._behind(behind, name) if at + 1 == len(hits) else (Decimal(0), 0)
            count = self._count(tokens[begin:start])
            if count is None and (more or amount):
                count = Decimal(1)  # "hora y media", "Viertelstunde"
            if count is None or (at + 1 == len(hits) and self._has_number(behind[used:])):
                return None
            count *= Decimal(amount or 1)
            if name == "day" and unit != "day" and count in self._weeks:
                count = 7 * self._weeks[count]
            total += (count + more) * each
            begin = stop + used
        value = (total / size).quantize(Decimal("0.0001"))
        return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()

    def _bare(self, tokens: Sequence[Token]) -> Decimal | None:
        """A number without a unit; none that counts something else ("two people")."""
        atoms = self._atoms(tokens)
        numbers = NumberReader(self._words, atoms).all()
        behind = atoms[numbers[-1].stop :][:1] if numbers else []
        return None if behind and behind[0].word not in self._carriers else single(numbers)

    def _atoms(self, tokens: Sequence[Token]) -> list[Atom]:
        return self._digits.with_zero_letters(self._words.atoms(tokens))

    def _has_number(self, tokens: Sequence[Token]) -> bool:
        return bool(NumberReader(self._words, self._atoms(tokens)).all())

    def _count(self, tokens: Sequence[Token]) -> Decimal | None:
        """How many of the unit that follows: one number, or an article."""
        atoms = self._atoms(tokens)
        numbers = NumberReader(self._words, atoms).all()
        if not numbers:
            return Decimal(1) if atoms and atoms[-1].kind == ARTICLE else None
        gap = atoms[numbers[-1].stop :]
        joined = all(atom.kind == ARTICLE or atom.word in self._of for atom in gap)  # "half an hour"
        return single(numbers) if joined else None

    def _behind(self, tokens: Sequence[Token], unit: str) -> tuple[Decimal, int]:
        """What a fraction behind a unit adds to it ("and a half"), or minutes behind an hour; and its tokens."""
        atoms = self._atoms(tokens)
        reader = NumberReader(self._words, atoms)
        joined = bool(atoms) and atoms[0].word in self._words.conjunctions
        at = joined + (len(atoms) > joined and atoms[joined].kind == ARTICLE)
        found = reader.quantity(joined)
        if found is not None and len(atoms) > at and (atoms[at].kind == FRACTION or found.value < 1) and found.value:
            return found.value, atoms[found.stop - 1].stop
        if unit == "hour" and found is not None and found.stop == len(atoms) and found.value < 60:
            return found.value / 60, atoms[found.stop - 1].stop  # "two hours fifteen"
        return Decimal(0), 0
