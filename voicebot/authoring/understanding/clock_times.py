"""Times of day: "three thirty", "half past three", "quarter to five", "3:30 p.m.", "fifteen hundred hours", "noon".

A time without morning or afternoon is taken as it is said ("three thirty" is 3:30), and :meth:`ClockTimes.candidates`
gives both times that it may be. A fraction is minutes here: half is thirty, a quarter fifteen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from itertools import pairwise

from voicebot.authoring.understanding.digit_strings import DigitStrings
from voicebot.authoring.understanding.numbers import FRACTION, NUMERAL, UNIT, ZERO, NumberReader, NumberWords
from voicebot.authoring.understanding.tokens import Token
from voicebot.authoring.understanding.vocabulary import Vocabulary

_CLOCK = re.compile(r"([0-9]{1,2})[:.]([0-9]{2})(?:[:.][0-9]{2})?")
_DIGITS = frozenset("123456789")
_MINUTES, _PLAIN, _PAST, _TO, _HOUR_WORD, _OTHER = "minutes", "plain", "past", "to", "hour word", "other"


@dataclass(frozen=True, slots=True)
class _Part:
    kind: str
    value: int = 0
    digits: str = ""


class ClockTimes:
    """Reads times of day; section ``times`` has the words."""

    def __init__(self, vocabulary: Vocabulary, words: NumberWords, digits: DigitStrings) -> None:
        section = vocabulary.section("times")
        self._vocabulary = vocabulary
        self._words = words
        self._digits = digits
        self._am, self._pm, self._night = (vocabulary.listed_phrases("times", key) for key in ("am", "pm", "night"))
        # Halves of the day are among the named times so that "midi" is not found in "après-midi".
        halves = [(phrase, "") for key in ("am", "pm", "night") for phrase in vocabulary.listed("times", key)]
        self._named = vocabulary.phrases([*dict(section.get("named", {})).items(), *halves])
        joints = [(phrase, kind) for kind, key in ((_PAST, "past"), (_TO, "to"), (_HOUR_WORD, "hour_words"))
                  for phrase in section.get(key, ())]  # fmt: skip
        self._joints = vocabulary.phrases(joints)
        self._skipped = vocabulary.words("times", "skipped")
        self._alternatives = vocabulary.listed_phrases("dates", "alternatives")
        self._between = vocabulary.listed_phrases("times", "from")
        units = vocabulary.section("durations").get("units", {})
        self._minute_words = frozenset(word for word, unit in units.items() if unit == "minute")
        self._not_before = vocabulary.listed_phrases("times", "not_before")
        self._suffixes = vocabulary.words("dates", "ordinal_suffixes")
        self._minutes_first = section.get("minutes_first") == "true"
        self._half_before = section.get("half") == "before"

    def read(self, text: str) -> time | None:
        tokens = self._vocabulary.content(text)
        if self._is_range(tokens):
            return None
        for token in tokens:
            if token.numeral and (clock := _CLOCK.fullmatch(token.word)):
                return self._halved(int(clock[1]), int(clock[2]), tokens)
        parts = self._parts(tokens)
        named = [meaning for _, _, meaning in self._named.find(tokens) if meaning]
        if named and (found := self._related(parts)) is None:
            hours, _, minutes = named[0].partition(":")
            return time(int(hours), int(minutes))
        found = self._from_parts(parts)
        return None if found is None else self._halved(*found, tokens)

    def candidates(self, text: str) -> tuple[time, ...]:
        """The times that may be meant: one, or two where neither a half of the day nor a 24-hour clock tells which."""
        said = self.read(text)
        if said is None:
            return ()
        tokens = self._vocabulary.content(text)
        halved = any(phrases.find(tokens) for phrases in (self._am, self._pm, self._night))
        named = any(meaning for _, _, meaning in self._named.find(tokens))
        zero = any(token.word.startswith("0") and len(token.word) > 1 for token in tokens) or self._leads_zero(tokens)
        if halved or named or zero or not 1 <= said.hour <= 11:
            return (said,)
        return (said, said.replace(hour=said.hour + 12))

    def half_of_day(self, text: str) -> str | None:
        """ "am" or "pm", as far as it is named alone ("in the afternoon")."""
        tokens = self._vocabulary.content(text)
        am, pm = bool(self._am.find(tokens)), bool(self._pm.find(tokens))
        return None if am == pm else "am" if am else "pm"

    def _leads_zero(self, tokens: Sequence[Token]) -> bool:
        """Whether the hour is said with its zero: "oh five thirty"."""
        atoms = self._digits.with_zero_letters(self._words.atoms(tokens))
        first = next((atom for atom in atoms if atom.is_number), None)
        return first is not None and first.kind == ZERO

    def _parts(self, tokens: Sequence[Token]) -> list[_Part]:
        atoms = self._digits.with_zero_letters(self._words.atoms(tokens))
        reader = NumberReader(self._words, atoms)
        parts: list[_Part] = []
        index = 0
        while index < len(atoms):
            atom = atoms[index]
            if hit := self._joints.at(tokens, atom.start):
                parts.append(_Part(hit[1]))
                stop = atom.start + hit[0]
                while index < len(atoms) and atoms[index].start < stop:
                    index += 1
            elif (noon := self._named.at(tokens, atom.start)) is not None:
                if noon[1]:
                    hours = noon[1].partition(":")[0]
                    parts.append(_Part(_PLAIN, int(hours), hours))
                stop = atom.start + noon[0]
                while index < len(atoms) and atoms[index].start < stop:
                    index += 1
            elif atom.kind == UNIT and 0 < (part := self._quarters(reader, index)) < 60:
                parts.append(_Part(_MINUTES, part))  # "drei viertel sechs"
                index += 2
            elif atom.kind == FRACTION and atom.value < 1:
                parts.append(_Part(_MINUTES, int(atom.value * 60)))
                index += 1
            elif (number := reader.cardinal(index)) is not None and number.value < 10000:
                stop = atoms[number.stop - 1].stop
                index = number.stop
                if self._minutes_to(tokens, stop):
                    parts.append(_Part(_MINUTES, int(number.value), number.digits))
                    index += 1
                    continue
                counts = self._not_before.at(tokens, stop) is not None or self._is_ordinal(tokens, stop)
                parts.append(_Part(_OTHER) if counts else _Part(_PLAIN, int(number.value), number.digits))
            else:
                if not (atom.kind != NUMERAL and (atom.word in self._skipped or atom.kind == "article")):
                    parts.append(_Part(_OTHER))
                index += 1
        return parts

    def _is_range(self, tokens: Sequence[Token]) -> bool:
        """Whether two numbers are the ends of a range: "from nine to five", "zwischen zwei und drei"."""
        atoms = self._words.atoms(tokens)
        numbers = NumberReader(self._words, atoms).all()
        opened = any(stop <= len(tokens) and self._opens(tokens, stop) for _, stop, _ in self._between.find(tokens))
        for one, other in pairwise(numbers):
            between = range(atoms[one.stop - 1].stop, atoms[other.start].start)
            joints = [at for at in between if self._alternatives.at(tokens, at) is not None]
            if joints and (opened or not any(self._joints.at(tokens, at) for at in joints)):
                return True
        return False

    def _opens(self, tokens: Sequence[Token], at: int) -> bool:
        """Whether a time, and nothing else, follows "from" or "between" at ``at``."""
        while at < len(tokens) and tokens[at].word in self._skipped:
            at += 1
        return bool(NumberReader(self._words, self._words.atoms(tokens[at : at + 1])).all())

    def _quarters(self, reader: NumberReader, index: int) -> int:
        fraction = reader.atom(index + 1)
        return int(reader.atom(index).value * fraction.value * 60) if fraction.kind == FRACTION else 0

    def _minutes_to(self, tokens: Sequence[Token], at: int) -> bool:
        """Whether "minutes to" is at ``at``, or "minutes past"."""
        joint = self._joints.at(tokens, at + 1) if at < len(tokens) and tokens[at].word in self._minute_words else None
        return joint is not None and joint[1] != _HOUR_WORD

    def _is_ordinal(self, tokens: Sequence[Token], stop: int) -> bool:
        """Whether an ordinal's ending follows at once ("3rd")."""
        return stop < len(tokens) and tokens[stop].word in self._suffixes and tokens[stop].start == tokens[stop - 1].end

    def _related(self, parts: list[_Part]) -> tuple[int, int] | None:
        """ "half past three", "quarter to five", "cinq heures moins le quart"."""

        def number(at: int) -> _Part | None:
            return parts[at] if 0 <= at < len(parts) and parts[at].kind in (_PLAIN, _MINUTES) else None

        for at, part in enumerate(parts):
            if part.kind not in (_PAST, _TO):
                continue
            left = number(at - 2) if at and parts[at - 1].kind == _HOUR_WORD else number(at - 1)
            right = number(at + 1)
            if left is None or right is None:
                continue
            after = number(at + 2)
            if self._half_before and right.kind == _MINUTES and right.value == 30 and after is not None:
                # "fünf vor halb sechs"
                return _hour_before(after.value), 30 + (left.value if part.kind == _PAST else -left.value)
            minutes, hour = (left, right) if self._minutes_first else (right, left)
            if hour.kind == _MINUTES or hour.value > 24 or not 0 < minutes.value < 60:
                continue
            if self._minutes_first and minutes.kind == _PLAIN and (minutes.value % 5 or number(at - 2) is not None):
                continue  # "nine to five" and "five thirty to six" are ranges, "four minutes to five" is none
            if part.kind == _PAST:
                return hour.value, minutes.value
            return _hour_before(hour.value), 60 - minutes.value
        return None

    def _from_parts(self, parts: list[_Part]) -> tuple[int, int] | None:
        if (related := self._related(parts)) is not None:
            return related
        for part, following in pairwise(parts):
            if part.kind == _MINUTES and following.kind == _PLAIN and (self._half_before or part.value == 30):
                return (_hour_before(following.value) if self._half_before else following.value), part.value
        plain = [at for at, part in enumerate(parts) if part.kind == _PLAIN]
        if (
            len(plain) == 1
            and self._minutes_first
            and [part.kind for part in parts[plain[0] + 1 :]] in ([_PAST], [_TO])
        ):
            return None  # "twenty past"
        if not plain or any(part.kind in (_OTHER, _TO) for part in parts[plain[0] : plain[-1]]):
            return None  # none, or several: "two or three"
        return self._plain(parts, plain[0])

    def _plain(self, parts: list[_Part], at: int) -> tuple[int, int] | None:
        """ "three", "three thirty", "eleven oh five", "fifteen hundred", "drei Uhr zehn", "1530"."""
        hour = parts[at]
        following = parts[at + 1] if at + 1 < len(parts) else _Part(_OTHER)
        if hour.digits == "0" and following.kind == _PLAIN and (0 < following.value < 10 or following.value >= 100):
            return self._plain(parts, at + 1)  # "oh seven thirty"
        if hour.value >= 100 or len(hour.digits) == 4:
            return hour.value // 100, hour.value % 100
        row = []
        for part in parts[at + 1 : at + 4]:
            if part.kind == _PLAIN:
                row.append(part)
            elif part.kind != _HOUR_WORD or row:
                break
        if len(row) >= 2 and row[0].digits in ("0", "00") and row[1].value < 10:
            return hour.value, row[1].value
        if row and row[0].digits in _DIGITS and following.kind == _PLAIN and len(hour.digits) < 3:
            return None  # "two three" are two hours; "five oh three" is a time
        return hour.value, row[0].value if row else 0

    def _halved(self, hours: int, minutes: int, tokens: Sequence[Token]) -> time | None:
        """With the half of the day that was named."""
        if self._night.find(tokens):  # eleven at night, twelve, one
            hours += 12 if 6 <= hours < 12 else -12 if hours == 12 else 0
        elif self._pm.find(tokens):
            hours += 12 if hours < 12 else 0
        elif self._am.find(tokens) and hours == 12:
            hours = 0
        hours = 0 if hours == 24 and not minutes else hours
        return time(hours, minutes) if 0 <= hours < 24 and 0 <= minutes < 60 else None


def _hour_before(hour: int) -> int:
    """One o'clock comes after twelve, not after midnight."""
    return 12 if hour == 1 else (hour - 1) % 24
