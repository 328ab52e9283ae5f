"""The speech client as the service runs it: the real SDK in its process, which is killed, stopped and shot at."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from importlib.resources import files
from pathlib import Path

import psutil
import pytest
from speech_double import SpeechDouble, hypothesis, phrase
from waiting import settled, until

from voicebot.audio import LINEAR_16K, PCMA, PCMU, AudioFormat
from voicebot.events import Event, Final, Hypothesis, RecognitionLost, RecognitionRestored
from voicebot.service.speech_client import SpeechClient
from voicebot.speech import (
    Recognizer,
    Speech,
    SpeechEndpoint,
    SpeechUnavailable,
    SynthesisTimeouts,
    SynthesizerPool,
    recognizer,
)
from voicebot.speechsdk import remote

pytestmark = pytest.mark.slow

FRAME = b"\xfe" * 160
UP_S = 20.0
PATIENT = SynthesisTimeouts(first_audio=UP_S, next_chunk=UP_S)


@pytest.fixture
async def service() -> AsyncIterator[SpeechDouble]:
    double = SpeechDouble()
    await double.start()
    yield double
    await double.stop()


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[SpeechClient]:
    """A speech client that leaves neither a process nor a task."""
    tasks = len(asyncio.all_tasks())
    made = SpeechClient(tmp_path / "speech.sock", ["--log-level", "WARNING"], os.environ)
    await made.start()
    await until(lambda: made.process.answered)
    yield made
    running = pid(made)
    await made.stop()
    assert not psutil.pid_exists(running)
    assert await settled(lambda: len(asyncio.all_tasks())) <= tasks


def pid(client: SpeechClient) -> int:
    assert client.process.pid is not None
    return client.process.pid


async def test_its_memory_is_kept_together(client: SpeechClient) -> None:
    assert psutil.Process(pid(client)).environ()["MALLOC_ARENA_MAX"] == os.environ.get("MALLOC_ARENA_MAX", "2")


def strike(client: SpeechClient, number: signal.Signals) -> None:
    os.kill(pid(client), number)


class Call:
    """One call's recogniser, written to faster than life; frame n was spoken until ``1000 + 0.02 * (n + 1)``."""

    def __init__(self, client: SpeechClient, service: SpeechDouble, audio: AudioFormat = PCMU) -> None:
        self.events: list[Event] = []
        self.frames = 0
        endpoint = SpeechEndpoint(host=service.host)
        self.recognizer = Recognizer(
            client.sdk,
            endpoint,
            audio=audio,
            phrases=["pay"],
            on_event=self.events.append,
            connect_timeout_s=UP_S,
        )

    def speak(self, seconds: float, payload: bytes = FRAME) -> None:
        for _ in range(round(seconds * 50)):
            self.frames += 1
            self.recognizer.write(payload, 1000 + 0.02 * self.frames)

    def got(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def say(text: str = "Hello.") -> Speech:
    return Speech(text, "en-US-JoeNeural", "en-US", PCMU)


async def heard(pool: SynthesizerPool, speech: Speech) -> bytes:
    async with aclosing(pool.stream(speech)) as pieces:
        return b"".join([piece async for piece in pieces])


async def test_words_and_their_times_come_as_from_the_sdk_in_this_process(
    client: SpeechClient, service: SpeechDouble
) -> None:
    body = {"NBest": [{"Confidence": 0.87, "Display": "I want to pay."}]}
    service.results = [[hypothesis(1.0, "i want", 0.4, 0.9), phrase(1.6, "I want to pay.", 0.4, 1.3, **body)]]
    call = Call(client, service)
    call.speak(0.5)
    await call.recognizer.start()
    assert call.recognizer.connected
    call.speak(1.5)
    await until(lambda: call.got(Final))
    first, final = call.events
    assert isinstance(first, Hypothesis) and (first.text, first.end) == ("i want", pytest.approx(1000.9))
    assert isinstance(final, Final) and (final.text, final.confidence) == ("I want to pay.", 0.87)
    assert service.listening[0].phrases == ["pay"]
    await call.recognizer.stop()


@pytest.mark.parametrize("form", [PCMU, PCMA, LINEAR_16K])
async def test_the_callers_audio_and_prompts_pass_untouched(
    client: SpeechClient, service: SpeechDouble, form: AudioFormat
) -> None:
    audio = bytes(range(256)) * 100
    call = Call(client, service, form)
    await call.recognizer.start()
    for at in range(0, len(audio), form.frame_bytes):
        call.recognizer.write(audio[at : at + form.frame_bytes], 5.0 + at / form.byte_rate)
    await until(lambda: len(service.listening[0].audio) >= len(audio) - 2 * form.frame_bytes)
    assert audio.startswith(bytes(service.listening[0].audio))
    await call.recognizer.stop()
    pool = SynthesizerPool(client.sdk, SpeechEndpoint(host=service.host), size=1, formats=[form])
    await pool.start()
    async with aclosing(pool.stream(Speech("Hi.", "v", "en-US", form))) as pieces:
        assert b"".join([piece async for piece in pieces]) == b"\x01" * 4000
    await pool.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP])
