"""What was said, as redaction reads it: words, the groups of digits in it, and where it is said what they are.

A *group* is what is said in one breath of a number, as digits: "4111", "four", "forty one", "double four", "eleven
hundred". Which groups belong to one number is for those to say who look for one.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Final, Generic, TypeVar

from voicebot.assist.redaction.words import LanguageWords, folded

MAX_CHARACTERS: Final = 4000
"""Of one stretch of speech: some four minutes."""

_TOKEN = re.compile(r"\d+|[^\W\d_]+(?:['’][^\W\d_]+)*|[@+]")
_MOST_COUNTED: Final = 6
"""Digits of a number that says how many there are of something."""
_PAUSE = re.compile(r"[,.;:!?\n]")
_SIGN = re.compile(r"\s?[%€$£]")

T = TypeVar("T")

NUMERAL, DIGIT, TEEN, TENS, COMPOUND = "numeral", "digit", "teen", "tens", "compound"
HUNDRED, HUNDREDS, THOUSAND = "hundred", "hundreds", "thousand"
TIMES, PLURAL, FILLER, WORD = "times", "plural", "filler", "word"

NUMBERS: Final = ("card", "code", "account", "phone", "other")
"""Those kinds of :class:`Cue` that are kinds of numbers."""


@dataclass(frozen=True, slots=True)
class Token:
    """``begin`` and ``end``: its place in the text."""

    word: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Group:
    """``first`` and ``after``: its tokens. ``gap``: how many words that say something are between it and the group
    before. ``plus``: "+" stands before it. ``apart``: such words, a pause or the end of an utterance are between it and
    the group before. ``counts``: it says how many there are of what comes next ("two days", "20 %")."""

    digits: str
    begin: int
    end: int
    first: int
    after: int
    gap: int
    plus: bool = False
    apart: bool = False
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase that says what the next number is: ``kind``, the name of its list in :class:`LanguageWords`.
    It is in front of token ``after``."""

    kind: str
    first: int
    after: int


@dataclass(frozen=True, slots=True)
class _Atom:
    kind: str
    value: int
    word: str
    first: int
    after: int
    begin: int
    end: int

    @property
    def digits(self) -> bool:
        return self.kind in (NUMERAL, DIGIT)


class PhraseTable(Generic[T]):
    """Phrases with their meaning. The longest that begins at a token is found."""

    def __init__(self, meanings: Iterable[tuple[str, T]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], T]]] = {}
        for phrase, meaning in meanings:
            words = tuple(phrase.split())
            self._by_first.setdefault(words[0], []).append((words, meaning))
        for found in self._by_first.values():
            found.sort(key=lambda entry: -len(entry[0]))

    def at(self, tokens: list[Token], index: int) -> tuple[int, T] | None:
        """How many tokens the phrase has, and its meaning."""
        for words, meaning in self._by_first.get(tokens[index].word, ()):
            if all(
                index + place < len(tokens) and tokens[index + place].word == word for place, word in enumerate(words)
            ):
                return len(words), meaning
        return None


def clipped(text: str) -> str:
    """``text``, or as much of it as can be looked at; nobody gets the rest."""
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


class ReadText:
    """A stretch of one party's speech in the language of ``words``, up to now.

    ``complete``: nothing more may follow. ``asked``: what another party has just asked for, kinds of :class:`Cue`.
    ``partial``: the recogniser may still change the end of it.
    """

    def __init__(
        self,
        text: str,
        words: LanguageWords,
        *,
        complete: bool = True,
        partial: bool = False,
        asked: frozenset[str] = frozenset(),
    ) -> None:
        self.text = text
        self.words = words
        self.complete = complete
        self.partial = partial
        self.asked = asked
        self.tokens = [Token(folded(m[0]), *m.span()) for m in _TOKEN.finditer(text)]

    @cached_property
    def groups(self) -> list[Group]:
        """The groups of digits, in order."""
        return _groups(self, _atoms(self, by_sound=False))

    @cached_property
    def groups_by_sound(self) -> list[Group]:
        """The same, with the words for digits that a recogniser has written for digits ("to", "for")."""
        heard = self.words.sounds_like
        if not self.groups or not any(token.word in heard for token in self.tokens):
            return self.groups
        return _groups(self, _atoms(self, by_sound=True))

    @cached_property
    def cues(self) -> list[Cue]:
        """The phrases that say what follows, in order."""
        phrases, found = _cue_phrases(self.words), []
        for index in range(len(self.tokens)):
            if (hit := phrases.at(self.tokens, index)) is not None:
                length, kinds = hit
                found += [Cue(kind, index, index + length) for kind in kinds]
        return found

    def cues_before(self, token: int, within: int) -> list[Cue]:
        """Those that end at most ``within`` words before ``token``, the nearest first, the longer of two before it."""
        cues = self._by_end
        end = bisect_right(cues, token, key=lambda cue: cue.after)
        begin = bisect_left(cues, token - within, hi=end, key=lambda cue: cue.after)
        return cues[begin:end][::-1]

    def cued(self, kind: str, token: int, within: int) -> bool:
        """Whether it is said at most ``within`` words before ``token`` that a ``kind`` follows, or it was asked for."""
        return kind in self.asked or any(cue.kind == kind for cue in self.cues_before(token, within))

    def nearest(self, token: int, within: int) -> str:
        """What kind of number the last words before ``token`` say that follows; empty: they do not."""
        return next((cue.kind for cue in self.cues_before(token, within) if cue.kind in NUMBERS), "")

    @cached_property
    def _by_end(self) -> list[Cue]:
        return sorted(self.cues, key=lambda cue: (cue.after, -cue.first))

    @cached_property
    def has_capitals(self) -> bool:
        """Whether the recogniser has written any."""
        return any(character.isupper() for character in self.text)

    @cached_property
    def open_end(self) -> bool:
        """Whether the last group of digits may go on: nothing but fillers comes after it."""
        if self.complete or not self.groups:
            return False
        return self.words_after(self.groups[-1].after) == 0

    def pause_between(self, begin: int, end: int) -> bool:
        """Whether a pause, or the end of an utterance, stands in ``text[begin:end]``."""
        return _PAUSE.search(self.text, begin, end) is not None

    def words_after(self, token: int) -> int:
        """How many words that say something come from ``token`` on."""
        phrases, index, count = _number_phrases(self.words), token, 0
        while index < len(self.tokens):
            length, (kind, _) = phrases.at(self.tokens, index) or (1, (WORD, 0))
            count += kind == WORD
            index += length
        return count

    def token_at(self, position: int) -> int:
        """The first token that begins at ``position`` or later."""
        return bisect_left(self.tokens, position, key=lambda token: token.begin)


