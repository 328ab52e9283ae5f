"""Recordings that the platform of a call makes, as the settings and the bot ask."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from call_world import World

from voicebot.calls.platform_recording import MAX_WAITING
from voicebot.events import RecordingAction, RecordingAsked
from voicebot.legs import LegClosed, RecordingRefused

pytestmark = pytest.mark.virtual_time

START, PAUSE, RESUME, STOP = RecordingAction.START, RecordingAction.PAUSE, RecordingAction.RESUME, RecordingAction.STOP


class Recorder:
    """Does what it is asked for after ``takes_s``. ``refuses``: what it does not do; ``did``: what it has."""

    def __init__(self, *refuses: str, takes_s: float = 0.0) -> None:
        self.did: list[str] = []
        self.refuses = refuses
        self.takes_s = takes_s

    async def start(self) -> str:
        await self._do("start")
        return f"rec{self.did.count('start')}"

    async def pause(self, recording: str) -> None:
        await self._do(f"pause {recording}")

    async def resume(self, recording: str) -> None:
        await self._do(f"resume {recording}")

    async def stop(self, recording: str) -> None:
        await self._do(f"stop {recording}")

    async def _do(self, what: str) -> None:
        await asyncio.sleep(self.takes_s)
        if what.partition(" ")[0] in self.refuses:
            raise RecordingRefused("503 busy")
        self.did.append(what)


async def asked(world: World, *actions: RecordingAction) -> None:
    for action in actions:
        world.bot.on_event(RecordingAsked(world.now, action, f"{action.value}-id"))
    await asyncio.sleep(0.01)


def results(world: World) -> list[tuple[str, str]]:
    """The commands whose result the bot was told, and the errors."""
    told = [activity for activity in world.bot.told if activity["type"] == "commandResult"]
    return [(str(one["value"]["commandId"]), str(one["value"].get("error", {}).get("message", ""))) for one in told]


def changes(record: dict[str, Any]) -> list[tuple[str, str, str]]:
    lines = [line for line in record["timeline"] if line["event"] == "recording_changed"]
    return [(line["action"], line["error"], line["recording"]) for line in lines]


async def test_a_bots_commands_are_carried_out_by_the_platform_and_their_results_told() -> None:
    recorder = Recorder()
    world = await World(recorder=recorder).greeted()
    await asked(world, START, PAUSE, PAUSE, RESUME, STOP, START)
    assert recorder.did == ["start", "pause rec1", "resume rec1", "stop rec1", "start"]
    assert [error for _, error in results(world)] == [""] * 6
    world.line.end("caller")
    record = await world.over()
    assert recorder.did[-1] == "stop rec2", "a call that was transferred may go on"
    assert changes(record)[0] == ("start", "", "rec1") and changes(record)[-1] == ("start", "", "rec2")


async def test_calls_that_are_to_be_recorded_are_from_their_beginning_and_nothing_is_written_here(
    tmp_path: Path,
) -> None:
    recorder = Recorder()
    world = await World(tmp_path, recorder=recorder, recording=True).greeted()
    world.line.pull(10)
    world.line.end("caller")
    record = await world.over()
    assert (recorder.did, changes(record)) == (["start", "stop rec1"], [("start", "", "rec1")])
    assert not results(world), "the bot has not asked"
    assert not await asyncio.to_thread(lambda: list(tmp_path.glob("*.wav")))


async def test_commands_that_come_while_the_platform_is_slow_are_carried_out_in_their_order() -> None:
    recorder = Recorder(takes_s=1.0)
    world = await World(recorder=recorder).greeted()
    await asked(world, START, PAUSE, RESUME)
    assert not recorder.did
    await asyncio.sleep(3.5)
    assert recorder.did == ["start", "pause rec1", "resume rec1"]
    world.line.end("caller")
    await world.over()


@pytest.mark.parametrize("action", [PAUSE, RESUME, STOP])
async def test_what_needs_a_recording_is_refused_without_one(action: RecordingAction) -> None:
    recorder = Recorder()
    world = await World(recorder=recorder).greeted()
    await asked(world, action)
    assert results(world) == [(f"{action.value}-id", "there is no recording")] and not recorder.did
    world.line.end("caller")
    await world.over()
    assert not recorder.did


async def test_what_the_platform_refuses_is_told_and_can_be_asked_again() -> None:
    recorder = Recorder("pause")
    world = await World(recorder=recorder).greeted()
    await asked(world, START, PAUSE)
    recorder.refuses = ()
    await asked(world, PAUSE)
    assert results(world) == [("start-id", ""), ("pause-id", "503 busy"), ("pause-id", "")]
    assert recorder.did == ["start", "pause rec1"]
    world.line.end("caller")
    await world.over()


async def test_a_call_that_never_comes_up_has_no_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()

    async def start() -> str:
        raise LegClosed("cancelled")

    monkeypatch.setattr(recorder, "start", start)
    world = await World(recorder=recorder, recording=True).greeted()
    await asked(world, START)
    assert results(world) == [("start-id", "the call has ended")]
    world.line.end("caller")
    await world.over()
    assert not recorder.did


async def test_commands_without_end_do_not_pile_up() -> None:
    world = await World(recorder=Recorder(takes_s=60.0)).greeted()
    await asked(world, *[START] * (MAX_WAITING + 3))
    assert len(results(world)) == 3 and "too many" in results(world)[0][1]
    world.line.end("caller")
    await world.over()
