"""Measures, once a second, how near the call process is to its edge, and tells the governor."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from voicebot.audio import PCMU
from voicebot.rtp import MediaClock
from voicebot.rtp.histogram import Histogram
from voicebot.service.governor import Governor, Load
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

EVERY_S: Final = 1.0


class LoadWatch:
    """``calls``: how many are up. ``unsent``: bytes that wait for the recognisers, of all calls together.
    ``final_wait_s``: the longest that a final result has waited for our own recogniser, or None.
    ``wanted_s``: how long the event loop has run, or waited for a processor, so far. ``refuses``: whether calls are
    refused; else nothing is said of it.

    The event loop that starts it is the one that is measured.
    """

    def __init__(
        self,
        governor: Governor,
        clock: MediaClock,
        calls: Callable[[], int],
        unsent: Callable[[], int],
        final_wait_s: Callable[[], float | None],
        wanted_s: Callable[[], float] | None = None,
        *,
        refuses: bool = True,
    ) -> None:
        self.governor = governor
        self._clock = clock
        self._calls = calls
        self._unsent = unsent
        self._final_wait = final_wait_s
        self._refuses = refuses
        self._wanted = wanted_s or processor_wanted_s
        self._late = clock.late.copy()
        self._wanted_s = 0.0
        self._at = 0.0
        self._tasks = BackgroundTasks(logger)

    def start(self) -> None:
        self._late, self._wanted_s, self._at = self._now()
        self._tasks.spawn(self._run(), "measuring the load")

    async def close(self) -> None:
        await self._tasks.close()

    async def _run(self) -> None:
        refused = False
        while True:
            await asyncio.sleep(EVERY_S)
            self.governor.observe(self._read())
            limit, calls = self.governor.limit, self.governor.load.calls
            if self._refuses and (calls >= limit) != refused:
                refused = not refused
                if refused:
                    load = self.governor.load
                    logger.warning("%d calls are up, and no more are taken: loop %.0f %% busy, clock %.0f ms late, "
                                   "results wait %.0f ms for the recogniser", calls, 100 * load.busy,
                                   1000 * load.late_s, 1000 * (load.final_wait_s or 0))  # fmt: skip
                else:
                    logger.info("calls are taken again, up to %d", limit)

    def _now(self) -> tuple[Histogram, float, float]:
        return self._clock.late.copy(), self._wanted(), asyncio.get_running_loop().time()

    def _read(self) -> Load:
        late, wanted_s, at = self._now()
        passed_s = max(at - self._at, 0.001)
        p99_ms = late.since(self._late).percentile_ms(0.99)
        calls = self._calls()
        load = Load(
            calls,
            late_s=(p99_ms or 0.0) / 1000,
            busy=min(1.0, (wanted_s - self._wanted_s) / passed_s),
            unsent_s=self._unsent() / PCMU.byte_rate / max(1, calls),
            final_wait_s=self._final_wait(),
        )
        self._late, self._wanted_s, self._at = late, wanted_s, at
        return load


def processor_wanted_s() -> float:
    """How long the present thread has run, and has waited for a processor, ready to run (schedstat in proc(5)). Where
    the system does not tell the wait: how long it has run."""
    try:
        told = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_bytes().split()
        return (int(told[0]) + int(told[1])) / 1e9
    except (OSError, ValueError, IndexError):
        return time.thread_time()
