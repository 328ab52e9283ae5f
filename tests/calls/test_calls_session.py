"""A whole call session over doubles of its four neighbours (leg, recogniser, voice, bot), without waiting for time."""

from __future__ import annotations

import asyncio
import json
import wave
from pathlib import Path

import pytest
from call_world import CANNED, SECOND, Line, World

from voicebot.address import Address
from voicebot.calls import (
    Calls,
    TransferRules,
    playback,
)
from voicebot.events import (
    BotMessage,
    CallConfigured,
    HangUpAsked,
    Hypothesis,
    MetadataSent,
    RecognitionLost,
    SpeechStarted,
)
from voicebot.turns import FloorState, TurnPolicy

pytestmark = pytest.mark.virtual_time


async def test_a_call_from_ring_to_record(tmp_path: Path) -> None:
    world = await World(tmp_path, recording=True).greeted()
    assert world.line.did == ["ring", "answer"]
    assert world.line.pull(60) == SECOND
    assert world.session.state is FloorState.WAITING
    await world.caller_says("my bill")
    assert world.bot.told[-1]["text"] == "my bill"
    world.says("slow answer")
    await world.settle()
    assert world.line.pull(60) == SECOND
    world.bot.on_event(HangUpAsked(world.now))
    record = await world.over()
    assert world.line.did == ["ring", "answer", "ended"]
    assert (world.ears.stopped, world.bot.closed) == (True, "bot")
    assert record["end"]["reason"] == "bot"
    assert [turn["kind"] for turn in record["turns"]] == ["start", "speech"]
    name = world.session.id
    assert json.loads((tmp_path / f"{name}.json").read_text()) == record
    with wave.open(str(tmp_path / f"{name}.wav")) as recording:
        assert (recording.getnchannels(), recording.getframerate()) == (2, 8000)


async def test_the_callers_frames_reach_the_recogniser_untouched_and_voice_activity() -> None:
    world = await World().greeted()
    world.line.pull(100)
    for _ in range(50):
        world.session.frame(b"\xff" * 160, world.now)
    assert world.ears.received_bytes == 8000
    await world.line.hang_up()
    await world.over()


async def test_a_barge_in_drops_what_plays_and_tells_the_bot_what_was_heard() -> None:
    world = await World().greeted()
    world.line.pull(25)
    world.session.dispatch(SpeechStarted(world.now, world.now))
    assert world.line.pull(5) == b""
    await world.caller_says("stop")
    assert [a.get("name") or a.get("text") for a in world.bot.told[1:]] == ["voicebot.interrupted", "stop"]
    interrupted = world.bot.told[1]["value"]
    assert (interrupted["heardText"], interrupted["heardSeconds"]) == ("Hello,", 0.5)
    await world.line.hang_up()
    await world.over()


async def test_a_caller_who_gives_up_before_the_answer_leaves_nothing() -> None:
    world = World()
    world.line.gives_up = True
    record = await world.over()
    assert record["end"]["reason"] == "cancelled"
    assert (world.ears.stopped, world.bot.closed) == (True, "cancelled")


async def test_without_recognition_the_caller_hears_an_apology_and_the_call_ends() -> None:
    world = World(no_ears=True)
    await world.settle()
    assert world.line.pull(10) == CANNED
    record = await world.over()
    assert record["end"]["reason"] == "bot"
    assert record["failures"][0]["what"] == "recognition"


async def test_without_recognition_the_caller_is_transferred_where_a_fallback_is_set() -> None:
    world = World(
        no_ears=True,
        policy=TurnPolicy(fallback_transfer=Address.parse("+15550199")),
        transfers=TransferRules((), fallback=Address.parse("+15550199")),
    )
    await world.settle()
    world.line.pull(10)
    await world.until(lambda: "transfer sip:+15550199@trunk.example:5060" in world.line.did)
    await world.line.hang_up()
    await world.over()


