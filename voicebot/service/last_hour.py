"""How many calls have ended in the last hour, and how: by the minute, so that more calls need no more room."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any, Final

MINUTES: Final = 60
MOST_ENDS: Final = 32
OTHER: Final = "something else"


class LastHour:
    """``clock``: seconds that go on evenly."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._minutes: deque[tuple[int, Counter[str]]] = deque(maxlen=MINUTES)

    def call_ended(self, record: Mapping[str, Any]) -> None:
        """``record``: of the call (:mod:`voicebot.calls.record`)."""
        minute = self._now()
        if not self._minutes or self._minutes[-1][0] != minute:
            self._minutes.append((minute, Counter()))
        ends, how = self._minutes[-1][1], str(record["end"]["reason"])
        ends[how if how in ends or len(ends) < MOST_ENDS else OTHER] += 1

    def ends(self) -> Counter[str]:
        """The number of calls, by how they ended."""
        since = self._now() - MINUTES
        return sum((ends for minute, ends in self._minutes if minute > since), Counter())

    def _now(self) -> int:
        return int(self._clock() // 60)
