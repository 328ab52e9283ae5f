"""How much of the answer that the bot waits for has been said: of a number, or of something spelled. Pure."""

from __future__ import annotations

from enum import Enum

from voicebot.events import ExpectedAnswer
from voicebot.turns.words import words


class Progress(Enum):
    """How far an answer is."""

    UNKNOWN = "nothing of it was said, or too much, or it cannot be told"
    PART = "more has to come"
    ENOUGH = "more may come"
    COMPLETE = "no more can come"


def progress(text: str, expected: ExpectedAnswer | None) -> Progress:
    """How far ``text`` is on the way to the ``expected`` answer."""
    if expected is None:
        return Progress.UNKNOWN
    count = 0
    for word in words(text):
        if word in expected.others:
            return Progress.UNKNOWN
        if word.isdecimal():
            count += len(word)
        elif word in expected.words or (expected.letters and len(word) == 1):
            count += 1
        elif expected.letters:  # a word that a recogniser has made of letters, or one that is no letter
            return Progress.ENOUGH if count else Progress.UNKNOWN
    if not 0 < count <= expected.most:
        return Progress.UNKNOWN
    if count < expected.least:
        return Progress.PART
    return Progress.COMPLETE if count == expected.most else Progress.ENOUGH


def ends_in_part(text: str, expected: ExpectedAnswer | None) -> bool:
    """Whether the last word is a part of the ``expected`` answer."""
    last = words(text)[-1:]
    return bool(expected is not None and last and last[0] in expected.words | expected.others)
