from __future__ import annotations

import pytest

from voicebot.telephony_channel import MAX_DELAY_S, delay_s


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(250, 0.25), (0, 0.0), (-5, 0.0), (10**9, MAX_DELAY_S), (10**400, MAX_DELAY_S), (float("inf"), MAX_DELAY_S),
     (None, 1.0), ("x", 1.0), (True, 1.0), (float("nan"), 1.0)],
)  # fmt: skip
def test_a_delay_is_in_milliseconds_bounded_and_one_second_if_it_is_no_number(value: object, seconds: float) -> None:
    assert delay_s(value) == seconds
