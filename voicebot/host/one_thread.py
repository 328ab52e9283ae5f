"""A thread on which things are done that may block, one after another.

A pool of one thread does the same, with three locks and two futures for each thing: after a pause, when nothing of that
is in the processor's caches, it takes three times as long to get there and back.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar, cast

T = TypeVar("T")

_Job = tuple[Callable[[], Any], asyncio.AbstractEventLoop, asyncio.Future[Any]]


class OneThread:
    """It starts with the first thing to do, and ends after :meth:`close`, when everything is done."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` returns, or raises. It is done also if whoever waits is cancelled. Raises RuntimeError when
        closed."""
        if self._closed:
            raise RuntimeError(f"{self._name}: closed")
        if self._thread is None:
            self._thread = threading.Thread(target=_do, args=(self._jobs,), name=self._name, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        self._jobs.put((work, loop, done))
        return cast(T, await done)

    def close(self) -> None:
        """Harmless when called again."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)


def _do(jobs: SimpleQueue[_Job | None]) -> None:
    while (job := jobs.get()) is not None:
        work, loop, done = job
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(_tell, done, result, error)
        del job, work, done, result, error  # nothing is kept until the next one comes


def _tell(done: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if done.done():
        return
    if error is not None:
        done.set_exception(error)
    else:
        done.set_result(result)
