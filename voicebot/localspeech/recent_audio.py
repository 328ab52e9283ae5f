"""The latest audio of a stream, as far as it may still be needed."""

from __future__ import annotations

import numpy as np

from voicebot.audio import Samples


class RecentAudio:
    """At most ``size`` samples. Positions are those in the stream."""

    def __init__(self, size: int) -> None:
        self._samples = np.zeros(size, np.float32)
        self.start = self.end = 0
        """Of what is kept."""

    def append(self, samples: Samples, needed: int) -> None:
        """Add ``samples``, no more than there is room for. Where there is none, what came before ``needed`` is
        forgotten, and as much of the rest as must be."""
        size = len(samples)
        if self.end - self.start + size > len(self._samples):
            start = max(needed, self.start, self.end + size - len(self._samples))
            kept = self.between(start, self.end).copy()
            self._samples[: len(kept)] = kept
            self.start = start
        at = self.end - self.start
        self._samples[at : at + size] = samples
        self.end += size

    def between(self, start: int, end: int) -> Samples:
        """Those from ``start`` to before ``end``, which are valid until the next are added."""
        return self._samples[start - self.start : end - self.start]
