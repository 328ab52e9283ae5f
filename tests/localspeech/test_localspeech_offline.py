"""How the offline recogniser shares the machine. Its model is not needed for that."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from waiting import until

from voicebot.audio.silero import SileroStream
from voicebot.localspeech.confidence import Heard, Measures
from voicebot.localspeech.engines import Decode, DecodeKind
from voicebot.localspeech.moonshine import Moonshine
from voicebot.localspeech.offline import MoonshineRecognition, MoonshineSession
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
    [(0.0, 0.096, 0.24, True), (0.19, 0.096, 0.24, True), (0.3, 0.128, 0.72, True), (0.5, 0.2, 3.0, False)],
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


class Spoken:
    """In the place of the model: notes what was settled of the audio that it gets. ``meanwhile``: happens while it
    encodes."""

    decoder = None

    def __init__(self) -> None:
        self.given: list[int | None] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def encoded(self, samples: Any, rate: int, *, quick: bool, tail: int, settled: Any) -> Any:
        self.given.append(settled and settled.samples)
        heard = len(samples) - tail
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return SimpleNamespace(settled=SimpleNamespace(samples=heard))

    def hearing(self, audio: Any, *_: Any, **__: Any) -> Iterator[None]:
        yield from ()
        return Heard({}, Measures(0.0, 0.0))


def of_stream(begin: int | None, samples: int, kind: DecodeKind = DecodeKind.HYPOTHESIS) -> Decode:
    return Decode(1, kind, np.zeros(samples + 100, np.float32), 8000, 0, 1.0, begin=begin, tail=100)


def spoken_session() -> tuple[Spoken, MoonshineSession]:
    model = Spoken()
    return model, MoonshineSession(cast(Moonshine, model), SileroStream(8000), cast(InferencePool, None), {})


def test_what_a_decode_has_settled_serves_the_next_of_the_same_phrase_only() -> None:
    model, session = spoken_session()
    final = DecodeKind.FINAL
    for decode in (of_stream(500, 2000), of_stream(500, 3000, final), of_stream(900, 800), of_stream(900, 900)):
        session.decode(decode)
    assert model.given == [None, 2000, None, 800]


def test_of_a_phrase_that_has_gone_out_nothing_is_kept() -> None:
    model, session = spoken_session()
    for phrases in (0, 0, 1, 1):
        session.decode(of_stream(500, 2000))
        session.spoken(phrases)
    assert model.given == [None, 2000, 2000, None]


def test_of_audio_that_is_of_no_stream_nothing_is_kept() -> None:
    model, session = spoken_session()
    session.decode(of_stream(None, 2000))
    session.decode(of_stream(None, 3000))
    assert model.given == [None, None]


@pytest.mark.parametrize(("other", "kept"), [(of_stream(500, 3000), 3000), (of_stream(900, 800), None)])
def test_what_another_thread_has_settled_meanwhile_stays_where_it_is_more_or_later(other: Decode, kept: int) -> None:
    model, session = spoken_session()
    thread = threading.Thread(target=session.decode, args=(other,))

    def meanwhile() -> None:
        thread.start()
        thread.join()

    model.meanwhile = meanwhile
    session.decode(of_stream(500, 2000))
    session.decode(of_stream(500, 4000))
    session.decode(of_stream(900, 900))
    assert model.given == [None, None, kept, None if kept else 800]
