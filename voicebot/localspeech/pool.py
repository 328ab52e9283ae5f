"""The one bounded pool of threads in which models run (onnxruntime releases the interpreter's lock while it computes).

Jobs have a rank: what a caller waits for goes before what is merely nice to have, first come first served within a
rank. What is nice to have leaves one thread free, so that the rest never waits for it. A job whose waiter was cancelled
before it began is skipped.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from enum import IntEnum
from typing import Any, TypeVar

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Rank(IntEnum):
    """Which job is run first when a thread is free."""

    FINAL = 0
    FIRST_AUDIO = 1
    MORE_AUDIO = 2
    HYPOTHESIS = 3


class Overloaded(RuntimeError):
    """The queue is full; the job was not taken."""


_Job = tuple[int, int, Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class InferencePool:
    """``threads`` daemon threads and one queue of at most ``limit`` jobs."""

    def __init__(self, threads: int = 2, limit: int = 256) -> None:
        self._limit = limit
        self._jobs: list[_Job] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._most_hypotheses = max(1, threads - 1)
        self._hypotheses = 0  # being made
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"inference-{index}", daemon=True) for index in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """How many jobs have not begun yet and are still waited for."""
        return sum(not job[3].cancelled() for job in tuple(self._jobs))

    async def run(self, rank: Rank, job: Callable[[], T]) -> T:
        """Run ``job`` in a thread and return what it returns, or raise what it raises.

        Raises:
            Overloaded: the queue is full, or the pool is closed.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._changed:
            if self._closed or len(self._jobs) >= self._limit:
                raise Overloaded
            heapq.heappush(self._jobs, (rank, next(self._numbers), job, future, loop))
            self._changed.notify()
        return await future

    def _ready(self) -> bool:
        """Whether the next job may begin."""
        return bool(self._jobs) and (self._jobs[0][0] < Rank.HYPOTHESIS or self._hypotheses < self._most_hypotheses)

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._ready() and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                rank, _, job, future, loop = heapq.heappop(self._jobs)
                self._hypotheses += rank == Rank.HYPOTHESIS
            result: Any = None
            failure: BaseException | None = None
            try:
                if not future.cancelled():
                    result = job()
            except Exception as error:  # raised where the job is awaited
                failure = error
            if rank == Rank.HYPOTHESIS:
                with self._changed:
                    self._hypotheses -= 1
                    self._changed.notify()
            try:
                loop.call_soon_threadsafe(_settle, future, result, failure)
            except RuntimeError:
                _log.debug("the event loop closed before an inference ended")
            del job, future, loop, result, failure

    def close(self) -> None:
        """Take no more jobs, drop those that wait, and end each thread after its present job. Harmless twice."""
        with self._changed:
            self._closed = True
            dropped, self._jobs = self._jobs, []
            self._changed.notify_all()
        for _, _, _, future, loop in dropped:
            if not loop.is_closed():
                loop.call_soon_threadsafe(future.cancel)
        for thread in self._threads:
            thread.join(timeout=2.0)


def _settle(future: asyncio.Future[Any], result: Any, failure: BaseException | None) -> None:
    if future.done():
        return
    if failure is None:
        future.set_result(result)
    else:
        future.set_exception(failure)
