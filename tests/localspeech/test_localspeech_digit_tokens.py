from __future__ import annotations

import pytest

from voicebot.localspeech.digit_tokens import digit_tokens, other_spellings
from voicebot.localspeech.vocabulary import SPACE, Vocabulary

PIECES = [SPACE, "4", "5", "0", *(SPACE + word for word in ("four", "Four", "five", "oh", "Zero", "for", "one"))]
VOCABULARY = Vocabulary(bytes(259) + b"".join(bytes([len(piece.encode())]) + piece.encode() for piece in PIECES))


def no_rivals(piece: str) -> set[str]:
    names = {token: name.decode().replace(SPACE, " ") for name, token in VOCABULARY.ids.items()}
    token = VOCABULARY.ids[piece.replace(" ", SPACE).encode()]
    return {
        names[other]
        for other in other_spellings(digit_tokens(VOCABULARY), VOCABULARY.ids[SPACE.encode()]).get(token, [])
    } - {piece}


@pytest.mark.parametrize(
    ("piece", "others"),
    [
        ("4", {" ", " four", " Four"}),
        (" Four", {" ", "4", " four"}),
        ("0", {" ", " oh", " Zero"}),
        (" ", {"4", "5", "0", " four", " Four", " five", " oh", " Zero", " one"}),
        (" for", set()),
    ],
)
def test_other_ways_to_write_a_digit_are_no_other_digit(piece: str, others: set[str]) -> None:
    assert no_rivals(piece) == others
