"""From the recogniser's clock (100 ns units into the audio stream) to ours (``loop.time()`` seconds).

The service counts samples. We know when each frame came. Between two frames that came in step, counting is exact; where
frames come out of step (jitter, a stalled leg, audio replayed into a new stream) a new anchor is set, and an offset is
mapped from the last anchor before it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

_ANCHORS: Final = 4096
_SLACK_S: Final = 0.005


class StreamClock:
    """Offsets of one audio stream to times; bounded: the oldest half of the anchors goes when there are too many."""

    def __init__(self, rate: int) -> None:
        """``rate``: samples a second."""
        self._rate = rate
        self._samples = 0
        self._at_sample: list[int] = []
        self._at_time: list[float] = []

    def wrote(self, samples: int, at: float) -> None:
        """``samples`` were appended to the stream; the last of them was spoken at ``at``."""
        begin = at - samples / self._rate
        if not self._at_time or abs(self._map(self._samples, -1) - begin) > _SLACK_S:
            if len(self._at_sample) >= _ANCHORS:
                del self._at_sample[: _ANCHORS // 2], self._at_time[: _ANCHORS // 2]
            self._at_sample.append(self._samples)
            self._at_time.append(begin)
        self._samples += samples

    def time(self, offset_s: float) -> float:
        """When the sample at ``offset_s`` into the stream was spoken. Offsets beyond what was written extrapolate."""
        if not self._at_time:
            return offset_s
        sample = round(offset_s * self._rate)
        return self._map(sample, max(0, bisect_right(self._at_sample, sample) - 1))

    def span(self, offset: int, duration: int) -> tuple[float, float]:
        """Start and end times of a result, from the SDK's 100 ns ``offset`` and ``duration``."""
        start = self.time(offset / 1e7)
        # The end belongs to the stretch that its last sample lies in, not to the anchor that may begin right there.
        end = self.time((offset + duration) / 1e7 - 1 / self._rate) + 1 / self._rate if duration > 0 else start
        return start, max(start, end)

    def _map(self, sample: int, anchor: int) -> float:
        return self._at_time[anchor] + (sample - self._at_sample[anchor]) / self._rate
