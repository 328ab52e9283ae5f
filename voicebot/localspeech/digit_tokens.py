"""Which tokens of the recogniser's model are ways to write the same digit: " Four", " four" and "4"; " oh" and "0"."""

from __future__ import annotations

from collections.abc import Mapping

from voicebot.localspeech.digit_strings import DIGITS
from voicebot.localspeech.vocabulary import SPACE, Vocabulary


def digit_tokens(vocabulary: Vocabulary) -> dict[int, str]:
    """The tokens that are a digit, in a word or as a numeral."""
    digits: dict[int, str] = {}
    for piece, token in vocabulary.ids.items():
        word = piece.decode("utf-8", "ignore").removeprefix(SPACE).lower()
        digit = DIGITS.get(word, word)
        if len(digit) == 1 and digit in DIGITS.values():
            digits[token] = digit
    return digits


def other_spellings(digits: Mapping[int, str], blank: int) -> dict[int, list[int]]:
    """For each of the tokens that are ``digits``, those that are no other digit: the ways to write the same one, and
    the ``blank`` that comes before a numeral. For the blank, all digits: which of them is meant is seen after it."""
    ways: dict[str, list[int]] = {}
    for token, digit in digits.items():
        ways.setdefault(digit, []).append(token)
    others = {token: [*same, blank] for same in ways.values() for token in same}
    return others | {blank: [token for same in ways.values() for token in same]}
