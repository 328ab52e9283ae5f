"""A conversation with a bot of others, over a carrier that is played by hand: order, deadlines, signs of life, the end.

On virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from callers import Numbered

from voicebot.bots import CallFacts, activities
from voicebot.bots.exchange import FAREWELL_S, MAX_TURN_S, Exchange, Undelivered
from voicebot.bots.settling import Patience
from voicebot.events import BotDone, BotFailed, BotMessage, Event

pytestmark = pytest.mark.virtual_time

CALL = CallFacts("call-1", "+15550100", "+15550199")
PATIENCE = Patience(quiet_s=1.0, typing_s=5.0, silent_s=2.0)
TYPING = {"type": "typing"}


def message(text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "message", "text": text, **fields}


class Carrier:
    """Takes what it is given while ``goes_on`` is set; ``fails``: why it does not."""

    def __init__(self, patience: Patience | None = None, timeout_s: float = 10.0) -> None:
        self.events: list[Event] = []
        self.told: list[str] = []
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.fails = ""
        self.released = 0
        self.exchange = Exchange(CALL, self.events.append, self, timeout_s=timeout_s, patience=patience)
        self.conversation = Numbered(self.exchange)

    async def hand_over(self, request: int, activity: dict[str, Any]) -> str:
        self.told.append(activity.get("text") or activity["type"])
        await self.goes_on.wait()
        if self.fails:
            raise Undelivered(self.fails)
        return f"id-{request}"

    async def say_goodbye(self, activity: dict[str, Any]) -> None:
        self.told.append(f"goodbye {activity['id'].rpartition('|')[2]}")
        if self.fails:
            raise Undelivered(self.fails)

    async def release(self) -> None:
        self.released += 1

    @property
    def ends(self) -> list[tuple[type[Event], int]]:
        return [(type(e), e.request) for e in self.events if isinstance(e, BotDone | BotFailed)]

    @property
    def said(self) -> list[tuple[int, str]]:
        return [(e.request, e.text) for e in self.events if isinstance(e, BotMessage)]

    def say(self, *texts: str) -> None:
        for text in texts:
            self.conversation.send(activities.user_message(text))


async def test_one_is_handed_over_at_a_time_and_taking_it_is_its_end() -> None:
    bot = Carrier()
    bot.goes_on.clear()
    bot.say("one", "two")
    await asyncio.sleep(1)
    assert (bot.told, bot.ends) == (["one"], [])
    bot.exchange.received(message("yes"))
    bot.goes_on.set()
    await asyncio.sleep(1)
    assert bot.told == ["one", "two"]
    assert (bot.said, bot.ends) == ([(1, "yes")], [(BotDone, 1), (BotDone, 2)])


async def test_with_patience_the_next_is_handed_over_when_the_one_before_was_taken_or_answered() -> None:
    bot = Carrier(PATIENCE)
    bot.goes_on.clear()
    bot.say("long", "stop")
    await asyncio.sleep(1)
    assert bot.told == ["long"]
    bot.exchange.received(message("Let me see."))  # it was taken: it is being answered
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert bot.told == ["long", "stop"]
    bot.goes_on.set()
    bot.exchange.received(message("Stopped.", inputHint="expectingInput"))
    await asyncio.sleep(1.1)
    assert bot.said == [(1, "Let me see."), (2, "Stopped.")]
    assert bot.ends == [(BotDone, 1), (BotDone, 2)]


@pytest.mark.parametrize("patience", [None, PATIENCE])
async def test_a_bot_that_shows_signs_of_life_may_take_longer_but_not_for_ever(patience: Patience | None) -> None:
    bot = Carrier(patience)
    bot.goes_on.clear()
    bot.say("think")
    began = asyncio.get_running_loop().time()
    while not bot.ends:
        await asyncio.sleep(9)
        bot.exchange.received(TYPING)
    assert bot.ends == [(BotFailed, 1)]
    assert MAX_TURN_S < asyncio.get_running_loop().time() - began < MAX_TURN_S + 20


@pytest.mark.parametrize("patience", [None, PATIENCE])
async def test_a_bot_that_takes_nothing_is_given_up_in_time_and_asked_the_next(patience: Patience | None) -> None:
    bot = Carrier(patience)
    bot.goes_on.clear()
    bot.say("one", "two")
    await asyncio.sleep(9.9)
    assert bot.ends == []
    await asyncio.sleep(0.2)
    assert bot.ends == [(BotFailed, 1)]
    bot.goes_on.set()
    bot.exchange.received(message("two it is"), 2)
    await asyncio.sleep(2)
    assert bot.told == ["one", "two"]
    assert bot.ends == [(BotFailed, 1), (BotDone, 2)]


async def test_what_cannot_be_delivered_fails_with_its_reason_and_a_fault_of_ours_as_well() -> None:
    bot = Carrier()
    bot.fails = "HTTP 500"
    bot.say("one")
    await asyncio.sleep(0.1)
    bot.fails = ""
    bot.told = None  # type: ignore[assignment]
    bot.say("two")
    await asyncio.sleep(0.1)
    reasons = [event.reason for event in bot.events if isinstance(event, BotFailed)]
    assert reasons[0] == "HTTP 500"
    assert reasons[1].startswith("AttributeError")


async def test_what_cannot_be_used_fails_the_request_that_it_is_for_or_is_told_by_itself() -> None:
    bot = Carrier()
    bot.goes_on.clear()
    bot.say("one")
    await asyncio.sleep(1)
    bot.exchange.unusable("not JSON")
    bot.goes_on.set()
    await asyncio.sleep(1)
    bot.exchange.unusable("not JSON")
    assert bot.ends == [(BotFailed, 1), (BotFailed, 0)]


async def test_a_message_that_is_too_long_is_said_as_far_as_it_goes_and_the_log_tells(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bot = Carrier()
    bot.exchange.received(message("Hello. " * 1000), 0)
    assert len(bot.said) == 1
    assert "cut at the end of a sentence: 3004 characters are not said" in caplog.text


async def test_what_is_lost_fails_at_once() -> None:
    bot = Carrier(PATIENCE)
    bot.say("one", "two")
    await asyncio.sleep(0.1)
    bot.exchange.lost("gone")
    assert bot.ends == [(BotFailed, 1), (BotFailed, 2)]
    await asyncio.sleep(60)
    assert len(bot.ends) == 2


async def test_at_the_end_all_is_told_that_the_caller_still_said_and_then_the_end_and_the_call_hears_no_more() -> None:
    bot = Carrier()
    bot.say("one", "two")
    await bot.conversation.close("caller")
    await bot.conversation.close("caller")
    bot.say("too late")
    bot.exchange.received(message("too late"))
    await bot.exchange.over()
    assert bot.told == ["one", "two", "goodbye 0000003"]
    assert (bot.events, bot.released) == ([], 1)


@pytest.mark.parametrize("patience", [None, PATIENCE])
async def test_a_bot_that_hangs_hears_of_the_end_after_a_while(patience: Patience | None) -> None:
    bot = Carrier(patience)
    bot.goes_on.clear()
    bot.say("one", "two")
    await asyncio.sleep(1)
    began = asyncio.get_running_loop().time()
    await bot.conversation.close("caller")
    await bot.exchange.over()
    assert asyncio.get_running_loop().time() - began == pytest.approx(FAREWELL_S, abs=0.1)
    assert bot.told == ["one", "goodbye 0000003"]
    assert bot.released == 1


async def test_a_bot_that_is_gone_does_not_hold_up_the_end() -> None:
    bot = Carrier()
    bot.fails = "no connection"
    await bot.conversation.close("caller")
    await bot.exchange.over()
    assert bot.released == 1


@pytest.mark.parametrize("patience", [None, PATIENCE])
async def test_a_start_that_failed_is_handed_over_again_before_what_comes_next(patience: Patience | None) -> None:
    bot = Carrier(patience)
    bot.fails = "the bot answered 500"
    bot.conversation.send(activities.conversation_update())
    await asyncio.sleep(5)
    bot.say("hello")
    await asyncio.sleep(5)
    assert bot.ends == [(BotFailed, 1), (BotFailed, 2)]
    assert bot.told == ["conversationUpdate", "conversationUpdate"]
    bot.fails = ""
    bot.say("is somebody there")
    await asyncio.sleep(5)
    bot.say("good")
    await asyncio.sleep(5)
    assert bot.told[2:] == ["conversationUpdate", "is somebody there", "good"]
    assert patience is not None or bot.ends[2:] == [(BotDone, 3), (BotDone, 4)]


@pytest.mark.parametrize("patience", [None, PATIENCE])
async def test_a_start_that_never_ended_is_handed_over_again(patience: Patience | None) -> None:
    bot = Carrier(patience, timeout_s=4)
    bot.goes_on.clear()
    bot.conversation.send(activities.conversation_update())
    await asyncio.sleep(5)
    bot.goes_on.set()
    bot.say("hello")
    await asyncio.sleep(5)
    assert bot.told == ["conversationUpdate", "conversationUpdate", "hello"]
    assert bot.ends[0] == (BotFailed, 1)


async def test_a_start_that_the_bot_has_answered_is_not_repeated() -> None:
    bot = Carrier()
    bot.goes_on.clear()
    bot.conversation.send(activities.conversation_update())
    await asyncio.sleep(1)
    bot.exchange.received(message("welcome"))
    bot.fails = "the connection broke off"
    bot.goes_on.set()
    await asyncio.sleep(1)
    bot.fails = ""
    bot.say("hello")
    await asyncio.sleep(1)
    assert bot.told == ["conversationUpdate", "hello"]
