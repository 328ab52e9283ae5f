"""A conversation with a bot that somebody else runs: what it is told goes out in order, one activity at a time.

The way to the bot gives ``deliver``, which returns when the bot has taken an activity (and, where the way knows, has
finished with it) or raises :class:`Undelivered`; whatever the bot sends is given to :meth:`received`.

* What answers the activity that is being delivered belongs to its request; everything else is request 0, the bot on
  its own initiative: also the late answer to a request that was given up, since the bot's state has moved on with it.
* The same activity (by its id, or the sender's id of the HTTP request) counts once, however often it comes.
* A ``delay`` activity holds back what follows it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import uuid4

from voicebot.bots import activities
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.remote_conversation import RemoteConversation, Undelivered
from voicebot.bots.ways import BotOptions
from voicebot.events import Event

logger = logging.getLogger(__name__)

FAREWELL_S = 4.0
"""After a call's end: how long what it still had to say, and its end, may take to be told."""
MAX_REMEMBERED = 512
"""Activities of a bot whose repetition is noticed."""
MAX_HELD = 128
"""Activities held back by a delay; more are let through at once."""
MAX_DELAY_S = 10.0

Deliver = Callable[["OrderedConversation", dict[str, Any]], Awaitable[None]]


class OrderedConversation(RemoteConversation):
    """One call's conversation, whatever carries it.

    ``id`` names it towards the bot: made by us, for a caller chooses the call's own id. ``on_over`` is called once,
    when the bot has been told of the end or could not be.
    """

    def __init__(
        self,
        call: CallFacts,
        on_event: OnEvent,
        *,
        deliver: Deliver,
        options: BotOptions,
        channel_id: str,
        service_url: str,
        conversation_id: str = "",
        on_over: Callable[[OrderedConversation], None] = lambda _: None,
    ) -> None:
        super().__init__(call, on_event, options)
        self.id = conversation_id or uuid4().hex
        self.service_url = service_url
        self._channel_id = channel_id
        self._deliver = deliver
        self._on_over = on_over
        self._waiting: deque[tuple[int, dict[str, Any]]] = deque()
        self._current = (0, "")
        self._answered = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._farewell: asyncio.Task[None] | None = None
        self._seen: OrderedDict[str, str] = OrderedDict()
        self._handed_out = 0
        self._held: deque[Callable[[], list[Event]]] = deque()
        self._release: asyncio.TimerHandle | None = None

    @property
    def caller(self) -> dict[str, Any]:
        """The caller as a member of the conversation (``ChannelAccount``)."""
        account = {"id": self.call.person or activities.ANONYMOUS, "role": "user"}
        return account | ({"name": self.call.display_name} if self.call.display_name else {})

    # --- the call's side ---------------------------------------------------------------------------------------------

    def _queue(self, request: int, activity: dict[str, Any]) -> None:
        self._waiting.append((request, activity))
        self._answered.set()  # what the caller does next is not held up by waiting for the bot's first message
        if self._worker is None:
            self._worker = self._loop.create_task(self._work(), name=f"conversation {self.id}")

    async def close(self, reason: str) -> None:
        if self._closed:
            return
        self._closed = True
        self._held.clear()
        if self._release is not None:
            self._release.cancel()
        farewell = self._say_goodbye(self._goodbye(reason))
        self._farewell = self._loop.create_task(farewell, name=f"end of conversation {self.id}")

    async def over(self) -> None:
        """Wait until the bot knows of the end, which takes :data:`FAREWELL_S` at most. Only after :meth:`close`."""
        if self._farewell is not None:
            await asyncio.gather(self._farewell, return_exceptions=True)

    def answered(self, call: CallFacts, on_event: OnEvent, held: Iterable[Event]) -> None:
        """Somebody is there whom the bot had called: what it has said so far (``held``) is told to the call now."""
        self.call, self._on_event = call, on_event
        self._loop.call_soon(self._tell, list(held))

    # --- the bot's side ----------------------------------------------------------------------------------------------

    def received(self, activity: Any, key: str = "") -> str:
        """Something the bot sent; returns the id under which we know it. ``key`` names the sending, for repetitions."""
        given = activity.get("id") if isinstance(activity, dict) else None
        known = [name for name in (given, key) if isinstance(name, str) and 0 < len(name) <= 512]
        for name in known:
            if name in self._seen:
                return self._seen[name]
        self._handed_out += 1
        number = f"{self.id}|b{self._handed_out:06d}"
        for name in [*known, number]:
            self._seen[name] = number
        while len(self._seen) > MAX_REMEMBERED:
            self._seen.popitem(last=False)
        if not self._closed and isinstance(activity, dict):
            request = self._request_of(activity)
            if request and activity.get("type") not in ("typing", "delay"):
                self._answered.set()
            if activity.get("type") == "delay":
                self._delay(activity.get("value"))
            else:
                self._in_order(lambda: self._requests.activity(request, activity, self._loop.time()))
        return number

    def knows(self, activity_id: str) -> bool:
        """Whether the bot sent an activity by this id, lately."""
        return activity_id in self._seen

    def _request_of(self, activity: dict[str, Any]) -> int:
        request, activity_id = self._current
        answers = activity.get("replyToId")
        return request if not answers or answers == activity_id else 0

    def _delay(self, milliseconds: Any) -> list[Event]:
        if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float) or not milliseconds > 0:
            return []
        seconds = min(milliseconds / 1000, MAX_DELAY_S)
        if self._release is None:
            self._release = self._loop.call_later(seconds, self._let_go)
        elif len(self._held) < MAX_HELD:
            self._held.append(lambda: self._delay(milliseconds))
        return []

    def _in_order(self, tell: Callable[[], list[Event]]) -> None:
        if self._release is not None and len(self._held) < MAX_HELD:
            self._held.append(tell)
        else:
            self._tell(tell())

    def _let_go(self) -> None:
        self._release = None
        while self._held and self._release is None:
            self._tell(self._held.popleft()())

    # --- deliveries --------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        try:
            while self._waiting:
                request, activity = self._waiting.popleft()
                await self._deliver_one(request, activity)
        finally:
            self._worker = None

    async def _deliver_one(self, request: int, activity: dict[str, Any]) -> None:
        self._current = (request, activity["id"])
        if not self._waiting:
            self._answered.clear()
        reason = ""
        limit_s = self._bot.turn_timeout_s
        try:
            async with asyncio.timeout(limit_s):
                await self._deliver(self, activity)
                await self._settle()
        except TimeoutError:
            reason = f"no answer within {limit_s:g} s"
        except Undelivered as error:
            reason = str(error)
        except Exception as error:  # a way's own fault must not leave the call without an answer
            logger.exception("conversation %s: an activity could not be delivered", self.id)
            reason = f"{type(error).__name__}: {error}"
        finally:
            self._current = (0, "")
        if reason:
            logger.warning("conversation %s: request %d failed: %s", self.id, request, reason)
            self._in_order(lambda: self._requests.failed(request, reason, self._loop.time()))
        else:
            self._in_order(lambda: self._requests.done(request, self._loop.time()))

    async def _settle(self) -> None:
        """Bots that take an activity first and answer it later are waited for, until they say something."""
        if self._bot.reply_wait_s > 0 and not self._closed:
            try:
                async with asyncio.timeout(self._bot.reply_wait_s):
                    await self._answered.wait()
            except TimeoutError:
                return

    async def _say_goodbye(self, goodbye: dict[str, Any]) -> None:
        """Tell what the caller still had said, then the end."""
        self._answered.set()
        try:
            async with asyncio.timeout(FAREWELL_S):
                if self._worker is not None:
                    await asyncio.shield(self._worker)
                await self._deliver(self, goodbye)
        except (TimeoutError, Undelivered) as error:
            logger.info("conversation %s: the bot was not told of its end: %s", self.id, error or "no answer")
        finally:
            if self._worker is not None:
                self._worker.cancel()
            self._on_over(self)

    def _addressed(self, activity: dict[str, Any], number: int) -> dict[str, Any]:
        return super()._addressed(activity, number) | {
            "id": f"{self.id}|{number:07d}",
            "conversation": {"id": self.id},
            "channelId": self._channel_id,
            "serviceUrl": self.service_url,
        }
