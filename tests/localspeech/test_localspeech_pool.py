from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Sequence

import pytest
from waiting import until

from voicebot.localspeech.pool import InferencePool, Overloaded, Rank, Steps


async def test_results_and_errors_come_back() -> None:
    pool = InferencePool(1)
    assert await pool.run(Rank.FINAL, lambda: 6 * 7) == 42
    with pytest.raises(ZeroDivisionError):
        await pool.run(Rank.FINAL, lambda: 1 // 0)
    pool.close()


async def test_finals_overtake_audio_and_the_cancelled_are_skipped() -> None:
    pool = InferencePool(1)
    gate, order = threading.Event(), []
    blocker = asyncio.create_task(pool.run(Rank.FINAL, gate.wait))
    await asyncio.sleep(0)
    ranks = [Rank.MORE_AUDIO, Rank.FINAL, Rank.FIRST_AUDIO, Rank.MORE_AUDIO]
    tasks = [asyncio.create_task(pool.run(rank, lambda rank=rank: order.append(rank))) for rank in ranks]
    await asyncio.sleep(0)
    tasks[-1].cancel()
    await asyncio.gather(tasks[-1], return_exceptions=True)
    gate.set()
    await asyncio.gather(blocker, *tasks[:-1])
    assert order == [Rank.FINAL, Rank.FIRST_AUDIO, Rank.MORE_AUDIO]
    pool.close()


@pytest.mark.parametrize("rank", [Rank.FIRST_AUDIO, Rank.MORE_AUDIO, Rank.HYPOTHESIS])
async def test_what_is_nice_to_have_leaves_a_thread_free_for_what_a_caller_waits_for(rank: Rank) -> None:
    pool = InferencePool(2)
    gate, begun = threading.Event(), []

    def block() -> None:
        begun.append(1)
        gate.wait()

    jobs = [asyncio.create_task(pool.run(rank, block)) for _ in range(3)]
    await until(lambda: bool(begun))
    assert await pool.run(Rank.FINAL, lambda: len(begun)) == 1
    jobs.pop().cancel()
    gate.set()
    await asyncio.gather(*jobs)
    assert len(begun) == 2
    pool.close()


async def test_final_results_that_wait_are_counted_without_the_cancelled() -> None:
    pool, gate = InferencePool(1), threading.Event()
    ranks = (Rank.FINAL, Rank.FINAL, Rank.FINAL, Rank.FIRST_AUDIO, Rank.MORE_AUDIO, Rank.HYPOTHESIS)
    jobs = [asyncio.create_task(pool.run(rank, gate.wait)) for rank in ranks]
    await until(lambda: pool.waiting == 2)
    jobs[1].cancel()
    await until(lambda: pool.waiting == 1)
    gate.set()
    await asyncio.gather(*jobs, return_exceptions=True)
    pool.close()


async def test_how_long_final_results_have_waited_is_told_for_a_second() -> None:
    now = [100.0]
    pool, gate = InferencePool(1, clock=lambda: now[0]), threading.Event()
    begun = threading.Event()
    first = asyncio.create_task(pool.run(Rank.FIRST_AUDIO, lambda: begun.set() or gate.wait()))
    await until(begun.is_set)
    ranks = (Rank.MORE_AUDIO, Rank.FINAL, Rank.FINAL)
    jobs = [asyncio.create_task(pool.run(rank, gate.wait)) for rank in ranks]
    await until(lambda: pool.waiting == 2)
    assert pool.final_wait_s == 0.0
    now[0] += 0.4
    assert pool.final_wait_s == pytest.approx(0.4), "they still wait"
    jobs.pop().cancel()
    gate.set()
    await asyncio.gather(first, *jobs)
    assert pool.final_wait_s == pytest.approx(0.4), "it had waited"
    now[0] += 1.1
    assert pool.final_wait_s == 0.0
    pool.close()


@pytest.mark.parametrize(("threads", "cores", "taken"), [(1, None, 1.0), (2, None, 0.5), (4, None, 0.25), (4, 1, 1.0)])
async def test_the_load_is_how_much_of_the_cores_jobs_took_lately(
    threads: int, cores: int | None, taken: float
) -> None:
    now = [100.0]
    pool, gate = InferencePool(threads, clock=lambda: now[0], cores=cores), threading.Event()
    begun = threading.Event()
    job = asyncio.create_task(pool.run(Rank.FINAL, lambda: begun.set() or gate.wait()))
    await until(begun.is_set)
    assert pool.load == 0.0
    now[0] += 3.0
    assert pool.load == pytest.approx(0.632 * taken, abs=0.001)
    now[0] += 300.0
    assert pool.load == pytest.approx(taken)
    gate.set()
    await job
    await until(lambda: not pool._running)
    now[0] += 3.0
    assert pool.load == pytest.approx(0.368 * taken, abs=0.001)
    pool.close()


async def test_no_hypothesis_is_begun_while_another_job_waits() -> None:
    pool = InferencePool(1)
    gate, order = threading.Event(), []
    running = asyncio.create_task(pool.run(Rank.FINAL, gate.wait))
    waiting = asyncio.create_task(pool.run(Rank.FINAL, lambda: order.append("final")))
    await until(lambda: pool.waiting == 1)
    hypothesis = asyncio.create_task(pool.run(Rank.HYPOTHESIS, lambda: order.append("hypothesis")))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(running, waiting, hypothesis)
    assert order == ["final", "hypothesis"]
    pool.close()


async def test_no_hypothesis_is_begun_while_all_other_threads_work() -> None:
    pool, begun, order = InferencePool(2), threading.Semaphore(0), []
    first, second = threading.Event(), threading.Event()

    def work(gate: threading.Event) -> None:
        begun.release()
        gate.wait()
        order.append("work")

    ranks = ((Rank.FINAL, first), (Rank.FIRST_AUDIO, second))
    working = [asyncio.create_task(pool.run(rank, lambda gate=gate: work(gate))) for rank, gate in ranks]
    for _ in working:
        assert await asyncio.to_thread(begun.acquire, timeout=20)
    hypothesis = asyncio.create_task(pool.run(Rank.HYPOTHESIS, lambda: order.append("hypothesis")))
    await asyncio.sleep(0.05)
    first.set()
    await hypothesis
    second.set()
    await asyncio.gather(*working)
    assert order == ["work", "hypothesis", "work"]
    pool.close()


async def test_the_next_hypothesis_is_of_the_call_that_has_been_without_one_for_the_longest() -> None:
    pool = InferencePool(1)
    gate, begun, order = threading.Event(), threading.Event(), []

    def block() -> None:
        begun.set()
        gate.wait()

    running = asyncio.create_task(pool.run(Rank.HYPOTHESIS, block))
    await until(begun.is_set)
    calls = [
        asyncio.create_task(pool.run(Rank.HYPOTHESIS, lambda since=since: order.append(since), since=since))
        for since in (5.0, 3.0, 9.0)
    ]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(running, *calls)
    assert order == [3.0, 5.0, 9.0]
    pool.close()


async def test_after_a_hypothesis_its_thread_rests_for_as_long_as_it_worked() -> None:
    pool = InferencePool(1)
    begun, worked, ended = [], [], []

    def work() -> None:
        begun.append(time.monotonic())
        before = time.thread_time()
        while time.thread_time() < before + 0.02:
            pass
        worked.append(time.thread_time() - before)
        ended.append(time.monotonic())

    await asyncio.gather(*(pool.run(Rank.HYPOTHESIS, work) for _ in range(2)))
    assert begun[1] - ended[0] >= worked[0]
    pool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
async def test_hypotheses_have_a_lower_priority_than_all_else() -> None:
    pool = InferencePool(1)

    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, 0)

    assert await pool.run(Rank.HYPOTHESIS, niceness) == min(19, 10 + await pool.run(Rank.FINAL, niceness))
    pool.close()


