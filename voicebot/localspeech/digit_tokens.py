"""Which tokens of the recogniser's model are ways to write the same digit: " Four", " four" and "4"; " oh" and "0"."""

from __future__ import annotations

from voicebot.localspeech.digit_strings import DIGITS
from voicebot.localspeech.vocabulary import SPACE, Vocabulary


def other_spellings(vocabulary: Vocabulary) -> dict[int, list[int]]:
    """For each token that is a digit, those that are no other digit: the ways to write the same one, and the blank that
    comes before a numeral. For the blank, all digits: which of them is meant is seen after it."""
    blank = vocabulary.ids[SPACE.encode()]
    ways: dict[str, list[int]] = {}
    for piece, token in vocabulary.ids.items():
        word = piece.decode("utf-8", "ignore").removeprefix(SPACE).lower()
        digit = DIGITS.get(word, word)
        if len(digit) == 1 and digit in DIGITS.values():
            ways.setdefault(digit, []).append(token)
    others = {token: [*same, blank] for same in ways.values() for token in same}
    return others | {blank: [token for same in ways.values() for token in same]}
