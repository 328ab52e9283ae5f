"""Calls of ours, calls that bots have placed, and calls on hold, over doubles of the session's neighbours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from call_world import SECOND, World

from voicebot.address import Address
from voicebot.calls import (
    CallRequest,
    CannotCall,
    Placed,
    placed_calls,
)
from voicebot.events import (
    CallAsked,
    CallNotAnswered,
    CallRinging,
    EarlyMediaReceived,
    HoldEnded,
    HoldStarted,
    KeysAsked,
    NotReached,
)
from voicebot.turns import TurnPolicy

pytestmark = pytest.mark.virtual_time


async def test_a_call_of_ours_asks_the_bot_when_it_is_answered_and_listens_from_then_on(tmp_path: Path) -> None:
    told: list[str] = []
    placed = Placed("surveys", {"order": 7}, lambda state, _status, _reason: told.append(state))
    world = World(tmp_path, recording=True, placed=placed)
    await world.settle()
    assert world.session.phase == "calling"
    world.session.fact(CallRinging(world.now, 180))
    world.session.fact(EarlyMediaReceived(world.now, 183))
    world.session.frame(b"\x00" * 160, world.now)
    assert world.session.phase == "early-media"
    assert world.ears.received_bytes == 0, "an announcement of the network is nobody's words"
    assert not hasattr(world, "bot"), "nobody has answered"
    world.line.rings.set()
    await world.settle()
    assert (world.bot.facts.direction, world.bot.facts.person) == ("outbound", "bot")
    assert (world.bot.facts.bot, world.bot.facts.context) == ("surveys", {"order": 7})
    world.says("Hello, this is about your order.")
    await world.settle()
    assert world.line.pull(100) == SECOND
    world.session.frame(b"\xff" * 160, world.now)
    assert world.ears.received_bytes == 160
    assert world.session.summary()["state"] == "up"
    await world.line.hang_up()
    record = await world.over()
    assert told == ["answered", "ended"]
    assert (record["direction"], record["bot"], record["end"]["reason"]) == ("outbound", "surveys", "bot")
    assert record["ringing_ms"] is not None and record["early_media_ms"] is not None


async def test_of_a_call_of_ours_that_nobody_answers_the_bot_never_hears() -> None:
    told: list[tuple[str, int, str]] = []
    world = World(placed=Placed(observer=lambda *facts: told.append(facts)))
    await world.settle()
    world.line.refuse(CallNotAnswered(world.now, NotReached.BUSY, 486, "Busy Here"))
    record = await world.over()
    assert not hasattr(world, "bot")
    assert told == [("busy", 486, "Busy Here")]
    assert record["end"]["reason"] == "busy"
    assert record["not_answered"] == {"outcome": "busy", "status": 486, "reason": "Busy Here"}
    assert world.session.summary()["state"] == "ended"


async def test_a_bot_has_somebody_called_and_hears_what_became_of_it() -> None:
    wishes: list[CallRequest] = []

    async def place(request: CallRequest, observer: Callable[[str, int, str], None]) -> str:
        wishes.append(request)
        if request.to == Address.parse("+1900"):
            raise CannotCall("forbidden", "+1900 may not be called")
        asyncio.get_running_loop().call_soon(observer, "busy", 486, "Busy Here")
        return "call-2"

    world = await World(place=place).greeted()
    world.line.pull(60)
    world.bot.on_event(CallAsked(world.now, Address.parse("+1425"), command="c1", context={"order": 7}))
    world.bot.on_event(CallAsked(world.now, Address.parse("+1900"), command="c2"))
    await world.settle()
    assert wishes[0] == CallRequest(Address.parse("+1425"), context={"order": 7})
    answers = [activity["value"] for activity in world.bot.told if activity.get("name") == "call.status"]
    assert {answer["commandId"]: answer["state"] for answer in answers} == {"c1": "busy", "c2": "refused"}
    assert next(answer for answer in answers if answer["commandId"] == "c1")["callId"] == "call-2"
    for _ in range(20):
        world.bot.on_event(CallAsked(world.now, Address.parse("+1425")))
    await world.settle()
    assert len(wishes) == placed_calls.MAX_PLACED, "a bot that goes mad calls ten people, not thousands"
    await world.line.hang_up()
    await world.over()


async def test_on_hold_music_is_not_listened_to_and_nobody_is_asked_whether_they_are_there() -> None:
    world = await World(policy=TurnPolicy(no_input_s=0.02)).greeted()
    world.line.pull(100)
    world.session.fact(HoldStarted(world.now))
    music = b"\x00\x80" * 80
    heard = world.ears.written
    world.session.frame(music, world.now)
    await asyncio.sleep(0.06)
    assert heard == [b"\xff" * 160]
    assert len(world.bot.told) == 1, "patience does not run out on hold"
    world.session.fact(HoldEnded(world.now))
    world.session.frame(music, world.now)
    assert heard[-1] == music
    await world.until(lambda: world.bot.told[-1].get("name") == "noUserInput")
    await world.line.hang_up()
    await world.over()


@pytest.mark.parametrize("shown", [False, True])
async def test_what_callers_say_is_in_the_log_only_where_that_is_wanted(
    shown: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    world = await World(log_words=shown).greeted()
    world.line.pull(60)
    await world.caller_says("my secret is xyzzy")
    world.bot.on_event(KeysAsked(world.now, "987"))
    world.session.key("5", world.now)
    await world.line.hang_up()
    await world.over()
    assert ("xyzzy" in caplog.text) is shown
    assert ("987" in caplog.text) is shown


async def test_whoever_answers_while_we_are_on_hold_is_listened_to_when_the_hold_ends() -> None:
    world = World(placed=Placed())
    await world.settle()
    world.session.fact(HoldStarted(world.now))
    world.line.rings.set()
    await world.settle()
    voice = b"\x00\x80" * 80
    world.session.frame(voice, world.now)
    world.session.fact(HoldEnded(world.now))
    world.session.frame(voice, world.now)
    assert world.ears.written == [b"\xff" * 160, voice]
    await world.line.hang_up()
    await world.over()


async def test_a_leg_that_does_not_tell_its_end_ends_all_the_same() -> None:
    told: list[str] = []
    world = World(placed=Placed(observer=lambda state, _status, _reason: told.append(state)), max_duration_s=0.01)
    world.line.rings.set()
    world.line.hang_up = lambda: asyncio.sleep(0)  # type: ignore[method-assign]
    record = await world.over()
    assert (record["end"]["reason"], told) == ("error", ["answered", "ended"])
    world.session.ended("caller", world.now)
    assert told == ["answered", "ended"]
