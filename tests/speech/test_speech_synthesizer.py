from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from speech_double import SpeechDouble
from waiting import settled, until

from voicebot.audio import LINEAR_16K, PCMA, PCMU, AudioFormat
from voicebot.speech import (
    Speech,
    SpeechEndpoint,
    SpeechUnavailable,
    SynthesisTimeouts,
    SynthesizerPool,
)
from voicebot.speechsdk import threads as sdk_threads
from voicebot.speechsdk.in_process import InProcessSdk


def say(text: str = "Hello.", form: AudioFormat = PCMU) -> Speech:
    return Speech(text, "en-US-JoeNeural", "en-US", form)


@asynccontextmanager
async def a_pool(service: SpeechDouble | str, size: int = 1, **options: object) -> AsyncIterator[SynthesizerPool]:
    host = service if isinstance(service, str) else service.host
    pool = SynthesizerPool(InProcessSdk(), SpeechEndpoint(host=host), size=size, **options)  # type: ignore[arg-type]
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


async def heard(pool: SynthesizerPool, speech: Speech) -> bytes:
    async with aclosing(pool.stream(speech)) as pieces:
        return b"".join([piece async for piece in pieces])


async def test_audio_comes_as_sent_and_the_connection_is_used_again(service: SpeechDouble) -> None:
    async with a_pool(service) as pool:
        assert pool.idle == 1
        service.render.clear()
        utterance = asyncio.create_task(heard(pool, say("One & only")))
        await until(lambda: pool.busy == pool.idle == 1)  # the one that went out, and the one that came in its place
        service.render.set()
        assert await utterance == b"\x01" * 4000
        assert pool.idle == 2
        assert await heard(pool, say()) == b"\x02" * 4000
        assert service.synthesis_connections == 2
    assert service.formats == ["raw-8khz-8bit-mono-mulaw"] * 2
    assert "One &amp; only" in service.ssml[0] and 'name="en-US-JoeNeural"' in service.ssml[0]


async def test_each_format_has_its_own_connections(service: SpeechDouble) -> None:
    async with a_pool(service) as pool:
        await heard(pool, say(form=PCMA))
        await heard(pool, say(form=PCMU))
        await heard(pool, say(form=LINEAR_16K))
    assert service.formats == ["raw-8khz-8bit-mono-alaw", "raw-8khz-8bit-mono-mulaw", "raw-16khz-16bit-mono-pcm"]


async def test_a_format_that_is_not_used_has_one_connection_and_one_that_is_used_has_all(service: SpeechDouble) -> None:
    async with a_pool(service, size=3, formats=(PCMU, PCMA), timeouts=SynthesisTimeouts(idle=0.5)) as pool:
        assert pool.idle == 2
        await heard(pool, say(form=PCMA))
        await until(lambda: pool.idle == 4)
        await until(lambda: pool.idle == 2)  # it has not been used for long


async def test_the_first_piece_comes_while_the_rest_is_rendered(service: SpeechDouble) -> None:
    service.chunk_gap_s = 0.05
    async with a_pool(service) as pool, aclosing(pool.stream(say())) as pieces:
        assert await anext(pieces) == b"\x01" * 800
        assert service.completed == 0


async def test_two_utterances_at_once_do_not_mix(service: SpeechDouble) -> None:
    service.chunk_gap_s = 0.01
    async with a_pool(service, size=2) as pool:
        first, second = await asyncio.gather(heard(pool, say("a")), heard(pool, say("b")))
    assert {first, second} == {b"\x01" * 4000, b"\x02" * 4000}


async def test_an_utterance_that_is_cut_off_stops_the_service_and_is_not_heard_by_the_next(
    service: SpeechDouble,
) -> None:
    service.chunks, service.chunk_gap_s = 100, 0.02
    async with a_pool(service) as pool:
        async with aclosing(pool.stream(say())) as pieces:
            assert await anext(pieces)
        assert pool.busy == 0
        await until(lambda: service.cut_utterances == 1)
        service.chunks, service.chunk_gap_s = 3, 0.0
        assert await heard(pool, say()) == b"\x02" * 2400


async def test_a_cancelled_task_stops_its_utterance(service: SpeechDouble) -> None:
    service.chunks, service.chunk_gap_s = 100, 0.02
    async with a_pool(service) as pool:
        task = asyncio.create_task(heard(pool, say()))
        await until(lambda: service.ssml)
        task.cancel()
        await until(lambda: service.cut_utterances == 1)
        assert pool.busy == 0


async def test_what_failed_before_its_first_audio_is_tried_once_more(service: SpeechDouble) -> None:
    service.fail_utterances = 1
    async with a_pool(service) as pool:
        assert await heard(pool, say()) == b"\x02" * 4000
        service.fail_utterances = 2
        with pytest.raises(SpeechUnavailable):
            await heard(pool, say())
    assert len(service.ssml) == 4


async def test_a_mute_service_is_given_up_at_the_deadline_and_leaves_nothing(service: SpeechDouble) -> None:
    service.mute = True
    async with a_pool(service, timeouts=SynthesisTimeouts(first_audio=0.3)) as pool:
        with pytest.raises(SpeechUnavailable, match="does not answer to a request"):
            await heard(pool, say())
        assert pool.busy == 0
        service.mute = False
        assert await heard(pool, say())


