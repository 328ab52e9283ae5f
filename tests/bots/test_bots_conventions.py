"""What is agreed with a bot, around any conversation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from callers import Numbered
from hypothesis import given
from hypothesis import strategies as st

from voicebot.bots import CallFacts, activities
from voicebot.bots.conventions import Conventions, KeyCollector, in_style, with_conventions
from voicebot.bots.conversation import OnEvent
from voicebot.events import BotDone, BotFailed, BotMessage, CallConfigured, Event, KeyCollection, TransferEnded

CALL = CallFacts("c", "", "")
FOUR = KeyCollection(max_keys=4, end_key="#", gap_s=2.0)


class Inside:
    def __init__(self, call: CallFacts, on_event: OnEvent) -> None:
        self.on_event = on_event
        self.told: list[dict[str, Any]] = []
        self.requests: list[int] = []
        self.closed = ""

    def send(self, request: int, activity: dict[str, Any]) -> None:
        self.requests.append(request)
        self.told.append(activity)

    async def trial(self, activity: dict[str, Any]) -> list[Event]:
        return []

    async def close(self, reason: str) -> None:
        self.closed = reason


class World:
    def __init__(self, conventions: Conventions, call: CallFacts = CALL) -> None:
        self.events: list[Event] = []
        self.inside: Inside

        def make(call: CallFacts, on_event: OnEvent) -> Inside:
            self.inside = Inside(call, on_event)
            return self.inside

        self.conversation = Numbered(with_conventions(make, conventions)(call, self.events.append))

    def press(self, keys: str) -> list[int]:
        return [self.conversation.send(activities.key_message(key)) for key in keys]

    @property
    def texts(self) -> list[str]:
        return [activity["text"] for activity in self.inside.told]

    async def settle(self) -> list[tuple[str, int]]:
        await asyncio.sleep(0)
        events = list(self.events)
        self.events.clear()
        return [(type(event).__name__, getattr(event, "request", 0)) for event in events]


async def test_keys_come_each_by_itself_unless_they_are_to_be_collected() -> None:
    world = World(Conventions())
    assert world.press("12") == [1, 2]
    assert world.texts == ["1", "2"]


async def test_collected_keys_are_one_message_whose_request_is_that_of_the_last_key() -> None:
    world = World(Conventions(keys=FOUR))
    assert world.press("1234") == [1, 2, 3, 4]
    assert world.texts == ["1234"]
    assert world.inside.told[0]["entities"] == [{"type": "DTMF"}]
    done = [("BotDone", 1), ("BotDone", 2), ("BotDone", 3)]
    assert await world.settle() == [*done, ("CallConfigured", 0)]  # a "#" that still comes ends these four
    assert world.inside.requests == [4]
    world.inside.on_event(BotMessage(0.0, 4, "Thanks", "Thanks"))
    world.inside.on_event(BotDone(0.0, 4))
    assert await world.settle() == [("BotMessage", 4), ("BotDone", 4)]
    world.inside.on_event(BotMessage(0.0, 0, "By the way", "By the way"))
    assert await world.settle() == [("BotMessage", 0)]


@pytest.mark.parametrize("keys", [KeyCollection(), FOUR])
async def test_keys_are_told_in_the_bots_style(keys: KeyCollection) -> None:
    world = World(Conventions(dtmf="event", keys=keys))
    world.press("5555")
    told = world.inside.told[-1]
    assert (told["type"], told["name"], told["value"]) == ("event", "DTMF", "5" if keys.max_keys == 1 else "5555")


async def test_what_is_said_after_some_keys_comes_after_them() -> None:
    world = World(Conventions(keys=FOUR))
    world.press("12")
    request = world.conversation.send(activities.user_message("hello"))
    assert (world.texts, request) == (["12", "hello"], 3)
    assert world.inside.requests == [2, 3]
    await world.settle()
    world.inside.on_event(BotFailed(0.0, 3, "crash"))
    assert await world.settle() == [("BotFailed", 3)]


@pytest.mark.virtual_time
async def test_keys_without_an_end_go_on_their_way_after_a_gap_and_at_the_end_of_the_call() -> None:
    world = World(Conventions(keys=KeyCollection(8, "#", 2.0)))
    world.press("12")
    assert world.texts == []
    await asyncio.sleep(1.9)
    assert world.texts == []
    await asyncio.sleep(0.2)
    assert world.texts == ["12"]
    world.press("3")
    await world.conversation.close("caller")
    assert (world.texts, world.inside.closed) == (["12", "3"], "caller")


async def test_a_bot_may_ask_for_collected_keys_itself() -> None:
    world = World(Conventions())
    world.inside.on_event(CallConfigured(0.0, keys=FOUR))
    world.press("12#")
    world.inside.on_event(CallConfigured(0.0, keys=KeyCollection()))
    world.press("34")
    assert world.texts == ["12", "3", "4"]


async def test_in_a_call_that_another_process_began_what_the_bot_has_set_stays() -> None:
    world = World(Conventions(keys=KeyCollection(), masking_s=1.5), replace(CALL, keys=FOUR))
    world.press("12#3456")
    assert world.texts == ["12", "3456"]
    await asyncio.sleep(0)
    assert not [event for event in world.events if isinstance(event, CallConfigured) and event.masking_s]


async def test_a_slow_bots_words_are_set_at_the_start() -> None:
    world = World(Conventions(masking_s=1.5, masking_text="Let me see."))
    await asyncio.sleep(0)
    assert [(e.masking_s, e.masking_text) for e in world.events if isinstance(e, CallConfigured)] == [
        (1.5, "Let me see.")
    ]


async def test_a_hypothesis_does_not_end_the_keys_that_are_being_collected() -> None:
    world = World(Conventions(keys=FOUR))
    world.press("12")
    world.conversation.send(activities.speech_hypothesis("hmm"))
    world.press("34")
    assert [told.get("text") for told in world.inside.told] == [None, "1234"]


async def test_hypotheses_are_asked_for_at_the_start_where_the_settings_say_so() -> None:
    world = World(Conventions(hypotheses=True))
    await asyncio.sleep(0)
    assert [e.hypotheses for e in world.events if isinstance(e, CallConfigured)] == [True]


async def test_nothing_is_told_after_the_end() -> None:
    world = World(Conventions(keys=FOUR, masking_s=1.0))
    world.press("12")
    await world.conversation.close("caller")
    world.inside.on_event(BotDone(0.0, 1))
    assert await world.settle() == []


@given(st.text("0123456789*#", max_size=40), st.integers(1, 8), st.sampled_from(["#", "*", ""]))
def test_no_key_is_lost(pressed: str, most: int, end: str) -> None:
    collector = KeyCollector(KeyCollection(most, end, 1.0))
    told = [keys for key in pressed if (keys := collector.press(key, 0.0))]
    left = collector.take()
    assert all(len(keys) <= most for keys in told)
    assert "".join(told).replace(end, "") + left == pressed.replace(end, "")


@pytest.mark.parametrize(
    ("accepted", "status", "told"),
    [
        (True, 200, {"status": "answered"}),
        (False, 486, {"status": "failed", "reason": "Busy", "reasonCode": "busy"}),
        (False, 0, {"status": "failed", "reason": "Busy", "reasonCode": "error"}),
    ],
)
def test_a_transfers_result_in_audiocodes_words(accepted: bool, status: int, told: dict[str, str]) -> None:
    microsoft = activities.handoff_status(TransferEnded(0.0, accepted, status, "Busy"))
    assert in_style(microsoft, "microsoft") is microsoft
    assert in_style(microsoft, "audiocodes") == {"type": "event", "name": "transferStatus", "value": told}
