"""Timestamps that were never seen: only such packets may begin a sequence anew."""

from __future__ import annotations

import pytest

from voicebot.rtp.freshness import SeenTimestamps

CIRCLE = 1 << 32
SECOND = 8_000


def seen(first: int, packets: int = 100, ssrc: int = 7) -> SeenTimestamps:
    timestamps = SeenTimestamps()
    for number in range(packets):
        timestamps.note(ssrc, (first + number * 160) % CIRCLE)
    return timestamps


@pytest.mark.parametrize("first", [1_000_000_000, 0, CIRCLE - 50 * 160])
def test_what_lies_outside_of_all_that_was_seen_is_fresh(first: int) -> None:
    timestamps = seen(first)
    for offset in (100 * 160, SECOND * 3_600, CIRCLE // 2, CIRCLE - SECOND * 3_600):
        assert timestamps.is_fresh(7, (first + offset) % CIRCLE)
    for offset in (-SECOND, 0, 1, 5_000, 99 * 160):
        assert not timestamps.is_fresh(7, (first + offset) % CIRCLE)


def test_of_an_ssrc_that_was_never_heard_nothing_begins_anew() -> None:
    assert not SeenTimestamps().is_fresh(7, 0)
    assert not seen(1_000).is_fresh(8, 900_000)


def test_what_was_seen_before_a_restart_is_used_and_what_comes_after_it_is_not() -> None:
    timestamps = seen(100_000_000)
    assert not timestamps.restarted and not timestamps.is_used(7, 100_000_000)
    timestamps.restart()
    for number in range(100):
        timestamps.note(7, 100_016_000 + number * 160)
    assert timestamps.restarted
    assert all(timestamps.is_used(7, 100_000_000 + number * 160) for number in range(100))
    assert not any(timestamps.is_used(7, 100_016_000 + number * 160) for number in range(100))
    assert not timestamps.is_used(8, 100_000_000), "another sender's numbers are its own"
    assert not timestamps.is_fresh(7, 100_016_000)


def test_a_range_for_each_jump_and_for_each_ssrc() -> None:
    timestamps = seen(100_000_000)
    for ssrc, first in ((7, 2_000_000_000), (8, 100_000_000), (7, 300_000_000)):
        timestamps.note(ssrc, first)
    for ssrc, first in ((7, 100_001_000), (7, 2_000_000_000), (8, 100_000_000), (7, 300_000_000)):
        assert not timestamps.is_fresh(ssrc, first)
    assert timestamps.is_fresh(7, 1_000_000_000)


def test_with_too_many_jumps_nothing_is_fresh_any_more() -> None:
    timestamps = SeenTimestamps()
    for number in range(40):
        timestamps.note(7, number * 50_000_000)
    assert not timestamps.is_fresh(7, 3_000_000_000)
