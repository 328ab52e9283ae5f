from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bench.floor.caller import AHEAD, Line, Mixer
from bench.floor.cases import Echo
from bench.floor.sounds import FRAME, RATE, Samples, sound
from voicebot.audio import PCMU
from voicebot.rtp import Playout


def tone(frames: int, amplitude: float = 0.25) -> Samples:
    return (amplitude * np.sin(2 * np.pi * 500 * np.arange(frames * FRAME) / RATE)).astype(np.float32)


def test_sounds_and_noise_are_added() -> None:
    noise = np.full(FRAME * 3 // 2, 0.125, np.float32)
    mixer = Mixer(noise)
    assert mixer.play(tone(2)) == 0
    frames = [mixer.frame() for _ in range(3)]
    assert np.allclose(np.concatenate(frames[:2]), tone(2) + 0.125)
    assert np.allclose(frames[2], 0.125), "the noise goes round and round"


def test_a_sound_that_does_not_fill_its_last_frame_is_followed_by_silence() -> None:
    mixer = Mixer()
    mixer.play(tone(2)[: FRAME + 10])
    assert [np.count_nonzero(mixer.frame()) > 10 for _ in range(3)] == [True, False, False]


def test_an_echo_is_what_was_received_scaled_and_late() -> None:
    mixer = Mixer()
    mixer.echo = Echo(-20.0, 0.02 * (AHEAD + 2))
    received = [tone(1, 0.1 * (n + 1)) for n in range(4)]
    sent = []
    for frame in received:
        mixer.receive(frame)
        sent.append(mixer.frame())
    assert np.count_nonzero(sent[0]) == 0
    for late, frame in zip(sent[1:], received, strict=False):
        assert np.allclose(late, frame * 0.1, atol=1e-6)


def test_what_is_sent_is_never_louder_than_can_be() -> None:
    mixer = Mixer()
    mixer.play(tone(1, 0.9))
    mixer.play(tone(1, 0.9))
    assert np.abs(mixer.frame()).max() == 1.0


class Wire:
    """What the leg does for a line: a frame leaves and one arrives every 20 ms."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.playout = Playout(PCMU)
        self.sent: list[bytes] = []
        self.bot_speaks = False

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        voice = PCMU.encode((tone(1) * 32767).astype(np.int16))
        while True:
            at = loop.time()
            self.sent.append(self.playout.next_frame(at))
            self.line.sent(self.sent[-1], at)
            self.line.frame(voice if self.bot_speaks else PCMU.frame_of_silence, at)
            await asyncio.sleep(0.02)


@pytest.fixture
async def wire() -> Any:
    line = Line()
    wire = Wire(line)
    line.open(SimpleNamespace(playout=wire.playout))  # type: ignore[arg-type]
    task = asyncio.ensure_future(wire.run())
    yield wire
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.virtual_time
async def test_a_sound_leaves_whole_and_its_span_is_known_to_the_frame(wire: Wire) -> None:
    audio = np.concatenate((np.zeros(FRAME * 5, np.float32), tone(10), np.zeros(FRAME * 5, np.float32)))
    said = sound("tone", audio)
    times = await wire.line.say(said)
    assert times is not None
    frames = [np.abs(PCMU.decode(frame)).max() > 1000 for frame in wire.sent]
    assert sum(frames) == 10
    begun = asyncio.get_running_loop().time() - 0.02 * len(frames)
    assert times[0] == pytest.approx(begun + 0.02 * frames.index(True), abs=0.021)
    assert times[1] - times[0] == pytest.approx(0.02 * 9, abs=0.001)


@pytest.mark.virtual_time
async def test_the_end_of_the_call_ends_every_wait(wire: Wire) -> None:
    loop = asyncio.get_running_loop()
    loop.call_later(1.0, wire.line.ended, "bye", 0.0)
    assert await wire.line.say(sound("tone", tone(500))) is None
    began = loop.time()
    await wire.line.pause(10.0)
    assert loop.time() - began < 0.1


@pytest.mark.virtual_time
async def test_a_wait_has_a_deadline(wire: Wire) -> None:
    began = asyncio.get_running_loop().time()
    assert not await wire.line.wait(lambda: wire.line.ear.speaking, 2.0)
    assert asyncio.get_running_loop().time() - began == pytest.approx(2.0, abs=0.03)


@pytest.mark.virtual_time
async def test_it_is_known_when_the_bot_speaks_and_when_it_has_finished(wire: Wire) -> None:
    wire.bot_speaks = True
    assert await wire.line.wait(lambda: wire.line.ear.speaking, 1.0)
    wire.bot_speaks = False
    assert await wire.line.wait(lambda: not wire.line.ear.speaking, 1.0)
