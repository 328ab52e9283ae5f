from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from voicebot.calls.record_timeline import RecordClock, Timeline
from voicebot.web import live_board
from voicebot.web.live_board import (
    CALLS_AT_ONCE,
    LINES_AT_ONCE,
    LOOK_S,
    MOST_GONE,
    WATCHERS_AT_ONCE,
    Board,
    CallElsewhere,
)

pytestmark = pytest.mark.virtual_time


class Call:
    def __init__(self, name: str) -> None:
        self.id = name
        self.timeline = Timeline(RecordClock(datetime.now(UTC), 0.0))
        self.state = "speaking"
        self.mos: float | None = 4.0
        self.summaries = 0

    def summary(self) -> dict[str, Any]:
        self.summaries += 1
        return {"id": self.id, "from": "+15550100"}

    def says(self, text: str) -> None:
        self.timeline.add(1.0, "final", {"text": text})


def news(board: Board, version: int) -> dict[str, Any]:
    return dict(json.loads(board.since(version)))


async def next_look() -> None:
    await asyncio.sleep(LOOK_S * 1.1)


async def test_a_watcher_gets_all_rows_and_then_those_that_change() -> None:
    calls = [Call("a"), Call("b")]
    board = Board(lambda: calls, words=True)
    await board.watch()
    first = news(board, 0)
    assert (first["all"], [row["id"] for row in first["calls"]], first["gone"]) == (True, ["a", "b"], [])
    version = board.version
    calls[1].says("hello")
    assert await board.change(version, 10.0) > version
    changed = news(board, version)
    assert (changed["all"], changed["gone"]) == (False, [])
    assert [(row["id"], row["caller_said"]) for row in changed["calls"]] == [("b", "hello")]
    version = board.version
    del calls[0]
    await board.change(version, 10.0)
    assert news(board, version) == {"all": False, "calls": [], "gone": ["a"]}
    board.leave()


async def test_where_nothing_changes_nobody_is_told() -> None:
    calls = [Call("a")]
    board = Board(lambda: calls, words=True)
    await board.watch()
    version = board.version
    assert await board.change(version, 10 * LOOK_S) == version
    board.leave()


async def test_without_watchers_no_call_is_looked_at() -> None:
    calls = [Call("a")]
    board = Board(lambda: calls, words=True)
    await next_look()
    assert calls[0].summaries == 0
    await board.watch()
    board.leave()
    await next_look()
    looks = calls[0].summaries
    await asyncio.sleep(100 * LOOK_S)
    assert calls[0].summaries == looks
    calls[0].says("meanwhile")
    await board.watch()
    assert news(board, 0)["calls"][0]["caller_said"] == "meanwhile"
    board.leave()


async def test_a_call_of_another_node_is_a_row_without_words_until_it_comes_here() -> None:
    told = {"id": "far", "node": "node 2", "from": "+15550101", "state": "up"}
    calls: list[Any] = [Call("near"), CallElsewhere(told)]
    board = Board(lambda: calls, words=True)
    await board.watch()
    near, far = news(board, 0)["calls"]
    assert "node" not in near and far["node"] == "node 2"
    assert far == told, "and nothing is made up of what is not known of it"
    (*_, hidden) = json.loads(board.since(0, whole=False))["calls"]
    assert hidden["node"] == "node 2" and "from" not in hidden
    version = board.version
    await asyncio.sleep(10 * LOOK_S)
    assert board.version == version, "what has not changed is not told again"
    calls[1] = Call("far")
    calls[1].says("hello")
    assert await board.change(version, 10.0) > version
    (row,) = news(board, version)["calls"]
    assert row["caller_said"] == "hello" and "node" not in row
    board.leave()


async def test_a_call_that_goes_on_at_another_node_and_comes_back_is_told_from_its_beginning_here() -> None:
    calls: list[Any] = [Call("a")]
    calls[0].says("before")
    board = Board(lambda: calls, words=True)
    await board.watch()
    told = {"id": "a", "node": "node 2", "state": "up"}
    calls[0] = CallElsewhere(told)
    await next_look()
    assert news(board, 0)["calls"] == [told]
    calls[0] = Call("a")
    calls[0].says("again")
    await next_look()
    (row,) = news(board, 0)["calls"]
    assert row["caller_said"] == "again"
    board.leave()


