"""Senders whose timestamps count otherwise than the RFCs say: no hole is heard where there is none."""

from __future__ import annotations

import random

import numpy as np
import pytest
from reorder_wire import QUIET, SILENCE, SSRC, loud

from voicebot.audio import LINEAR_16K, PCMU
from voicebot.audio.codecs import CODECS
from voicebot.rtp.reorder import ReceiveBuffer


class Counting:
    """A sender of 20 ms packets whose timestamp moves by ``step`` with each of them, and the clock's ticks."""

    def __init__(self, step: int) -> None:
        self.buffer = ReceiveBuffer(PCMU, 0.0)
        self.step, self.frames, self.ticked = step, list[bytes](), 0

    def packet(self, number: int, at: float, audio: bytes = b"", skip: int = 0) -> None:
        while (tick := 0.01 + 0.02 * self.ticked) <= at + 1e-6:
            self.frames += self.buffer.tick(tick)
            self.ticked += 1
        timestamp = (number * self.step + skip) & 0xFFFFFFFF
        self.frames += self.buffer.push(number, timestamp, SSRC, audio or loud(number), at)


STEPS = [0, 80, 240, 320, 480, 960, -160]
"""A clock that stands still, wrong packet lengths, 16 kHz, 48 kHz, and one that runs backwards."""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("jitter_s", [0.0, 0.012])
def test_however_a_sender_counts_its_speech_has_no_holes(step: int, jitter_s: float) -> None:
    sender, chance = Counting(step), random.Random(4)
    for number in range(500):
        sender.packet(number, number * 0.02 + chance.random() * jitter_s)
    speech = b"".join(map(loud, range(499)))
    said = b"".join(sender.frames)
    assert speech[480:] in said, "after three packets it is known how it counts"
    assert len(said) <= len(speech) + 400
    assert (sender.buffer.lost, sender.buffer.discarded, sender.buffer.dropped_frames) == (0, 0, 0)


@pytest.mark.parametrize("step", STEPS)
def test_however_a_sender_counts_what_was_lost_is_concealed_and_no_more(step: int) -> None:
    sender = Counting(step)
    for number in (*range(50), *range(52, 100)):
        sender.packet(number, number * 0.02)
    assert sender.buffer.lost == 2
    assert sender.frames[-48:] == [loud(number) for number in range(52, 100)]
    assert len(sender.frames) in (100, 101)
    assert sender.buffer.concealed_frames == 2


@pytest.mark.parametrize("step", STEPS)
def test_however_a_sender_counts_a_pause_is_filled(step: int) -> None:
    sender = Counting(step)
    for number in range(50):
        sender.packet(number, number * 0.02)
    for number in range(50, 100):
        sender.packet(number, number * 0.02 + 1.0, skip=50 * step)
    assert len(sender.frames) == pytest.approx(150, abs=2)
    assert sender.frames[-50:] == [loud(number) for number in range(50, 100)]


def test_pauses_of_one_length_after_each_packet_are_pauses() -> None:
    """Silence that is suppressed, with a packet now and then: its timestamps count the time."""
    sender = Counting(480)
    for number in range(100):
        sender.packet(number, number * 0.06)
    assert len(sender.frames) == pytest.approx(300, abs=4)
    assert sender.buffer.silence_frames == pytest.approx(200, abs=4)


def test_who_counts_rightly_again_is_believed_again() -> None:
    sender = Counting(320)
    for number in range(50):
        sender.packet(number, number * 0.02)
    sender.step = 160
    for number in range(50, 100):
        sender.packet(number, number * 0.02, skip=50 * 160)
    sender.packet(100, 2.06, skip=50 * 160 + 480)
    assert sender.frames[-4:] == [SILENCE, SILENCE, SILENCE, loud(100)]


def test_copies_from_a_clock_that_stands_still_are_dropped() -> None:
    sender = Counting(0)
    for number in range(100):
        sender.packet(number, number * 0.02)
        if number > 10:
            sender.packet(number - 1, number * 0.02)
    assert sender.frames[-90:] == [loud(number) for number in range(10, 100)]
    assert sender.buffer.duplicate == 89


def test_quiet_that_is_left_out_is_counted() -> None:
    sender = Counting(160)
    for number in range(300):
        sender.packet(number, number * 0.019, QUIET)
    assert sender.buffer.dropped_frames == 300 - len(sender.frames) > 0


def test_g722_counted_by_its_samples_is_heard_like_g722_counted_as_it_should_be() -> None:
    """RFC 3551 4.5.2: the clock is of 8 kHz, although there are 16,000 samples in a second."""
    g722, said = CODECS["G722"], {}
    tone = (8000 * np.sin(np.arange(320 * 200) * 0.2)).astype(np.int16)
    for step in (160, 320):
        encoder, decoder, buffer = g722.encoder(LINEAR_16K), g722.decoder(LINEAR_16K), ReceiveBuffer(LINEAR_16K, 0.0)
        frames: list[bytes] = []
        for number in range(200):
            frames += buffer.tick(number * 0.02 + 0.001)
            assert encoder is not None
            coded = encoder(LINEAR_16K.encode(tone[number * 320 : number * 320 + 320]))
            frames += buffer.push(number, number * step, SSRC, coded, number * 0.02 + 0.002, decoder)
        said[step] = frames
        assert (buffer.lost, buffer.dropped_frames) == (0, 0)
    assert said[320][-198:] == said[160][-198:]
    assert len(said[320]) <= len(said[160]) + 1