async def test_when_it_dies_in_mid_utterance_the_next_one_hears_the_utterance_from_its_beginning(
    client: SpeechClient, service: SpeechDouble, number: signal.Signals
) -> None:
    service.results = [[phrase(1.0, "Hello.", 0.2, 0.8)], [phrase(1.4, "I want to pay.", 0.2, 1.0)]]
    call = Call(client, service)
    await call.recognizer.start()
    call.speak(1.2)
    await until(lambda: call.got(Final))
    call.speak(0.4, b"\x01" * 160)
    strike(client, number)
    call.speak(0.4, b"\x02" * 160)
    call.speak(0.6)
    await until(lambda: len(call.got(Final)) == 2, UP_S)
    assert [type(event) for event in call.events] == [Final, RecognitionLost, RecognitionRestored, Final]
    assert bytes(service.listening[-1].audio).startswith(FRAME * 20 + b"\x01" * 3200 + b"\x02" * 3200)
    assert call.got(Final)[1].end == pytest.approx(1000.8 + 1.0)  # type: ignore[attr-defined]
    assert client.process.restarts == 1
    await call.recognizer.stop()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_prompt_that_is_broken_off_is_rendered_anew_and_goes_on_where_it_was(
    client: SpeechClient, service: SpeechDouble, number: signal.Signals
) -> None:
    pool = SynthesizerPool(client.sdk, SpeechEndpoint(host=service.host), size=1, timeouts=PATIENT)
    await pool.start()
    service.render.clear()
    async with aclosing(pool.stream(say())) as pieces:
        audio = await anext(pieces)
        strike(client, number)
        service.render.set()
        audio += b"".join([piece async for piece in pieces])
    assert audio == b"\x01" * 800 + b"\x02" * 3200
    assert pool.busy == 0
    await pool.close()


async def test_what_is_wanted_while_it_is_away_waits_for_the_next_one(
    client: SpeechClient, service: SpeechDouble
) -> None:
    strike(client, signal.SIGKILL)
    pool = SynthesizerPool(client.sdk, SpeechEndpoint(host=service.host), size=0, timeouts=PATIENT)
    call = Call(client, service)
    _, audio = await asyncio.gather(call.recognizer.start(), heard(pool, say()))
    assert audio == b"\x01" * 4000
    await call.recognizer.stop()
    await pool.close()


def _is_back(call: Call, client: SpeechClient, service: SpeechDouble, killed: int, connections: int) -> bool:
    another = client.process.pid not in (None, killed)
    return another and len(service.listening) > connections and call.recognizer.connected


async def comes_and_goes(call: Call, client: SpeechClient, service: SpeechDouble, times: int) -> None:
    """The speech client dies so often, each time when the recogniser is connected again."""
    for _ in range(times):
        killed, connections = pid(client), len(service.listening)
        strike(client, signal.SIGKILL)
        await until(partial(_is_back, call, client, service, killed, connections), UP_S)


async def test_recognition_that_is_lost_again_and_again_is_not_told_as_restored(
    client: SpeechClient, service: SpeechDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognizer, "_RELAPSE_S", 1000.0)
    call = Call(client, service)
    await call.recognizer.start()
    await comes_and_goes(call, client, service, 4)
    told = [RecognitionLost, RecognitionRestored, RecognitionLost, RecognitionRestored, RecognitionLost]
    assert [type(event) for event in call.events] == told
    await call.recognizer.stop()


async def test_recognition_that_came_and_went_and_then_lasts_is_told_as_restored(
    client: SpeechClient, service: SpeechDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognizer, "_RELAPSE_S", 1000.0)
    monkeypatch.setattr(recognizer, "_LASTS_S", 0.5)
    call = Call(client, service)
    await call.recognizer.start()
    await comes_and_goes(call, client, service, 3)
    await until(lambda: len(call.got(RecognitionRestored)) == 3, UP_S)
    assert len(call.got(RecognitionLost)) == 3
    await call.recognizer.stop()


async def test_what_the_service_refuses_is_told_as_it_is(client: SpeechClient, service: SpeechDouble) -> None:
    service.refuse = [401]
    call = Call(client, service)
    with pytest.raises(SpeechUnavailable, match="Authentication") as refused:
        await call.recognizer.start()
    assert refused.value.permanent
    await call.recognizer.stop()


async def test_a_prompt_that_is_cut_off_stops_the_service(client: SpeechClient, service: SpeechDouble) -> None:
    service.chunks, service.chunk_gap_s = 100, 0.02
    pool = SynthesizerPool(client.sdk, SpeechEndpoint(host=service.host), size=1)
    await pool.start()
    async with aclosing(pool.stream(say())) as pieces:
        assert await anext(pieces)
    await until(lambda: service.cut_utterances == 1)
    await pool.close()


async def test_the_process_is_left_with_nothing_of_a_call_that_ended(
    client: SpeechClient, service: SpeechDouble
) -> None:
    process = psutil.Process(pid(client))

    async def one() -> None:
        call = Call(client, service)
        await call.recognizer.start()
        call.speak(0.2)
        await call.recognizer.stop()

    await asyncio.gather(*(one() for _ in range(12)))
    before = await settled(process.num_threads), await settled(lambda: len(process.net_connections()))
    await asyncio.gather(*(one() for _ in range(12)))
    after = await settled(process.num_threads), await settled(lambda: len(process.net_connections()))
    assert (after[0] <= before[0] + 2, after[1]) == (True, before[1])


async def test_turns_are_scored_in_it_and_in_the_next(client: SpeechClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "MAX_SCORE_S", UP_S)
    finished = files("voicebot.speech").joinpath("audio", "wait.ulaw").read_bytes()

    async def score() -> float:
        scores: list[float] = []

        def told() -> bool:
            client.sdk.score(finished, PCMU, scores.append)  # none while the model is being loaded, or if it is slow
            return bool(scores)

        await until(told)
        return scores[0]

    assert await score() == pytest.approx(0.983, abs=0.1)
    strike(client, signal.SIGKILL)
    assert await score() == pytest.approx(0.983, abs=0.1)
