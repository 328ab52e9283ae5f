"""A histogram of short times, for lateness and pacing: a sample costs one list increment."""

from __future__ import annotations

from typing import Final

_PER_MS: Final = 10
_SPAN_MS: Final = 50


class Histogram:
    """Times from 0 to 50 ms in steps of 0.1 ms; longer ones share the last step. The maximum is kept exactly."""

    __slots__ = ("_steps", "count", "max_s")

    def __init__(self) -> None:
        self._steps = [0] * (_SPAN_MS * _PER_MS + 1)
        self.count = 0
        self.max_s = 0.0

    def add(self, seconds: float) -> None:
        """Count one time; a negative one counts as 0."""
        step = int(seconds * (1000 * _PER_MS)) if seconds > 0 else 0
        self._steps[step if step < _SPAN_MS * _PER_MS else _SPAN_MS * _PER_MS] += 1
        self.count += 1
        self.max_s = max(self.max_s, seconds)

    def copy(self) -> Histogram:
        other = Histogram()
        other._steps, other.count, other.max_s = list(self._steps), self.count, self.max_s
        return other

    def since(self, before: Histogram) -> Histogram:
        """What was counted since the copy ``before`` was made. The maximum is that of all times."""
        other = Histogram()
        other._steps = [now - then for now, then in zip(self._steps, before._steps, strict=True)]
        other.count, other.max_s = self.count - before.count, self.max_s
        return other

    def percentile_ms(self, share: float) -> float | None:
        """The time that ``share`` (0 to 1) of the samples do not exceed, rounded up to 0.1 ms; None if empty."""
        wanted = share * self.count
        seen = 0
        for step, count in enumerate(self._steps):
            seen += count
            if count and seen >= wanted:
                return min((step + 1) / _PER_MS, self.max_ms) if step < _SPAN_MS * _PER_MS else self.max_ms
        return None

    @property
    def max_ms(self) -> float:
        return round(self.max_s * 1000, 3)
