"""Strings of digits: account numbers, telephone numbers, PINs.

Said one by one, in groups ("forty two seventeen"), doubled ("double three"), with "oh" for zero, or written as numerals
with whatever between. A recogniser takes digits for words that sound alike ("to", "for", "ate"); such a word counts
where nothing but digits is on both its sides, or where a number of known length is complete with it and not without.
Other words are believed only so: "a" or "H" for eight, "or" between digits for "oh", and those that sound nearly like a
digit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from voicebot.authoring.understanding.likeness import NEAR, nearest, sound
from voicebot.authoring.understanding.numbers import (
    END,
    HUNDRED,
    NUMERAL,
    SCALE,
    UNIT,
    WORD,
    ZERO,
    Atom,
    NumberReader,
    NumberWords,
)
from voicebot.authoring.understanding.tokens import Token, folded, prepared
from voicebot.authoring.understanding.vocabulary import Vocabulary

MAX_DIGITS = 100
MIN_NEAR = 4
"""Letters of a word that may be a digit because it sounds nearly like one."""

_GLUED = re.compile(r"(?<=[^\W\d_])(?=[0-9])|(?<=[0-9])(?=[^\W\d_])")


class DigitStrings:
    """Reads strings of digits in one language."""

    def __init__(self, vocabulary: Vocabulary, words: NumberWords) -> None:
        section = vocabulary.section("numbers")
        self._vocabulary = vocabulary
        self._words = words
        self._zero_letters = vocabulary.words("numbers", "zero_letters")
        self._times = vocabulary.phrases({word: int(times) for word, times in section.get("times", {}).items()})
        self._months = vocabulary.phrases({month: True for month in vocabulary.section("dates").get("months", {})})
        self._sounds_like = {word: int(digit) for word, digit in section.get("sounds_like", {}).items()}
        self._between = {word: int(digit) for word, digit in section.get("between", {}).items()}
        hardly = {word: int(digit) for word, digit in section.get("hardly", {}).items()}
        self._hardly = self._sounds_like | hardly | self._between
        self._plurals = {folded(word): digit for word, digit in section.get("plurals", {}).items()}
        joined = section.get("joined", {})
        self._joined = [(each, whole) for apart, whole in joined.items() for each in (apart, apart.capitalize())]
        self._introductions = vocabulary.listed_phrases("correction", "markers")
        digits = {word: int(digit) for word, digit in section.get("units", {}).items()}
        digits |= dict.fromkeys(section.get("zero", ()), 0)
        self._sounds = [(sound(folded(word)), digit) for word, digit in digits.items()]
        self._known = vocabulary.words("choice", "ignored")

    def read(self, text: str, length: int | None = None) -> str:
        """The digits in ``text``, ``""`` when there are none. ``length``: how many there should be, if known."""
        text = _GLUED.sub(" ", prepared(text))
        for apart, whole in self._joined:
            text = text.replace(apart, whole)
        tokens = self._vocabulary.content(text)
        atoms = self.with_zero_letters(self._words.atoms(tokens))
        if self.are_of_month(tokens, atoms):
            return ""
        strict = self._digits(tokens, atoms)
        if length and len(strict) == length - 1 and self._begins_with_letter(atoms):
            return f"0{strict}"  # "O, one, two, three"
        if length and len(strict) > length:  # "tres ceros y un cinco"
            counted = self._digits(tokens, self._without_articles(atoms))
            strict = counted if len(counted) == length else strict
        if not strict and length and len(atoms) == length and all(atom.word in self._sounds_like for atom in atoms):
            return self._digits(tokens, self._by_sound(tokens, atoms, self._sounds_like))
        if not strict or len(strict) == length:
            return strict
        likely = self._digits(tokens, self._by_sound(tokens, atoms, self._sounds_like, numerals=False))
        if length is None or len(likely) == length:
            return likely
        for sounds_like in (self._sounds_like, self._hardly, self._hardly | self._near(atoms)):
            found = self._digits(tokens, self._by_sound(tokens, atoms, sounds_like))
            if len(found) == length:
                return found
        return likely

    def has_gap(self, text: str) -> bool:
        """Whether a word that is no digit stands between digits ("957117772, and four"): one may have been misheard."""
        tokens = self._vocabulary.content(_GLUED.sub(" ", prepared(text)))
        atoms = self._by_sound(tokens, self.with_zero_letters(self._words.atoms(tokens)), self._hardly)
        reader = NumberReader(self._words, atoms)
        ended = index = 0
        while index < len(atoms):
            number = reader.cardinal(index) if atoms[index].is_number else None
            if number is not None and ended and any(not self._is_times(atom) for atom in atoms[ended:index]):
                return True
            index = number.stop if number is not None else index + 1
            ended = index if number is not None else ended
        return False

    def _near(self, atoms: Sequence[Atom]) -> dict[str, int]:
        """The words that sound nearly like one of the digits ("seeks")."""
        words = {atom.word for atom in atoms if atom.kind == WORD and len(atom.word) >= MIN_NEAR}
        near = {word: nearest(sound(word), self._sounds, NEAR) for word in words - self._known}
        return {word: found[0] for word, found in near.items() if found is not None}

    def are_of_month(self, tokens: Sequence[Token], atoms: Sequence[Atom]) -> bool:
        """Whether a number belongs to a month ("December 2028"), and is no string of digits."""
        edges = {edge for start, stop, _ in self._months.find(tokens) for edge in (start, stop)}
        return any(atom.is_number and (atom.start in edges or atom.stop in edges) for atom in atoms)

    def alone(self, text: str) -> int | None:
        """The digit that ``text`` sounds like when it is nothing but one word ("For.")."""
        tokens = self._vocabulary.content(text)
        return self._sounds_like.get(tokens[0].word) if len(tokens) == 1 else None

    def near(self, text: str) -> int | None:
        """The digit for which ``text`` may have been heard where it is nothing but one word ("A.", "Oh.")."""
        tokens = self._vocabulary.content(text)
        if len(tokens) != 1:
            return None
        return 0 if tokens[0].word in self._zero_letters else self._hardly.get(tokens[0].word)

    def with_zero_letters(self, atoms: list[Atom]) -> list[Atom]:
        """ "oh" is a zero beside a digit, unless it is an exclamation ("Oh, one two three")."""
        out: list[Atom] = []
        for index, atom in enumerate(atoms):
            if atom.word in self._zero_letters and atom.kind == WORD:
                before = out[-1] if out else None
                after = atoms[index + 1] if index + 1 < len(atoms) else None
                beside = before is not None and (before.is_number or self._is_times(before))
                leads = after is not None and not after.pause and self._like_digit(after)
                if beside or leads:
                    out.append(replace(atom, kind=ZERO, value=Decimal(0)))
                    continue
            out.append(atom)
        return out

    def _begins_with_letter(self, atoms: Sequence[Atom]) -> bool:
        """Whether a list of digits with a pause before each of them begins with a letter for zero."""
        leads = len(atoms) > 2 and atoms[0].kind == WORD and atoms[0].word in self._zero_letters
        return leads and all(atom.is_digit and atom.pause for atom in atoms[1:])

    def _without_articles(self, atoms: Sequence[Atom]) -> list[Atom]:
        """``atoms`` without the ones that may as well be articles of a digit behind them."""
        return [
            replace(atom, kind=WORD) if self._words.is_article(atom.word) and behind.is_digit else atom
            for atom, behind in pairwise([*atoms, END])
        ]  # fmt: skip

    def _is_times(self, atom: Atom) -> bool:
        return atom.word in self._times.single

    def _like_digit(self, atom: Atom) -> bool:
        return atom.is_number or atom.word in self._sounds_like or atom.word in self._zero_letters

    def _by_sound(
        self, tokens: Sequence[Token], atoms: Sequence[Atom], sounds_like: Mapping[str, int], *, numerals: bool = True
    ) -> list[Atom]:
        """``atoms`` with the words that sound like digits as digits, where nothing but digits stands beside them.

        ``numerals``: also beside digits that are written as one numeral.
        """

        def digit(index: int) -> bool:
            if not 0 <= index < len(atoms):
                return True
            return atoms[index].is_number or atoms[index].word in sounds_like or self._is_times(atoms[index])

        out = []
        for index, atom in enumerate(atoms):
            if atom.word in sounds_like and not atom.is_number:
                introduced = self._introductions.ending(tokens, atom.start) is not None
                believed = (digit(index - 1) or introduced) and digit(index + 1)
                if atom.word in self._between:
                    believed = 0 < index < len(atoms) - 1 and atoms[index - 1].is_digit and atoms[index + 1].is_digit
                # "to 5551234": whoever writes the digits as one numeral has written "to" as a word.
                if not numerals and index + 1 < len(atoms) and len(atoms[index + 1].word) > 1:
                    believed = believed and atoms[index + 1].kind != NUMERAL
                if believed:
                    value = Decimal(sounds_like[atom.word])
                    out.append(replace(atom, kind=UNIT if value else ZERO, value=value))
                    continue
            out.append(atom)
        return out

    def _digits(self, tokens: Sequence[Token], atoms: Sequence[Atom]) -> str:
        reader = NumberReader(self._words, atoms)
        result = ""
        index, times = 0, 1
        while index < len(atoms) and len(result) < MAX_DIGITS:
            atom = atoms[index]
            if times == 1 and (hit := self._times.at(tokens, atom.start)) is not None:
                after = index
                while after < len(atoms) and atoms[after].start < atom.start + hit[0]:
                    after += 1
                if after < len(atoms) and (atoms[after].is_digit or atoms[after].kind == NUMERAL):  # "double 357"
                    index, times = after, hit[1]
                    continue
            plural = self._plurals.get(reader.atom(index + 1).word) if atom.is_digit else None
            if plural is not None:  # "three zeros"
                text, index = plural * int(atom.value), index + 2
            elif atom.kind == NUMERAL and reader.atom(index + 1).kind not in (HUNDRED, SCALE):
                text, index = re.sub(r"\D", "", atom.word), index + 1
            elif (number := reader.cardinal(index)) is not None:
                text, index = number.digits, number.stop
            else:
                text, index = "", index + 1
            if times > 1:
                text, times = text[:1] * times + text[1:], 1
            result += text
        return result[:MAX_DIGITS]
