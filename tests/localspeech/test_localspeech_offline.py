"""How the offline recogniser shares the machine. Its model is not needed for that."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from waiting import until

from voicebot.localspeech.engines import Decode, DecodeKind
from voicebot.localspeech.moonshine import Moonshine
from voicebot.localspeech.offline import MoonshineRecognition
from voicebot.localspeech.pool import InferencePool, Rank

NO_MODEL = cast(Moonshine, SimpleNamespace(decoder=None))


@asynccontextmanager
async def waiting_jobs(count: int) -> AsyncIterator[InferencePool]:
    """A pool whose one thread is busy, and in which so many jobs wait."""
    pool, gate = InferencePool(1, clock=lambda: 0.0), threading.Event()
    jobs = [asyncio.create_task(pool.run(Rank.FINAL, gate.wait)) for _ in range(count + 1)]
    await until(lambda: pool.waiting == count and not pool.spare)
    try:
        yield pool
    finally:
        gate.set()
        await asyncio.gather(*jobs)
        pool.close()


@pytest.mark.parametrize(("count", "quiet_s"), [(0, 0.096), (1, 0.128), (3, 0.128), (4, 0.2)])
async def test_the_more_waits_the_later_a_final_decode_begins_on_suspicion(count: int, quiet_s: float) -> None:
    async with waiting_jobs(count) as pool:
        assert MoonshineRecognition(NO_MODEL, pool).quiet_s == quiet_s


@pytest.mark.parametrize(("count", "hypothesis_s"), [(0, 0.24), (1, 0.72), (3, 0.72), (4, 3.0)])
async def test_the_more_waits_the_fewer_hypotheses_are_made(count: int, hypothesis_s: float) -> None:
    async with waiting_jobs(count) as pool:
        assert MoonshineRecognition(NO_MODEL, pool).hypothesis_s == hypothesis_s


@pytest.mark.parametrize(
    ("load", "quiet_s", "hypothesis_s", "suspects"),
    [(0.0, 0.096, 0.24, True), (0.19, 0.096, 0.24, True), (0.3, 0.128, 0.72, False), (0.5, 0.2, 3.0, False)],
)
def test_the_more_of_the_cores_was_taken_the_less_is_decoded_that_may_be_in_vain(
    load: float, quiet_s: float, hypothesis_s: float, suspects: bool
) -> None:
    pool = cast(InferencePool, SimpleNamespace(waiting=0, load=load, spare=True))
    recognition = MoonshineRecognition(NO_MODEL, pool)
    assert (recognition.quiet_s, recognition.hypothesis_s, recognition.suspects) == (quiet_s, hypothesis_s, suspects)


async def test_a_fall_of_the_level_begins_a_final_decode_only_where_it_begins_at_once() -> None:
    pool, gate = InferencePool(2, clock=lambda: 0.0), threading.Event()
    recognition = MoonshineRecognition(NO_MODEL, pool)
    jobs: list[asyncio.Task[bool]] = []
    running: list[threading.Thread] = []

    def job() -> bool:
        running.append(threading.current_thread())
        return gate.wait()

    for _ in range(2):
        assert recognition.suspects
        jobs.append(asyncio.create_task(pool.run(Rank.FINAL, job)))
        await until(lambda: len(running) == len(jobs))
    assert not recognition.suspects
    gate.set()
    await asyncio.gather(*jobs)
    await until(lambda: recognition.suspects)
    pool.close()


@pytest.mark.parametrize("kind", DecodeKind)
async def test_a_decode_that_is_not_wanted_any_more_is_not_begun(kind: DecodeKind) -> None:
    pool = InferencePool(1)
    session = MoonshineRecognition(NO_MODEL, pool).session(8000, "", "")
    decode = Decode(1, kind, np.zeros(8000, np.float32), 8000, 0, 1.0, wanted=lambda: False)
    assert await session.transcribe(decode) is None
    pool.close()


async def test_a_hypothesis_that_would_come_too_late_is_skipped() -> None:
    async with waiting_jobs(2) as pool:
        session = MoonshineRecognition(NO_MODEL, pool).session(8000, "", "")
        decode = Decode(1, DecodeKind.HYPOTHESIS, np.zeros(8000, np.float32), 8000, 0, 1.0)
        assert await session.transcribe(decode) is None
