from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio import AudioFormat
from voicebot.audio.riff import stream_header
from voicebot.localspeech.formats import OUTPUT_FORMATS, UnsupportedAudio, encode, parse_header

FORMATS = sorted({audio for _, audio in OUTPUT_FORMATS.values()}, key=str)


@pytest.mark.parametrize("audio", FORMATS, ids=str)
def test_a_header_that_we_write_is_read_as_the_same_format(audio: AudioFormat) -> None:
    written = stream_header(audio)
    assert parse_header(written + b"data that follows") == (audio, len(written))


@pytest.mark.parametrize("audio", FORMATS, ids=str)
def test_a_header_in_pieces_asks_for_more_until_it_is_whole(audio: AudioFormat) -> None:
    written = stream_header(audio)
    assert [parse_header(written[:size]) for size in range(len(written))] == [None] * len(written)


@pytest.mark.parametrize(
    ("tag", "channels", "rate", "bits"),
    [(1, 2, 8000, 16), (1, 1, 44100, 16), (1, 1, 8000, 8), (3, 1, 8000, 32), (7, 1, 8000, 16), (0xFFFE, 1, 8000, 16)],
)
def test_other_formats_are_refused(tag: int, channels: int, rate: int, bits: int) -> None:
    fmt = struct.pack("<HHIIHH", tag, channels, rate, rate, 1, bits)
    with pytest.raises(UnsupportedAudio):
        parse_header(b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", 16) + fmt + b"data\0\0\0\0")


@pytest.mark.parametrize("data", [b"OggS....", b"RIFF\0\0\0\0AVI ", b"RIFF\0\0\0\0WAVEdata\0\0\0\0"])
def test_what_is_not_wave_audio_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedAudio):
        parse_header(data)


@given(st.binary(max_size=2000))
def test_junk_never_raises_anything_else(data: bytes) -> None:
    try:
        found = parse_header(b"RIFF\0\0\0\0WAVE" + data)
    except UnsupportedAudio:
        return
    assert found is None or found[1] <= len(data) + 12


@pytest.mark.parametrize("audio", FORMATS, ids=str)
def test_samples_survive_encoding_as_well_as_the_format_allows(audio: AudioFormat) -> None:
    samples = (np.sin(np.arange(800) / 7) * 0.5).astype(np.float32)
    back = audio.floats(encode(samples, audio))
    assert len(encode(samples, audio)) == 800 * audio.width
    assert float(np.abs(back - samples).max()) < (0.0001 if audio.width == 2 else 0.02)
