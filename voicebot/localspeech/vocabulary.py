"""The tokens of the recogniser's model: text to tokens as the model itself writes it, and back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

SPACE = "\u2581"
"""Stands for the blank before a word."""

_FIRST_PIECE = 259  # below: specials, then one token for each byte value
_FIRST_BYTE = 3


class Vocabulary:
    """``tokenizer``: the content of Moonshine's ``tokenizer.bin``."""

    def __init__(self, tokenizer: bytes) -> None:
        self._pieces = read_tokenizer(tokenizer)
        # Without the tokens of single bytes, which the model itself does not use for what has a piece of its own.
        self.ids = {piece: number for number, piece in reversed(list(enumerate(self._pieces))[_FIRST_PIECE:])}

    def text(self, tokens: Sequence[int]) -> str:
        """What ``tokens`` say, without the blank in front."""
        raw = b"".join(self._pieces[token] for token in tokens if _FIRST_BYTE <= token < len(self._pieces))
        return raw.decode("utf-8", "ignore").replace(SPACE, " ").strip()

    def tokenize(self, text: str) -> list[int]:
        """The tokens that the model writes for ``text``. It would write others for the same text only with a small
        probability, so these count."""
        return [token for word in text.split() for token in self._word(SPACE + word)]

    def _word(self, word: str) -> list[int]:
        """Byte pair encoding: of all neighbours that make a piece, those with the lowest number are joined first. The
        numbers are the order in which the pieces were learnt. Pieces have no space but in front."""
        parts = [character.encode() for character in word]
        while True:
            pairs = enumerate(pairwise(parts))
            known = [(self.ids[one + next_], at) for at, (one, next_) in pairs if one + next_ in self.ids]
            if not known:
                break
            at = min(known)[1]
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        tokens: list[int] = []
        for part in parts:
            tokens += [self.ids[part]] if part in self.ids else [_FIRST_BYTE + byte for byte in part]
        return tokens


def read_tokenizer(data: bytes) -> list[bytes]:
    """The vocabulary in ``tokenizer.bin``: pieces, each after its length in one byte, or two if the first is >= 128."""
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        length = data[at]
        at += 1
        if length >= 128:
            length = data[at] * 128 + length - 128
            at += 1
        pieces.append(data[at : at + length])
        at += length
    return pieces
