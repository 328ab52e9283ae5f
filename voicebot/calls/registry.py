"""The calls that run now, and what became of the latest: takes legs in, and lets the last ones finish at the end."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from voicebot.calls.request import Placed
from voicebot.calls.services import CallServices
from voicebot.calls.session import CallSession
from voicebot.legs import Leg

logger = logging.getLogger(__name__)

MAX_REMEMBERED = 1000
"""Calls of which it is known how they ended; the oldest are forgotten first."""


class Calls:
    """All running calls. ``services`` may be replaced; it counts for calls that begin afterwards."""

    def __init__(self, services: CallServices) -> None:
        self.services = services
        self._listeners: list[Callable[[dict[str, Any]], None]] = []
        self._running: dict[asyncio.Task[None], CallSession] = {}
        self._ended: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._running)

    def on_record(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """From now on ``listener`` gets the record of each call that is over."""
        self._listeners.append(listener)

    def accept(self, leg: Leg, placed: Placed | None = None) -> CallSession:
        """Begin a call on ``leg``; ``placed``: what for, when it is one of ours."""
        session = CallSession(leg, self.services, placed)
        task = asyncio.create_task(session.run(), name=f"call {leg.info.call_id}")
        self._running[task] = session
        task.add_done_callback(self._over)
        return session

    def running(self) -> list[CallSession]:
        """The calls that are not over, the oldest first."""
        return list(self._running.values())

    def find(self, call_id: str) -> CallSession | None:
        """A running call."""
        return next((s for s in self._running.values() if s.info.call_id == call_id), None)

    def ended(self) -> list[dict[str, Any]]:
        """How the latest calls ended (:meth:`CallSession.summary`), the oldest first."""
        return list(self._ended.values())

    def _over(self, task: asyncio.Task[None]) -> None:
        session = self._running.pop(task)
        self._ended[session.info.call_id] = session.summary()
        if len(self._ended) > MAX_REMEMBERED:
            self._ended.popitem(last=False)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a call ended in an error", exc_info=task.exception())
        if session.record is not None:
            for listener in self._listeners:
                listener(session.record)

    async def drain(self, limit_s: float) -> None:
        """Let running calls end in their own time for ``limit_s``, then hang up; returns when none is left."""
        if self._running:
            logger.info("waiting for %d calls, %.0f s at the most", len(self._running), limit_s)
            await asyncio.wait(set(self._running), timeout=limit_s)
        if self._running:
            logger.warning("%d calls are ended now", len(self._running))
            await asyncio.gather(*(s.hang_up() for s in self._running.values()), return_exceptions=True)
            await asyncio.wait(set(self._running), timeout=10)
