"""The formats of the audio above the wire."""

from __future__ import annotations

import numpy as np
import pytest

from voicebot.audio import FORMATS, LINEAR_16K, AudioFormat


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
    assert np.allclose(form.floats(audio) * 32768, form.decode(audio))


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_quiet_is_the_same_level_in_every_format(form: AudioFormat) -> None:
    noise = np.random.default_rng(1).normal(0, 1, form.frame_samples)
    assert form.is_quiet(form.encode((noise * 120).astype(np.int16)))
    assert not form.is_quiet(form.encode((noise * 320).astype(np.int16)))
    assert form.is_quiet(form.frame_of_silence)
