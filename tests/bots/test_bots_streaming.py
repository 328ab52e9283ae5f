"""The channel over one websocket, against a bot on a real socket: connection lost and found, calls kept apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bot_double import Activity, BotDouble, Reply, echo
from callers import Caller
from identity_double import IdentityDouble
from waiting import until

from voicebot.bots import activities
from voicebot.bots import streaming as module
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.streaming import StreamingBot, StreamingChannel
from voicebot.events import BotDone, BotFailed, BotMessage


@pytest.fixture
async def bot() -> AsyncIterator[BotDouble]:
    double = BotDouble()
    await double.start()
    yield double
    await double.close()


@asynccontextmanager
async def channel_to(bot: BotDouble, **settings: Any) -> AsyncIterator[StreamingChannel]:
    channel = StreamingBot(name="double", url=bot.url, **settings).channel(ConnectorServer())
    await channel.start()
    try:
        yield channel
    finally:
        await channel.close()


async def test_all_calls_share_one_connection_and_do_not_wait_for_each_other(bot: BotDouble) -> None:
    together = asyncio.Barrier(10)

    async def wait_for_all(_: BotDouble, activity: Activity, reply: Reply) -> None:
        if activity["type"] == "message":
            async with asyncio.timeout(20):
                await together.wait()
            assert await reply(activity["text"]) == 200

    bot.behave = wait_for_all
    async with channel_to(bot) as channel:
        callers = [Caller(channel, call_id=f"call-{number}") for number in range(10)]
        assert await asyncio.gather(*(c.hear(str(n)) for n, c in enumerate(callers))) == [[str(n)] for n in range(10)]
        assert len(bot.sockets) == 1


async def test_the_end_of_the_call_is_told_after_all_that_the_caller_said(bot: BotDouble) -> None:
    async with channel_to(bot) as channel:
        caller = Caller(channel)
        caller.conversation.send(activities.key_message("1"))
        await caller.conversation.close("caller")
    assert [a["type"] for a in bot.received] == ["message", "endOfConversation"]


async def test_a_turn_that_loses_its_connection_fails_and_is_not_told_twice(bot: BotDouble) -> None:
    async def dies(double: BotDouble, activity: Activity, reply: Reply) -> None:
        await reply("Let me see.")
        double.behave = echo
        await double.drop()

    bot.behave = dies
    async with channel_to(bot) as channel:
        caller = Caller(channel)
        said, failed = await caller.ask(activities.user_message("hello"))
        assert isinstance(said, BotMessage) and said.speak == "Let me see."
        assert isinstance(failed, BotFailed) and "connection" in failed.reason
        assert await caller.hear("again") == ["You said again."]
        assert [a["text"] for a in bot.received] == ["hello", "again"]


async def test_all_calls_in_mid_turn_hear_of_the_loss(bot: BotDouble) -> None:
    async def never(_: BotDouble, activity: Activity, reply: Reply) -> None:
        await asyncio.Event().wait()

    bot.behave = never
    async with channel_to(bot) as channel:
        callers = [Caller(channel, call_id=f"call-{number}") for number in range(5)]
        waiting = [asyncio.create_task(caller.fail()) for caller in callers]
        await until(lambda: len(bot.received) == 5)
        bot.behave = echo
        await bot.drop()
        assert all("lost" in reason for reason in await asyncio.gather(*waiting))
        assert await asyncio.gather(*(caller.hear("hello") for caller in callers)) == [["You said hello."]] * 5


async def test_what_is_said_while_the_bot_is_away_waits_for_it_a_little(
    bot: BotDouble, caplog: pytest.LogCaptureFixture
) -> None:
    port = int(bot.url.split(":")[2].split("/")[0])
    await bot.close()
    async with channel_to(bot) as channel:
        caller = Caller(channel)
        caller.conversation.send(activities.user_message("hello"))
        await until(lambda: "not connected" in caplog.text)
        await bot.start(port)
        message, done = await caller.until_done()
        assert isinstance(message, BotMessage) and isinstance(done, BotDone)


async def test_a_bot_that_stays_away_fails_in_time(bot: BotDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_FOR_CONNECTION_S", 0.1)
    await bot.close()
    async with channel_to(bot) as channel:
        assert (await Caller(channel).fail()).startswith("no connection to the bot")


async def test_a_slow_bot_is_given_up_and_what_it_says_late_is_still_heard(bot: BotDouble) -> None:
    given_up = asyncio.Event()

    async def slow(_: BotDouble, activity: Activity, reply: Reply) -> None:
        if activity.get("text") == "slow":
            await given_up.wait()
            await reply("Late.")

    bot.behave = slow
    async with channel_to(bot, turn_timeout_s=1) as channel:
        caller = Caller(channel)
        assert await caller.fail("slow") == "no answer within 1 s"
        given_up.set()
        late = await caller.next()
        assert isinstance(late, BotMessage) and (late.request, late.speak) == (0, "Late.")


async def test_a_bot_that_answers_500_has_failed(bot: BotDouble) -> None:
    async def fails(_: BotDouble, activity: Activity, reply: Reply) -> int:
        return 500

    bot.behave = fails
    async with channel_to(bot) as channel:
        assert await Caller(channel).fail() == "the bot answered 500"


@pytest.mark.parametrize(
    ("spoilt", "refused"),
    [
        ({"value": int("9" * 400)}, False),
        ({"channelData": {"sessionParams": {"continuousASR": True, "continuousASRTimeoutInMS": 10**400}}}, False),
        ({"value": [0] * 20_000}, True),
        ({"value": "a " * 150_000}, True),
    ],
)
async def test_what_one_call_cannot_read_is_not_felt_by_the_others(
    bot: BotDouble, spoilt: Activity, refused: bool
) -> None:
    statuses, may_go_on = [], asyncio.Event()

    async def evil(_: BotDouble, activity: Activity, reply: Reply) -> None:
        match activity.get("text"):
            case "evil":
                statuses.append(await reply(**spoilt))
                statuses.append(await reply(**spoilt, type="delay"))
                may_go_on.set()
            case "slow":
                async with asyncio.timeout(20):
                    await may_go_on.wait()
                await reply("Here I am.")

    bot.behave = evil
    async with channel_to(bot) as channel:
        other, caller = Caller(channel, call_id="other"), Caller(channel)
        other.conversation.send(activities.user_message("slow"))
        events = await caller.ask(activities.user_message("evil"))
        assert [event for event in await other.until_done() if isinstance(event, BotMessage)]
        assert len(bot.sockets) == 1
        assert all((status >= 400) == refused for status in statuses)
        assert any(isinstance(event, BotFailed) for event in events) == refused


async def test_activities_for_calls_that_are_over_are_refused(bot: BotDouble) -> None:
    statuses = []

    async def confused(_: BotDouble, activity: Activity, reply: Reply) -> None:
        activity["conversation"]["id"] = "another"
        statuses.append(await reply("Hello."))

    bot.behave = confused
    async with channel_to(bot) as channel:
        assert await Caller(channel).hear("hello") == []
    assert statuses[0] == 404


async def test_a_peer_that_speaks_something_else_is_left_and_tried_again(bot: BotDouble) -> None:
    async def babbles(double: BotDouble, activity: Activity, reply: Reply) -> None:
        double.behave = echo
        await double.sockets[-1].send_bytes(b"x" * 100)
        await asyncio.Event().wait()

    bot.behave = babbles
    async with channel_to(bot) as channel:
        caller = Caller(channel)
        assert "not a frame header" in await caller.fail()
        assert await caller.hear("hello") == ["You said hello."]


async def test_each_connection_shows_a_token(bot: BotDouble) -> None:
    identity = IdentityDouble({"app-1": "s3cret"})
    await identity.start()
    async with channel_to(bot, **identity.registered("app-1")) as channel:
        assert await Caller(channel).hear("hello") == ["You said hello."]
    assert bot.authorizations[0].startswith("Bearer ey")
    await identity.close()
