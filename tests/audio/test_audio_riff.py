"""WAV files: what is understood of them, what is refused, and what becomes of their samples."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lines_run import lines_run

from voicebot.audio import FORMATS, LINEAR_8K, LINEAR_16K, PCMA, PCMU, AudioFormat, convert
from voicebot.audio.riff import (
    A_LAW,
    MAX_CHUNKS,
    MU_LAW,
    PCM,
    Wave,
    WaveFormat,
    WaveHeader,
    read_header,
    read_wave,
    stream_header,
)


def test_the_kinds_are_those_of_the_standard() -> None:
    """RFC 2361: WAVE_FORMAT_PCM, _ALAW and _MULAW."""
    assert (PCM, A_LAW, MU_LAW) == (1, 6, 7)


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def fmt(kind: int, channels: int = 1, rate: int = 8000, bits: int = 16) -> bytes:
    block = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", kind, channels, rate, rate * block, block, bits))


def file(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    ("kind", "bits"), [(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (A_LAW, 8), (MU_LAW, 8)], ids=str
)
def test_the_samples_are_those_that_were_put_in_whatever_their_width(kind: int, bits: int) -> None:
    wanted = np.array([[0.5, -0.25], [-1.0, 0.75], [0.0, 0.125]])
    form = WaveFormat(kind, 2, 16_000, bits)
    if kind == PCM:
        whole = [round(value * (1 << bits - 1)) + (128 if bits == 8 else 0) for value in wanted.reshape(-1)]
        data = b"".join(value.to_bytes(bits // 8, "little", signed=bits > 8) for value in whole)
        exact = 1e-9
    else:
        data = (PCMA if kind == A_LAW else PCMU).encode((wanted.reshape(-1) * 32767).astype(np.int16))
        exact = 0.02
    wave = read_wave(file(fmt(*form), chunk(b"data", data + b"\x01" if bits > 8 else data)))
    assert wave.form == form and form.block == 2 * bits // 8
    assert wave.samples().shape == (3, 2)
    assert np.abs(wave.samples() - wanted).max() < exact
    assert Wave(form, data).seconds == 3 / 16_000


def test_chunks_of_others_are_stepped_over_and_odd_ones_are_padded() -> None:
    content = file(chunk(b"LIST", b"abc"), fmt(MU_LAW, bits=8), chunk(b"fact", bytes(4)), chunk(b"data", b"abcde"))
    assert read_wave(content) == Wave(WaveFormat(MU_LAW, 1, 8000, 8), b"abcde")
    assert read_header(content) == WaveHeader(WaveFormat(MU_LAW, 1, 8000, 8), 68, 5)


def test_an_extensible_format_is_what_it_says_further_on() -> None:
    body = struct.pack("<HHIIHH", 0xFFFE, 1, 8000, 8000, 1, 8) + struct.pack("<HHIH", 22, 8, 4, A_LAW) + bytes(14)
    assert read_wave(file(chunk(b"fmt ", body), chunk(b"data", b"a"))).form.kind == A_LAW
    with pytest.raises(ValueError, match="format 65534 is not supported"):
        read_wave(file(chunk(b"fmt ", body[:24]), chunk(b"data", b"a")))


def test_a_file_that_was_cut_off_has_the_samples_that_are_there() -> None:
    content = file(fmt(PCM), chunk(b"data", bytes(100)))
    assert len(read_wave(content[:-40]).data) == 60


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "without samples"),
        (b"RIF", "without samples"),
        (b"not a file", "not a WAV"),
        (b"RIFF\0\0\0\0AVI ", "not a WAV"),
        (b"OggS\0\0\0\0WAVE", "not a WAV"),
        (file(fmt(PCM)), "without samples"),
        (file(fmt(PCM))[:30], "without samples"),
        (file(chunk(b"fmt ", bytes(15)), chunk(b"data", b"a")), "a truncated fmt chunk"),
        (file(chunk(b"data", b"a"), fmt(PCM)), "without a fmt chunk before its samples"),
        (file(fmt(3, bits=32), chunk(b"data", b"abcd")), "format 3"),
        (file(fmt(PCM, bits=12), chunk(b"data", b"ab")), "12 bits"),
        (file(fmt(MU_LAW, bits=16), chunk(b"data", b"ab")), "16 bits"),
        (file(fmt(PCM, channels=0), chunk(b"data", b"ab")), "0 channels"),
        (file(fmt(PCM, channels=9), chunk(b"data", b"ab")), "9 channels"),
        (file(fmt(PCM, rate=3999), chunk(b"data", b"ab")), "3999 Hz"),
        (file(fmt(PCM, rate=192_001), chunk(b"data", b"ab")), "192001 Hz"),
    ],
)
def test_what_is_not_supported_is_refused_with_the_reason(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_wave(content)


@pytest.mark.parametrize("rate", [4000, 192_000])
@pytest.mark.parametrize("channels", [1, 8])
def test_the_limits_are_supported(rate: int, channels: int) -> None:
    assert read_wave(file(fmt(PCM, channels, rate), chunk(b"data", b""))).form == (PCM, channels, rate, 16)


def test_the_search_for_the_header_is_limited() -> None:
    content = file(chunk(b"LIST", bytes(1000)), fmt(PCM), chunk(b"data", b"ab"))
    assert read_header(content) == WaveHeader(WaveFormat(PCM, 1, 8000, 16), 1052, 2)
    assert read_header(content, longest=1044) == read_header(content)
    assert read_header(content[:1000], longest=1020) is None
    for longest in (1000, 1043):
        with pytest.raises(ValueError, match=f"longer than {longest} bytes"):
            read_header(content, longest=longest)
    with pytest.raises(ValueError, match="longer than 20 bytes"):
        read_header(b"RIFF\0\0\0\0WAVE" + chunk(b"a   ", bytes(1000))[:9], longest=20)


@pytest.mark.parametrize("audio", [*FORMATS, LINEAR_8K], ids=str)
def test_the_header_of_a_stream_tells_its_format_and_no_length(audio: AudioFormat) -> None:
    header = read_header(stream_header(audio))
    assert header is not None
    kind = {PCMU: MU_LAW, PCMA: A_LAW}.get(audio, PCM)
    assert header == WaveHeader(WaveFormat(kind, 1, audio.rate, 8 * audio.width), len(stream_header(audio)), 0)


@pytest.mark.parametrize("audio", FORMATS, ids=str)
def test_one_that_is_in_the_format_stays_as_it_is(audio: AudioFormat) -> None:
    samples = (8000 * np.sin(np.arange(320) * 0.3)).astype(np.int16)
    data = audio.encode(samples)
    form = read_header(stream_header(audio))
    assert form is not None
    assert Wave(form.form, data).in_format(audio) == data


def test_channels_are_mixed_or_the_first_is_taken() -> None:
    left, right = (8000 * np.sin(np.arange(400) * 0.3)).astype("<i2"), np.zeros(400, "<i2")
    both = Wave(WaveFormat(PCM, 2, 16_000, 16), np.stack([left, right], axis=1).tobytes())
    assert (LINEAR_16K.decode(both.in_format(LINEAR_16K, mix=False)) == left).all()
    mixed = LINEAR_16K.decode(both.in_format(LINEAR_16K))
    assert np.abs(mixed - left / 2).max() <= 0.5


def test_the_loudest_does_not_wrap() -> None:
    loud = Wave(WaveFormat(PCM, 1, 16_000, 32), np.array([2**31 - 1, -(2**31)], "<i4").tobytes())
    assert LINEAR_16K.decode(loud.in_format(LINEAR_16K)).tolist() == [32767, -32768]


def test_another_rate_is_resampled() -> None:
    samples = (8000 * np.sin(2 * np.pi * 400 * np.arange(22_050) / 22_050)).astype("<i2")
    heard = PCMU.decode(Wave(WaveFormat(PCM, 1, 22_050, 16), samples.tobytes()).in_format(PCMU)).astype(float)
    assert abs(len(heard) - 8000) <= 8
    assert int(np.abs(np.fft.rfft(heard[:8000], 8000)).argmax()) == 400


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_or_refused(data: bytes, whole: bool) -> None:
    try:
        if whole:
            read_wave(file(data)).in_format(PCMU)
        else:
            read_header(file(data), longest=100)
    except ValueError:
        pass


@pytest.mark.parametrize(("kind", "law"), [(A_LAW, PCMA), (MU_LAW, PCMU)], ids=str)
def test_g711_of_another_rate_or_of_more_channels_is_not_taken_as_it_is(kind: int, law: AudioFormat) -> None:
    data = law.encode((8000 * np.sin(np.arange(1600) * 0.05)).astype(np.int16))
    assert Wave(WaveFormat(kind, 1, 8000, 8), data).in_format(law) == data
    assert len(Wave(WaveFormat(kind, 1, 16_000, 8), data).in_format(law)) == pytest.approx(800, abs=8)
    assert len(Wave(WaveFormat(kind, 2, 8000, 8), data).in_format(law)) == 800
    other = PCMA if law is PCMU else PCMU
    assert Wave(WaveFormat(kind, 1, 8000, 8), data).in_format(other) == convert(data, law, other)


def test_samples_of_8_bits_are_unsigned() -> None:
    assert Wave(WaveFormat(PCM, 1, 8000, 8), bytes((0, 128, 255))).samples()[:, 0].tolist() == [-1, 0, 127 / 128]


def test_every_byte_of_a_wide_sample_counts_little_end_first() -> None:
    for bits in (16, 24, 32):
        data = bytes(range(1, 1 + bits // 8)) + bytes(range(250, 250 + bits // 8))
        wanted = [int.from_bytes(data[at : at + bits // 8], "little", signed=True) for at in (0, bits // 8)]
        samples = Wave(WaveFormat(PCM, 1, 8000, bits), data).samples()[:, 0]
        assert (samples * 2 ** (bits - 1)).tolist() == wanted


def test_only_an_extensible_format_has_another_further_on() -> None:
    long = struct.pack("<HHIIHH", PCM, 1, 8000, 16_000, 2, 16) + bytes(8) + struct.pack("<H", A_LAW)
    assert read_wave(file(chunk(b"fmt ", long), chunk(b"data", b"ab"))).form.kind == PCM
    extensible = struct.pack("<H", 0xFFFE) + long[2:14] + struct.pack("<H", 8) + long[16:]
    assert len(extensible) == 26
    assert read_wave(file(chunk(b"fmt ", extensible), chunk(b"data", b"a"))).form.kind == A_LAW


@pytest.mark.parametrize("piece", [chunk(b"JUNK", b""), fmt(PCM)], ids=["empty", "formats"])
def test_a_file_of_chunks_alone_is_not_read_to_its_end(piece: bytes) -> None:
    content = file(fmt(PCM), piece * 100 * MAX_CHUNKS, chunk(b"data", bytes(100)))
    with pytest.raises(ValueError, match="more than"):
        read_wave(content)
    assert lines_run(lambda: read_wave(content), ValueError) < 30 * MAX_CHUNKS
    assert read_wave(file(*[piece] * (MAX_CHUNKS // 2), fmt(PCM), chunk(b"data", bytes(100)))).data == bytes(100)
