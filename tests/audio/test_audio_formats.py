"""The formats of the audio above the wire, and what lies between them."""

from __future__ import annotations

import numpy as np
import pytest

from voicebot.audio import FORMATS, LINEAR_16K, PCMA, PCMU, AudioFormat, convert


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


@pytest.mark.parametrize("source", FORMATS, ids=str)
@pytest.mark.parametrize("target", FORMATS, ids=str)
def test_a_tone_is_the_same_tone_in_another_format(source: AudioFormat, target: AudioFormat) -> None:
    def tone(rate: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
        return (8000 * np.sin(2 * np.pi * 800 * np.arange(rate // 2) / rate)).astype(np.int16)

    made = target.decode(convert(source.encode(tone(source.rate)), source, target)).astype(int)
    assert len(made) == target.rate // 2
    wanted = tone(target.rate)
    assert np.abs(made - wanted)[50:-50].max() < 600  # the steps of two laws at this level


def test_what_is_in_its_format_already_stays_as_it_is() -> None:
    audio = bytes(range(256))
    assert convert(audio, PCMA, PCMA) is audio
    assert convert(b"", PCMU, LINEAR_16K) == b""
