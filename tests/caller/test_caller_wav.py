from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from voicebot.audio import FORMATS, PCMU, AudioFormat, g711
from voicebot.caller.wav import WavError, read_wav, write_stereo

VOICE = g711.encode((np.sin(np.arange(8000) * 0.3) * 8000).astype(np.int16), "PCMU")


def riff(tag: int, bits: int, rate: int, channels: int, data: bytes) -> bytes:
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits)
    chunks = b"fmt " + struct.pack("<I", 16) + fmt + b"LIST" + struct.pack("<I", 3) + b"abc\0"
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def test_g711_of_the_same_law_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(riff(7, 8, 8000, 1, VOICE))
    assert read_wav(path, PCMU) == VOICE


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_pcm_of_another_rate_is_resampled_and_the_first_channel_is_said(tmp_path: Path, form: AudioFormat) -> None:
    path = tmp_path / "a.wav"
    left = (np.sin(np.arange(16000) * 2 * np.pi * 400 / 16000) * 8000).astype("<i2")
    path.write_bytes(riff(1, 16, 16000, 2, np.stack([left, np.zeros_like(left)], axis=1).tobytes()))
    said = form.decode(read_wav(path, form)).astype(float)
    assert len(said) == form.rate
    spectrum = np.abs(np.fft.rfft(said))
    assert int(spectrum.argmax()) == 400 and np.sqrt((said**2).mean()) == pytest.approx(8000 / 2**0.5, rel=0.02)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not a wav file at all",
        riff(1, 24, 8000, 1, b"abc"),
        riff(3, 32, 8000, 1, b"abcd"),
        riff(7, 8, 0, 1, b"a"),
        riff(7, 8, 8000, 1, b"a")[:40],
        riff(7, 8, 8000, 0, b"a"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(raw)
    with pytest.raises(WavError, match=r"bad\.wav"):
        read_wav(path, PCMU)


def test_both_sides_of_a_call_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "out" / "call.wav"
    write_stereo(path, VOICE, VOICE[:4000], PCMU)
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getnframes()) == (2, 8000)
        samples = np.frombuffer(wav.readframes(8000), "<i2").reshape(-1, 2)
    assert (samples[:4000, 0] == samples[:4000, 1]).all() and not samples[4000:, 1].any()
