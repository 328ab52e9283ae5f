"""A conversation whose bot replies through our Connector API, at any time and over any connection.

* A reply to the activity that is being delivered belongs to its request. Everything else is request 0, the bot's own
  initiative; so is a late answer to a request that was given up, because the bot's dialog has moved on with it.
* An activity that is sent again (same id, or same client id of the HTTP request) counts once. The parts of a streamed
  text and its whole may share an id.
* A ``delay`` activity holds back what follows it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from voicebot.bots import activities
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.exchange import Exchange
from voicebot.bots.streamed_text import stream_info
from voicebot.events import Event
from voicebot.telephony_channel import ANONYMOUS, delay_s

logger = logging.getLogger(__name__)

MAX_REMEMBERED = 512
"""Ids of activities that are remembered, to drop repetitions."""
MAX_HELD = 128
"""Events that a delay holds back; further ones are not delayed."""


@dataclass(frozen=True, slots=True)
class ConnectorTerms:
    """What all conversations of one bot share.

    ``service_url``: where the bot sends its replies. ``reply_wait_s``: for bots that accept an activity at once and
    reply later, how long to wait for their first message; with 0, such a reply counts as the bot's own initiative.
    """

    service_url: str
    channel_id: str
    turn_timeout_s: float
    reply_wait_s: float = 0.0


class ConnectorConversation:
    """The conversation of one call (:class:`voicebot.bots.conversation.Conversation`).

    ``id`` is its id towards the bot, for this conversation alone. ``deliver`` gives the bot
    one activity and returns when it was accepted; it raises :class:`voicebot.bots.exchange.Undelivered`. ``on_over`` is
    called once, when the bot knows of the end or cannot be told.
    """

    def __init__(
        self,
        call: CallFacts,
        on_event: OnEvent,
        terms: ConnectorTerms,
        deliver: Callable[[ConnectorConversation, dict[str, Any]], Awaitable[None]],
        on_over: Callable[[ConnectorConversation], None],
    ) -> None:
        self.id = uuid4().hex
        self.service_url = terms.service_url
        self._terms = terms
        self._deliver = deliver
        self._on_over = on_over
        self._on_event = on_event
        self._exchange = Exchange(call, self._in_order, self, timeout_s=terms.turn_timeout_s, name=self.id)
        self._loop = asyncio.get_running_loop()
        self._current = (0, "")
        self._headers: dict[str, str] = {}
        self._answered = asyncio.Event()
        self._seen: OrderedDict[str, str] = OrderedDict()
        self._handed_out = 0
        self._held: deque[Event | float] = deque()
        """Events that a delay holds back, in order; a number is a further delay, in seconds."""
        self._release: asyncio.TimerHandle | None = None

    @property
    def caller(self) -> dict[str, Any]:
        """The caller as a member of the conversation (``ChannelAccount``)."""
        call = self._exchange.call
        account = {"id": call.person or ANONYMOUS, "role": "user"}
        return account | ({"name": call.display_name} if call.display_name else {})

    def surely_with(self, person: str) -> bool:
        """Whether this is a call with ``person``, a number or a name, and not with somebody who only claims it."""
        return self._exchange.call.person_vouched_for and self._exchange.call.person == person

    # --- the call's side ---------------------------------------------------------------------------------------------

    def send(self, request: int, activity: dict[str, Any]) -> None:
        self._answered.set()  # do not wait for the bot's first message any longer: the caller has gone on
        self._exchange.send(request, activity)

    async def trial(self, activity: dict[str, Any]) -> list[Event]:
        return await self._exchange.trial(activity)

    async def close(self, reason: str) -> None:
        self._answered.set()
        self._held.clear()
        if self._release is not None:
            self._release.cancel()
        await self._exchange.close(reason)

    async def over(self) -> None:
        """Wait until the bot knows of the end, or cannot be told; bounded. Only after :meth:`close`."""
        await self._exchange.over()

    def answered(self, call: CallFacts, on_event: OnEvent, held: Iterable[Event]) -> None:
        """A call that the bot had placed was answered: pass on what the bot has said so far (``held``)."""
        self._exchange.call, self._on_event = call, on_event
        self._loop.call_soon(self._tell, list(held))

    # --- the bot's side ----------------------------------------------------------------------------------------------

    def received(self, activity: Any, key: str = "") -> str:
        """Take an activity of the bot; returns our id for it. ``key``: the client's id of the request, ``""``: none."""
        known = [name for name in (_name(activity), key) if 0 < len(name) <= 512]
        for name in known:
            if name in self._seen:
                return self._seen[name]
        self._handed_out += 1
        number = f"{self.id}|b{self._handed_out:06d}"
        for name in [*known, number]:
            self._seen[name] = number
        while len(self._seen) > MAX_REMEMBERED:
            self._seen.popitem(last=False)
        if not self._exchange.closed and isinstance(activity, dict):
            self._take(activity)
        return number

    def unusable(self, reason: str) -> None:
        """The bot sent something that cannot be read, and that may be what the caller waits for."""
        if not self._exchange.closed:
            self._exchange.unusable(reason, self._current[0])

    def knows(self, activity_id: str) -> bool:
        """Whether the bot has sent an activity with this id lately."""
        return activity_id in self._seen

    def _take(self, activity: dict[str, Any]) -> None:
        if activity.get("type") == "delay":
            self._delay(delay_s(activity.get("value")))
            return
        request, activity_id = self._current
        answers = activity.get("replyToId")
        if answers and answers != activity_id:
            request = 0
        if request and activity.get("type") != "typing":
            self._answered.set()
        self._exchange.received(activity, request)

    # --- delays ------------------------------------------------------------------------------------------------------

    def _delay(self, seconds: float) -> None:
        if self._release is None:
            self._release = self._loop.call_later(seconds, self._let_go)
        elif len(self._held) < MAX_HELD:
            self._held.append(seconds)

    def _in_order(self, event: Event) -> None:
        if self._release is not None and len(self._held) < MAX_HELD:
            self._held.append(event)
        else:
            self._on_event(event)

    def _let_go(self) -> None:
        self._release = None
        while self._held and self._release is None:
            held = self._held.popleft()
            if isinstance(held, float):
                self._release = self._loop.call_later(held, self._let_go)
            else:
                self._tell([replace(held, at=self._loop.time())])

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if self._exchange.closed:
                return
            try:
                self._on_event(event)
            except Exception:  # the events behind it must still be delivered
                logger.exception("conversation %s: the call failed at %s", self.id, type(event).__name__)

    @property
    def trace_headers(self) -> dict[str, str]:
        """The headers of HTTP for the activity that is being delivered."""
        return self._headers

    # --- Carrier -----------------------------------------------------------------------------------------------------

    async def hand_over(self, request: int, activity: dict[str, Any]) -> str:
        self._headers = activities.trace_headers(self._exchange.call, request, activity)
        activity = activities.traced(self._addressed(activity), self._headers)
        self._current = (request, activity["id"])
        if not self._exchange.waiting:
            self._answered.clear()
        try:
            await self._deliver(self, activity)
            await self._first_words()
        finally:
            self._current = (0, "")
        return ""

    async def say_goodbye(self, activity: dict[str, Any]) -> None:
        self._headers = activities.trace_headers(self._exchange.call, 0, activity)
        await self._deliver(self, activities.traced(self._addressed(activity), self._headers))

    async def release(self) -> None:
        self._on_over(self)

    async def _first_words(self) -> None:
        """Wait for the first message of a bot that accepts an activity first and replies later."""
        if self._terms.reply_wait_s > 0 and not self._exchange.closed:
            try:
                async with asyncio.timeout(self._terms.reply_wait_s):
                    await self._answered.wait()
            except TimeoutError:
                return

    def _addressed(self, activity: dict[str, Any]) -> dict[str, Any]:
        _, _, number = activity["id"].rpartition("|")
        return activity | {
            "id": f"{self.id}|{number}",
            "conversation": {"id": self.id},
            "channelId": self._terms.channel_id,
            "serviceUrl": self._terms.service_url,
        }


def _name(activity: Any) -> str:
    """What tells ``activity`` from all others that are not the same; ``""`` where nothing does."""
    identity = activity.get("id") if isinstance(activity, dict) else None
    if not isinstance(identity, str) or not identity:
        return ""
    info = stream_info(activity)
    if info is None:
        return identity
    if info.kind == "final":
        return f"{identity}, whole"
    return f"{identity}, part {info.sequence}" if info.sequence is not None else ""
