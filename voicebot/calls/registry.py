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
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

MAX_REMEMBERED = 1000
"""Calls of which it is known how they ended; the oldest are forgotten first."""
END_S = 10.0
"""How long calls that are hung up may take to end."""


class Calls:
    """All running calls. ``services`` may be replaced; it counts for calls that begin afterwards."""

    def __init__(self, services: CallServices) -> None:
        self.services = services
        self._listeners: list[Callable[[dict[str, Any]], None]] = []
        self._running: list[CallSession] = []
        self._ended: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._tasks = BackgroundTasks(logger)

    def __len__(self) -> int:
        return len(self._running)

    def on_record(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """From now on ``listener`` gets the record of each call that is over."""
        self._listeners.append(listener)

    def accept(self, leg: Leg, placed: Placed | None = None) -> CallSession:
        """Begin a call on ``leg``; ``placed``: what for, when it is one of ours."""
        session = CallSession(leg, self.services, placed)
        self._running.append(session)
        self._tasks.spawn(self._run(session), f"call {session.id}")
        return session

    def running(self) -> list[CallSession]:
        """The calls that are not over, the oldest first."""
        return list(self._running)

    def find(self, call: str) -> CallSession | None:
        """A running call, by its id."""
        return next((s for s in self._running if s.id == call), None)

    def ended(self) -> list[dict[str, Any]]:
        """How the latest calls ended (:meth:`CallSession.summary`), the oldest first."""
        return list(self._ended.values())

    async def drain(self, limit_s: float) -> None:
        """Let running calls end in their own time for ``limit_s``, then hang up; returns when none is left."""
        if self._running:
            logger.info("waiting for %d calls, %.0f s at the most", len(self._running), limit_s)
        if not await self._tasks.join(limit_s):
            logger.warning("%d calls are ended now", len(self._running))
            await asyncio.gather(*(call.hang_up() for call in self._running), return_exceptions=True)
            await self._tasks.join(END_S)

    async def _run(self, session: CallSession) -> None:
        try:
            await session.run()
        finally:
            self._running.remove(session)
            self._ended[session.id] = session.summary()
            if len(self._ended) > MAX_REMEMBERED:
                self._ended.popitem(last=False)
        if session.record is not None:
            for listener in self._listeners:
                listener(session.record)
