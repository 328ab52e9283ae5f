"""The running calls, and how the latest ones ended."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from voicebot.calls.going_on import GoingOn
from voicebot.calls.request import Placed
from voicebot.calls.services import CallServices
from voicebot.calls.session import CallSession
from voicebot.legs import Leg
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

MAX_REMEMBERED = 1000
"""For how many calls it is remembered how they ended. The oldest are forgotten first."""
END_S = 10.0
"""How long calls may take to end after they were hung up."""


class Calls:
    """All running calls. ``services`` may be replaced; the new ones are used for calls that begin afterwards."""

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

    def tell(self, record: dict[str, Any]) -> None:
        """The call that ``record`` is of is over."""
        for listener in self._listeners:
            listener(record)

    def accept(self, leg: Leg, placed: Placed | None = None) -> CallSession:
        """Begin a call on ``leg``. ``placed``: what is known of an outbound call."""
        return self._begin(lambda: CallSession(leg, self.services, placed))

    def go_on(self, leg: Leg, going_on: GoingOn) -> CallSession:
        """Go on with a call that another process has begun."""
        placed = Placed(going_on.bot, going_on.context)
        return self._begin(lambda: CallSession(leg, self.services, placed, going_on))

    def _begin(self, make: Callable[[], CallSession]) -> CallSession:
        context = copy_context()
        session = context.run(make)
        self._running.append(session)
        self._tasks.spawn(self._run(session), f"call {session.id}", context)
        return session

    def running(self) -> list[CallSession]:
        """The calls that have not ended, the oldest first."""
        return list(self._running)

    def find(self, call: str) -> CallSession | None:
        """The running call with this id, or None."""
        return next((s for s in self._running if s.id == call), None)

    def end(self, call: str) -> None:
        """Hang up the call with this id, if it runs."""
        if (session := self.find(call)) is not None:
            self._tasks.spawn(session.hang_up(), f"hanging up call {call}")

    def ended(self) -> list[dict[str, Any]]:
        """How the latest calls ended (:meth:`CallSession.summary`), the oldest first."""
        return list(self._ended.values())

    async def drain(self, limit_s: float) -> None:
        """Wait until all calls have ended. After ``limit_s``, hang them up; they have :data:`END_S` to end then."""
        if self._running:
            logger.info("waiting for %d calls, at most %.0f s", len(self._running), limit_s)
        if not await self._tasks.join(limit_s):
            logger.warning("hanging up %d calls", len(self._running))
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
            self.tell(session.record)