@cache
def _number_phrases(words: LanguageWords) -> PhraseTable[tuple[str, int]]:
    values: list[tuple[str, tuple[str, int]]] = []
    for kind, meanings in (
        (TIMES, words.times), (PLURAL, words.plurals),
        (DIGIT, words.units), (TEEN, words.teens), (TENS, words.tens), (HUNDREDS, words.hundreds),
    ):  # fmt: skip
        values += [(word, (kind, value)) for word, value in meanings.items()]
    for kind, listed in ((HUNDRED, words.hundred), (THOUSAND, words.thousand), (FILLER, words.fillers)):
        values += [(word, (kind, 0)) for word in listed]
    return PhraseTable(values)


@cache
def _cue_phrases(words: LanguageWords) -> PhraseTable[tuple[str, ...]]:
    kinds: dict[str, tuple[str, ...]] = {}
    for kind, phrases in (
        ("card", words.card), ("code", words.code), ("account", words.account), ("phone", words.phone),
        ("email", words.email), ("name", words.name), ("name_weak", words.name_weak),
        ("name_asked", words.name_asked), ("other", words.other),
    ):  # fmt: skip
        for phrase in phrases:
            kinds[phrase] = (*kinds.get(phrase, ()), kind)
    return PhraseTable(kinds.items())


def _atoms(speech: ReadText, *, by_sound: bool) -> list[_Atom]:
    words, tokens, phrases = speech.words, speech.tokens, _number_phrases(speech.words)
    atoms: list[_Atom] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        length, kind, value = 1, WORD, 0
        if token.word[0].isdigit():
            kind = NUMERAL
        elif (hit := phrases.at(tokens, index)) is not None:
            length, (kind, value) = hit
        elif (compound := words.compound(token.word)) is not None:
            kind, value = COMPOUND, compound
        after = index + length
        atoms.append(_Atom(kind, value, token.word, index, after, token.begin, tokens[after - 1].end))
        index = after
    for place, atom in enumerate(atoms):
        if atom.word in words.zero_letters and _beside_number(atoms, place):
            atoms[place] = replace(atom, kind=DIGIT, value=0)
        elif by_sound and atom.word in words.sounds_like and _beside_number(atoms, place):
            atoms[place] = replace(atom, kind=DIGIT, value=words.sounds_like[atom.word])
    return atoms


def _beside_number(atoms: list[_Atom], place: int) -> bool:
    around = atoms[max(0, place - 1) : place] + atoms[place + 1 : place + 2]
    return any(atom.kind not in (WORD, FILLER, HUNDRED, THOUSAND) for atom in around)


