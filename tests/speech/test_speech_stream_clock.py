from __future__ import annotations

import pytest

from voicebot.speech.stream_clock import StreamClock


def test_frames_in_step_are_counted_from_the_first() -> None:
    clock = StreamClock(8000)
    for number in range(1, 501):
        clock.wrote(160, 50 + number * 0.02 + (0.004 if number % 2 else 0.0))
    assert clock.time(7.5) == pytest.approx(57.5, abs=0.005)


def test_wideband_samples_are_counted_at_their_rate() -> None:
    clock = StreamClock(16_000)
    for number in range(1, 101):
        clock.wrote(320, 50 + number * 0.02)
    assert clock.span(5_000_000, 10_000_000) == pytest.approx((50.5, 51.5))


def test_an_offset_before_a_gap_and_one_after_it_are_both_right() -> None:
    clock = StreamClock(8000)
    clock.wrote(8000, 101.0)
    clock.wrote(8000, 105.0)
    assert clock.time(0.5) == pytest.approx(100.5)
    assert clock.time(1.5) == pytest.approx(104.5)


def test_a_phrase_that_ends_at_a_gap_does_not_reach_over_it() -> None:
    clock = StreamClock(8000)
    clock.wrote(8000, 101.0)
    clock.wrote(8000, 105.0)
    assert clock.span(5_000_000, 5_000_000) == pytest.approx((100.5, 101.0))


def test_replayed_audio_keeps_its_own_time() -> None:
    clock = StreamClock(8000)
    clock.wrote(160, 30.02)
    clock.wrote(160, 30.04)
    clock.wrote(160, 90.0)
    assert clock.time(0.03) == pytest.approx(30.03)
    assert clock.time(0.05) == pytest.approx(89.99)


def test_offsets_beyond_the_stream_extrapolate_and_an_empty_clock_does_not_fail() -> None:
    clock = StreamClock(8000)
    assert clock.time(1.0) == 1.0
    clock.wrote(8000, 11.0)
    assert clock.time(3.0) == pytest.approx(13.0)
    assert clock.span(20_000_000, 0) == pytest.approx((12.0, 12.0))


def test_anchors_are_bounded_and_recent_times_stay_right() -> None:
    clock = StreamClock(8000)
    for number in range(10_000):
        clock.wrote(160, number * 0.05)
    assert clock.time(9_999 * 0.02 + 0.01) == pytest.approx(9_999 * 0.05 - 0.01)
    assert len(clock._at_sample) <= 4096
