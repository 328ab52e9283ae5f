"""Background tasks: started by one owner, awaited by nobody, and ended with their owner.

A task that nobody awaits needs a reference (the event loop keeps only a weak one), a place where its failure is
reported, and an end. :class:`BackgroundTasks` provides all three.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

CLOSE_S = 5.0
"""How long to wait for cancelled tasks to end."""

T = TypeVar("T")


class BackgroundTasks:
    """The background tasks of one owner, who closes them. Failures go to ``log``, with the task's name.

    Not for a task whose result is awaited: its failure is raised there.
    """

    def __init__(self, log: logging.Logger | logging.LoggerAdapter[Any] = logger) -> None:
        self._log = log
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run ``work`` concurrently. After :meth:`close` it is cancelled before it begins."""
        task = asyncio.get_running_loop().create_task(work, name=name)
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