async def test_many_watchers_cost_one_look() -> None:
    calls = [Call("a")]
    board = Board(lambda: calls, words=True)
    for _ in range(20):
        await board.watch()
    before = calls[0].summaries
    await asyncio.sleep(10 * LOOK_S + LOOK_S / 2)
    assert calls[0].summaries - before == 10
    for _ in range(20):
        board.leave()


async def test_who_missed_too_many_ends_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_board, "MOST_GONE", 3)
    calls = [Call(str(n)) for n in range(10)]
    board = Board(lambda: calls, words=True)
    await board.watch()
    version = board.version
    while calls:
        del calls[0]
        await next_look()
    calls.append(Call("new"))
    await next_look()
    told = news(board, version)
    assert told["all"] is True and [row["id"] for row in told["calls"]] == ["new"]
    assert news(board, board.version - 1)["all"] is False
    assert len(board._gone) == 3 < MOST_GONE
    board.leave()


async def test_what_watchers_of_the_same_version_are_told_is_made_once() -> None:
    calls = [Call("a")]
    board = Board(lambda: calls, words=True)
    await board.watch()
    version = board.version
    calls[0].says("hello")
    await board.change(version, 10.0)
    assert board.since(version) is board.since(version)
    assert board.since(version, whole=False) is board.since(version, whole=False)
    assert b"hello" in board.since(version) and b"hello" not in board.since(version, whole=False)
    version = board.version
    calls[0].says("goodbye")
    await board.change(version, 10.0)
    assert b"goodbye" in board.since(version)
    board.leave()


async def test_a_turn_of_the_loop_looks_at_a_few_calls_and_tells_a_few_watchers() -> None:
    calls = [Call(str(n)) for n in range(5 * CALLS_AT_ONCE)]
    board = Board(lambda: calls, words=True)
    told = 0

    async def watcher() -> None:
        nonlocal told
        await board.watch()
        version = board.version
        for call in calls:
            call.summaries = 0
        await board.change(version, 10.0)
        told += 1

    watching = [asyncio.create_task(watcher()) for _ in range(20)]
    await asyncio.sleep(LOOK_S / 2)
    for call in calls:
        call.says("hello")
    seen = [(0, 0)]
    board._look()
    for _ in range(100):
        seen.append((sum(call.summaries for call in calls), told))
        await asyncio.sleep(0)
    assert told == len(watching)
    assert max(late[0] - soon[0] for soon, late in pairwise(seen)) == CALLS_AT_ONCE
    assert max(late[1] - soon[1] for soon, late in pairwise(seen)) <= WATCHERS_AT_ONCE
    for _ in watching:
        board.leave()


async def test_who_is_the_first_to_watch_long_calls_holds_up_nobody() -> None:
    calls = [Call(str(n)) for n in range(CALLS_AT_ONCE)]
    for call in calls:
        for number in range(LINES_AT_ONCE // 2):
            call.says(str(number))
    board = Board(lambda: calls, words=True)
    watching = asyncio.create_task(board.watch())
    seen = [0]
    while not watching.done():
        await asyncio.sleep(0)
        seen.append(sum(shown.row.lines for shown in board._shown.values()))
    assert seen[-1] == CALLS_AT_ONCE * (LINES_AT_ONCE // 2)
    assert max(late - soon for soon, late in pairwise(seen)) <= LINES_AT_ONCE
    board.leave()


async def test_a_call_that_cannot_be_told_does_not_keep_the_others_from_it() -> None:
    calls = [Call("a"), *(Call(str(n)) for n in range(CALLS_AT_ONCE))]
    board = Board(lambda: calls, words=True)
    await board.watch()
    version = board.version
    calls[0].timeline = None  # type: ignore[assignment]
    calls[-1].says("hello")
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    assert await board.change(version, 10.0) > version
    assert b"hello" in board.since(version)
    board.leave()
