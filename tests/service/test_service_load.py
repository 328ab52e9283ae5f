"""What the governor is told once a second, and what the log says of it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from voicebot.rtp import MediaClock
from voicebot.service.governor import Governor
from voicebot.service.load import EVERY_S, LoadWatch, processor_wanted_s


class Parts:
    """What is watched."""

    def __init__(self) -> None:
        self.clock = MediaClock()
        self.calls = 40
        self.unsent = 0
        self.final_wait_s: float | None = None
        self.wanted_s = 7.0
        self.governor = Governor(100, 20)
        self.watch = LoadWatch(
            self.governor,
            self.clock,
            lambda: self.calls,
            lambda: self.unsent,
            lambda: self.final_wait_s,
            lambda: self.wanted_s,
        )

    async def second(self, late_s: float = 0.001) -> None:
        for _ in range(200):
            self.clock.late.add(late_s)
        self.wanted_s += 0.3
        await asyncio.sleep(EVERY_S)


@pytest.mark.virtual_time
async def test_each_second_is_measured_by_itself() -> None:
    parts = Parts()
    parts.clock.late.add(0.04)  # before the start
    parts.watch.start()
    await asyncio.sleep(0.01)
    await parts.second(0.0072)
    assert parts.governor.load.late_s == pytest.approx(0.0073)
    assert parts.governor.load.final_wait_s is None
    parts.unsent, parts.final_wait_s = 40 * 4000, 0.2
    await parts.second(0.0011)
    load = parts.governor.load
    assert (load.calls, load.late_s, load.unsent_s) == (40, pytest.approx(0.0012), pytest.approx(0.5))
    assert load.busy == pytest.approx(0.3)
    assert load.final_wait_s == 0.2
    await parts.watch.close()


@pytest.mark.virtual_time
async def test_a_second_in_which_nothing_was_due_is_not_late() -> None:
    parts = Parts()
    parts.calls = 0
    parts.watch.start()
    await asyncio.sleep(EVERY_S + 0.01)
    assert (parts.governor.load.calls, parts.governor.load.late_s) == (0, 0.0)
    await parts.watch.close()


@pytest.mark.virtual_time
async def test_the_log_says_once_that_calls_are_refused_and_once_that_they_are_taken_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    parts = Parts()
    parts.watch.start()
    await asyncio.sleep(0.01)
    for _ in range(6):
        await parts.second(0.03)
    parts.calls = 20
    for _ in range(6):
        await parts.second()
    await parts.watch.close()
    said = [record.message.partition(":")[0] for record in caplog.records if record.name == "voicebot.service.load"]
    assert said == ["40 calls are up, and no more are taken", "calls are taken again, up to 36"]


def test_what_this_thread_wants_of_the_processor_grows_as_it_works() -> None:
    before = processor_wanted_s()
    while processor_wanted_s() <= before:
        sum(range(10_000))
