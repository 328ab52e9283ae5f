"""Listening that is paused: by whom, until when, and what is then neither heard nor recorded."""

from __future__ import annotations

import asyncio
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from assist_world import AssistWorld

from voicebot.assist.analysis import PauseAsked
from voicebot.assist.entries import ListeningChanged
from voicebot.assist.services import AssistRules

pytestmark = pytest.mark.virtual_time


def changes(world: AssistWorld) -> list[tuple[bool, str, bool]]:
    return [(one.listening, one.why, one.at_source) for one in world.entries(ListeningChanged)]


async def test_a_pause_is_told_at_once_and_again_when_the_client_has_agreed() -> None:
    world = AssistWorld()
    pausing = asyncio.create_task(world.call.pause("agent"))
    await asyncio.sleep(0)
    assert changes(world) == [(False, "agent", False)]
    await pausing
    assert changes(world) == [(False, "agent", False), (False, "agent", True)]
    await world.call.resume("agent")
    assert changes(world)[2:] == [(True, "agent", False)]
    assert world.client.asked == ["pause", "resume"]
    await world.over()


async def test_a_client_that_does_not_take_it_is_told_as_one_that_goes_on_sending() -> None:
    world = AssistWorld()
    world.client.takes_pauses = False
    await world.call.pause("program")
    assert changes(world) == [(False, "program", False)]
    await world.over()


async def test_while_it_is_paused_nothing_is_heard_and_what_was_said_before_is_brought_to_its_end() -> None:
    world = AssistWorld()
    caller, _ = await world.both_speak()
    written = len(caller.written)
    pausing = asyncio.create_task(world.call.pause("agent"))
    await asyncio.sleep(0)
    assert caller.commits == 1
    silence = len(caller.written)
    assert written < silence
    await world.hears(0, 2.0)
    assert len(caller.written) == silence
    await pausing
    await world.call.resume("agent")
    await world.hears(0, 0.1)
    assert len(caller.written) == silence + 5
    await world.over()


async def test_who_pauses_and_resumes_quickly_leaves_the_client_in_the_last_state() -> None:
    world = AssistWorld()
    world.client.thinks_s = 5.0
    waits = []
    for work in (world.call.pause, world.call.resume, world.call.pause, world.call.resume):
        waits.append(asyncio.create_task(work("agent")))
        await asyncio.sleep(0.1)
    await asyncio.gather(*waits)
    assert world.client.asked == ["pause", "resume"]
    assert changes(world)[-1] == (True, "agent", False)
    await world.over()


async def test_to_pause_twice_changes_nothing_and_the_agent_ends_every_pause() -> None:
    world = AssistWorld()
    await world.call.pause("program")
    await world.call.pause("agent")
    assert len(changes(world)) == 2
    await world.call.resume("agent")
    assert changes(world)[-1] == (True, "agent", False)
    await world.call.resume("agent")
    assert len(changes(world)) == 3
    await world.over()


async def test_a_rule_pauses_for_a_limited_time() -> None:
    world = AssistWorld()
    world.analyst.rules = {"your card number": PauseAsked("cards")}
    _, agent = await world.both_speak()
    agent.seems("may I have your card number")
    agent.says("May I have your card number?")
    began = world.now
    await asyncio.sleep(AssistRules().pause_s - 1.0)
    assert changes(world) == [(False, "rule", False), (False, "rule", True)]
    await asyncio.sleep(2.0)
    assert changes(world)[-1] == (True, "rule", False)
    again = world.entries(ListeningChanged)[-1].at_ms / 1000
    assert again == pytest.approx(began - world.began + AssistRules().pause_s)
    await world.over()


@pytest.mark.parametrize("who", ["agent", "program"])
async def test_the_pause_of_a_rule_is_ended_earlier_by_the_agent_and_by_programs(who: str) -> None:
    world = AssistWorld()
    world.analyst.rules = {"card": PauseAsked("cards")}
    _, agent = await world.both_speak()
    agent.says("Your card, please.")
    await world.call.resume(who)
    await asyncio.sleep(AssistRules().pause_s + 1.0)
    assert [one[:2] for one in changes(world) if not one[2]] == [(False, "rule"), (True, who)]
    await world.over()


async def test_nothing_that_is_said_ends_a_pause_by_anybody() -> None:
    world = AssistWorld()
    world.analyst.rules = {"card": PauseAsked("cards")}
    _, agent = await world.both_speak()
    agent.says("Your card, please.")
    written = len(agent.written)
    await world.hears(0, 1.0)
    await world.hears(1, 1.0)
    assert len(agent.written) == written
    assert not changes(world)[-1][0]
    await world.over()


async def test_the_time_of_a_rule_does_not_end_the_pause_of_the_agent() -> None:
    world = AssistWorld()
    world.analyst.rules = {"card": PauseAsked("cards")}
    _, agent = await world.both_speak()
    agent.says("Your card, please.")
    await world.call.pause("agent")
    await asyncio.sleep(AssistRules().pause_s + 1.0)
    assert not changes(world)[-1][0]
    await world.call.resume("agent")
    assert changes(world)[-1] == (True, "agent", False)
    await world.over()


async def test_a_client_that_pauses_by_itself_is_told() -> None:
    world = AssistWorld()
    streams = world.client.info.streams
    off = tuple(replace(stream, active=False) for stream in streams)
    world.client.change(streams=off)
    world.client.change(streams=off, session_id="s2")
    world.client.change(streams=streams)
    assert changes(world) == [(False, "client", True), (True, "client", False)]
    await world.over()


async def test_that_the_client_sends_nothing_because_we_have_asked_is_not_its_pause() -> None:
    world = AssistWorld()
    streams = world.client.info.streams
    await world.call.pause("agent")
    world.client.change(streams=tuple(replace(stream, active=False) for stream in streams))
    resuming = asyncio.create_task(world.call.resume("agent"))
    await asyncio.sleep(0.05)
    world.client.change(session_id="s2")
    world.client.change(streams=streams)
    await resuming
    assert [why for _, why, _ in changes(world)] == ["agent", "agent", "agent"]
    await world.over()


async def test_after_the_end_nothing_is_paused() -> None:
    world = AssistWorld()
    await world.over()
    await world.call.pause("agent")
    await world.call.resume("agent")
    assert changes(world) == []


async def test_what_is_said_during_a_pause_and_what_is_withheld_is_silent_in_the_recording(tmp_path: Path) -> None:
    world = AssistWorld(tmp_path, recording=True)
    caller = await world.hears(0, 3.0)
    assert caller is not None
    caller.says("It is 4111 1111 1111 1111.", lasting_s=1.0)  # 2 to 3 s
    await world.hears(0, 3.0)
    pausing = asyncio.create_task(world.call.pause("agent"))  # at 6 s
    await asyncio.sleep(0)
    await world.hears(0, 2.0)
    await pausing
    await world.call.resume("agent")
    await world.hears(1, 2.0)
    record = await world.over()
    with wave.open(str(tmp_path / f"{record['id']}.wav")) as wav:
        samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)
    left, right = (np.abs(samples[: len(samples) // 800 * 800, side]).reshape(-1, 800).max(axis=1) > 500
                   for side in (0, 1))  # fmt: skip
    assert left[:17].any() and left[34:60].any(), "what was said"
    assert not left[17:33].any(), "the number, and a little more around it"
    assert not left[61:].any() and not right[:80].any(), "the pause"
    assert right[80:].any()
    assert record["recording_dropped_frames"] == 0
