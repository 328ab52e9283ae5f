"""The formats of the audio above the wire."""

from __future__ import annotations

import numpy as np
import pytest

from voicebot.audio import FORMATS, LINEAR_8K, LINEAR_16K, PCMA, PCMU, AudioFormat


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_a_frame_is_20_ms_and_its_silence_silent(form: AudioFormat) -> None:
    assert form.frame_samples * 50 == form.rate
    assert len(form.frame_of_silence) == form.frame_bytes == form.byte_rate // 50
    assert form.silence(form.frame_samples) == form.frame_of_silence
    assert np.abs(form.decode(form.frame_of_silence)).max() <= 8
    assert np.abs(form.floats(form.frame_of_silence)).max() < 0.001


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_samples_survive_coding_and_floats_are_the_same(form: AudioFormat) -> None:
    samples = (8000 * np.sin(np.arange(form.frame_samples) * 0.2)).astype(np.int16)
    audio = form.encode(samples)
    assert len(audio) == form.frame_bytes
    assert np.abs(form.decode(audio).astype(int) - samples).max() <= (0 if form is LINEAR_16K else 256)
    assert form.encode(form.decode(audio)) == audio
    assert (form.floats(audio) * 32768 == form.decode(audio)).all()


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_quiet_is_the_same_level_in_every_format(form: AudioFormat) -> None:
    noise = np.random.default_rng(1).normal(0, 1, form.frame_samples)
    assert form.is_quiet(form.encode((noise * 120).astype(np.int16)))
    assert not form.is_quiet(form.encode((noise * 320).astype(np.int16)))
    assert form.is_quiet(form.frame_of_silence)


@pytest.mark.parametrize(
    ("form", "name", "rate", "width", "silence", "suffix"),
    [
        (PCMU, "PCMU", 8000, 1, b"\xff", ".ulaw"),
        (PCMA, "PCMA", 8000, 1, b"\xd5", ".alaw"),
        (LINEAR_8K, "L16-8K", 8000, 2, b"\0\0", ".s16"),
        (LINEAR_16K, "L16-16K", 16_000, 2, b"\0\0", ".s16"),
    ],
)
def test_a_format_says_what_it_is(
    form: AudioFormat, name: str, rate: int, width: int, silence: bytes, suffix: str
) -> None:
    assert (form.name, str(form), form.rate, form.width, form.suffix) == (name, name, rate, width, suffix)
    assert (form.byte_rate, form.frame_samples, form.frame_bytes) == (rate * width, rate // 50, rate * width // 50)
    assert form.silence(3) == silence * 3
    assert form.frame_of_silence == silence * (rate // 50)


def test_linear_samples_are_little_endian_and_a_half_of_one_is_left_out() -> None:
    assert LINEAR_16K.encode(np.array([1, -2], np.int16)) == b"\x01\x00\xfe\xff"
    assert LINEAR_16K.decode(b"\x01\x00\xfe\xff\x07").tolist() == [1, -2]


def test_quiet_is_a_mean_below_150_in_linear_samples_too() -> None:
    assert LINEAR_16K.is_quiet(LINEAR_16K.encode(np.array([149, -150], np.int16)))
    assert not LINEAR_16K.is_quiet(LINEAR_16K.encode(np.array([150, -150], np.int16)))
