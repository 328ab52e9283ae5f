"""The codecs of the wire against the formats above it: every pair, in streams, with losses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sounds import likeness, voice

from voicebot.audio import FORMATS, LINEAR_16K, PCMA, PCMU, AudioFormat
from voicebot.codecs import CODECS, Codec
from voicebot.rtp.coding import decoder, encoder, prepare
from voicebot.rtp.reorder import ReceiveBuffer

ALL = list(CODECS.values())
SSRC = 7


def packets(codec: Codec, audio: AudioFormat, sound: NDArray[np.int16], ptime_ms: int = 20) -> list[bytes]:
    encode = encoder(codec, audio)
    size = audio.rate * ptime_ms // 1000
    pieces = [audio.encode(sound[at : at + size]) for at in range(0, len(sound) - size + 1, size)]
    return pieces if encode is None else [encode(piece) for piece in pieces]


@pytest.mark.parametrize("codec", ALL, ids=str)
@pytest.mark.parametrize("audio", FORMATS, ids=str)
def test_a_voice_comes_back_as_it_went_in_by_every_codec_in_every_format(codec: Codec, audio: AudioFormat) -> None:
    sound = voice(audio.rate)
    decode = decoder(codec, audio)
    out = b""
    for payload in packets(codec, audio, sound):
        assert len(payload) <= 160
        made = payload if decode is None else decode.decode(payload)
        assert decode is None or decode.samples(payload) * audio.width == len(made) == audio.frame_bytes
        out += made
    assert likeness(sound, audio.decode(out), round(0.02 * audio.rate)) > 0.95


@pytest.mark.parametrize("codec", ALL, ids=str)
def test_packets_of_every_length_carry_the_same(codec: Codec) -> None:
    sound = voice(16_000, 1.2)
    for ptime_ms in codec.ptimes_ms:
        decode = decoder(codec, LINEAR_16K)
        assert decode is not None
        made = b"".join(decode.decode(payload) for payload in packets(codec, LINEAR_16K, sound, ptime_ms))
        assert likeness(sound, LINEAR_16K.decode(made), 320) > 0.95, ptime_ms


def test_only_what_needs_no_work_has_no_coder() -> None:
    assert encoder(CODECS["PCMU"], PCMU) is None and decoder(CODECS["PCMA"], PCMA) is None
    assert encoder(CODECS["PCMU"], PCMA) is not None and decoder(CODECS["G722"], PCMU) is not None
    prepare(ALL)


def through_the_buffer(
    codec: Codec, lost: set[int], sound: NDArray[np.int16]
) -> tuple[NDArray[np.int16], ReceiveBuffer]:
    """A stream with the packets ``lost`` missing, as a leg hears it."""
    buffer, decode = ReceiveBuffer(LINEAR_16K, 0.0), decoder(codec, LINEAR_16K)
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

    assert energy(heard) > 0.4 * energy(whole)


@pytest.mark.parametrize("codec", [CODECS["G722"], CODECS["OPUS"]], ids=str)
def test_a_long_hole_is_not_longer_than_it_was(codec: Codec) -> None:
    sound = voice(16_000, 2.0)
    heard, buffer = through_the_buffer(codec, set(range(30, 45)), sound)
    assert abs(len(heard) - len(sound)) <= 6 * 320
    assert buffer.lost == 15
    assert np.abs(heard[-3200:]).max() > 3000


@given(st.binary(max_size=400), st.sampled_from(ALL), st.sampled_from(FORMATS))
@settings(max_examples=200)
def test_any_bytes_are_decoded_or_dropped_and_never_raise(payload: bytes, codec: Codec, audio: AudioFormat) -> None:
    decode = decoder(codec, audio)
    if decode is None:
        return
    samples = decode.samples(payload)
    assert 0 <= samples <= 16_000
    assert len(decode.decode(payload)) == samples * audio.width
    made_up = decode.conceal(777, payload)
    assert made_up is None or len(made_up) == 777 * audio.width


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1), st.binary(max_size=200)), max_size=30))
@settings(max_examples=60, deadline=None)
def test_frames_stay_whole_whatever_opus_packets_come(arrivals: list[tuple[int, int, bytes]]) -> None:
    buffer, decode = ReceiveBuffer(LINEAR_16K, 0.0), decoder(CODECS["OPUS"], LINEAR_16K)
    frames: list[bytes] = []
    at = 0.0
    for sequence, timestamp, payload in arrivals:
        at += 0.02
        frames += buffer.push(sequence, timestamp, SSRC, payload, at, decode)
        frames += buffer.tick(at)
    assert {len(frame) for frame in frames} <= {640}
    assert len(frames) * 0.02 <= at + 2.0 + 0.5