async def test_a_closed_pool_drops_hypotheses_that_wait() -> None:
    pool = InferencePool(1)
    gate, begun = threading.Event(), threading.Event()

    def block() -> None:
        begun.set()
        gate.wait()

    running = asyncio.create_task(pool.run(Rank.HYPOTHESIS, block))
    await until(begun.is_set)
    waiting = asyncio.create_task(pool.run(Rank.HYPOTHESIS, lambda: None))
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(pool.close))
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.set()
    await asyncio.gather(running, closing)


async def test_a_full_or_closed_pool_refuses() -> None:
    pool = InferencePool(1, limit=1)
    gate, begun = threading.Event(), threading.Event()

    def block() -> None:
        begun.set()
        gate.wait()

    running = asyncio.create_task(pool.run(Rank.FINAL, block))
    await until(begun.is_set)
    waiting = asyncio.create_task(pool.run(Rank.FINAL, lambda: None))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await pool.run(Rank.FINAL, lambda: None)
    gate.set()
    await asyncio.gather(running, waiting)
    pool.close()
    pool.close()
    with pytest.raises(Overloaded):
        await pool.run(Rank.FINAL, lambda: None)


def adding(numbers: list[int]) -> Steps[int]:
    """A job in steps: each number is answered by itself and 100."""
    total = 0
    for number in numbers:
        total += yield number
    return total


