"""What the ways as a client have in common: one call's conversation as an outbox, worked off in order by one task.

A subclass says how to open the conversation, how to hand one activity over and how to end; it gives what the bot sends
to :meth:`Exchange.received`. Deadlines, failures and the end of each request are kept here, so that they hold in the
same way everywhere.

A way whose bot is away stays open: each request tries anew, so the call recovers when the bot does. What the bot still
says to a request that has ended is passed on as said on its own initiative, unless the caller has interrupted since.

Unlike :mod:`voicebot.bots.ordered`, where a bot that has taken an activity has mostly finished with it, the next
request is handed over while the one before may still be answered: ``settling.py`` finds the ends. It waits until the
one before was taken, which its first answer shows as well as the service's word: a caller who interrupts a bot in the
middle of a long turn is not kept waiting for its end.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from voicebot.bots import activities
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.remote_conversation import RemoteConversation, Undelivered
from voicebot.bots.settling import Patience, Settling
from voicebot.bots.ways import BotOptions
from voicebot.events import Event

logger = logging.getLogger(__name__)

GOODBYE_S = 2.0
"""How long the end of a call may take to be told to the bot."""
MAX_TURN_S = 120.0
"""A bot that gives signs of life (text that streams, typing) may take longer than its time, but not for ever."""


@dataclass(slots=True)
class _Underway:
    """A request that is being handed over."""

    task: asyncio.Task[None]
    began_at: float
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    limit: asyncio.Timeout | None = None


class Exchange(RemoteConversation):
    """One call's conversation. Subclasses carry the bytes.

    ``patience`` is given where the protocol does not tell when a request is answered; otherwise :meth:`_hand_over`
    returning means that it was.
    """

    def __init__(self, call: CallFacts, on_event: OnEvent, *, bot: BotOptions, patience: Patience | None) -> None:
        super().__init__(call, on_event, bot)
        self._settling = Settling(patience) if patience is not None else None
        self._outbox: deque[tuple[int, dict[str, Any]]] = deque()
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._current = 0
        self._interrupted_at = 0
        self._underway: dict[int, _Underway] = {}
        self._on_close: list[Callable[[], None]] = []

    # --- what a call does --------------------------------------------------------------------------------------------

    def _queue(self, request: int, activity: dict[str, Any]) -> None:
        if activity.get("name") == activities.INTERRUPTED:
            self._interrupted_at = request
        self._outbox.append((request, activity))
        self._wanted.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"conversation {self.call.call_id}")
        self._watch()

    async def close(self, reason: str) -> None:
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        tasks = [underway.task for underway in self._underway.values()] + ([self._task] if self._task else [])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._say_goodbye(self._goodbye(reason))
        except (Undelivered, TimeoutError) as error:
            logger.info("conversation %s: the bot was not told of its end: %s", self.call.call_id, error or "timeout")
        finally:
            await self._shut()
            for done in self._on_close:
                done()

    def on_close(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when the conversation was closed."""
        self._on_close.append(callback)

    # --- what a way does ---------------------------------------------------------------------------------------------

    @abstractmethod
    async def _hand_over(self, request: int, activity: dict[str, Any]) -> str:
        """Give one activity to the bot; returns the id that it got there (``""``: none). Raises Undelivered."""

    @abstractmethod
    async def _say_goodbye(self, activity: dict[str, Any]) -> None:
        """Tell the bot that the call is over; nothing needs to be told when it was never reached."""

    @abstractmethod
    async def _shut(self) -> None:
        """Give everything back."""

    def received(self, activity: dict[str, Any], request: int | None = None) -> None:
        """The bot sent ``activity``, for ``request`` where that is known."""
        now = self._loop.time()
        if request is None:
            request = self._settling.belongs_to(activity) if self._settling is not None else self._current
        if self._settling is not None:
            self._settling.came(request, activity, now)
        if request not in self._requests.outstanding:
            if 0 < request < self._interrupted_at and activity.get("type") == "message":
                return  # the rest of what the caller talked over
            request = 0
        self._alive(request, now)
        self._tell(self._requests.activity(request, activity, now))

    def named(self, request: int, activity_id: str) -> None:
        """The service calls what was sent as ``request`` so; known before it has accepted it."""
        if self._settling is not None:
            self._settling.named(request, activity_id)

    def _alive(self, request: int, now: float) -> None:
        underway = self._underway.get(request)
        if underway is None:
            self._requests.alive(request, now)
        elif now - underway.began_at < MAX_TURN_S:
            self._requests.alive(request, now)
            underway.taken.set()
            if underway.limit is not None:
                underway.limit.reschedule(now + self._requests.timeout_s)

    # --- inside ------------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            while self._outbox:
                request, activity = self._outbox.popleft()
                if request in self._requests.outstanding:
                    await self._begin_one(request, activity)
            self._wanted.clear()

    async def _begin_one(self, request: int, activity: dict[str, Any]) -> None:
        """Hand a request over; returns when the bot has certainly taken it, or never will."""
        self._current = request
        if self._settling is not None:
            self._settling.asked(request, activity)
        task = asyncio.create_task(self._one(request, activity), name=f"request {request} of {self.call.call_id}")
        underway = self._underway[request] = _Underway(task, self._loop.time())
        task.add_done_callback(lambda _: self._ended(request))
        if self._settling is not None:
            await underway.taken.wait()
        else:
            await asyncio.wait({task})

    def _ended(self, request: int) -> None:
        self._underway.pop(request).taken.set()

    async def _one(self, request: int, activity: dict[str, Any]) -> None:
        underway = self._underway[request]
        try:
            async with asyncio.timeout(self._requests.timeout_s) as limit:
                underway.limit = limit
                try:
                    activity_id = await self._hand_over(request, activity)
                finally:
                    underway.limit = None
        except (Undelivered, TimeoutError) as error:
            reason = str(error) or f"not taken within {self._requests.timeout_s:g} s"
            logger.warning("conversation %s: %s", self.call.call_id, reason)
            self._give_up(request)
            self._tell(self._requests.failed(request, reason, self._loop.time()))
        except Exception as error:
            logger.exception("conversation %s", self.call.call_id)
            self._give_up(request)
            self._tell(self._requests.failed(request, type(error).__name__, self._loop.time()))
        else:
            if self._settling is None:
                self._tell(self._requests.done(request, self._loop.time()))
            else:
                self._settling.accepted(request, activity_id, self._loop.time())
                self._watch()

    def _give_up(self, request: int) -> None:
        if self._settling is not None:
            self._settling.closed(request)

    def _due(self) -> None:
        self._timer = None
        now = self._loop.time()
        if self._settling is not None:
            for request in self._settling.settled(now):
                self._tell(self._requests.done(request, now))
        before = self._requests.outstanding
        overdue = self._requests.overdue(now)
        for request in set(before) - set(self._requests.outstanding):
            self._give_up(request)
        self._tell(overdue)

    def _tell(self, events: list[Event]) -> None:
        super()._tell(events)
        self._watch()

    def _watch(self) -> None:
        """One timer, for whatever is due first."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._closed:
            return
        settles = self._settling.deadline() if self._settling is not None else None
        due = min((at for at in (settles, self._requests.deadline()) if at is not None), default=None)
        if due is not None:
            self._timer = self._loop.call_at(max(due, self._loop.time()), self._due)
