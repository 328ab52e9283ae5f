"""Network faults on every channel to a bot of others, over real sockets, on virtual time: nothing is lost, nothing is
said twice.

Each call asks three questions; the second meets a fault. Whatever the channel and the fault: each question reaches the
bot once, ends once, and what the bot says is heard once and in its order; the third is answered as the first was. What
the bot says to a question that has failed is lost only where it has nowhere to go: on the connection that was lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from bot_double import Activity as BotActivity
from bot_double import BotDouble, Reply
from callers import Numbered
from copilot_studio_double import TOKEN, CopilotStudioDouble, Tokens
from direct_line_double import Activity, BotError, DirectLineDouble, Say, line_to
from relay import Relay
from waiting import until

from voicebot.bots import CallFacts, activities
from voicebot.bots.bot_framework import BotFrameworkBot
from voicebot.bots.channel import BotChannel
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.copilot_studio import AgentChannel, CopilotStudioBot
from voicebot.bots.direct_line import DirectLineChannel
from voicebot.bots.settling import Patience
from voicebot.bots.streaming import StreamingBot
from voicebot.events import BotDone, BotFailed, BotMessage, Event

pytestmark = pytest.mark.virtual_time
CALL = CallFacts("call-1", "+15550100", "+15550199")
PATIENCE = Patience(quiet_s=0.05, typing_s=0.5, silent_s=0.05)
KINDS = ("bot-framework", "streaming", "direct-line", "polling", "copilot-studio", "connection-string")
Speak = Callable[[str], Awaitable[None]]


class BotCrash(Exception):
    """The bot's own error."""


@dataclass
class Bot:
    """Says two things to each question; ``fault`` happens between them at the second question."""

    fault: Callable[[], Awaitable[None]] | None = None
    told: list[str] = field(default_factory=list)
    twice: bool = False
    busy: int = 0

    async def answer(self, text: str, speak: Speak) -> None:
        self.told.append(text)
        self.busy += 1
        try:
            await speak(f"{text}: first.")
            if text == "two" and self.fault is not None:
                await self.fault()
            await speak(f"{text}: second.")
        finally:
            self.busy -= 1


@dataclass
class World:
    bot: Bot
    channel: BotChannel
    relay: Relay
    expire: Callable[[], None]
    events: list[Event] = field(default_factory=list)
    conversation: Numbered = field(init=False)

    @property
    def said(self) -> list[str]:
        return [event.speak for event in self.events if isinstance(event, BotMessage)]

    def ends(self, request: int) -> list[type[Event]]:
        return [type(e) for e in self.events if isinstance(e, BotDone | BotFailed) and e.request == request]

    async def ask(self, text: str) -> type[Event]:
        request = self.conversation.send(activities.user_message(text))
        await until(lambda: bool(self.ends(request)))
        return self.ends(request)[0]

    async def call(self) -> list[type[Event]]:
        """How the three questions ended."""
        self.conversation = Numbered(self.channel.conversation(CALL, self.events.append))
        self.conversation.begin()
        await until(lambda: bool(self.ends(1)))
        ends = [await self.ask("one"), await self.ask("two")]
        await until(lambda: not self.bot.busy)
        ends.append(await self.ask("three"))
        assert self.bot.told == ["one", "two", "three"]
        assert all(len(self.ends(request)) == 1 for request in (1, 2, 3, 4))
        assert len(self.said) == len(set(self.said)), "said twice"
        assert self.said[:2] == ["one: first.", "one: second."]
        assert self.said[-2:] == ["three: first.", "three: second."]
        return ends

    @property
    def heard_of_two(self) -> list[str]:
        return [text for text in self.said if text.startswith("two")]


@asynccontextmanager
async def world(kind: str, bot: Bot, turn_timeout_s: float = 5.0) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        if kind in ("bot-framework", "streaming"):
            there = _bot_double(bot)
            await there.start()
            stack.push_async_callback(there.close)
            port = int(there.url.split(":")[2].partition("/")[0])
            relay = await stack.enter_async_context(Relay(port))
            url = there.url.replace(str(port), str(relay.port))
            connector = ConnectorServer()
            stack.push_async_callback(connector.close)
            settings = BotFrameworkBot if kind == "bot-framework" else StreamingBot
            channel: BotChannel = settings(name="x", url=url, turn_timeout_s=turn_timeout_s).channel(connector)
            here = World(bot, channel, relay, lambda: None)
        else:
            service = _direct_line(bot, kind)
            await stack.enter_async_context(service)
            relay = await stack.enter_async_context(Relay(service.port))
            service.port = relay.port  # what it gives as addresses leads through the relay
            service.streams = kind != "polling"
            service.repeat = bot.twice
            expired: list[str] = []
            channel = _client(kind, service, expired, turn_timeout_s)
            here = World(bot, channel, relay, lambda: (service.expire_tokens(), expired.append("old"))[0])
        await channel.start()
        stack.push_async_callback(channel.close)
        yield here


