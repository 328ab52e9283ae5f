"""What is kept of a running call, in case that the service is killed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from call_world import World

from voicebot.calls.unfinished_record import EVERY_S
from voicebot.records import UnfinishedRecords


class Kept:
    """What is kept of calls, by their ids; None when they are over."""

    def __init__(self) -> None:
        self.states: list[dict[str, Any] | None] = []

    def keep(self, call: str, record: dict[str, Any]) -> None:
        assert call == record["id"]
        self.states.append(record)

    def over(self, call: str) -> None:
        self.states.append(None)


@pytest.mark.virtual_time
async def test_turns_are_kept_some_seconds_after_they_began_and_not_more_often(tmp_path: Path) -> None:
    kept = Kept()
    world = World(records=tmp_path, unfinished=cast(UnfinishedRecords, kept))
    await world.greeted()
    await asyncio.sleep(EVERY_S)
    assert [len(state["turns"]) for state in kept.states if state] == [1]
    await world.caller_says("I want to book")
    world.says("When?")
    await world.caller_says("tomorrow")
    await asyncio.sleep(EVERY_S)
    assert len(kept.states) == 2
    state = kept.states[-1]
    assert state is not None and state["turns"][1]["caller"]["final_text"] == "I want to book"
    world.line.end("caller")
    await world.over()
    assert kept.states[-1] is None and len(kept.states) == 3
