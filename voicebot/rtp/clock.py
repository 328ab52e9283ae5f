"""The media clock: one timer for all calls, which ticks every 20 ms by absolute deadlines.

A loop for each call ("sleep 20 ms, send") would drift by the time that sending takes, seconds in the course of a call.
Here one timer steps through absolute deadlines, so that a late step does not delay the next one. The calls are spread
over four slots of the 20 ms: fewer packets are sent at once, and a packet waits at most for the calls in its slot. A
step of 5 ms suits uvloop, whose timers have whole milliseconds. Slots without calls have no timer: 200 times a second
would take 1.6 % of a core, for nothing.

If the event loop was blocked, the missed ticks are made up at once: late packets are better than none, and the
receiver's jitter buffer does not run empty twice. But at most :data:`MAX_CATCH_UP` ticks are made up, because a longer
burst would overflow the receiver. The rest are skipped and counted, and each call lets its RTP timestamp jump over
them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final, Protocol

from voicebot.audio import FRAME_S
from voicebot.rtp.histogram import Histogram

logger = logging.getLogger(__name__)

SLOTS: Final = 4
STEP_S: Final = FRAME_S / SLOTS
MAX_CATCH_UP: Final = 3
"""The most frames that a call sends at once to make up for a stall."""

_TIMER_SLACK_S: Final = 0.0006  # uvloop rounds to whole milliseconds and may fire this much early
_LOG_EVERY_S: Final = 1.0


class Tickable(Protocol):
    """A member of the clock: a call's media."""

    def tick(self, at: float, skipped: int) -> None:
        """20 ms have passed. ``at``: now; ``skipped``: how many ticks were skipped before this one, usually 0."""


class MediaClock:
    """Ticks every member once in 20 ms. Needs a running loop only from :meth:`start` on.

    ``now`` must be the clock of the event loop; ``time.monotonic`` is, with asyncio and uvloop. (``loop.time()`` is not
    used, because in uvloop it does not advance within an iteration.)
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._slots: list[dict[Tickable, None]] = [{} for _ in range(SLOTS)]
        self._loop: asyncio.AbstractEventLoop | None = None  # while it runs
        self._timer: asyncio.TimerHandle | None = None  # for the step that is due next; None: it has no members
        self._origin = 0.0
        self._step = 0  # steps since the origin; the next deadline is origin + step * STEP_S
        self._skipped_rounds = 0
        self._errors = 0
        self._logged_at = float("-inf")
        self.late = Histogram()
        """How late each step with members was."""
        self.silenced: Callable[[float], bool] = lambda _now: False
        """Whether nothing may be sent now; members are not ticked then, and the rounds count as skipped."""

    def start(self) -> None:
        """Begin to tick. No effect if the clock runs already."""
        if self._loop is not None:
            return
        self._loop = asyncio.get_running_loop()
        # Whole milliseconds on the loop's clock, because uvloop can meet such deadlines exactly.
        self._origin = int(self._loop.time() * 1000 + 1) / 1000
        self._step = 0
        self._set_timer()

    async def close(self) -> None:
        """Stop ticking. Members are not closed: that is up to whoever added them."""
        self._loop = None
        for slot in self._slots:
            slot.clear()
        self._set_timer()

    def add(self, tickable: Tickable) -> None:
        """Tick ``tickable`` from now on, in the slot with the fewest members; of several such slots, in the next."""
        if any(tickable in slot for slot in self._slots):
            return
        coming = int((self.now() - self._origin) / STEP_S) + 1 if self._loop is not None else 0
        step = min(range(coming, coming + SLOTS), key=lambda step: len(self._slots[step % SLOTS]))
        self._slots[step % SLOTS][tickable] = None
        if self._timer is None or step < self._step:
            self._step = step
            self._set_timer()

    def remove(self, tickable: Tickable) -> None:
        """Never tick it again; may be called from within a tick. No effect if it is not a member."""
        for slot in self._slots:
            slot.pop(tickable, None)

    def __len__(self) -> int:
        return sum(map(len, self._slots))

    def lateness(self) -> dict[str, float | int | None]:
        """How late the clock has been since its start, in milliseconds, and how many frames were skipped."""
        late = self.late
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
        now = self.now()
        if self.silenced(now):
            self._step = max(self._step, int((now - self._origin) / STEP_S)) + 1
            self._set_timer()
            return
        skipped = self._skip_what_is_lost(now)
        for _ in range(SLOTS):  # at most one round, so that sockets are read between the rounds of a catch-up
            due = self._origin + self._step * STEP_S
            if due > now + _TIMER_SLACK_S:
                break
            if slot := self._slots[self._step % SLOTS]:
                self.late.add(now - due)
                self._tick_slot(slot, now, skipped)
                now = self.now()
            self._step += 1
        self._set_timer()

    def _set_timer(self) -> None:
        """For the next step that has members."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._loop is None:
            return
        for step in range(self._step, self._step + SLOTS):
            if self._slots[step % SLOTS]:
                self._step = step
                self._timer = self._loop.call_at(self._origin + step * STEP_S, self._run)
                return

    def _skip_what_is_lost(self, now: float) -> int:
        """Skip the rounds that are too old to be made up. Returns how many."""
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
                # A defect in one call must not silence the others. Log it at most once a second.
                self._errors += 1
                if now - self._logged_at >= _LOG_EVERY_S:
                    self._logged_at = now
                    logger.exception("a call failed in its media tick (%d failures so far)", self._errors)
