"""The windows of several calls, scored together."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from importlib.resources import files
from pathlib import Path

import pytest
from heard_alone import heard_alone

from voicebot.audio import LINEAR_16K, PCMU, AudioFormat, convert
from voicebot.audio.silero import SileroStream
from voicebot.speech import SharedDetector, VoiceActivity
from voicebot.speech.shared_detector import MOST, RECENT_S, WAIT_S, DueWindows
from voicebot.speech.voice_activity import VoiceEvent

pytestmark = pytest.mark.virtual_time

RECORDINGS = Path(__file__).parents[3] / "shared" / "audio"
SOUNDS = [sound.read_bytes() for sound in files("voicebot.speech").joinpath("audio").iterdir()]


def nobody(_probability: float) -> None:
    pass


class Ear:
    """When a call was told what."""

    def __init__(self) -> None:
        self.scores: list[tuple[float, float]] = []

    def __call__(self, probability: float) -> None:
        self.scores.append((asyncio.get_running_loop().time(), probability))


# --- which windows wait ----------------------------------------------------------------------------------------------


def test_a_window_does_not_wait_where_no_other_call_had_one_just_before() -> None:
    windows, one, other = DueWindows(), SileroStream(8000), SileroStream(8000)
    assert windows.add(one, nobody, 1.0) == 0
    assert [stream for stream, _ in windows.take()] == [one]
    assert windows.add(one, nobody, 1.0) == 0, "its own"
    windows.take()
    assert windows.add(other, nobody, 1.0 + 2 * RECENT_S) == 0
    windows.take()


def test_a_window_waits_where_another_call_had_one_just_before_or_waits_itself() -> None:
    windows, one, other = DueWindows(), SileroStream(8000), SileroStream(8000)
    windows.add(one, nobody, 1.0)
    windows.take()
    assert windows.add(other, nobody, 1.0 + RECENT_S / 2) == WAIT_S
    assert windows.add(one, nobody, 1.0 + RECENT_S) == WAIT_S
    assert [stream for stream, _ in windows.take()] == [other, one]
    assert windows.take() == []


def test_no_more_than_so_many_wait() -> None:
    windows = DueWindows()
    waits = [windows.add(SileroStream(8000), nobody, 1.0) for _ in range(MOST)]
    assert waits == [0.0, *[WAIT_S] * (MOST - 2), 0.0]


def test_a_stream_that_has_ended_is_not_remembered() -> None:
    windows, one, other = DueWindows(), SileroStream(8000), SileroStream(8000)
    windows.add(one, nobody, 1.0)
    windows.drop(one)
    assert windows.take() == []
    assert windows.add(other, nobody, 1.0) == 0


# --- together --------------------------------------------------------------------------------------------------------


async def test_windows_that_come_close_together_are_told_at_the_same_time_within_2_ms() -> None:
    detector, loop = SharedDetector(), asyncio.get_running_loop()
    calls = [(SileroStream(16_000 if number % 3 else 8000), Ear()) for number in range(9)]
    begun = loop.time()
    for stream, told in calls:
        detector.score(stream, told, loop.time())
        await asyncio.sleep(WAIT_S / 10)
    await asyncio.sleep(WAIT_S)
    (first, _), *rest = [told.scores[0] for _, told in calls]
    assert first == begun
    assert len({at for at, _ in rest}) == 1
    assert begun + WAIT_S < rest[0][0] < begun + WAIT_S * 1.2
    assert all(len(told.scores) == 1 for _, told in calls)


async def test_who_waits_no_longer_has_all_scored_and_nothing_comes_after_that() -> None:
    detector, one, other = SharedDetector(), Ear(), Ear()
    detector.score(SileroStream(8000), nobody, 0.0)
    detector.score(SileroStream(8000), one, 0.0)
    detector.score(SileroStream(8000), other, 0.0)
    assert not one.scores
    detector.run()
    await asyncio.sleep(1)
    assert len(one.scores) == len(other.scores) == 1


async def test_a_call_that_has_ended_is_told_nothing() -> None:
    detector, ended, goes_on = SharedDetector(), Ear(), Ear()
    stream = SileroStream(8000)
    detector.score(SileroStream(8000), nobody, 0.0)
    detector.score(stream, ended, 0.0)
    detector.score(SileroStream(8000), goes_on, 0.0)
    detector.drop(stream)
    await asyncio.sleep(1)
    assert not ended.scores and len(goes_on.scores) == 1


async def test_a_call_that_fails_makes_no_other_deaf(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_probability: float) -> None:
        raise RuntimeError("a defect")

    detector, goes_on = SharedDetector(), Ear()
    for told in (nobody, fails, goes_on):
        detector.score(SileroStream(8000), told, 0.0)
    with caplog.at_level(logging.ERROR):
        await asyncio.sleep(1)
    assert len(goes_on.scores) == 1
    assert "a defect" in caplog.text


# --- as one by one ---------------------------------------------------------------------------------------------------


async def together(calls: list[tuple[AudioFormat, bytes]]) -> list[list[VoiceEvent]]:
    """What is heard of recordings that are played at the same time; the frames of each come at its own moment."""
    detector, loop = SharedDetector(), asyncio.get_running_loop()
    begun = loop.time()

    async def call(number: int, audio: AudioFormat, payload: bytes) -> list[VoiceEvent]:
        activity, events = VoiceActivity(audio), list[VoiceEvent]()

        def scored(probability: float) -> None:
            events.extend(activity.scored(probability))

        for count in range(len(payload) // audio.frame_bytes):
            due = begun + 0.02 * (count + 1) + 0.02 * (number * 0.618 % 1)
            await asyncio.sleep(due - loop.time())
            frame = payload[count * audio.frame_bytes : (count + 1) * audio.frame_bytes]
            found = activity.hear(frame, 0.02 * (count + 1))
            if found is None:
                detector.score(activity.stream, scored, loop.time())
            else:
                events.extend(found)
        await asyncio.sleep(WAIT_S)
        return events

    return await asyncio.gather(*(call(number, *each) for number, each in enumerate(calls)))


def alone(audio: AudioFormat, payload: bytes) -> list[VoiceEvent]:
    activity, events, size = VoiceActivity(audio), list[VoiceEvent](), audio.frame_bytes
    for count in range(len(payload) // size):
        events += heard_alone(activity, payload[count * size : (count + 1) * size], 0.02 * (count + 1))
    return events


async def test_calls_that_are_heard_together_hear_what_each_does_alone() -> None:
    forms = itertools.cycle([PCMU, PCMU, LINEAR_16K])
    calls = [(form, convert(sound, PCMU, form)) for form, sound in zip(forms, SOUNDS * 2, strict=False)]
    assert await together(calls) == [alone(*call) for call in calls]
    assert all(alone(*call) for call in calls)


@pytest.mark.skipif(not (RECORDINGS / "manifest.jsonl").exists(), reason="no recordings here")
async def test_so_do_callers_who_were_recorded() -> None:
    lines = (RECORDINGS / "manifest.jsonl").read_text().splitlines()
    sounds = [(RECORDINGS / json.loads(line)["wav"]).read_bytes() for line in lines]
    calls = [(PCMU, sound[sound.index(b"data") + 8 :]) for sound in sounds]
    assert await together(calls) == [alone(*call) for call in calls]
