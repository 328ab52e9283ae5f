"""What the caller's words so far are, seen from the answer that the bot waits for. Pure.

It is asked of each hypothesis, and takes less than 0.2 ms. All words are data that came with the question; what follows
from them is the same in every language:

* answers, with words beside them, are an answer ("uh yes please", "I'd like billing"); so are several ("yes, that's
  right").
* With an open answer at the end ("account", where "account balance" is another) more may come, as it may when another
  answer begins behind one.
* The first words of an answer, or of a command, are a beginning ("the first", where "the first one" is an answer).
* Whatever else has other words in it is something else ("yes, but what does it cost"), also with a command in it: who
  says "I don't know how this works, but ..." goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Final

from voicebot.events import AnswerKind, ExpectedAnswer
from voicebot.turns.words import Phrases, words

MOST_WORDS = 40
"""What is longer is no phrase that could be known."""
_COUNTED = (AnswerKind.DIGITS, AnswerKind.SPELLED)
_MOST_NEW = 3
"""Digits that are said from one hypothesis to the next."""


class Judgement(Enum):
    """What has been said."""

    NOTHING = "no words, or only words that say nothing by themselves"
    OTHER = "something else, or what cannot be told"
    COMMAND = "what callers may say at any time"
    BEGINNING = "the beginning of an answer, of which more has to come"
    ENOUGH = "an answer, of which more may come"
    COMPLETE = "an answer, of which no more can come"


WHOLE = (Judgement.COMPLETE, Judgement.COMMAND)

_BEST_FIRST = (Judgement.COMPLETE, Judgement.ENOUGH, Judgement.COMMAND, Judgement.NOTHING)


def judge(text: str, expected: ExpectedAnswer | None) -> Judgement:
    """What ``text`` is, if the ``expected`` answer is waited for."""
    if expected is None:
        return Judgement.OTHER
    said = words(text)
    if not said:
        return Judgement.NOTHING
    known = _known(expected)
    judgement = known.judge(said)
    if judgement in _BEST_FIRST or expected.kind not in (*_COUNTED, AnswerKind.VALUE):
        return judgement
    said = known.without_beside(said)
    found = _counted(said, expected) if expected.kind in _COUNTED else known.value(said)
    return judgement if found is Judgement.OTHER else found


@lru_cache(maxsize=256)
def _known(expected: ExpectedAnswer) -> _Known:
    return _Known(expected)


_COINS: Final = frozenset("$€£¥")
"""Signs in the last word of a sum that is written: it has its coin."""


class _Known:
    """The phrases of an expected answer, ready to be found."""

    def __init__(self, expected: ExpectedAnswer) -> None:
        self._beside = Phrases(expected.beside)
        self._answers = Phrases(expected.answers)
        self._open = Phrases(expected.open_answers)
        self._commands = Phrases(expected.commands)
        asked = frozenset(begun for begun in self._commands.beginnings() if len(begun) > 1)  # "what" begins anything
        self._begun = self._answers.beginnings() | asked
        self._words = expected.words
        self._endings = tuple(word for word in expected.words if len(word) > 3)
        self._wanting = expected.others

    def judge(self, said: Sequence[str]) -> Judgement:
        """By its phrases alone."""
        if len(said) > MOST_WORDS:
            return Judgement.OTHER
        judgement = self._made_of_phrases(said)
        if judgement is Judgement.OTHER:  # "account, um, balance"
            left = self.without_beside(said)
            judgement = self._made_of_phrases(left) if len(left) < len(said) else judgement
        return judgement

    def without_beside(self, said: Sequence[str]) -> list[str]:
        return [word for word in said if (word,) not in self._beside]

    def value(self, said: Sequence[str]) -> Judgement:
        """What ``said`` is to a VALUE."""
        has_value = any(map(self._is_of_value, said))
        if said and said[-1] in self._wanting and (has_value or self._wanting.issuperset(said)):
            return Judgement.BEGINNING
        if not has_value:
            return Judgement.OTHER
        closing = self._answers.at_end(said)
        if closing and all(self._is_of_value(word) or word in self._wanting for word in said[:-closing]):
            return Judgement.ENOUGH if said[-closing:] in self._open else Judgement.COMPLETE
        return Judgement.ENOUGH if closing or self._is_of_value(said[-1]) else Judgement.OTHER

    def at_end(self, said: Sequence[str]) -> bool:
        """Whether ``said`` ends in an answer, or as values end."""
        return self._answers.at_end(self.without_beside(said)) > 0

    def _is_of_value(self, word: str) -> bool:
        """Numbers may be written as one word (German "zweiundvierzig")."""
        return word in self._words or word[0].isdecimal() or (len(word) > 7 and word.endswith(self._endings))

    def _made_of_phrases(self, said: Sequence[str]) -> Judgement:
        # What the words up to each place can be, with the fewest phrases of which they are it: "I don't know" is a
        # command, though "I don't" is an answer and "know" (a misheard "no") another.
        reached: list[dict[Judgement, int]] = [{} for _ in range(len(said) + 1)]
        reached[0][Judgement.NOTHING] = 0
        for index, before in enumerate(reached[:-1]):
            if not before:
                continue
            for length in self._beside.lengths(said, index):
                for judgement, phrases in before.items():
                    _reach(reached[index + length], judgement, phrases)
            phrases = min(before.values()) + 1
            for length in self._answers.lengths(said, index):
                is_open = said[index : index + length] in self._open
                _reach(reached[index + length], Judgement.ENOUGH if is_open else Judgement.COMPLETE, phrases)
            for length in self._commands.lengths(said, index):
                _reach(reached[index + length], Judgement.COMMAND, phrases)
        whole = reached[-1]
        if whole:
            return min(whole, key=lambda one: (one is Judgement.NOTHING, whole[one], _BEST_FIRST.index(one)))
        for index, before in enumerate(reached[:-1]):
            if before and tuple(said[index:]) in self._begun:
                return Judgement.BEGINNING if Judgement.NOTHING in before else Judgement.ENOUGH
        return Judgement.OTHER


def _reach(reached: dict[Judgement, int], judgement: Judgement, phrases: int) -> None:
    reached[judgement] = min(phrases, reached.get(judgement, phrases))


def _counted(said: Sequence[str], expected: ExpectedAnswer) -> Judgement:
    count = misheard = 0
    letters = expected.kind is AnswerKind.SPELLED
    for word in said:
        if word in expected.others:
            return Judgement.OTHER
        if word.isdecimal():
            count += len(word)
        elif word in expected.words or (letters and len(word) == 1):
            count += 1
        elif letters:  # a word that a recogniser has made of letters, or one that is no letter
            return Judgement.ENOUGH if count else Judgement.OTHER
        elif count:  # a digit that was misheard ("six, zero and eight" of 6 0 1 8): nobody says words between digits
            misheard += 1
    if not 0 < count <= expected.most:
        return Judgement.OTHER
    if count + (misheard if 2 * misheard <= count else 0) < expected.least:
        return Judgement.BEGINNING
    return Judgement.COMPLETE if count == expected.most else Judgement.ENOUGH


def ends_in_answer(text: str, expected: ExpectedAnswer | None) -> bool:
    """Whether the last words are one of the answers to choose from, whatever is before them ("when are you open", where
    "open" is one), or end a value as ``expected`` ("twelve dollars", also where that is written "$12")."""
    if expected is None or expected.kind not in (AnswerKind.CHOICE, AnswerKind.VALUE):
        return False
    if expected.kind is AnswerKind.VALUE and _COINS.intersection("".join(text.split()[-1:])):
        return True
    return _known(expected).at_end(words(text))


def almost_counted(text: str, expected: ExpectedAnswer | None, before: str = "") -> bool:
    """Whether no more than one digit of as many as can be ``expected`` is missing. A hypothesis has often not heard the
    last one, and nobody makes a pause before it. ``before``: the hypothesis before it, which it must go on with: in the
    middle of a number some have far too many digits."""
    if expected is None or expected.kind is not AnswerKind.DIGITS:
        return False
    known = _known(expected)
    said = known.without_beside(words(text))
    if any(word in expected.others for word in said):
        return False
    if not expected.most - 1 <= _digits(said, expected) <= expected.most:
        return False
    said_before = known.without_beside(words(before))
    first, then = "".join(said_before), "".join(said)
    if first.isdecimal() and then.isdecimal() and not then.startswith(first):
        return False
    return not said_before or _digits(said, expected) <= _digits(said_before, expected) + _MOST_NEW


def _digits(said: Sequence[str], expected: ExpectedAnswer) -> int:
    return sum(len(word) if word.isdecimal() else word in expected.words for word in said)


def ends_in_part(text: str, expected: ExpectedAnswer | None) -> bool:
    """Whether the last word is a part of the digits or letters that are ``expected``."""
    if expected is None or expected.kind not in _COUNTED:
        return False
    last = words(text)[-1:]
    return bool(last) and (last[0] in expected.words or last[0] in expected.others)
