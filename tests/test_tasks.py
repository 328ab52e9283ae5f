"""Background tasks: kept, reported when they fail, ended with their owner."""

from __future__ import annotations

import asyncio
import gc
import logging
from contextvars import ContextVar

import pytest

from voicebot.tasks import BackgroundTasks

pytestmark = pytest.mark.virtual_time


async def test_a_task_runs_to_its_end_although_nobody_holds_it() -> None:
    tasks, done = BackgroundTasks(), asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0)
        done.set()

    tasks.spawn(work(), "work")
    gc.collect()
    await asyncio.wait_for(done.wait(), 20)
    await tasks.join()
    assert len(tasks) == 0


async def test_a_task_runs_in_the_context_in_which_its_owner_was_made_and_changes_it_for_no_other() -> None:
    whose, found = ContextVar("whose", default="nobody's"), []
    whose.set("the owner's")
    tasks = BackgroundTasks()
    whose.set("of whoever starts it")

    async def work() -> None:
        found.append(whose.get())
        whose.set("its own")

    for number in range(2):
        tasks.spawn(work(), f"work {number}")
    await tasks.join()
    assert found == ["the owner's", "the owner's"]


async def test_a_failure_is_logged_with_the_tasks_name_and_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    tasks = BackgroundTasks(logging.getLogger("the.owner"))

    async def work() -> None:
        raise ValueError("no such thing")

    tasks.spawn(work(), "looking for it")
    await tasks.join()
    (record,) = caplog.records
    assert (record.name, record.getMessage()) == ("the.owner", "looking for it failed: no such thing")
    assert record.exc_info is not None


async def test_closing_cancels_waits_for_the_clean_up_and_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    tasks, did = BackgroundTasks(), list[str]()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            did.append("cleaned up")

    tasks.spawn(work(), "work")
    await asyncio.sleep(0)
    await tasks.close()
    assert (did, len(tasks), caplog.records) == (["cleaned up"], 0, [])


async def test_a_task_that_does_not_end_is_named_after_the_deadline(caplog: pytest.LogCaptureFixture) -> None:
    tasks, let_go = BackgroundTasks(), asyncio.Event()

    async def stubborn() -> None:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    tasks.spawn(stubborn(), "a stubborn one")
    await asyncio.sleep(0)
    await tasks.close(deadline_s=0.01)
    assert "still running after 0.01 s: a stubborn one" in caplog.text
    let_go.set()
    await tasks.join()
    assert len(tasks) == 0


async def test_what_is_spawned_after_the_end_never_begins() -> None:
    tasks, did = BackgroundTasks(), list[str]()

    async def work() -> None:
        did.append("began")

    await tasks.close()
    task = tasks.spawn(work(), "too late")
    await tasks.join()
    assert task.cancelled() and did == []


async def test_cancelling_leaves_room_for_new_tasks() -> None:
    tasks, did = BackgroundTasks(), list[str]()

    async def work(name: str) -> None:
        await asyncio.sleep(0)
        did.append(name)

    tasks.spawn(work("first"), "first")
    tasks.cancel()
    tasks.spawn(work("second"), "second")
    await tasks.join()
    assert did == ["second"]
