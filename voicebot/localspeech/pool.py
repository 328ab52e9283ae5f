"""The one bounded pool of threads in which models run (onnxruntime releases the interpreter's lock while it computes).

Jobs have a rank: what a caller waits for goes before what is merely nice to have, first come first served within a
rank. Audio leaves one thread free for final results, which are there ten times as soon. A job whose waiter was
cancelled before it began is skipped.

Final results are jobs in steps. Each begins by itself; then the steps of those that are under way are taken together,
as long as none waits to begin. The threads that are free share them: two jobs on two cores do not wait for each other,
and eight are two batches.

Hypotheses have a thread of their own, which keeps the cores free for everything else: it has a lower priority than the
other threads (on Linux; elsewhere threads have none of their own), begins nothing while another job waits or all other
threads work, and rests after each hypothesis for the processor time that it took. So all calls together spend at most
half a core on hypotheses, and the next one is of the call that has been without one for the longest.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import logging
import math
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import Any, TypeVar

_log = logging.getLogger(__name__)

T = TypeVar("T")

Steps = Generator[Any, Any, T]
"""A job in steps: it gives what it asks for, takes the answer, and returns its result."""
Answers = Callable[[Sequence[Any]], Sequence[Any]]
"""Answers what several jobs in steps have asked for; on several threads at a time."""

_TOLD_S = 1.0
_LOAD_S = 3.0
"""The load is an average over about so long."""
_MOST_TOGETHER = 8
"""Jobs in steps that are under way."""
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
    run: Callable[[], Any] | _InSteps = field(compare=False)
    future: asyncio.Future[Any] = field(compare=False)
    loop: asyncio.AbstractEventLoop = field(compare=False)
    at: float = field(compare=False)

    def tell(self, result: Any, failure: BaseException | None = None) -> None:
        """Tell the waiter, who may be gone. On any thread."""
        try:
            self.loop.call_soon_threadsafe(_settle, self.future, result, failure)
        except RuntimeError:
            _log.debug("the event loop closed before an inference ended")


@dataclass(slots=True)
class _InSteps:
    """``asked``: what the job asks for at present."""

    steps: Steps[Any]
    answers: Answers
    asked: Any = None


class InferencePool:
    """``threads`` daemon threads and one more for hypotheses, on so many ``cores`` (default: one a thread); at most
    ``limit`` jobs wait. ``clock``: seconds."""

    def __init__(
        self, threads: int = 2, limit: int = 256, clock: Callable[[], float] = time.monotonic, cores: int | None = None
    ) -> None:
        self._limit = limit
        self._cores = min(threads, cores or threads)
        self._clock = clock
        self._jobs: list[_Job] = []
        self._hypotheses: list[_Job] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._workers = threads
        self._most_audio = max(1, threads - 1)
        self._under_way: list[_Job] = []  # jobs in steps that have begun, and wait for the next step
        self._stepping = 0  # how many of them get their answers now
        self._audio = 0  # how many jobs make audio now
        self._running = 0  # how many jobs run now, hypotheses aside
        self._load, self._load_at = 0.0, clock()
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
        """How many final results have not begun yet and are still waited for."""
        return sum(job.rank is Rank.FINAL and not job.future.cancelled() for job in tuple(self._jobs))

    @property
    def spare(self) -> bool:
        """Whether a final result would begin at once."""
        return not self.waiting and self._running < self._workers

    @property
    def load(self) -> float:
        """How much of the cores the jobs took lately, 0 to 1, hypotheses aside."""
        with self._changed:
            self._note_load()
            return self._load

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
        result: T = await self._queued(rank, job, since)
        return result

    async def run_in_steps(self, rank: Rank, steps: Steps[T], answers: Answers, *, since: float = 0.0) -> T:
        """Take ``steps``, those of final results together. ``answers``: what answers the questions of all; it is the
        same for all of a rank. Raises what :meth:`run` does."""
        result: T = await self._queued(rank, _InSteps(steps, answers), since)
        return result

    async def _queued(self, rank: Rank, run: Callable[[], Any] | _InSteps, since: float) -> Any:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        with self._changed:
            if self._closed or len(self._jobs) + len(self._hypotheses) >= self._limit:
                raise Overloaded
            queue = self._hypotheses if rank is Rank.HYPOTHESIS else self._jobs
            heapq.heappush(queue, _Job(rank, since, next(self._numbers), run, future, loop, self._clock()))
            self._changed.notify_all()
        return await future

    def _work(self) -> None:
        while (work := self._next()) is not None:
            work()
            del work

    def _next(self) -> Callable[[], None] | None:
        """What is to be done next; None when the pool is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._may_begin() or self._may_step())
            if self._closed:
                return None
            self._note_load()
            self._running += 1
            if not self._may_begin():
                return partial(self._step, self._share())
            job = self._take(self._jobs)
            self._audio += job.rank > Rank.FINAL
            return partial(self._carry_out, job)

    def _take(self, queue: list[_Job]) -> _Job:
        job = heapq.heappop(queue)
        if job.rank is Rank.FINAL and not job.future.cancelled():
            self._note_wait(job)
        self._changed.notify_all()
        return job

    def _share(self) -> list[_Job]:
        """Of the jobs in steps, those that the present thread takes: they have waited for the longest."""
        free = self._workers - self._running + 1
        count = math.ceil(len(self._under_way) / free)
        share, self._under_way = self._under_way[:count], self._under_way[count:]
        self._stepping += count
        return share

    def _may_begin(self) -> bool:
        if not self._jobs:
            return False
        if self._jobs[0].rank is Rank.FINAL:
            return len(self._under_way) + self._stepping < _MOST_TOGETHER
        return not self._may_step() and self._audio < self._most_audio

    def _may_step(self) -> bool:
        return bool(self._under_way)

    def _may_guess(self) -> bool:
        return bool(self._hypotheses) and not self._jobs and self._running < self._workers

    def _carry_out(self, job: _Job) -> None:
        under_way = False
        if isinstance(job.run, _InSteps):
            under_way = _go_on(job)
        else:
            _do(job)
        with self._changed:
            self._note_load()
            self._running -= 1
            self._audio -= job.rank > Rank.FINAL
            if under_way:
                self._under_way.append(job)
            self._changed.notify_all()

    def _step(self, jobs: list[_Job]) -> None:
        """Answer what all ``jobs`` ask for."""
        left: list[_Job] = []
        asking = [job.run for job in jobs if isinstance(job.run, _InSteps) and not job.future.cancelled()]
        try:
            answers = iter(asking[0].answers([each.asked for each in asking]) if asking else ())
        except Exception as error:  # raised where the jobs are awaited
            for job in jobs:
                job.tell(None, error)
        else:
            given = {id(each): answer for each, answer in zip(asking, answers, strict=True)}
            left = [job for job in jobs if id(job.run) in given and _go_on(job, given[id(job.run)])]
        with self._changed:
            self._note_load()
            self._running -= 1
            self._stepping -= len(jobs)
            self._under_way += left
            self._changed.notify_all()

    def _work_aside(self) -> None:
        _yield_the_processor()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._may_guess())
                if self._closed:
                    return
                job = self._take(self._hypotheses)
            before = time.thread_time()
            _do(job)
            worked_s = time.thread_time() - before
            del job
            with self._changed:
                self._changed.wait_for(lambda: self._closed, timeout=worked_s)

    def _note_load(self) -> None:
        """Until now; before another number of jobs runs."""
        now = self._clock()
        kept = math.exp((self._load_at - now) / _LOAD_S)
        self._load = kept * self._load + (1 - kept) * min(1.0, self._running / self._cores)
        self._load_at = now

    def _note_wait(self, job: _Job) -> None:
        now = self._clock()
        while self._waits and self._waits[0][0] <= now - _TOLD_S:
            self._waits.popleft()
        self._waits.append((now, now - job.at))

    def close(self) -> None:
        """Take no more jobs, drop those that wait, and end each thread after its present job. Harmless twice."""
        with self._changed:
            self._closed = True
            dropped = [*self._jobs, *self._hypotheses, *self._under_way]
            for queue in (self._jobs, self._hypotheses, self._under_way):
                queue.clear()
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


def _do(job: _Job) -> None:
    """All of ``job``, unless its waiter is cancelled, and tell its waiter."""
    if isinstance(job.run, _InSteps):
        more = _go_on(job)
        while more:
            (answer,) = job.run.answers([job.run.asked])
            more = _go_on(job, answer)
        return
    if job.future.cancelled():
        return
    try:
        result = job.run()
    except Exception as error:  # raised where the job is awaited
        job.tell(None, error)
    else:
        job.tell(result)


def _go_on(job: _Job, answer: Any = None) -> bool:
    """Give ``job`` the answer that it has asked for; None: it begins. Returns whether it asks for another; if not, its
    waiter was told."""
    assert isinstance(job.run, _InSteps)
    if job.future.cancelled():
        return False
    try:
        job.run.asked = job.run.steps.send(answer)
    except StopIteration as end:
        job.tell(end.value)
    except Exception as error:  # raised where the job is awaited
        job.tell(None, error)
    else:
        return True
    return False


def _settle(future: asyncio.Future[Any], result: Any, failure: BaseException | None) -> None:
    if future.done():
        return
    if failure is None:
        future.set_result(result)
    else:
        future.set_exception(failure)
