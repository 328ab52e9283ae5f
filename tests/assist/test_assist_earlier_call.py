"""The bot's half of a call, above the human one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from assist_world import AGENT, CALLER, AssistWorld

from voicebot.address import Address
from voicebot.assist.call import EARLIER_S
from voicebot.assist.earlier_call import earlier_half
from voicebot.assist.entries import PartiesChanged, Utterance
from voicebot.assist.redaction import RedactionPolicy
from voicebot.audio import PCMU
from voicebot.call_headers import carrying
from voicebot.calls import RecordBuilder
from voicebot.events import BotMessage, Final, PlaybackEnded, PlaybackStarted, SpeechStarted, SpeechStopped
from voicebot.events.parties import Role
from voicebot.legs import LegInfo
from voicebot.legs.recorded import RecordedInfo, RecordedStream
from voicebot.turns import AskKind

CALL = "0123456789abcdef0123456789abcdef"
BEGAN = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def record(began: datetime = BEGAN) -> dict[str, Any]:
    """Of a call of ten seconds: a greeting, what the caller wants, keys, a card number, and the bot's goodbye."""
    info = LegInfo("call-0", "+15550100", "bot", PCMU, caller_uri="sip:+15550100@sbc.example", display_name="Ada")
    builder = RecordBuilder(CALL, info, started_at_wall=began, started_at=0.0, language="en-US")

    def bot(request: int, text: str, at: float) -> None:
        builder.note(BotMessage(at, request, text, text))
        builder.spoken(request, text, request, at)
        builder.note(PlaybackStarted(at, request))
        builder.note(PlaybackEnded(at + 1.0, request, True, 1.0))

    def caller(request: int, text: str, at: float) -> None:
        builder.note(SpeechStarted(at, at))
        builder.note(SpeechStopped(at + 0.8, at + 0.8))
        builder.note(Final(at + 0.9, text, at, at + 0.8))
        builder.asked(request, text, AskKind.SPEECH, at + 0.9)

    builder.asked(1, "", AskKind.START, 0.0)
    bot(1, "Hello, how can I help?", 0.5)
    caller(2, "I want a refund.", 2.0)
    bot(2, "Please key in your PIN.", 3.0)
    builder.asked(3, "4921", AskKind.KEY, 5.0)
    bot(3, "And your card?", 6.0)
    caller(4, "It is 4111 1111 1111 1111.", 7.5)
    bot(4, "I put you through.", 9.0)
    return builder.build()


def test_what_was_said_is_told_with_its_times_before_the_call_and_redacted() -> None:
    half = earlier_half(record(), BEGAN + timedelta(seconds=12), RedactionPolicy())
    assert [(one.party, one.text, one.begin_ms) for one in half.utterances] == [
        ("bot", "Hello, how can I help?", -11_500),
        ("earlier caller", "I want a refund.", -10_000),
        ("bot", "Please key in your PIN.", -9_000),
        ("bot", "And your card?", -6_000),
        ("earlier caller", "It is [card number].", -4_500),
        ("bot", "I put you through.", -3_000),
    ]
    caller, bot = half.parties
    assert (caller.role, caller.name, caller.address) == (
        Role.CALLER,
        "Ada",
        Address.parse("sip:+15550100@sbc.example"),
    )
    assert bot.role is Role.BOT
    assert len({one.utterance_id for one in half.utterances}) == 6


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"turns": None},
        {"turns": [7]},
        {"turns": [{}]},
        {"started": "today"},
        {"started": None},
        {"turns": {"a": 1}},
    ],
)
def test_what_is_no_record_of_a_bots_call_is_told_to_be_none(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        earlier_half((record() | broken) if broken else {}, BEGAN, RedactionPolicy())


class Records:
    """``after_s``: when the record is there."""

    def __init__(self, found: Mapping[str, Any] | None, after_s: float = 0.0) -> None:
        self.found = found
        self.after_s = after_s
        self.asked: list[str] = []

    async def __call__(self, call: str) -> Mapping[str, Any] | None:
        self.asked.append(call)
        await asyncio.sleep(self.after_s)
        return self.found


def recorded(**facts: Any) -> RecordedInfo:
    streams = (RecordedStream(0, PCMU, "1", "p1"), RecordedStream(1, PCMU, "2", "p2"))
    return RecordedInfo("call-1", "sbc", (CALLER, AGENT), streams, **facts)


WAYS = [
    {"user_to_user": (carrying(CALL, {})["User-to-User"],)},
    {"user_to_user": ("00aa", "04" + carrying(CALL, {})["User-to-User"].upper())},
    {"headers": {"X-Genesys": carrying(CALL, {})["User-to-User"]}},
]


@pytest.mark.virtual_time
@pytest.mark.parametrize("way", WAYS)
async def test_a_call_that_brings_back_the_id_begins_with_the_bots_half(way: dict[str, Any]) -> None:
    records = Records(record(datetime.now(UTC) - timedelta(seconds=20)), after_s=3.0)
    world = AssistWorld(info=recorded(**way), earlier=records)
    caller, _ = await world.both_speak()
    caller.says("Hello?")
    await asyncio.sleep(3.0)
    assert records.asked == [CALL]
    lines = sorted(world.entries(Utterance), key=lambda one: one.begin_ms)
    assert [one.text for one in lines][-2:] == ["I put you through.", "Hello?"]
    assert all(one.begin_ms < 0 for one in lines[:-1])
    roles = [one.role for one in world.entries(PartiesChanged)[-1].parties]
    assert roles == [Role.CALLER, Role.BOT, Role.CALLER, Role.AGENT]
    world.client.change(session_id="s2", parties=(CALLER, replace(AGENT, name="Samira")))
    assert len(world.entries(PartiesChanged)[-1].parties) == 4 and len(records.asked) == 1
    kept = await world.over()
    (summed_up,) = world.analyst.summed_up
    assert [(line.role, line.text) for line in summed_up][-2:] == [
        (Role.BOT, "I put you through."),
        (Role.CALLER, "Hello?"),
    ]
    assert kept["earlier_call"] == CALL
    assert [line["Content"] for line in kept["transcript"]][-2:] == ["I put you through.", "Hello?"]
    assert [line["ParticipantRole"] for line in kept["transcript"]][:2] == ["SYSTEM", "CUSTOMER"]


@pytest.mark.virtual_time
async def test_an_id_that_comes_later_in_the_metadata_is_taken_then() -> None:
    records = Records(record(datetime.now(UTC)))
    world = AssistWorld(info=recorded(), earlier=records)
    await asyncio.sleep(1.0)
    assert records.asked == []
    world.client.change(**WAYS[0])
    await asyncio.sleep(1.0)
    assert len(world.entries(Utterance)) == 6
    await world.over()


@pytest.mark.virtual_time
@pytest.mark.parametrize("records", [Records(None), Records(None, 2 * EARLIER_S), Records({"kind": "assist"})])
async def test_without_a_record_the_call_goes_on_without_the_bots_half(records: Records) -> None:
    world = AssistWorld(info=recorded(**WAYS[0]), earlier=records)
    caller, _ = await world.both_speak()
    caller.says("Hello?")
    await asyncio.sleep(EARLIER_S + 1.0)
    assert world.lines == [("p1", "Hello?")]
    await world.over()
