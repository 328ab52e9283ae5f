"""The clock on a fake loop: one timer, time moved by hand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from voicebot.rtp.clock import MAX_CATCH_UP, MediaClock


@dataclass
class Timer:
    when: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class FakeLoop:
    """Keeps timers; :meth:`run_to` fires them at their time, plus ``late``."""

    at: float = 1000.0
    timers: list[Timer] = field(default_factory=list)
    fired: int = 0

    def time(self) -> float:
        return self.at

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        timer = Timer(when, callback)
        self.timers.append(timer)
        return timer

    def run_to(self, end: float, *, late: float = 0.0) -> None:
        while due := [timer for timer in self.timers if not timer.cancelled and timer.when + late <= end]:
            first = min(due, key=lambda timer: timer.when)
            self.timers.remove(first)
            self.at = max(self.at, first.when + late)
            self.fired += 1
            first.callback()
        self.at = max(self.at, end)


class Call:
    def __init__(self, on_tick: Callable[[], None] = lambda: None) -> None:
        self.ticks: list[tuple[float, int]] = []
        self.on_tick = on_tick

    def tick(self, at: float, skipped: int) -> None:
        self.ticks.append((round(at - 1000.0, 4), skipped))
        self.on_tick()


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLoop]:
    fake = FakeLoop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: fake)
    return fake


def running(loop: FakeLoop, *calls: Call) -> MediaClock:
    clock = MediaClock(now=loop.time)
    for call in calls:
        clock.add(call)
    clock.start()
    return clock


def test_every_call_is_ticked_each_20_ms(loop: FakeLoop) -> None:
    calls = [Call() for _ in range(5)]
    running(loop, *calls)
    loop.run_to(1002.0)
    for call in calls:
        assert 99 <= len(call.ticks) <= 100
        assert {round(b[0] - a[0], 3) for a, b in zip(call.ticks, call.ticks[1:], strict=False)} == {0.02}


def test_calls_are_spread_over_the_sub_slots(loop: FakeLoop) -> None:
    calls = [Call() for _ in range(8)]
    running(loop, *calls)
    loop.run_to(1000.1)
    phases = sorted(round(call.ticks[0][0] % 0.02, 4) for call in calls)
    assert len(set(phases)) == 4
    assert [phases.count(phase) for phase in sorted(set(phases))] == [2, 2, 2, 2]


def test_lateness_never_adds_up(loop: FakeLoop) -> None:
    call = Call()
    clock = running(loop, call)
    loop.run_to(1060.0, late=0.003)
    assert call.ticks[-1][0] - call.ticks[0][0] == pytest.approx(0.02 * (len(call.ticks) - 1), abs=1e-6)
    assert len(call.ticks) >= 2999
    assert clock.lateness()["late_max_ms"] == pytest.approx(3.0, abs=0.01)


def test_a_short_stall_is_made_up_for(loop: FakeLoop) -> None:
    call = Call()
    clock = running(loop, call)
    loop.run_to(1001.0)
    before = len(call.ticks)
    loop.at = 1001.05
    loop.run_to(1001.1)
    assert len(call.ticks) - before == 5
    assert all(skipped == 0 for _, skipped in call.ticks)
    assert clock.lateness()["skipped_frames"] == 0


def test_a_long_stall_is_skipped_but_for_a_few_and_told_once(loop: FakeLoop) -> None:
    calls = [Call() for _ in range(4)]
    clock = running(loop, *calls)
    loop.run_to(1001.0)
    before = [len(call.ticks) for call in calls]
    loop.at = 1003.0
    loop.run_to(1003.0)
    skipped = clock.lateness()["skipped_frames"]
    for call, seen in zip(calls, before, strict=True):
        burst = call.ticks[seen:]
        assert len(burst) <= MAX_CATCH_UP
        assert [told for _, told in burst if told] == [skipped]
        assert len(burst) + skipped in (99, 100, 101)
    loop.run_to(1004.0)
    for call in calls:  # and then goes on as before
        assert len([at for at, _ in call.ticks if at > 3.001]) in (49, 50)


def test_a_removed_call_is_not_ticked_again_even_from_within_the_slot(loop: FakeLoop) -> None:
    clock = MediaClock(now=loop.time)
    others = [Call() for _ in range(8)]

    def remove_all() -> None:
        for other in others:
            clock.remove(other)

    first = Call(remove_all)
    clock.add(first)
    for other in others:
        clock.add(other)
    clock.start()
    loop.run_to(1000.004)  # the slot of the first, and no other
    assert len(first.ticks) == 1
    loop.run_to(1001.0)
    assert [len(other.ticks) for other in others] == [0] * 8
    assert len(clock) == 1


def test_a_call_that_raises_does_not_stop_the_others_and_is_logged_sparingly(
    loop: FakeLoop, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("defect")

    calls = [Call(fail), Call(), Call(), Call(), Call()]
    clock = running(loop, *calls)
    with caplog.at_level(logging.ERROR):
        loop.run_to(1003.0)
    assert len(calls[4].ticks) >= 149  # it shares the slot of the one that fails
    assert clock.lateness()["tick_errors"] == len(calls[0].ticks)
    assert 3 <= len(caplog.records) <= 4


async def test_a_closed_clock_has_no_timer(loop: FakeLoop) -> None:
    call = Call()
    clock = running(loop, call)
    clock.start()
    loop.run_to(1000.1)
    await clock.close()
    seen = len(call.ticks)
    loop.run_to(1001.0)
    assert len(call.ticks) == seen
    assert [timer for timer in loop.timers if not timer.cancelled] == []


def test_adding_twice_ticks_once(loop: FakeLoop) -> None:
    call = Call()
    clock = running(loop, call)
    clock.add(call)
    loop.run_to(1000.2)
    assert len(call.ticks) in (9, 10)
    clock.remove(call)
    clock.remove(call)


def test_a_clock_without_calls_has_no_timer_and_one_with_few_only_theirs(loop: FakeLoop) -> None:
    clock = running(loop)
    loop.run_to(1001.0)
    assert loop.fired == 0
    first, second = Call(), Call()
    clock.add(first)
    loop.run_to(1002.0)
    assert loop.fired == len(first.ticks) == 50
    clock.add(second)
    loop.run_to(1003.0)
    assert len(first.ticks) == 100 and len(second.ticks) == 50
    assert loop.fired == 150
    clock.remove(first)
    clock.remove(second)
    loop.run_to(1003.1)
    assert [timer for timer in loop.timers if not timer.cancelled] == []
    assert clock.lateness()["steps"] == 150
    assert clock.lateness()["skipped_frames"] == 0


def test_a_call_gets_the_next_slot_that_is_free(loop: FakeLoop) -> None:
    clock, calls = running(loop), [Call() for _ in range(4)]
    for number, call in enumerate(calls):
        loop.run_to(1001.0 + 0.0513 * number)
        clock.add(call)
    loop.run_to(1002.0)
    waits = [call.ticks[0][0] - 1.0 - 0.0513 * number for number, call in enumerate(calls)]
    assert [wait < 0.005 * (number + 1) + 0.0001 for number, wait in enumerate(waits)] == [True] * 4, waits
    phases = {round(call.ticks[0][0] % 0.02, 4) for call in calls}
    assert len(phases) == 4


def test_a_call_that_comes_within_a_tick_is_ticked_every_20_ms_from_then_on(loop: FakeLoop) -> None:
    clock, other = MediaClock(now=loop.time), Call()
    clock.add(Call(lambda: clock.add(other)))
    clock.start()
    loop.run_to(1001.0)
    assert {round(b[0] - a[0], 3) for a, b in zip(other.ticks, other.ticks[1:], strict=False)} == {0.02}
    assert loop.fired == 50 + len(other.ticks)


def test_while_nothing_may_be_sent_nobody_is_ticked_and_nothing_is_made_up_afterwards(loop: FakeLoop) -> None:
    silent = False
    clock = MediaClock(loop.time)
    clock.silenced = lambda _now: silent
    clock.start()
    clock.add(call := Call())
    loop.run_to(1000.1)
    before = len(call.ticks)
    assert before == 5
    silent = True
    loop.run_to(1002.0)
    assert len(call.ticks) == before
    silent = False
    loop.run_to(1002.1)
    assert 4 <= len(call.ticks) - before <= 5