async def test_a_prompt_that_cannot_be_rendered_is_replaced_by_an_apology() -> None:
    world = World()
    await world.settle()
    world.says("unheard")
    await world.settle()
    assert world.line.pull(10) == CANNED
    await world.line.hang_up()
    await world.over()


async def test_a_prompt_that_cannot_be_rendered_yet_keeps_its_place_behind_one_moment_please() -> None:
    world = await World().greeted()
    world.line.pull(60)
    world.says("at last")
    world.says("and then")
    await asyncio.sleep(2 * playback.RETRY_PAUSE_S)
    await world.settle()
    assert world.line.pull(200) == CANNED + SECOND + SECOND
    await world.line.hang_up()
    record = await world.over()
    assert record["failures"] == []


async def test_a_bot_that_wants_it_hears_what_is_being_said_and_leaves_notes_in_the_record() -> None:
    world = await World().greeted()
    world.line.pull(60)
    await world.settle()
    world.bot.on_event(CallConfigured(world.now, hypotheses=True))
    world.session.dispatch(SpeechStarted(world.now, world.now))
    world.ears.on_event(Hypothesis(world.now, "my bill", world.now - 0.2, world.now))
    assert world.bot.told[-1] == {"type": "event", "name": "speechHypothesis", "value": {"text": "my bill"}}
    world.bot.on_event(MetadataSent(world.now, {"ticket": 7}))
    await world.line.hang_up()
    record = await world.over()
    assert record["metadata"] == [{"ticket": 7}]
    assert not [turn for turn in record["turns"] if turn["kind"] == "hypothesis"]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_record_that_cannot_be_written_leaves_no_recording_behind(tmp_path: Path) -> None:
    (tmp_path / "records").write_text("a file, where a folder is wanted")
    world = await World(tmp_path / "records", recording=True).greeted()
    before = open_files()
    for _ in range(60):
        world.line.pull(1)
        await asyncio.sleep(0.02)
    await world.until(lambda: open_files() == before + 2)  # a spool for each side
    await world.line.hang_up()
    await world.over()
    assert open_files() == before
    losses = world.session._services.keeping.losses
    assert losses.counts["record"] == 1
    assert losses.now


async def test_a_file_that_cannot_be_had_is_told_to_the_bot() -> None:
    world = await World().greeted()
    world.line.pull(60)
    request = len(world.bot.told)
    world.bot.on_event(BotMessage(world.now, request, "", "", audio="http://127.0.0.1:9/no.wav"))
    await world.until(lambda: bool(world.line.pull(1) == b"" and world.bot.told[-1].get("name") == "playUrlFailed"))
    assert world.bot.told[-1]["value"] == "http://127.0.0.1:9/no.wav"
    await world.line.hang_up()
    await world.over()


async def test_what_cannot_be_played_is_spoken_when_there_are_words_for_it() -> None:
    world = await World().greeted()
    world.line.pull(60)
    request = len(world.bot.told)
    world.bot.on_event(BotMessage(world.now, request, "Hi.", "Hi.", audio="file:///nowhere/hi.wav"))
    await world.until(lambda: world.mouth.streamed == ["Hi."])
    assert world.bot.told[-1].get("name") != "playUrlFailed"
    await world.line.hang_up()
    await world.over()


async def test_a_call_that_is_too_long_is_ended() -> None:
    world = World(max_duration_s=2.0)
    record = await world.over()
    assert record["end"]["reason"] == "bot"


async def test_events_after_the_end_do_nothing() -> None:
    world = await World().greeted()
    await world.line.hang_up()
    await world.over()
    told = len(world.bot.told)
    world.ears.on_event(RecognitionLost(world.now, "late"))
    await world.caller_says("anyone there?")
    assert len(world.bot.told) == told


async def test_draining_waits_for_running_calls_and_then_ends_them() -> None:
    world = await World().greeted()
    calls = Calls(world.services)
    line = Line()
    calls.accept(line)
    await world.settle()
    assert len(calls) == 1
    await calls.drain(0.01)
    assert len(calls) == 0
    assert line.did[-1] == "ended"
    world.line.end("caller")
    await world.over()
