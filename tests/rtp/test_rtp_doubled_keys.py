from __future__ import annotations

from itertools import permutations

import pytest

from voicebot.rtp.doubled_keys import WINDOW_S, DoubledKeys, Way


def counted(*presses: tuple[str, Way, float]) -> str:
    keys = DoubledKeys()
    return "".join(key for key, way, at in presses if keys.is_new(key, way, at))


@pytest.mark.parametrize("ways", list(permutations(("info", "events", "tones"))))
def test_one_press_in_several_ways_is_one_key_whichever_comes_first(ways: tuple[Way, ...]) -> None:
    assert counted(*(("5", way, n * 0.3) for n, way in enumerate(ways))) == "5"


def test_the_same_key_twice_is_two_presses_however_their_reports_are_mixed() -> None:
    assert counted(("1", "info", 0), ("1", "events", 0.1), ("1", "info", 0.3), ("1", "events", 0.4)) == "11"
    assert counted(("1", "events", 0), ("1", "events", 0.2), ("1", "info", 0.6), ("1", "info", 0.8)) == "11"
    assert counted(("1", "info", 0), ("1", "info", 0.2), ("1", "events", 0.2), ("1", "events", 0.4)) == "11"


def test_one_way_alone_is_never_doubled() -> None:
    assert counted(*(("7", "info", n * 0.1) for n in range(50))) == "7" * 50


def test_other_keys_in_between_do_not_matter() -> None:
    assert counted(("1", "events", 0), ("2", "events", 0.2), ("1", "info", 0.4), ("2", "info", 0.6)) == "12"


def test_a_report_that_is_lost_costs_no_key() -> None:
    assert counted(("1", "events", 0), ("1", "info", 2), ("1", "events", 2.1), ("1", "info", 3)) == "11"


def test_the_same_key_much_later_is_another_press() -> None:
    assert counted(("5", "events", 0), ("5", "info", WINDOW_S)) == "5"
    assert counted(("5", "events", 0), ("5", "info", WINDOW_S + 0.1)) == "55"
