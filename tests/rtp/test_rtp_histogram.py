"""Times in steps, counted; and what was counted since."""

from __future__ import annotations

from voicebot.rtp.histogram import Histogram


def test_what_was_counted_since_a_copy_is_told_apart_from_what_was_before() -> None:
    histogram = Histogram()
    for _ in range(100):
        histogram.add(0.030)
    before = histogram.copy()
    assert histogram.since(before).count == 0 and histogram.since(before).percentile_ms(0.99) is None
    for _ in range(50):
        histogram.add(0.002)
    since = histogram.since(before)
    assert (since.count, since.percentile_ms(0.99)) == (50, 2.1)
    assert (histogram.count, histogram.percentile_ms(0.5)) == (150, 30.0)
    assert before.count == 100
