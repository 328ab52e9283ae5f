"""Converts the recogniser's times (100 ns units into the audio stream) to ours (``loop.time()`` seconds).

The service counts samples, and we know when each frame came. As long as frames come regularly, counting is exact. Where
they do not (jitter, a stalled leg, audio replayed into a new stream), an anchor is set, and an offset is computed from
the last anchor before it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

_ANCHORS: Final = 4096
_SLACK_S: Final = 0.005


class StreamClock:
    """The clock of one audio stream. If there are too many anchors, the older half is dropped."""

    def __init__(self, rate: int) -> None:
        """``rate``: samples per second."""
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
        """When the sample at ``offset_s`` into the stream was spoken; extrapolated beyond what was written."""
        if not self._at_time:
            return offset_s
        sample = round(offset_s * self._rate)
        return self._map(sample, max(0, bisect_right(self._at_sample, sample) - 1))

    def span(self, offset: int, duration: int) -> tuple[float, float]:
        """Start and end time of a result, from the SDK's ``offset`` and ``duration`` in 100 ns."""
        start = self.time(offset / 1e7)
        # The end is computed from its last sample, because a new anchor may begin right after it.
        end = self.time((offset + duration) / 1e7 - 1 / self._rate) + 1 / self._rate if duration > 0 else start
        return start, max(start, end)

    def _map(self, sample: int, anchor: int) -> float:
        return self._at_time[anchor] + (sample - self._at_sample[anchor]) / self._rate