async def test_what_breaks_off_goes_on_where_it_was_on_another_connection_once(service: SpeechDouble) -> None:
    async with a_pool(service) as pool:
        splices: list[str] = []
        service.render.clear()
        async with aclosing(pool.stream(say(), on_splice=lambda: splices.append("here"))) as pieces:
            audio = await anext(pieces)
            service.cut()
            service.render.set()
            audio += b"".join([piece async for piece in pieces])
        assert audio == b"\x01" * 800 + b"\x02" * 3200
        assert splices == ["here"]
        service.render.clear()
        async with aclosing(pool.stream(say())) as pieces:
            await anext(pieces)
            service.cut()
            following = asyncio.ensure_future(anext(pieces))
            await until(lambda: len(service.ssml) == 4)
            service.cut()
            with pytest.raises(SpeechUnavailable):
                await following
        assert len(service.ssml) == 4


async def test_a_service_that_stops_in_the_middle_is_given_up(service: SpeechDouble) -> None:
    service.chunk_gap_s = 30.0
    async with a_pool(service, timeouts=SynthesisTimeouts(next_chunk=0.3)) as pool:
        pieces = pool.stream(say())
        assert await anext(pieces)
        with pytest.raises(SpeechUnavailable, match="in the middle"):
            await anext(pieces)


async def test_a_wrong_key_is_not_tried_again(service: SpeechDouble) -> None:
    service.refuse = [401] * 9
    async with a_pool(service, size=0) as pool:
        with pytest.raises(SpeechUnavailable) as caught:
            await heard(pool, say())
    assert caught.value.permanent and service.requests == 1


async def test_an_endpoint_that_is_not_known_yet_is_unavailable(service: SpeechDouble) -> None:
    known: list[SpeechEndpoint] = []
    pool = SynthesizerPool(InProcessSdk(), lambda: known[0], size=1, timeouts=SynthesisTimeouts(connect=0.3))
    await pool.start()
    with pytest.raises(SpeechUnavailable, match="out of range"):
        await heard(pool, say())
    known.append(SpeechEndpoint(host=service.host))
    await until(lambda: pool.idle == 1)
    assert await heard(pool, say())
    await pool.close()


async def test_throttling_is_tried_again_by_the_sdk_or_by_us(service: SpeechDouble) -> None:
    service.refuse = [429]
    async with a_pool(service, size=0) as pool:
        assert await heard(pool, say()) == b"\x01" * 4000


async def test_a_pool_without_a_service_starts_and_finds_it_later(unused_tcp_port: int) -> None:
    service = SpeechDouble()
    async with a_pool(f"ws://127.0.0.1:{unused_tcp_port}", timeouts=SynthesisTimeouts(connect=0.3)) as pool:
        assert pool.idle == 0
        with pytest.raises(SpeechUnavailable):
            await heard(pool, say())
        await service.start(unused_tcp_port)
        await until(lambda: pool.idle == 1)
        assert await heard(pool, say())
    await service.stop()


async def test_connections_cut_while_idle_are_replaced(service: SpeechDouble) -> None:
    async with a_pool(service, size=2, timeouts=SynthesisTimeouts(connect=0.3)) as pool:
        assert await heard(pool, say())
        await until(lambda: pool.idle == 2)
        port = service.port
        await service.stop()
        await until(lambda: pool.idle == 0)
        await service.start(port)
        await until(lambda: pool.idle == 2)
        assert await heard(pool, say())


async def test_old_idle_connections_are_renewed(service: SpeechDouble) -> None:
    async with a_pool(service, timeouts=SynthesisTimeouts(idle=0.2)) as pool:
        await until(lambda: service.synthesis_connections >= 2)
        assert await heard(pool, say())


async def test_more_than_the_pool_can_carry_waits_its_turn_and_then_is_refused(service: SpeechDouble) -> None:
    service.chunk_gap_s = 0.05
    async with a_pool(service, max_size=1, max_waiting=1) as pool:
        first = asyncio.create_task(heard(pool, say("a")))
        await until(lambda: pool.busy == 1)
        second = asyncio.create_task(heard(pool, say("b")))
        await asyncio.sleep(0)
        with pytest.raises(SpeechUnavailable, match="1 wait"):
            await heard(pool, say("c"))
        assert await first == b"\x01" * 4000
        assert await second == b"\x02" * 4000


async def test_waiting_has_a_deadline(service: SpeechDouble) -> None:
    service.chunks, service.chunk_gap_s = 100, 0.05
    async with (
        a_pool(service, max_size=1, timeouts=SynthesisTimeouts(wait=0.1)) as pool,
        aclosing(pool.stream(say())) as pieces,
    ):
        await anext(pieces)
        with pytest.raises(SpeechUnavailable, match="busy"):
            await heard(pool, say("b"))


async def test_a_closed_pool_refuses(service: SpeechDouble) -> None:
    async with a_pool(service) as pool:
        pass
    with pytest.raises(SpeechUnavailable, match="closed"):
        await heard(pool, say())


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads in /proc")
async def test_thirty_synthesisers_half_of_them_cut_off_leave_no_thread_behind(service: SpeechDouble) -> None:
    def threads() -> int:
        return sum(1 for _ in Path("/proc/self/task").iterdir())

    async def begin(pool: SynthesizerPool) -> None:
        async with aclosing(pool.stream(say())) as pieces:
            await anext(pieces)

    async def ten() -> None:
        async with a_pool(service, size=5, max_size=20) as pool:
            await asyncio.gather(*(heard(pool, say()) for _ in range(5)), *(begin(pool) for _ in range(5)))

    service.chunk_gap_s = 0.01
    await asyncio.gather(*(sdk_threads.call(time.sleep, 0.05) for _ in range(sdk_threads.THREADS)))  # start our own
    await ten()
    gc.disable()  # nothing may depend on the collector
    try:
        base = await settled(threads)
        for _ in range(3):
            await ten()
        await until(lambda: threads() <= base)
    finally:
        gc.enable()
