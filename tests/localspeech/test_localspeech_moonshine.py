from __future__ import annotations

import pytest

from voicebot.localspeech.moonshine import runs_away


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
