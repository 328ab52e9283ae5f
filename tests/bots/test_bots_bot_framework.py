"""The channel over HTTP, against a bot on a real socket: order, faults, tokens. Nothing lost, nothing said twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bot_double import Activity, BotDouble, Reply, echo
from callers import Caller
from identity_double import IdentityDouble
from waiting import until

from voicebot.bots import activities, exchange
from voicebot.bots.bot_framework import BotFrameworkBot, BotFrameworkChannel
from voicebot.bots.channel import ChannelUnavailable
from voicebot.bots.connector_server import ConnectorServer
from voicebot.events import BotDone, BotFailed, BotMessage, HangUpAsked

APP, SECRET = "app-1", "s3cret"


@pytest.fixture
async def bot() -> AsyncIterator[BotDouble]:
    double = BotDouble()
    await double.start()
    yield double
    await double.close()


@pytest.fixture
async def identity() -> AsyncIterator[IdentityDouble]:
    double = IdentityDouble({APP: SECRET})
    await double.start()
    yield double
    await double.close()


@asynccontextmanager
async def channel_to(bot: BotDouble, **settings: Any) -> AsyncIterator[BotFrameworkChannel]:
    connector = ConnectorServer()
    channel = BotFrameworkBot(name="double", url=bot.url, **settings).channel(connector)
    await channel.start()
    try:
        yield channel
    finally:
        await channel.close()
        await connector.close()


def authenticated(identity: IdentityDouble) -> dict[str, Any]:
    return identity.registered(APP)


# --- the conversation ------------------------------------------------------------------------------------------------


async def test_the_bot_is_told_in_order_one_activity_at_a_time(bot: BotDouble) -> None:
    async def slow_at_first(_: BotDouble, activity: Activity, reply: Reply) -> None:
        if activity.get("text") == "0":
            for _ in range(100):  # time enough to overtake it
                await asyncio.sleep(0)
        await reply(activity.get("text", ""))

    bot.behave = slow_at_first
    async with channel_to(bot) as channel:
        caller = Caller(channel)
        for number in range(8):
            caller.conversation.send(activities.user_message(str(number)))
        heard = [await caller.until_done() for _ in range(8)]
        assert [[event.request for event in events] for events in heard] == [[n, n] for n in range(1, 9)]
    assert bot.most_busy == 1
    assert [a["text"] for a in bot.received if a["type"] == "message"] == [str(number) for number in range(8)]
    ids = [a["id"] for a in bot.received]
    assert len(set(ids)) == len(ids)


async def test_conversations_do_not_wait_for_each_other(bot: BotDouble) -> None:
    together = asyncio.Barrier(10)

    async def wait_for_all(_: BotDouble, activity: Activity, reply: Reply) -> None:
        if activity["type"] == "message":
            async with asyncio.timeout(20):
                await together.wait()
            await reply(activity["text"])

    bot.behave = wait_for_all
    async with channel_to(bot) as channel:
        callers = [Caller(channel, call_id=f"call-{number}") for number in range(10)]
        assert await asyncio.gather(*(c.hear(str(n)) for n, c in enumerate(callers))) == [[str(n)] for n in range(10)]


async def test_the_end_of_the_call_is_told_after_all_that_the_caller_said(bot: BotDouble) -> None:
    async with channel_to(bot) as channel:
        caller = Caller(channel)
        for key in "12":
            caller.conversation.send(activities.key_message(key))
        await caller.conversation.close("caller")
        await caller.conversation.close("caller")
    assert [(a["type"], a.get("text")) for a in bot.received] == [
        ("message", "1"),
        ("message", "2"),
        ("endOfConversation", "caller"),
    ]
    assert caller.events.empty()


async def test_the_conversation_is_named_by_us_and_the_call_in_its_data(bot: BotDouble) -> None:
    async with channel_to(bot) as channel:
        caller = Caller(channel, call_id="chosen/by the caller")
        await caller.ask(activities.conversation_update())
    (update, _) = bot.received
    assert update["conversation"]["id"].isalnum()
    assert update["channelData"]["callId"] == "chosen/by the caller"
    assert (update["channelId"], update["membersAdded"][0]["id"]) == ("telephony", "+15550100")


async def test_what_comes_after_the_answer_is_the_bots_own_initiative(bot: BotDouble) -> None:
    async with channel_to(bot) as channel:
        caller = Caller(channel)
        await caller.hear("hello")
        assert await bot.post(bot.received[0], {"type": "message", "text": "Your taxi is here."}) == 200
        message = await caller.next()
        assert isinstance(message, BotMessage)
        assert (message.request, message.speak) == (0, "Your taxi is here.")


async def test_a_bot_that_answers_later_is_waited_for_where_that_is_set(bot: BotDouble) -> None:
    async def later(double: BotDouble, activity: Activity, reply: Reply) -> int:
        asyncio.get_running_loop().call_later(0.05, lambda: asyncio.ensure_future(reply("At last.")))
        return 202

    bot.behave = later
    async with channel_to(bot, reply_wait_s=5.0) as channel:
        assert await Caller(channel).hear("hello") == ["At last."]


async def test_a_delay_holds_back_what_follows_it(bot: BotDouble) -> None:
    async def paused(_: BotDouble, activity: Activity, reply: Reply) -> None:
        if activity["type"] == "message":
            await reply("One moment.")
            await reply(type="delay", value=50)
            await reply("There.")

    bot.behave = paused
    async with channel_to(bot) as channel:
        one, two, done = await Caller(channel).ask(activities.user_message("hello"))
        assert isinstance(one, BotMessage) and isinstance(two, BotMessage) and isinstance(done, BotDone)
        assert (one.speak, two.speak) == ("One moment.", "There.")
        assert two.at - one.at >= 0.045


async def test_replies_may_come_in_the_answer(bot: BotDouble) -> None:
    async def talkative(_: BotDouble, activity: Activity, reply: Reply) -> None:
        await reply("One.")
        await reply("Two.")
        await reply(type="endOfConversation")

    bot.behave = talkative
    async with channel_to(bot, expect_replies=True) as channel:
        one, two, over, done = await Caller(channel).ask(activities.user_message("hello"))
        assert [type(event) for event in (one, two, over, done)] == [BotMessage, BotMessage, HangUpAsked, BotDone]


# --- faults ----------------------------------------------------------------------------------------------------------


async def test_an_activity_that_comes_twice_is_said_once(bot: BotDouble) -> None:
    async def stutter(_: BotDouble, activity: Activity, reply: Reply) -> None:
        if activity["type"] == "message":
            await reply("With an id.", id="a-1", again=2)
            await reply("With a request id.", request_id="r-1", again=2)
            await reply("Yes.")
            await reply("Yes.")

    bot.behave = stutter
    async with channel_to(bot) as channel:
        caller = Caller(channel)
        assert await caller.hear("hello") == ["With an id.", "With a request id.", "Yes.", "Yes."]


async def test_the_parts_of_a_streamed_text_and_its_whole_come_twice_and_are_said_once(bot: BotDouble) -> None:
    def part(number: int, kind: str) -> Activity:
        info = {"type": "streaminfo", "streamId": "s-1", "streamType": kind, "streamSequence": number}
        return {"id": "s-1", "entities": [info]}

    async def streams(_: BotDouble, activity: Activity, reply: Reply) -> None:
        if activity["type"] == "message":
            await reply("One. ", type="typing", again=1, **part(1, "streaming"))
            await reply("One. Two. ", type="typing", again=1, **part(2, "streaming"))
            await reply("One. Two. Three.", again=1, **part(3, "final"))

    bot.behave = streams
    async with channel_to(bot) as channel:
        assert await Caller(channel).hear("hello") == ["One.", "Two. Three."]


async def test_a_bot_that_fails_is_not_asked_again_and_the_next_question_reaches_it(bot: BotDouble) -> None:
    async def fails_once(double: BotDouble, activity: Activity, reply: Reply) -> int | None:
        if activity.get("text") == "one":
            return 500
        await reply("Yes?")
        return None

    bot.behave = fails_once
    async with channel_to(bot) as channel:
        caller = Caller(channel)
        assert (await caller.fail("one")).startswith("the bot answered HTTP 500")
        assert await caller.hear("two") == ["Yes?"]
        assert len(bot.received) == 2


async def test_a_bot_that_turns_us_away_is_asked_again(bot: BotDouble) -> None:
    statuses = iter([429, 503, 200])

    async def busy(_: BotDouble, activity: Activity, reply: Reply) -> int:
        status = next(statuses, 200)
        if status == 200:
            await reply("Now.")
        return status

    bot.behave = busy
    async with channel_to(bot) as channel:
        assert await Caller(channel).hear("hello") == ["Now."]
    assert len({a["id"] for a in bot.received[:3]}) == 1


async def test_a_bot_that_is_restarted_is_waited_for(bot: BotDouble, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    port = int(bot.url.split(":")[2].split("/")[0])
    await bot.close()
    async with channel_to(bot) as channel:
        caller = Caller(channel)
        caller.conversation.send(activities.user_message("hello"))
        await until(lambda: "no connection to the bot" in caplog.text)
        await bot.start(port)
        *_, last = await caller.until_done()
        assert isinstance(last, BotDone)


async def test_a_slow_bot_is_given_up_and_what_it_says_late_is_still_heard(bot: BotDouble) -> None:
    given_up = asyncio.Event()

    async def slow(_: BotDouble, activity: Activity, reply: Reply) -> None:
        if activity.get("text") == "slow":
            task = asyncio.create_task(say_late(reply))
            await asyncio.shield(task)
        elif activity["type"] == "message":
            await reply("Quick.")

    async def say_late(reply: Reply) -> None:
        await given_up.wait()
        await reply("Late.")

    bot.behave = slow
    async with channel_to(bot, turn_timeout_s=1) as channel:
        caller = Caller(channel)
        assert await caller.fail("slow") == "no answer within 1 s"
        assert await caller.hear("quick") == ["Quick."]
        given_up.set()
        late = await caller.next()
        assert isinstance(late, BotMessage)
        assert (late.request, late.speak) == (0, "Late.")


async def test_a_bot_that_hangs_is_told_of_the_end_of_the_call_all_the_same(
    bot: BotDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "FAREWELL_S", 0.05)
    never = asyncio.Event()

    async def hangs(_: BotDouble, activity: Activity, reply: Reply) -> None:
        if activity["type"] == "message":
            await never.wait()

    bot.behave = hangs
    async with channel_to(bot) as channel:
        caller = Caller(channel)
        caller.conversation.send(activities.user_message("hello"))
        await caller.conversation.close("caller")
        await caller.conversation.over()
    assert [a["type"] for a in bot.received] == ["message", "endOfConversation"]


async def test_a_bot_that_is_not_there_fails_in_time() -> None:
    nobody = BotDouble()
    nobody.url = "http://127.0.0.1:9/api/messages"
    async with channel_to(nobody, turn_timeout_s=0.5) as channel:
        assert (await Caller(channel).fail()).startswith("no connection to the bot")


async def test_too_much_at_once_is_refused(bot: BotDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "FAREWELL_S", 0.1)

    async def never(_: BotDouble, activity: Activity, reply: Reply) -> None:
        await asyncio.Event().wait()

    bot.behave = never
    async with channel_to(bot, turn_timeout_s=2) as channel:
        caller = Caller(channel)
        for _ in range(70):
            caller.conversation.send(activities.key_message("1"))
        failed = await caller.next()
        assert isinstance(failed, BotFailed)
        assert (failed.request, failed.reason) == (65, "too many requests are waiting for the bot")
        bot.behave = echo


# --- tokens ----------------------------------------------------------------------------------------------------------


async def test_both_ways_are_authenticated(bot: BotDouble, identity: IdentityDouble) -> None:
    bot.token = identity.bot_token(APP)
    async with channel_to(bot, **authenticated(identity)) as channel:
        assert await Caller(channel).hear("hello") == ["You said hello."]
    assert bot.authorizations[0].startswith("Bearer ey")
    assert identity.tokens_given == 1


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ("", 401),
        ("nonsense", 401),
        ("forged", 401),
        ("expired", 401),
        ("audience", 401),
        ("issuer", 401),
        ("other bot", 403),
    ],
)
async def test_who_is_not_the_bot_is_not_heard(
    bot: BotDouble, identity: IdentityDouble, token: str, status: int
) -> None:
    forger = IdentityDouble({})
    forger.rotate()
    bot.token = {
        "forged": identity.bot_token(APP, key=forger.key),
        "expired": identity.bot_token(APP, exp=1_700_000_000),
        "audience": identity.bot_token(APP, aud="https://elsewhere"),
        "issuer": identity.bot_token(APP, iss="https://sts.windows.net/elsewhere/"),
        "other bot": identity.bot_token("app-2"),
    }.get(token, token)
    statuses = []

    async def impostor(_: BotDouble, activity: Activity, reply: Reply) -> None:
        statuses.append(await reply("Your card number, please."))

    bot.behave = impostor
    async with channel_to(bot, **authenticated(identity)) as channel:
        assert await Caller(channel).hear("hello") == []
    assert statuses[0] == status


async def test_a_token_that_the_bot_refuses_is_replaced_once(bot: BotDouble, identity: IdentityDouble) -> None:
    bot.token = identity.bot_token(APP)

    async def refuses_the_first(double: BotDouble, activity: Activity, reply: Reply) -> int | None:
        if len(double.authorizations) == 1:
            return 401
        await reply("Welcome.")
        return None

    bot.behave = refuses_the_first
    async with channel_to(bot, **authenticated(identity)) as channel:
        assert await Caller(channel).hear("hello") == ["Welcome."]
    assert bot.authorizations[0] != bot.authorizations[1]
    assert identity.tokens_given == 2


async def test_without_a_token_for_the_bot_the_caller_hears_of_it(bot: BotDouble, identity: IdentityDouble) -> None:
    identity.down = True
    async with channel_to(bot, **authenticated(identity)) as channel:
        assert await Caller(channel).fail() == "no token for the bot: HTTP 503: no access_token"
    assert bot.received == []


async def test_a_bot_without_authentication_is_served_on_loopback_only(bot: BotDouble) -> None:
    channel = BotFrameworkBot(name="open", url=bot.url).channel(ConnectorServer("0.0.0.0"))
    with pytest.raises(ChannelUnavailable, match="set app_id"):
        await channel.start()
    await channel.close()
