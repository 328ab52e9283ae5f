from __future__ import annotations

import pytest

from voicebot.localspeech.moonshine import read_tokenizer, runs_away


@pytest.mark.parametrize(
    ("tokens", "away"),
    [
        ([5] * 12, True),
        ([5, 6] * 6, True),
        ([1, 2] + [5, 6, 7] * 4, True),
        ([5, 6, 7, 8] * 3, True),
        ([5, 6, 7, 8, 9] * 3, False),
        ([5] * 11, False),
        (list(range(40)), False),
        ([], False),
    ],
)
def test_decoding_in_circles_is_noticed(tokens: list[int], away: bool) -> None:
    assert runs_away(tokens) is away


def test_the_vocabulary_has_lengths_of_one_or_two_bytes() -> None:
    long = b"x" * 200
    assert read_tokenizer(b"\x00\x02ab" + bytes([200 - 128 + 128, 1]) + long + b"\x01c") == [b"", b"ab", long, b"c"]