def _bot_double(bot: Bot) -> BotDouble:
    async def behave(_: BotDouble, activity: BotActivity, reply: Reply) -> int:
        async def speak(text: str) -> None:
            for _ in range(2 if bot.twice else 1):
                await reply(text, id=f"{activity['id']}-{text}", inputHint="acceptingInput")

        if activity["type"] == "message":
            try:
                await bot.answer(activity["text"], speak)
            except BotCrash:
                return 500
        return 200

    return BotDouble(behave)


def _direct_line(bot: Bot, kind: str) -> DirectLineDouble:
    async def behave(activity: Activity, say: Say) -> None:
        async def speak(text: str) -> None:
            for _ in range(2 if bot.twice and kind == "connection-string" else 1):
                await say({"type": "message", "id": text, "text": text, "inputHint": "acceptingInput"})

        if activity["type"] == "message":
            try:
                await bot.answer(activity["text"], speak)
            except BotCrash:
                raise BotError from None

    return CopilotStudioDouble(behave) if kind in ("copilot-studio", "connection-string") else DirectLineDouble(behave)


def _client(kind: str, service: DirectLineDouble, expired: list[str], turn_timeout_s: float) -> BotChannel:
    if not isinstance(service, CopilotStudioDouble):
        return DirectLineChannel(line_to(service, patience=PATIENCE, poll_s=0.02, turn_timeout_s=turn_timeout_s))
    if kind == "copilot-studio":
        settings = {"quiet_s": PATIENCE.quiet_s, "typing_s": PATIENCE.typing_s, "silent_s": PATIENCE.silent_s}
        bot = CopilotStudioBot(name="x", url=service.token_endpoint, turn_timeout_s=turn_timeout_s, **settings)
        return bot.channel(ConnectorServer())
    service.welcome = lambda shown: shown == ("another" if expired else TOKEN)
    return AgentChannel(service.connection_url, Tokens(TOKEN, "another"), turn_timeout_s)


@pytest.mark.parametrize("kind", KINDS)
async def test_without_a_fault_all_is_heard_though_it_may_come_twice(kind: str) -> None:
    async with world(kind, Bot(twice=True)) as here:
        assert await here.call() == [BotDone] * 3
        assert here.heard_of_two == ["two: first.", "two: second."]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_bot_that_fails_in_mid_turn_is_not_asked_again(kind: str) -> None:
    async def crash() -> None:
        raise BotCrash

    async with world(kind, Bot(crash)) as here:
        assert await here.call() == [BotDone, BotFailed, BotDone]
        assert here.heard_of_two == ["two: first."]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_bot_that_is_too_slow_is_given_up_and_its_late_words_are_heard(kind: str) -> None:
    given_up = asyncio.Event()

    async def sleep() -> None:
        await given_up.wait()

    async with world(kind, Bot(sleep), turn_timeout_s=2) as here:
        here.conversation = Numbered(here.channel.conversation(CALL, here.events.append))
        here.conversation.begin()
        assert await here.ask("one") is BotDone
        request = here.conversation.send(activities.user_message("two"))
        await until(lambda: bool(here.ends(request)))
        given_up.set()
        if kind != "connection-string":  # there the answer's stream is the question's, and ended with it
            await until(lambda: here.heard_of_two == ["two: first.", "two: second."])
        assert here.bot.told == ["one", "two"]
        await until(lambda: not here.bot.busy)
        assert await here.ask("three") is BotDone
        assert here.bot.told == ["one", "two", "three"]
        assert len(here.said) == len(set(here.said))
        assert len(here.ends(request)) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_connections_that_are_lost_in_mid_turn(kind: str) -> None:
    here: World

    async def cut() -> None:
        await until(lambda: here.heard_of_two == ["two: first."])
        await here.relay.cut()

    async with world(kind, Bot(cut)) as here:
        ends = await here.call()
        assert (ends[0], ends[2]) == (BotDone, BotDone)
        expected = ["two: first.", "two: second."]
        assert here.heard_of_two == (expected[:1] if kind in ("streaming", "connection-string") else expected)


@pytest.mark.parametrize("kind", ["direct-line", "polling", "connection-string"])
async def test_a_token_that_has_expired_is_replaced(kind: str) -> None:
    async with world(kind, Bot()) as here:

        async def expire() -> None:
            here.expire()

        here.bot.fault = expire
        assert await here.call() == [BotDone] * 3
        assert here.heard_of_two == ["two: first.", "two: second."]
