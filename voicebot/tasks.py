"""Background tasks: started by one owner, awaited by nobody, and ended with their owner.

A task that nobody awaits needs a reference (the event loop keeps only a weak one), a place where its failure is
reported, and an end. :class:`BackgroundTasks` provides all three.

:func:`call_outside` is for blocking functions that may never return.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from contextvars import Context, copy_context
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

CLOSE_S = 5.0
"""How long to wait for cancelled tasks to end."""

MAX_HANGING = 16
"""Calls of blocking functions that may run at the same time, those that hang included."""

T = TypeVar("T")


class BackgroundTasks:
    """The background tasks of one owner, who closes them. Failures go to ``log``, with the task's name.

    They run in the context (:mod:`contextvars`) in which this was made, whoever starts them: what a part of a call does
    is about that call, though it is an event of another one's that causes it.

    Not for a task whose result is awaited: its failure is raised there.
    """

    def __init__(self, log: logging.Logger | logging.LoggerAdapter[Any] = logger) -> None:
        self._log = log
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False
        self._context = copy_context()

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, T], name: str, context: Context | None = None) -> asyncio.Task[T]:
        """Run ``work`` concurrently, in another ``context`` if one is given. After :meth:`close` it is cancelled before
        it begins."""
        task = asyncio.get_running_loop().create_task(work, name=name, context=context or self._context.copy())
        self._tasks.add(task)
        task.add_done_callback(self._done)
        if self._closed:
            task.cancel()
        return task

    def cancel(self) -> None:
        """Cancel the tasks that run now; new ones may be started afterwards."""
        for task in self._tasks:
            task.cancel()

    async def join(self, deadline_s: float = CLOSE_S) -> bool:
        """Wait until no task is left, for at most ``deadline_s``. False: some are still running, and go on."""
        try:
            async with asyncio.timeout(deadline_s):
                while self._tasks:
                    await asyncio.wait(set(self._tasks))
        except TimeoutError:
            return False
        return True

    async def close(self, deadline_s: float = CLOSE_S) -> None:
        """Cancel everything and wait for its end. Never call it from one of the tasks."""
        self._closed = True
        self.cancel()
        if not await self.join(deadline_s):
            self._log.error("still running after %g s: %s", deadline_s, ", ".join(t.get_name() for t in self._tasks))

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("%s failed: %s", task.get_name(), error, exc_info=error)


class OwnThreads(Executor):
    """Runs each call in a thread of its own, for which the end of the process does not wait. ``most``: at a time, those
    that hang included; see :func:`call_outside`."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.running: set[Future[Any]] = set()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        self.running.add(future)

        def run() -> None:
            try:
                if not future.set_running_or_notify_cancel():
                    return
                result = fn(*args, **kwargs)
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(result)
            finally:
                self.running.discard(future)

        threading.Thread(target=run, name="outside", daemon=True).start()
        return future


_outside = OwnThreads(MAX_HANGING)


async def call_outside(function: Callable[[], T], within_s: float, threads: OwnThreads = _outside) -> T:
    """What ``function`` returns, or raises: a blocking function that is not ours, and that may hang.

    It runs in a thread of its own. One that hangs is left behind, and keeps neither the loop's executor nor the end of
    the process waiting. Raises TimeoutError after ``within_s`` seconds, and at once while as many run as ``threads``
    may have. Calls that strangers can make hang have ``threads`` of their own.
    """
    if len(threads.running) >= threads.most:
        raise TimeoutError(f"{threads.most} calls have not returned")
    async with asyncio.timeout(within_s):
        return await asyncio.get_running_loop().run_in_executor(threads, function)