def _groups(speech: ReadText, atoms: list[_Atom]) -> list[Group]:
    reader = _Reader(speech, atoms)
    groups: list[Group] = []
    index = gap = 0
    while index < len(atoms):
        if atoms[index].kind in (WORD, FILLER):
            gap += atoms[index].kind == WORD
            index += 1
            continue
        begun, times = index, 1
        if atoms[index].kind == TIMES and index + 1 < len(atoms) and atoms[index + 1].digits:
            times, index = atoms[index].value, index + 1
        digits, after = reader.number(index)
        if digits and atoms[index].kind == DIGIT and after < len(atoms) and atoms[after].kind == PLURAL:
            digits, after = str(atoms[after].value) * atoms[index].value, after + 1
        if not digits:
            gap += atoms[index].kind != TIMES
            index += 1
            continue
        digits = digits[:1] * (times - 1) + digits
        first, last = atoms[begun], atoms[after - 1]
        before = speech.tokens[first.first - 1].word if first.first else ""
        plus = before in speech.words.plus
        if plus and before not in speech.words.fillers:
            gap = max(0, gap - 1)
        apart = gap > 0 or not groups or speech.pause_between(groups[-1].end, first.begin)
        counts = len(digits) <= _MOST_COUNTED and _counts(speech, last)
        groups.append(Group(digits, first.begin, last.end, first.first, last.after, gap, plus, apart, counts))
        index, gap = after, 0
    return groups


def _counts(speech: ReadText, last: _Atom) -> bool:
    """Whether what ends with ``last`` says how many there are of what comes right after it."""
    if _SIGN.match(speech.text, last.end):
        return True
    following = speech.tokens[last.after : last.after + 1]
    return (
        bool(following)
        and following[0].word in speech.words.counted
        and not speech.pause_between(last.end, following[0].begin)
    )


class _Reader:
    """Reads one number from an atom on; for what is none, the digits are empty."""

    def __init__(self, speech: ReadText, atoms: list[_Atom]) -> None:
        self._speech = speech
        self._words = speech.words
        self._atoms = atoms

    def number(self, index: int) -> tuple[str, int]:
        atom = self._atoms[index]
        if atom.kind == NUMERAL and self._kind(index + 1) not in (HUNDRED, THOUSAND):
            return atom.word, index + 1
        value, after = self._thousands(index)
        return ("", index) if after == index else (str(value), after)

    def _kind(self, index: int) -> str:
        """Of the atom at ``index``; of none, where a pause stands before it."""
        if index >= len(self._atoms):
            return ""
        atom = self._atoms[index]
        apart = index > 0 and self._speech.pause_between(self._atoms[index - 1].end, atom.begin)
        return "" if apart else atom.kind

    def _thousands(self, index: int) -> tuple[int, int]:
        value, after = self._hundreds(index)
        if self._at(after, THOUSAND, first=index) and value < 100:
            rest, end = self._hundreds(after + 1) if self._continues(after + 1) else (0, after + 1)
            return max(value, 1) * 1000 + rest, end
        return value, after

    def _hundreds(self, index: int) -> tuple[int, int]:
        value, after = self._small(index)
        if after == index and self._at(index, HUNDREDS, first=index):
            value, after = self._atoms[index].value, index + 1
        elif self._at(after, HUNDRED, first=index) and value < 100:
            value, after = max(value, 1) * 100, after + 1
        else:
            return value, after
        rest_at = after
        if self._kind(after) == FILLER and self._atoms[after].word in self._words.hundred_joiners:
            rest_at += 1
        if self._continues(rest_at):
            rest, end = self._small(rest_at)
            if 0 < rest < 100:
                return value + rest, end
        return value, after

    def _small(self, index: int) -> tuple[int, int]:
        """Below a hundred, or one word."""
        if index >= len(self._atoms):
            return 0, index
        atom, words = self._atoms[index], self._words
        match atom.kind:
            case "numeral" if len(atom.word) <= 4:
                return int(atom.word), index + 1
            case "teen" | "compound":
                return atom.value, index + 1
            case "digit":
                if words.unit_first and atom.value and self._joined(index + 1) and self._kind(index + 2) == TENS:
                    return atom.value + self._atoms[index + 2].value, index + 3
                return atom.value, index + 1
            case "tens":
                after = index + 1
                if self._joined(after):
                    after += 1
                elif not words.tens_then_unit:
                    return atom.value, after
                if words.unit_first:
                    return atom.value, index + 1
                if self._kind(after) == DIGIT and self._atoms[after].value:
                    return atom.value + self._atoms[after].value, after + 1
                if self._kind(after) == TEEN and atom.value in words.tens_take_teens:
                    return atom.value + self._atoms[after].value, after + 1
                return atom.value, index + 1
        return 0, index

    def _joined(self, index: int) -> bool:
        return bool(self._kind(index)) and self._atoms[index].word in self._words.joiners

    def _at(self, index: int, kind: str, *, first: int) -> bool:
        """Whether an atom of ``kind`` is at ``index``, as the first one or without a pause."""
        return index < len(self._atoms) and (self._atoms[index].kind if index == first else self._kind(index)) == kind

    def _continues(self, index: int) -> bool:
        """Whether what comes next may be the rest of a number: a digit that is followed by another is a string."""
        kind = self._kind(index)
        if kind == DIGIT:
            following = self._kind(index + 1)
            return bool(self._atoms[index].value) and following not in (DIGIT, NUMERAL)
        return kind in (TEEN, TENS, COMPOUND, HUNDREDS, HUNDRED)
