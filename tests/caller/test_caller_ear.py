from __future__ import annotations

import numpy as np
import pytest

from voicebot.audio import FORMATS, PCMU, AudioFormat
from voicebot.caller.ear import CONFIRM, Ear, Mark, level_dbfs


def tone(form: AudioFormat, dbfs: float = -20.0) -> bytes:
    samples = np.sin(2 * np.pi * 400 * np.arange(160) / 8000) * 32768 * np.sqrt(2) * 10 ** (dbfs / 20)
    return form.encode(samples.astype(np.int16))


def noise(form: AudioFormat, dbfs: float, seed: int = 1) -> bytes:
    samples = np.random.default_rng(seed).normal(0, 32768 * 10 ** (dbfs / 20), 160)
    return form.encode(samples.astype(np.int16))


def hear(ear: Ear, frames: list[bytes], start: float = 0.0) -> float:
    """Feed frames 20 ms apart; returns the time of the next one."""
    for index, frame in enumerate(frames):
        ear.frame(frame, start + index * 0.02)
    return start + len(frames) * 0.02


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_levels_are_against_full_scale(form: AudioFormat) -> None:
    assert level_dbfs(tone(form, -20), form) == pytest.approx(-20, abs=0.3)
    assert level_dbfs(b"", form) == -100


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_silence_bytes_are_silent_and_speech_is_found_to_the_frame(form: AudioFormat) -> None:
    ear = Ear(form, quiet_s=0.7)
    end = hear(ear, [form.frame_of_silence] * 50)
    assert not ear.speaking
    end = hear(ear, [tone(form)] * 25, end)
    assert ear.speaking
    hear(ear, [form.frame_of_silence] * 50, end)

    assert not ear.speaking
    assert ear.last is not None
    assert ear.last.start == ear.last.audible == pytest.approx(1.0)
    assert ear.last.end == pytest.approx(1.48)


def test_a_soft_start_sounds_before_it_is_audible() -> None:
    ear = Ear(PCMU)
    end = hear(ear, [PCMU.frame_of_silence] * 10)
    end = hear(ear, [tone(PCMU, -56)] * 3, end)
    hear(ear, [tone(PCMU)] * 5, end)

    assert ear.current is not None
    assert (ear.current.start, ear.current.audible) == (pytest.approx(0.2), pytest.approx(0.26))


def test_a_click_is_no_speech() -> None:
    ear = Ear(PCMU)
    end = 0.0
    for _ in range(10):
        end = hear(ear, [tone(PCMU)] * (CONFIRM - 1), end)
        end = hear(ear, [PCMU.frame_of_silence] * 20, end)
    assert not ear.speaking and ear.last is None
    assert ear.track.runs(0.2) == []


def test_a_pause_within_a_prompt_does_not_end_it() -> None:
    ear = Ear(PCMU, quiet_s=0.7)
    end = hear(ear, [tone(PCMU)] * 20)
    end = hear(ear, [PCMU.frame_of_silence] * 30, end)
    assert ear.speaking
    hear(ear, [tone(PCMU)] * 10, end)
    assert ear.speaking and ear.last is None
    assert len(ear.track.runs(0.2)) == 2  # the measurements look closer


def test_comfort_noise_is_not_heard_as_speech_and_speech_over_it_is() -> None:
    ear = Ear(PCMU)
    end = hear(ear, [noise(PCMU, -58, seed) for seed in range(100)])
    assert not ear.speaking
    assert ear.track.marks[-1] == Mark.SILENT
    hear(ear, [tone(PCMU)] * 10, end)
    assert ear.speaking


def test_a_tone_that_never_stops_stays_audible() -> None:
    ear = Ear(PCMU)
    hear(ear, [tone(PCMU)] * 500)
    assert ear.speaking and set(ear.track.marks) == {int(Mark.AUDIBLE)}


def test_a_line_that_goes_dead_ends_the_prompt_by_time() -> None:
    ear = Ear(PCMU, quiet_s=0.7)
    end = hear(ear, [tone(PCMU)] * 20)
    ear.tick(end + 0.5)
    assert ear.speaking
    ear.tick(end + 0.8)
    assert not ear.speaking and ear.last is not None
