"""Coded streams through the receive buffer, with losses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sounds import likeness, packets, voice

from voicebot.audio import LINEAR_16K
from voicebot.audio.codecs import CODECS, Codec
from voicebot.rtp.reorder import ReceiveBuffer

SSRC = 7


def through_the_buffer(
    codec: Codec, lost: set[int], sound: NDArray[np.int16]
) -> tuple[NDArray[np.int16], ReceiveBuffer]:
    """A stream with the packets ``lost`` missing, as a leg hears it."""
    buffer, decode = ReceiveBuffer(LINEAR_16K, 0.0), codec.decoder(LINEAR_16K)
    frames: list[bytes] = []
    ticks = codec.clock_rate // 50
    for number, payload in enumerate(packets(codec, LINEAR_16K, sound)):
        at = number * 0.02
        if number not in lost:
            frames += buffer.push(number, number * ticks, SSRC, payload, at, decode)
        frames += buffer.tick(at + 0.01)
    return LINEAR_16K.decode(b"".join(frames)), buffer


@pytest.mark.parametrize("codec", [CODECS["G722"], CODECS["OPUS"]], ids=str)
def test_a_lost_packet_is_made_up_for_and_the_stream_keeps_its_length(codec: Codec) -> None:
    sound = voice(16_000, 2.0)
    lost = set(range(20, 90, 7))
    heard, buffer = through_the_buffer(codec, lost, sound)
    assert buffer.lost == len(lost) == buffer.concealed_frames
    assert abs(len(heard) - len(sound)) <= 2 * 320
    assert likeness(sound, heard, 400) > 0.85


def test_opus_fills_a_hole_with_the_copy_in_the_next_packet() -> None:
    """Noise of no pitch, which extrapolation cannot guess: its loudness in the hole is that of the copy."""
    random = np.random.default_rng(3)
    loud, count = np.zeros(16_000 * 2), 320
    for number in range(0, 100, 5):  # a burst of 20 ms in every 100: gone without the copy
        loud[number * count : (number + 1) * count] = random.normal(0, 6000, count)
    sound = (loud + random.normal(0, 60, len(loud))).astype(np.int16)
    lost = {number for number in range(20, 95, 5)}
    whole, _ = through_the_buffer(CODECS["OPUS"], set(), sound)
    heard, buffer = through_the_buffer(CODECS["OPUS"], lost, sound)
    assert buffer.concealed_frames == len(lost)

    def energy(samples: NDArray[np.int16]) -> float:
        return float(np.mean(samples[20 * count : 95 * count].astype(float) ** 2))

    assert energy(heard) > 0.85 * energy(whole)


@pytest.mark.parametrize("codec", [CODECS["G722"], CODECS["OPUS"]], ids=str)
def test_a_long_hole_is_not_longer_than_it_was(codec: Codec) -> None:
    sound = voice(16_000, 2.0)
    heard, buffer = through_the_buffer(codec, set(range(30, 45)), sound)
    assert abs(len(heard) - len(sound)) <= 6 * 320
    assert buffer.lost == 15
    assert np.abs(heard[-3200:]).max() > 3000


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1), st.binary(max_size=200)), max_size=30))
def test_frames_stay_whole_whatever_opus_packets_come(arrivals: list[tuple[int, int, bytes]]) -> None:
    buffer, decode = ReceiveBuffer(LINEAR_16K, 0.0), CODECS["OPUS"].decoder(LINEAR_16K)
    frames: list[bytes] = []
    at = 0.0
    for sequence, timestamp, payload in arrivals:
        at += 0.02
        frames += buffer.push(sequence, timestamp, SSRC, payload, at, decode)
        frames += buffer.tick(at)
    assert {len(frame) for frame in frames} <= {640}
    assert len(frames) * 0.02 <= at + 2.0 + 0.5
