"""What the caller's words so far are, seen from the answer that the bot waits for. Pure."""

from __future__ import annotations

from enum import Enum

from voicebot.events import AnswerKind, ExpectedAnswer
from voicebot.turns.words import words

_COUNTED = (AnswerKind.DIGITS, AnswerKind.SPELLED)


class Judgement(Enum):
    """What has been said."""

    NOTHING = "no words, or only words that say nothing by themselves"
    OTHER = "something else, or what cannot be told"
    COMMAND = "what callers may say at any time"
    BEGINNING = "the beginning of an answer, of which more has to come"
    ENOUGH = "an answer, of which more may come"
    COMPLETE = "an answer, of which no more can come"


def judge(text: str, expected: ExpectedAnswer | None) -> Judgement:
    """What ``text`` is, if the ``expected`` answer is waited for."""
    if expected is None:
        return Judgement.OTHER
    said = [word for word in words(text) if word not in expected.beside]
    if not said:
        return Judgement.NOTHING
    phrase = " ".join(said)
    if phrase in expected.commands:
        return Judgement.COMMAND
    if expected.kind in _COUNTED:
        return _counted(said, expected)
    return Judgement.COMPLETE if phrase in expected.answers else Judgement.OTHER


def _counted(said: list[str], expected: ExpectedAnswer) -> Judgement:
    count = 0
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
    if not 0 < count <= expected.most:
        return Judgement.OTHER
    if count < expected.least:
        return Judgement.BEGINNING
    return Judgement.COMPLETE if count == expected.most else Judgement.ENOUGH


def ends_in_part(text: str, expected: ExpectedAnswer | None) -> bool:
    """Whether the last word is a part of the ``expected`` answer."""
    return has_parts(" ".join(words(text)[-1:]), expected)


def has_parts(text: str, expected: ExpectedAnswer | None) -> bool:
    """Whether any word is a part of the ``expected`` answer."""
    return expected is not None and any(word in expected.words or word in expected.others for word in words(text))
