"""Waiting for what a process, a socket or another task will bring about: for the condition, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LOOK_AGAIN_S = 0.005
DEADLINE_S = 30.0
"""Much more than anything takes, on a machine that is busy with other things, too."""


async def until(condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    """Return when ``condition()`` holds. Raises TimeoutError after ``deadline_s``."""
    async with asyncio.timeout(deadline_s):
        while not condition():
            await asyncio.sleep(LOOK_AGAIN_S)


async def settled(count: Callable[[], int], deadline_s: float = DEADLINE_S, looks: int = 40) -> int:
    """What ``count()`` is when it has not fallen any more for so many looks. Raises TimeoutError after
    ``deadline_s``."""
    least, since = count(), 0
    async with asyncio.timeout(deadline_s):
        while since < looks:
            await asyncio.sleep(LOOK_AGAIN_S)
            now = count()
            least, since = min(least, now), 0 if now < least else since + 1
    return least
