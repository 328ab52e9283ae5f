from __future__ import annotations

import asyncio
import threading

import pytest
from waiting import until

from voicebot.localspeech.pool import InferencePool, Overloaded, Rank


async def test_results_and_errors_come_back() -> None:
    pool = InferencePool(1)
    assert await pool.run(Rank.FINAL, lambda: 6 * 7) == 42
    with pytest.raises(ZeroDivisionError):
        await pool.run(Rank.FINAL, lambda: 1 // 0)
    pool.close()


async def test_finals_overtake_hypotheses_and_the_cancelled_are_skipped() -> None:
    pool = InferencePool(1)
    gate, order = threading.Event(), []
    blocker = asyncio.create_task(pool.run(Rank.FINAL, gate.wait))
    await asyncio.sleep(0)
    ranks = [Rank.HYPOTHESIS, Rank.MORE_AUDIO, Rank.FINAL, Rank.FIRST_AUDIO, Rank.HYPOTHESIS]
    tasks = [asyncio.create_task(pool.run(rank, lambda rank=rank: order.append(rank))) for rank in ranks]
    await asyncio.sleep(0)
    tasks[-1].cancel()
    await asyncio.gather(tasks[-1], return_exceptions=True)
    gate.set()
    await asyncio.gather(blocker, *tasks[:-1])
    assert order == [Rank.FINAL, Rank.FIRST_AUDIO, Rank.MORE_AUDIO, Rank.HYPOTHESIS]
    pool.close()


async def test_hypotheses_leave_a_thread_free_for_what_a_caller_waits_for() -> None:
    pool = InferencePool(2)
    gate, begun = threading.Event(), []

    def block() -> None:
        begun.append(1)
        gate.wait()

    hypotheses = [asyncio.create_task(pool.run(Rank.HYPOTHESIS, block)) for _ in range(3)]
    await until(lambda: bool(begun))
    assert await pool.run(Rank.FINAL, lambda: len(begun)) == 1
    assert pool.waiting == 2
    hypotheses.pop().cancel()
    await until(lambda: pool.waiting == 1)
    gate.set()
    await asyncio.gather(*hypotheses)
    assert len(begun) == 2
    pool.close()


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
