from __future__ import annotations

import pytest

from voicebot.json_body import number_within


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5.0), (0.5, 1.0), (11, 10.0), (-(10**400), 1.0), (10**400, 10.0), (float("inf"), 10.0), (float("-inf"), 1.0),
     (float("nan"), None), (True, None), ("5", None), (None, None), ([], None)],
)  # fmt: skip
def test_a_number_is_brought_within_its_bounds_and_everything_else_is_none(value: object, number: float | None) -> None:
    assert number_within(value, 1, 10) == number
