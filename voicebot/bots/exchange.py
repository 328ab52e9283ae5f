"""One call's conversation with a bot of somebody else's: what it is told waits here until it is its turn.

Deadlines, failures and the end of each request are kept here (with ``requests.py``), so that they hold in the same way
on every channel; a :class:`Carrier` carries the bytes. What the bot sends is given to :meth:`Exchange.received`.

When the one before has been taken is where protocols differ. Where a bot that has taken an activity has finished with
it, one is handed over at a time. Where the protocol does not tell when a request is answered, a
:class:`voicebot.bots.settling.Patience` is given: the next is handed over as soon as the one before was taken, which
its first answer shows as well as the service's word, so that a caller who interrupts a bot in the middle of a long turn
is not kept waiting for its end.

A bot that is away does not end the conversation: each request tries anew, so the call recovers when the bot does.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from voicebot.bots import activities
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.open_requests import OpenRequests
from voicebot.bots.requests import Requests
from voicebot.bots.settling import Patience
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

FAREWELL_S = 4.0
"""After a call's end: how long what it still had to say may take to be told ..."""
GOODBYE_S = 2.0
"""... and then its end."""
MAX_TURN_S = 120.0
"""A bot that gives signs of life (text that streams, typing) may take longer than its time, but not for ever."""


class Undelivered(Exception):
    """The bot did not take an activity, or told that it failed at it. The text says why, for log and ``BotFailed``."""


class Carrier(Protocol):
    """What carries one conversation to its bot."""

    async def hand_over(self, request: int, activity: dict[str, Any]) -> str:
        """Give one activity to the bot; returns when it has taken it, with the id that it got there (``""``: none).
        Raises :class:`Undelivered`."""

    async def say_goodbye(self, activity: dict[str, Any]) -> None:
        """Tell the bot that the call is over, if it was ever reached. Raises :class:`Undelivered`."""

    async def release(self) -> None:
        """Give everything back; nothing follows."""


@dataclass(slots=True)
class _Underway:
    """A request that is being handed over."""

    began_at: float
    taken: asyncio.Event | None
    """For whom waits to hand the next one over; None: that is done when this one has ended."""
    scope: asyncio.Timeout | None = None
    """Ends the handing over when the request is given up."""

    def was_taken(self) -> None:
        if self.taken is not None:
            self.taken.set()