async def test_the_steps_of_final_results_are_taken_together_and_each_gets_its_own_answers() -> None:
    pool, gate, asked = InferencePool(1), threading.Event(), []

    def answers(questions: Sequence[int]) -> list[int]:
        asked.append(sorted(questions))
        return [100 + question for question in questions]

    blocked = asyncio.create_task(pool.run(Rank.FINAL, gate.wait))
    jobs = [adding([1, 2, 3]), adding([10, 20]), adding([10, 20])]
    results = asyncio.gather(*(pool.run_in_steps(Rank.FINAL, job, answers) for job in jobs))
    await until(lambda: pool.waiting == 3)
    gate.set()
    await blocked
    assert await results == [306, 230, 230]
    assert asked == [[1, 10, 10], [2, 20, 20], [3]]
    pool.close()


async def test_final_results_on_several_threads_do_not_wait_for_each_other() -> None:
    pool, stuck, gate = InferencePool(2), threading.Event(), threading.Event()

    def answers(questions: Sequence[int]) -> list[int]:
        if 1 in questions:
            stuck.set()
            gate.wait()
        return [100 + question for question in questions]

    slow = asyncio.create_task(pool.run_in_steps(Rank.FINAL, adding([1]), answers))
    await until(stuck.is_set)
    assert await asyncio.wait_for(pool.run_in_steps(Rank.FINAL, adding([2, 3]), answers), 10) == 205
    gate.set()
    assert await slow == 101
    pool.close()


async def test_a_job_in_steps_that_fails_or_is_cancelled_does_not_disturb_those_beside_it() -> None:
    pool, gate, asked = InferencePool(1), threading.Event(), []

    def answers(questions: Sequence[int]) -> list[int]:
        asked.append(sorted(questions))
        gate.wait()
        return [100 + question for question in questions]

    def failing() -> Steps[int]:
        yield 5
        raise ValueError("no words")

    blocked = asyncio.create_task(pool.run(Rank.FINAL, gate.wait))
    jobs = [asyncio.create_task(pool.run_in_steps(Rank.FINAL, steps, answers)) for steps in (adding([1, 2]), failing())]
    cancelled = asyncio.create_task(pool.run_in_steps(Rank.FINAL, adding([7, 7]), answers))
    await until(lambda: pool.waiting == 3)
    cancelled.cancel()
    gate.set()
    await blocked
    assert await jobs[0] == 203
    with pytest.raises(ValueError, match="no words"):
        await jobs[1]
    assert asked == [[1, 5], [2]]
    pool.close()


async def test_answers_that_fail_are_told_to_all_who_asked() -> None:
    pool = InferencePool(1)

    def answers(_questions: Sequence[int]) -> list[int]:
        raise ZeroDivisionError

    jobs = [pool.run_in_steps(Rank.FINAL, adding([1]), answers) for _ in range(3)]
    results = await asyncio.gather(*jobs, return_exceptions=True)
    assert [type(result) for result in results] == [ZeroDivisionError] * 3
    assert await pool.run(Rank.FINAL, lambda: 1) == 1
    pool.close()


async def test_a_hypothesis_whose_waiter_is_gone_takes_no_more_steps() -> None:
    pool, begun, gate, asked = InferencePool(1), threading.Event(), threading.Event(), []

    def answers(questions: Sequence[int]) -> list[int]:
        asked.extend(questions)
        begun.set()
        gate.wait()
        return list(questions)

    hypothesis = asyncio.create_task(pool.run_in_steps(Rank.HYPOTHESIS, adding([1, 2, 3]), answers))
    await until(begun.is_set)
    hypothesis.cancel()
    await asyncio.gather(hypothesis, return_exceptions=True)
    gate.set()
    assert await pool.run(Rank.HYPOTHESIS, lambda: "next") == "next"
    assert asked == [1]
    pool.close()
