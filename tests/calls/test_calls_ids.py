"""A call's name in all that is ours is made here. The Call-ID, which a caller chooses, is noted and names nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from call_world import Bot, Line, World
from waiting import until

from voicebot.bots import CallFacts, activities
from voicebot.bots.conversation import OnEvent
from voicebot.calls import Calls

pytestmark = pytest.mark.virtual_time


async def test_two_calls_with_one_call_id_are_two_conversations_and_two_records(tmp_path: Path) -> None:
    bots: list[Bot] = []

    def conversation(facts: CallFacts, on_event: OnEvent) -> Bot:
        bots.append(Bot(facts, on_event))
        return bots[-1]

    world = await World(tmp_path).greeted()
    calls = Calls(replace(world.services, conversation=conversation))
    lines = [Line(call_id="shared"), Line(call_id="shared")]
    sessions = [calls.accept(line) for line in lines]
    await until(lambda: len(bots) == 2)
    ids = [session.id for session in sessions]
    assert [bot.facts.id for bot in bots] == ids and len({*ids, "shared"}) == 3
    assert [bot.facts.call_id for bot in bots] == ["shared", "shared"]
    assert [calls.find(name) for name in ids] == sessions and calls.find("shared") is None
    for line in reversed(lines):
        await line.hang_up()
    await calls.drain(5.0)
    await world.line.hang_up()
    await world.over()
    assert {one["id"] for one in calls.ended()} == set(ids)
    for name in ids:
        record = json.loads((tmp_path / f"{name}.json").read_text())
        assert (record["id"], record["call_id"]) == (name, "shared")


@pytest.mark.parametrize("call_id", ["../../etc/passwd", "a/b", "x" * 5000, "\x00", ""])
async def test_nothing_of_a_call_id_is_in_the_name_of_a_file(tmp_path: Path, call_id: str) -> None:
    world = World(tmp_path / "records", recording=True, call_id=call_id)
    await world.greeted()
    await world.line.hang_up()
    await world.over()
    files = files_in(tmp_path)
    assert files == [f"records/{world.session.id}.json", f"records/{world.session.id}.wav"]


async def test_who_finds_the_record_of_a_call_finds_its_recording(tmp_path: Path) -> None:
    world = await World(tmp_path, recording=True).greeted()
    await world.line.hang_up()
    await world.over()
    record, recording = (tmp_path / f"{world.session.id}.{kind}" for kind in ("json", "wav"))
    assert recording.stat().st_mtime_ns <= record.stat().st_mtime_ns
    assert json.loads(record.read_text())["quality"]["recording_dropped_frames"] == 0


async def test_ids_cannot_be_guessed_and_are_fit_for_names() -> None:
    worlds = [World() for _ in range(50)]
    ids = {world.session.id for world in worlds}
    assert len(ids) == 50 and all(len(name) == 32 and name.isalnum() and name.isascii() for name in ids)
    for world in worlds:
        await world.settle()
        await world.line.hang_up()
        await world.over()


async def test_a_bot_is_told_the_call_id_beside_the_conversations_own_name() -> None:
    world = await World().greeted()
    facts = world.bot.facts
    assert facts.id == world.session.id and facts.call_id == world.line.info.call_id == "call-1"
    told = activities.addressed(activities.conversation_update(), facts, 1, datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    assert told["conversation"] == {"id": facts.id} and told["channelData"]["callId"] == "call-1"
    await world.line.hang_up()
    await world.over()


def files_in(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
