"""Strings of digits, written in another way: "Two, zero, six" as "2-0-6".

From one decode to the next, as more is heard, the model often writes the same digits in another way. Where a draft is
wrong for that, all of it would be; once the first tokens show the new way, it is right again if it is written so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from voicebot.localspeech.digit_strings import DIGITS, digits_in
from voicebot.localspeech.vocabulary import Vocabulary

_LEAST = 3
_WORDS = {digit: word for word, digit in DIGITS.items() if word != "oh"}


def rewritten(draft: Sequence[int], head: Sequence[int], vocabulary: Vocabulary) -> list[int]:
    """Tokens that begin with ``head`` and write the digits of ``draft``; ``[]`` if these are fewer than three or not
    all of it, or where nobody writes digits as ``head`` does."""
    digits = digits_in(vocabulary.text(draft))
    if len(digits) < _LEAST:
        return []
    for text in _ways(digits):
        tokens = vocabulary.tokenize(text)
        if tokens[: len(head)] == list(head):
            return tokens
    return []


def _ways(digits: str) -> Iterator[str]:
    """The usual first."""
    words = [_WORDS[digit] for digit in digits]
    yield ", ".join(words).capitalize() + "."
    yield " ".join(words).capitalize() + "."
    for between in (", ", "-", " ", ""):
        yield between.join(digits) + "."
