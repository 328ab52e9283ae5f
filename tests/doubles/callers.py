"""A caller towards a bot, without a telephone: sends activities and collects the events that come back."""

from __future__ import annotations

import asyncio
from typing import Any

from voicebot.bots import CallFacts, Conversation, activities
from voicebot.bots.channel import BotChannel
from voicebot.events import BotDone, BotFailed, BotMessage, Event

DEADLINE_S = 20.0


class Numbered:
    """A conversation whose requests are numbered as the turn machine does it: from 1, one after another."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.last = 0

    def send(self, activity: dict[str, Any]) -> int:
        """Returns the request's number."""
        self.last += 1
        self.conversation.send(self.last, activity)
        return self.last

    def begin(self) -> int:
        """The call has begun."""
        return self.send(activities.conversation_update())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.conversation, name)


class Caller:
    """One conversation with the bot at the end of ``channel``."""

    def __init__(
        self,
        channel: BotChannel,
        number: str = "+15550100",
        call_id: str = "call-1@127.0.0.1",
        facts: dict[str, Any] | None = None,
    ) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        call = CallFacts(**{"id": call_id, "call_id": call_id, "caller": number, "callee": "+15550199"} | (facts or {}))
        self.conversation = Numbered(channel.conversation(call, self.events.put_nowait))

    async def next(self) -> Event:
        async with asyncio.timeout(DEADLINE_S):
            return await self.events.get()

    async def ask(self, activity: dict[str, Any]) -> list[Event]:
        """Everything until the bot was done, or failed."""
        self.conversation.send(activity)
        return await self.until_done()

    async def until_done(self) -> list[Event]:
        events: list[Event] = []
        while not events or not isinstance(events[-1], BotDone | BotFailed):
            events.append(await self.next())
        return events

    async def hear(self, text: str) -> list[str]:
        """What the bot says to that; it must not fail."""
        events = await self.ask(activities.user_message(text))
        assert isinstance(events[-1], BotDone), events
        return [event.speak for event in events if isinstance(event, BotMessage)]

    async def fail(self, text: str = "hello") -> str:
        """Why the bot failed at that; it must."""
        *_, last = await self.ask(activities.user_message(text))
        assert isinstance(last, BotFailed), last
        return last.reason
