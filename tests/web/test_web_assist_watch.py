"""The positions of streams, which clients send back to us: any text is a position, or told to be none."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voicebot.web.assist_watch import MOST_CALLS, number_in, numbers_in


@pytest.mark.parametrize(
    ("position", "numbers"),
    [
        ("", {}),
        ("c1:7", {"c1": 7}),
        ("c1:7,c2:0", {"c1": 7, "c2": 0}),
        ("a:b:7", {"a:b": 7}),
        ("c1:", {"c1": 0}),
        ("c1:7,c1:8", {"c1": 8}),
    ],
)
def test_the_position_in_several_calls_is_read(position: str, numbers: dict[str, int]) -> None:
    assert numbers_in(position) == numbers


@given(st.text())
@example("1" * 4_000)
@example("٣")
@example(",".join(f"c{n}:{n}" for n in range(1_000)))
def test_any_text_is_a_position_or_refused(text: str) -> None:
    for read in (number_in, numbers_in):
        try:
            found = read(text)
        except ValueError as why:
            assert "the id of the last event" in str(why)
        else:
            numbers = found.values() if isinstance(found, dict) else [found]
            assert len(numbers) <= MOST_CALLS and all(0 <= number < 10**15 for number in numbers)
