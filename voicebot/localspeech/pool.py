"""The one bounded pool of threads in which models run (onnxruntime releases the interpreter's lock while it computes).

Jobs have a rank: what a caller waits for goes before what is merely nice to have, first come first served within a
rank. More audio of what is being said already leaves one thread free for the rest. A job whose waiter was cancelled
before it began is skipped.

Hypotheses have a thread of their own, which keeps the cores free for everything else: it has a lower priority than the
other threads (on Linux; elsewhere threads have none of their own), begins nothing while another job waits, and rests
after each hypothesis for the processor time that it took. So all calls together spend at most half a core on
hypotheses, and the next one is of the call that has been without one for the longest.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeVar

_log = logging.getLogger(__name__)

T = TypeVar("T")

_TOLD_S = 1.0
_NICER = 10
"""By how much the niceness of the hypotheses' thread is above that of the others: it gets a tenth of a core that it
shares with one of them."""


class Rank(IntEnum):
    """Which job is run first when a thread is free."""

    FINAL = 0
    FIRST_AUDIO = 1
    MORE_AUDIO = 2
    HYPOTHESIS = 3


class Overloaded(RuntimeError):
    """The queue is full; the job was not taken."""


@dataclass(order=True, slots=True)
class _Job:
    rank: Rank
    since: float
    number: int
    run: Callable[[], Any] = field(compare=False)
    future: asyncio.Future[Any] = field(compare=False)
    loop: asyncio.AbstractEventLoop = field(compare=False)
    at: float = field(compare=False)


class InferencePool:
    """``threads`` daemon threads and one more for hypotheses; at most ``limit`` jobs wait. ``clock``: seconds."""

    def __init__(self, threads: int = 2, limit: int = 256, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._jobs: list[_Job] = []
        self._hypotheses: list[_Job] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._most_audio = max(1, threads - 1)
        self._audio = 0  # how many jobs make more audio now
        self._running = 0  # how many jobs run now, hypotheses aside
        self._waits: deque[tuple[float, float]] = deque()  # of final jobs: when each began, and how long it had waited
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"inference-{index}", daemon=True) for index in range(threads)
        ]
        self._threads.append(threading.Thread(target=self._work_aside, name="hypotheses", daemon=True))
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """How many jobs, hypotheses aside, have not begun yet and are still waited for."""
        return sum(not job.future.cancelled() for job in tuple(self._jobs))

    @property
    def spare(self) -> bool:
        """Whether a job, hypotheses aside, would begin at once."""
        return not self.waiting and self._running < len(self._threads) - 1

    @property
    def final_wait_s(self) -> float:
        """The longest that a final result has waited for a thread: of those that began in the last second, or still
        wait."""
        now = self._clock()
        with self._changed:
            waits = [waited for began, waited in self._waits if began > now - _TOLD_S]
            waits += [now - job.at for job in self._jobs if job.rank is Rank.FINAL and not job.future.cancelled()]
        return max(waits, default=0.0)

    async def run(self, rank: Rank, job: Callable[[], T], *, since: float = 0.0) -> T:
        """Run ``job`` in a thread and return what it returns, or raise what it raises. Within a rank, the job with the
        least ``since`` is run first.

        Raises:
            Overloaded: the queue is full, or the pool is closed.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._changed:
            if self._closed or len(self._jobs) + len(self._hypotheses) >= self._limit:
                raise Overloaded
            queue = self._hypotheses if rank is Rank.HYPOTHESIS else self._jobs
            heapq.heappush(queue, _Job(rank, since, next(self._numbers), job, future, loop, self._clock()))
            self._changed.notify_all()
        return await future

    def _work(self) -> None:
        while (job := self._next(self._jobs, self._may_begin)) is not None:
            _carry_out(job)
            with self._changed:
                self._running -= 1
                self._audio -= job.rank is Rank.MORE_AUDIO
                self._changed.notify_all()
            del job

    def _work_aside(self) -> None:
        _yield_the_processor()
        while (job := self._next(self._hypotheses, self._may_guess)) is not None:
            before = time.thread_time()
            _carry_out(job)
            worked_s = time.thread_time() - before
            del job
            with self._changed:
                self._changed.wait_for(lambda: self._closed, timeout=worked_s)

    def _may_begin(self) -> bool:
        return bool(self._jobs) and (self._jobs[0].rank < Rank.MORE_AUDIO or self._audio < self._most_audio)

    def _may_guess(self) -> bool:
        return bool(self._hypotheses) and not self._jobs

    def _next(self, queue: list[_Job], ready: Callable[[], bool]) -> _Job | None:
        """The first job of ``queue`` when it may begin; None when the pool is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or ready())
            if self._closed:
                return None
            job = heapq.heappop(queue)
            self._running += job.rank < Rank.HYPOTHESIS
            self._audio += job.rank is Rank.MORE_AUDIO
            if job.rank is Rank.FINAL and not job.future.cancelled():
                self._note_wait(job)
            self._changed.notify_all()
            return job

    def _note_wait(self, job: _Job) -> None:
        now = self._clock()
        while self._waits and self._waits[0][0] <= now - _TOLD_S:
            self._waits.popleft()
        self._waits.append((now, now - job.at))

    def close(self) -> None:
        """Take no more jobs, drop those that wait, and end each thread after its present job. Harmless twice."""
        with self._changed:
            self._closed = True
            dropped = [*self._jobs, *self._hypotheses]
            self._jobs.clear()
            self._hypotheses.clear()
            self._changed.notify_all()
        for job in dropped:
            if not job.loop.is_closed():
                job.loop.call_soon_threadsafe(job.future.cancel)
        for thread in self._threads:
            thread.join(timeout=2.0)


def _yield_the_processor() -> None:
    """Have the present thread give way to those of other priorities, where threads have one of their own."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            niceness = os.getpriority(os.PRIO_PROCESS, 0) + _NICER  # 0: of this thread
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(19, niceness))


def _carry_out(job: _Job) -> None:
    """Run ``job``, unless its waiter was cancelled, and tell its waiter."""
    result: Any = None
    failure: BaseException | None = None
    try:
        if not job.future.cancelled():
            result = job.run()
    except Exception as error:  # raised where the job is awaited
        failure = error
    try:
        job.loop.call_soon_threadsafe(_settle, job.future, result, failure)
    except RuntimeError:
        _log.debug("the event loop closed before an inference ended")


def _settle(future: asyncio.Future[Any], result: Any, failure: BaseException | None) -> None:
    if future.done():
        return
    if failure is None:
        future.set_result(result)
    else:
        future.set_exception(failure)
