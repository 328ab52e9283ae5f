"""One call's conversation with a bot that somebody else runs: activities wait here until they can be handed over.

Order, deadlines, failures and the end of each request are decided here (with ``requests.py``), so that they are the
same on every channel. A :class:`Carrier` carries the activities; what the bot sends goes to :meth:`Exchange.received`.

Protocols differ in what it means that the bot has accepted an activity. Where it means that the bot has finished with
it, activities are handed over one at a time. Where the protocol does not say when a request has been answered, a
:class:`voicebot.bots.settling.Patience` is given. Then the next activity is handed over as soon as the one before was
accepted, which the bot's first answer shows as well. So a caller who interrupts the bot does not wait for the end of
its turn.

A bot that cannot be reached does not end the conversation: each request tries anew, so the call recovers with the bot.
Where the start of the conversation has failed, the next request hands it over again first.
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
from voicebot.events import Event
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

FAREWELL_S = 4.0
"""How long the activities that still wait when a call ends may take to be handed over ..."""
GOODBYE_S = 2.0
"""... and how long the activity that tells the bot of the end may take after them."""
MAX_TURN_S = 120.0
"""Each activity of the bot (typing, a part of a streamed text) restarts the time for its answer, up to this limit."""


class Undelivered(Exception):
    """The bot did not accept an activity, or reported that it failed. The text says why, for log and ``BotFailed``."""


class Carrier(Protocol):
    """What carries one conversation to its bot."""

    async def hand_over(self, request: int, activity: dict[str, Any]) -> str:
        """Give one activity to the bot. Returns when the bot has accepted it: the id under which the bot knows it,
        ``""`` if the protocol has none. Raises :class:`Undelivered`."""

    async def say_goodbye(self, activity: dict[str, Any]) -> None:
        """Tell the bot that the call is over, if it was ever reached. Raises :class:`Undelivered`."""

    async def release(self) -> None:
        """Release connections and tasks. It is the last call."""


@dataclass(slots=True)
class _Underway:
    """A request that is being handed over."""

    began_at: float
    accepted: asyncio.Event | None
    """Set when the next request may be handed over; None where that is when this one has ended."""
    scope: asyncio.Timeout | None = None
    """Ends the handing over when the request is given up."""

    def was_accepted(self) -> None:
        if self.accepted is not None:
            self.accepted.set()


class Exchange:
    """A :class:`voicebot.bots.conversation.Conversation` whose activities ``carrier`` carries.

    ``timeout_s``: how long the bot may take for one activity. ``name``: its name in the log; the call's id by default.
    """

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
        self._start: tuple[int, dict[str, Any]] | None = None
        """The activity that begins the conversation, with its request, until the bot has accepted it."""
        self._working = False
        self._tasks = BackgroundTasks(logger)
        self._farewell: asyncio.Task[None] | None = None

    @property
    def closed(self) -> bool:
        return self._requests.closed

    @property
    def waiting(self) -> bool:
        """Whether an activity waits behind the one that is being handed over."""
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

    async def trial(self, activity: dict[str, Any]) -> list[Event]:
        """Nothing: whatever the bot gets, it may act upon."""
        return []

    async def close(self, reason: str) -> None:
        """End it; the bot is told in the background (see :meth:`over`). Harmless when called again."""
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
        """The bot sent ``activity`` in answer to ``request`` (0: on its own initiative; None: its content decides)."""
        if request is None:
            request = self._requests.belongs_to(activity)
        if activity.get("type") == "message":
            self._start = None  # the conversation has begun, whatever is told of that request
        if self._requests.is_open(request):
            self._alive(request)
        self._requests.activity(request, activity)

    def unusable(self, reason: str, request: int | None = None) -> None:
        """The bot sent something that cannot be used, for ``request`` where that is known. The caller hears that
        something went wrong, in the place of nothing."""
        request = self._requests.belongs_to({}) if request is None else request
        self._failed(request if self._requests.is_open(request) else 0, reason)

    def named(self, request: int, activity_id: str) -> None:
        """``activity_id`` is the service's id of ``request``; it may be known before the service has accepted it."""
        self._requests.named(request, activity_id)

    def lost(self, reason: str) -> None:
        """The bot has lost the conversation: every request without an answer has failed."""
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
            underway.was_accepted()

    def _give_up(self) -> None:
        """Stop handing over the requests whose time has run out."""
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
                accepted = None if self._one_at_a_time else asyncio.Event()
                underway = self._underway[request] = _Underway(self._loop.time(), accepted)
                if accepted is None:
                    await self._hand_over(request, activity, underway)
                else:
                    name = f"request {request} of {self._name}"
                    self._tasks.spawn(self._hand_over(request, activity, underway), name)
                    await accepted.wait()
        finally:
            self._working = False

    async def _hand_over(self, request: int, activity: dict[str, Any], underway: _Underway) -> None:
        try:
            async with asyncio.timeout(None) as underway.scope:
                if not self._requests.is_open(request):
                    return  # given up before this task began
                if activity["type"] == "conversationUpdate":
                    self._start = request, activity
                elif self._start is not None and self._start[0] not in self._underway:
                    await self._carrier.hand_over(request, self._start[1])
                    self._start = None
                activity_id = await self._carrier.hand_over(request, activity)
                if self._start is not None and self._start[0] == request:
                    self._start = None
        except TimeoutError:
            self._failed(request, f"no answer within {self._timeout_s:g} s")
        except Undelivered as error:
            self._failed(request, str(error))
        except Exception as error:  # a fault of ours must not leave the request without an end
            logger.exception("conversation %s: an activity could not be handed over", self._name)
            self._failed(request, f"{type(error).__name__}: {error}")
        else:
            self._requests.accepted(request, activity_id)
        finally:
            del self._underway[request]
            underway.was_accepted()

    def _failed(self, request: int, reason: str) -> None:
        logger.warning("conversation %s: request %d failed: %s", self._name, request, reason)
        self._requests.failed(request, reason)

    async def _say_goodbye(self, goodbye: dict[str, Any]) -> None:
        """Hand over what still waits, then tell the bot of the end."""
        try:
            await self._last_words()
            async with asyncio.timeout(GOODBYE_S):
                await self._carrier.say_goodbye(goodbye)
        except (Undelivered, TimeoutError) as error:
            why = str(error) or f"not accepted within {GOODBYE_S:g} s"
            logger.info("conversation %s: the bot was not told of its end: %s", self._name, why)
        except Exception:
            logger.exception("conversation %s: the bot was not told of its end", self._name)
        finally:
            await self._carrier.release()

    async def _last_words(self) -> None:
        """Hand over what is waiting or under way, within :data:`FAREWELL_S`; the rest is given up."""
        if not await self._tasks.join(FAREWELL_S):
            await self._tasks.close()


class OpenConversation(Protocol):
    """A conversation, as its channel sees it."""

    async def close(self, reason: str) -> None:
        """The call is over; the bot is told in the background."""

    async def over(self) -> None:
        """Return when the bot knows of the end, or cannot be told."""


async def end_all(conversations: Iterable[OpenConversation]) -> None:
    """End a channel's open conversations; returns when the bots know of it, or cannot be told."""
    open_now = list(conversations)
    await asyncio.gather(*(conversation.close("shutdown") for conversation in open_now))
    await asyncio.gather(*(conversation.over() for conversation in open_now))