class Exchange:
    """``timeout_s``: how long the bot may take for one activity. ``name``: in the log, if not by the call's id."""

    def __init__(
        self,
        call: CallFacts,
        on_event: OnEvent,
        carrier: Carrier,
        *,
        timeout_s: float,
        patience: Patience | None = None,
        name: str = "",
    ) -> None:
        self.call = call
        self._carrier = carrier
        self._timeout_s = timeout_s
        self._one_at_a_time = patience is None
        self._loop = asyncio.get_running_loop()
        self._name = name or call.id
        self._requests = OpenRequests(self._name, on_event, Requests(timeout_s, patience=patience), self._give_up)
        self._waiting: deque[tuple[int, dict[str, Any]]] = deque()
        self._underway: dict[int, _Underway] = {}
        self._working = False
        self._tasks = BackgroundTasks(logger)
        self._farewell: asyncio.Task[None] | None = None

    @property
    def closed(self) -> bool:
        return self._requests.closed

    @property
    def waiting(self) -> bool:
        """Whether there is more to be handed over than what is being."""
        return bool(self._waiting)

    # --- what the call does ------------------------------------------------------------------------------------------

    def send(self, request: int, activity: dict[str, Any]) -> None:
        """Queue ``activity`` as ``request`` (:meth:`voicebot.bots.conversation.Conversation.send`)."""
        if not self._requests.admits(request):
            return
        addressed = self._addressed(activity, request)
        self._requests.ask(request, addressed)
        self._waiting.append((request, addressed))
        if not self._working:
            self._working = True
            self._tasks.spawn(self._work(), f"conversation {self._name}")

    async def close(self, reason: str) -> None:
        """The call is over: the bot is told in the background (see :meth:`over`). Harmless when called again."""
        if self.closed:
            return
        self._requests.close()
        goodbye = self._addressed(activities.end_of_conversation(reason), self._requests.next)
        self._farewell = self._loop.create_task(self._say_goodbye(goodbye), name=f"end of {self._name}")

    async def over(self) -> None:
        """Wait until the bot knows of the end, or cannot be told; bounded. Only after :meth:`close`."""
        if self._farewell is not None:
            await asyncio.gather(self._farewell, return_exceptions=True)

    # --- what the carrier does ---------------------------------------------------------------------------------------

    def received(self, activity: dict[str, Any], request: int | None = None) -> None:
        """The bot sent ``activity``, for ``request`` where that is known (0: on its own initiative)."""
        if request is None:
            request = self._requests.belongs_to(activity)
        if self._requests.is_open(request):
            self._alive(request)
        self._requests.activity(request, activity)

    def named(self, request: int, activity_id: str) -> None:
        """The service calls what was sent as ``request`` so; known before it has accepted it."""
        self._requests.named(request, activity_id)

    def lost(self, reason: str) -> None:
        """The bot has lost the conversation, and with it all that was outstanding."""
        self._requests.lost(reason)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _addressed(self, activity: dict[str, Any], number: int) -> dict[str, Any]:
        return activities.addressed(activity, self.call, number, datetime.now(UTC))

    def _alive(self, request: int) -> None:
        underway = self._underway.get(request)
        if underway is None:
            self._requests.alive(request)
        elif self._loop.time() - underway.began_at < MAX_TURN_S:
            self._requests.alive(request)
            underway.was_taken()

    def _give_up(self) -> None:
        """What the bot has not taken in time need not be handed over any more."""
        for request, underway in self._underway.items():
            scope = underway.scope
            if scope is not None and scope.when() is None and not self._requests.is_open(request):
                scope.reschedule(self._loop.time())

    async def _work(self) -> None:
        """Hand over what is waiting, in order; ends when nothing is."""
        try:
            while self._waiting:
                request, activity = self._waiting.popleft()
                if not self._requests.is_open(request):
                    continue  # given up while it waited
                self._requests.handing_over(request, activity)
                taken = None if self._one_at_a_time else asyncio.Event()
                underway = self._underway[request] = _Underway(self._loop.time(), taken)
                if taken is None:
                    await self._hand_over(request, activity, underway)
                else:
                    name = f"request {request} of {self._name}"
                    self._tasks.spawn(self._hand_over(request, activity, underway), name)
                    await taken.wait()
        finally:
            self._working = False

    async def _hand_over(self, request: int, activity: dict[str, Any], underway: _Underway) -> None:
        try:
            async with asyncio.timeout(None) as underway.scope:
                if not self._requests.is_open(request):
                    return  # before this task began
                activity_id = await self._carrier.hand_over(request, activity)
        except TimeoutError:
            self._failed(request, f"no answer within {self._timeout_s:g} s")
        except Undelivered as error:
            self._failed(request, str(error))
        except Exception as error:  # our own fault must not leave the call without an answer
            logger.exception("conversation %s: an activity could not be handed over", self._name)
            self._failed(request, f"{type(error).__name__}: {error}")
        else:
            self._requests.taken(request, activity_id)
        finally:
            del self._underway[request]
            underway.was_taken()

    def _failed(self, request: int, reason: str) -> None:
        logger.warning("conversation %s: request %d failed: %s", self._name, request, reason)
        self._requests.failed(request, reason)

    async def _say_goodbye(self, goodbye: dict[str, Any]) -> None:
        """Tell what the caller still had said, then the end."""
        try:
            await self._last_words()
            async with asyncio.timeout(GOODBYE_S):
                await self._carrier.say_goodbye(goodbye)
        except (Undelivered, TimeoutError) as error:
            why = str(error) or f"not taken within {GOODBYE_S:g} s"
            logger.info("conversation %s: the bot was not told of its end: %s", self._name, why)
        except Exception:  # our own fault
            logger.exception("conversation %s: the bot was not told of its end", self._name)
        finally:
            await self._carrier.release()

    async def _last_words(self) -> None:
        """Let what is waiting and underway be handed over, within :data:`FAREWELL_S`; the rest is given up."""
        try:
            async with asyncio.timeout(FAREWELL_S):
                await self._tasks.join(2 * FAREWELL_S)
        except TimeoutError:
            await self._tasks.close()


class OpenConversation(Protocol):
    """A conversation, as its channel sees it."""

    async def close(self, reason: str) -> None: ...

    async def over(self) -> None: ...


async def end_all(conversations: Iterable[OpenConversation]) -> None:
    """End what a channel has open; returns when the bots know of it, or cannot be told."""
    open_now = list(conversations)
    await asyncio.gather(*(conversation.close("shutdown") for conversation in open_now))
    await asyncio.gather(*(conversation.over() for conversation in open_now))
