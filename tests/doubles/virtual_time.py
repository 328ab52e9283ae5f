"""An event loop whose clock jumps: when nothing is left to do now, it is at once when the next timer is due.

For tests marked ``virtual_time``: they wait for minutes in no time, and what they measure does not hang on the machine.
Work on the loop's executor is waited for in real time, with the clock standing still. What a test sends to itself over
a socket is there at once, or, on a machine that is busy, a moment later: before the clock jumps far, it is waited for.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

BEGIN_S = 1000.0
STUCK_S = 20.0
"""So long, in real time, something outside the loop may take; then the test hangs, and is told so."""


FAR_S = 0.03
MOMENT_S = 0.01
"""In real time."""
OWN_FILES = 1
"""What every loop watches: the socket that wakes it."""


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = BEGIN_S
        self.at_work = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is not None and not self.at_work:
            if timeout >= FAR_S and len(self.get_map()) > OWN_FILES and (ready := super().select(MOMENT_S)):
                return ready
            self.now += timeout
            return []
        ready = super().select(STUCK_S)
        if not ready:
            raise RuntimeError(f"nothing has happened for {STUCK_S:g} s, and no timer will end the wait")
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """``loop.time()`` begins at :data:`BEGIN_S`."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future = super().run_in_executor(executor, func, *args)
        self._jumping.at_work += 1
        future.add_done_callback(self._worked)
        return future

    def _worked(self, _future: asyncio.Future[Any]) -> None:
        self._jumping.at_work -= 1
