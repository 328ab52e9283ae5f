"""The one media clock: every call's 20 ms comes from here, by absolute deadlines.

A timer of its own for each call ("sleep 20 ms, send") drifts by the time the work takes: over a call that adds up to
seconds. Here one timer steps through absolute deadlines, so that an error in one step never reaches the next. The
20 ms are cut in four sub-slots and calls are spread over them: fewer packets leave at once, and a packet waits at most
for the quarter of the calls that share its slot. 5 ms is the finest step that uvloop (timers in whole milliseconds)
keeps without spinning.

When the loop was held up, the slots that were missed are run at once: the receiver gets its packets late instead of
not at all, and its jitter buffer does not run dry twice. But never more than :data:`MAX_CATCH_UP` rounds: after a long
stall a burst would only overflow the other side. The rest is skipped, counted and told to the calls, which then let
their RTP timestamps jump by what was skipped.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final, Protocol

from voicebot.rtp.histogram import Histogram

logger = logging.getLogger(__name__)

FRAME_S: Final = 0.020
SLOTS: Final = 4
STEP_S: Final = FRAME_S / SLOTS
MAX_CATCH_UP: Final = 3
"""Frames a call may send at once to make up for a stall."""

_TIMER_SLACK_S: Final = 0.0006  # uvloop rounds to whole milliseconds and may fire this much early
_LOG_EVERY_S: Final = 1.0


class Tickable(Protocol):
    """What the clock drives."""

    def tick(self, at: float, skipped: int) -> None:
        """20 ms have passed. ``at``: now; ``skipped``: how many ticks were left out before this one (mostly 0)."""


class MediaClock:
    """Ticks every member once in 20 ms. Needs a running loop only from :meth:`start` on.

    ``now`` must be the loop's clock (``time.monotonic`` is, on asyncio and uvloop); it is a parameter because uvloop's
    ``loop.time()`` stands still within an iteration, and for tests.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._slots: list[dict[Tickable, None]] = [{} for _ in range(SLOTS)]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._origin = 0.0
        self._step = 0  # steps since the origin; the next deadline is origin + step * STEP_S
        self._skipped_rounds = 0
        self._errors = 0
        self._logged_at = float("-inf")
        self._lateness = Histogram()

    def start(self) -> None:
        """Begin to tick; harmless when running."""
        if self._timer is not None:
            return
        self._loop = asyncio.get_running_loop()
        # Whole milliseconds on the loop's own clock: deadlines that uvloop can meet exactly.
        self._origin = int(self._loop.time() * 1000 + 1) / 1000
        self._step = 0
        self._timer = self._loop.call_at(self._origin, self._run)

    async def close(self) -> None:
        """Stop ticking. Members are not closed: they belong to whoever added them."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for slot in self._slots:
            slot.clear()

    def add(self, tickable: Tickable) -> None:
        """Tick ``tickable`` from now on, in the least populated sub-slot."""
        if not any(tickable in slot for slot in self._slots):
            min(self._slots, key=len)[tickable] = None

    def remove(self, tickable: Tickable) -> None:
        """Never tick it again, also when called from within a tick; harmless when it is not a member."""
        for slot in self._slots:
            slot.pop(tickable, None)

    def __len__(self) -> int:
        return sum(map(len, self._slots))

    def lateness(self) -> dict[str, float | int | None]:
        """How late the clock was against its deadlines since the start, in milliseconds, and what that cost."""
        late = self._lateness
        return {
            "members": len(self),
            "steps": late.count,
            "late_p50_ms": late.percentile_ms(0.5),
            "late_p99_ms": late.percentile_ms(0.99),
            "late_max_ms": late.max_ms if late.count else None,
            "skipped_frames": self._skipped_rounds,
            "tick_errors": self._errors,
        }

    def _run(self) -> None:
        assert self._loop is not None
        now = self.now()
        skipped = self._skip_what_is_lost(now)
        for _ in range(SLOTS):  # one round at most, so that sockets are read between the rounds of a catch-up
            due = self._origin + self._step * STEP_S
            if due > now + _TIMER_SLACK_S:
                break
            self._lateness.add(now - due)
            self._tick_slot(self._slots[self._step % SLOTS], now, skipped)
            self._step += 1
            if self._timer is None:  # closed by a member
                return
            now = self.now()
        self._timer = self._loop.call_at(self._origin + self._step * STEP_S, self._run)

    def _skip_what_is_lost(self, now: float) -> int:
        """Move on over whole rounds that are too old to be made up for; return how many."""
        behind = int((now - self._origin) / STEP_S) - self._step
        rounds = max(0, behind // SLOTS - MAX_CATCH_UP + 1) if behind >= SLOTS * MAX_CATCH_UP else 0
        self._step += rounds * SLOTS
        self._skipped_rounds += rounds
        return rounds

    def _tick_slot(self, slot: dict[Tickable, None], now: float, skipped: int) -> None:
        for tickable in list(slot):
            if tickable not in slot:  # removed by an earlier member of this slot
                continue
            try:
                tickable.tick(now, skipped)
            except Exception:
                # A defect in one call must not silence the others; one line a second is enough to find it.
                self._errors += 1
                if now - self._logged_at >= _LOG_EVERY_S:
                    self._logged_at = now
                    logger.exception("a call failed in its media tick (%d failures so far)", self._errors)
