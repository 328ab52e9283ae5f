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
async def test_a_turn_is_kept_at_the_latest_with_the_next_one_after_some_seconds(tmp_path: Path) -> None:
    kept = Kept()
    world = World(records=tmp_path, unfinished=cast(UnfinishedRecords, kept))
    await world.greeted()
    assert [len(state["turns"]) for state in kept.states if state] == [1], "as soon as there is anything to be known"
    await world.caller_says("I want to book")
    assert len(kept.states) == 1
    world.says("When?")
    await asyncio.sleep(EVERY_S)
    await world.caller_says("tomorrow")
    state = kept.states[-1]
    assert state is not None and state["turns"][1]["caller"]["final_text"] == "I want to book"
    world.line.end("caller")
    await world.over()
    assert kept.states[-1] is None
