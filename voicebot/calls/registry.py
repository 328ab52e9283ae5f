"""The calls that run now: takes legs in, and lets the last ones finish when the process is to end."""

from __future__ import annotations

import asyncio
import logging

from voicebot.calls.session import CallServices, CallSession
from voicebot.legs import Leg

logger = logging.getLogger(__name__)


class Calls:
    """All running calls. ``services`` may be replaced; it counts for calls that begin afterwards."""

    def __init__(self, services: CallServices) -> None:
        self.services = services
        self.total = 0
        self._running: dict[asyncio.Task[None], CallSession] = {}

    def __len__(self) -> int:
        return len(self._running)

    def accept(self, leg: Leg) -> CallSession:
        """Begin a call on ``leg``."""
        session = CallSession(leg, self.services)
        self.total += 1
        task = asyncio.create_task(session.run(), name=f"call {leg.info.call_id}")
        self._running[task] = session
        task.add_done_callback(self._over)
        return session

    def _over(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a call ended in an error", exc_info=task.exception())

    async def drain(self, limit_s: float) -> None:
        """Let running calls end in their own time for ``limit_s``, then hang up; returns when none is left."""
        if self._running:
            logger.info("waiting for %d calls, %.0f s at the most", len(self._running), limit_s)
            await asyncio.wait(set(self._running), timeout=limit_s)
        if self._running:
            logger.warning("%d calls are ended now", len(self._running))
            await asyncio.gather(*(s.hang_up() for s in self._running.values()), return_exceptions=True)
            await asyncio.wait(set(self._running), timeout=10)
