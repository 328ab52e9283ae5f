"""What every conversation with a bot of somebody else's has in common, whatever carries it.

Requests are bounded in number and in time, and each ends once (``requests.py``); what the bot sends becomes
events, of which none follows ``close``. A bot that failed is not asked to ask its question again (``BotRecovered``), as
our own dialogs are: it would not know how. The caller has heard an apology, and speaks.

When the one before has been taken is where the ways differ: :mod:`voicebot.bots.ordered` hands over one activity at a
time, since a bot that has taken it has mostly finished with it; in :mod:`voicebot.bots.exchange` the next is handed
over while the one before may still be answered.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import Any

from voicebot.bots import activities
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.requests import Requests
from voicebot.bots.ways import BotOptions
from voicebot.events import BotRecovered, Event

logger = logging.getLogger(__name__)


class Undelivered(Exception):
    """The bot did not take an activity, or told that it failed at it. The text says why, for log and ``BotFailed``."""


class RemoteConversation(ABC):
    """One call's (:class:`voicebot.bots.conversation.Conversation`)."""

    def __init__(self, call: CallFacts, on_event: OnEvent, bot: BotOptions) -> None:
        self.call = call
        self._on_event = on_event
        self._bot = bot
        self._loop = asyncio.get_running_loop()
        self._requests = Requests(bot.turn_timeout_s)
        self._closed = False

    def send(self, request: int, activity: dict[str, Any]) -> None:
        """Queue ``activity`` as ``request``."""
        if self._closed:
            return
        if self._requests.full:
            reason = "too many requests are waiting for the bot"
            self._loop.call_soon(lambda: self._tell(self._requests.refused(request, reason, self._loop.time())))
            return
        addressed = self._addressed(activity, request)
        self._requests.ask(request, self._loop.time())
        self._queue(request, addressed)

    @abstractmethod
    async def close(self, reason: str) -> None:
        """Tell the bot that the call is over, and forget it; harmless when called again."""

    @abstractmethod
    def _queue(self, request: int, activity: dict[str, Any]) -> None:
        """Hand ``activity`` over as soon as it is its turn."""

    def _addressed(self, activity: dict[str, Any], number: int) -> dict[str, Any]:
        shaped = activities.keys_in_style(activity, self._bot.dtmf)
        return activities.addressed(shaped, self.call, number, datetime.now(UTC))

    def _goodbye(self, reason: str) -> dict[str, Any]:
        return self._addressed(activities.end_of_conversation(reason), self._requests.last + 1)

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if self._closed:
                return
            if isinstance(event, BotRecovered):
                continue
            try:
                self._on_event(event)
            except Exception:  # one event's trouble must not end the conversation, nor become the bot's
                logger.exception("conversation %s: %s was not taken", self.call.call_id, type(event).__name__)
