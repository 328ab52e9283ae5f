from __future__ import annotations

import numpy as np
import pytest

from voicebot.audio import Samples
from voicebot.speech.pitch import CallerPitch, pitch, pitch_of


def buzz(hertz: float, rate: int, lowest: float = 0.0) -> Samples:
    """32 ms of the harmonics of ``hertz`` from ``lowest`` Hz up to 3400 Hz, as loud as those of a voice."""
    times = np.arange(rate * 32 // 1000) / rate
    harmonics = [n * hertz for n in range(1, int(3400 / hertz) + 1) if n * hertz >= lowest]
    return sum(np.cos(2 * np.pi * f * times) * 50 / f for f in harmonics).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16_000])
@pytest.mark.parametrize("lowest", [0.0, 300.0])
@pytest.mark.parametrize("hertz", [85.0, 120.0, 180.0, 240.0, 330.0])
def test_the_pitch_is_that_of_the_harmonics_also_without_the_fundamental(
    rate: int, lowest: float, hertz: float
) -> None:
    found = pitch(buzz(hertz, rate, lowest))
    assert found is not None
    assert 2**found == pytest.approx(hertz, rel=0.05)


@pytest.mark.parametrize("rate", [8000, 16_000])
def test_noise_and_silence_have_no_pitch(rate: int) -> None:
    count = rate * 32 // 1000
    random = np.random.default_rng(1)
    assert pitch(np.zeros(count, np.float32)) is None
    assert [pitch(random.standard_normal(count).astype(np.float32)) for _ in range(20)] == [None] * 20


def test_the_pitch_of_a_voice_is_known_from_three_windows_that_have_one() -> None:
    assert pitch_of([7.0, 7.5]) is None
    assert pitch_of([7.0, 7.5, 9.0]) == 7.5
    caller = CallerPitch()
    caller.heard([7.0, None, 9.0, 6.0], [-20.0, -20.0, -45.0, -24.0])
    assert caller.octaves is None
    caller.heard([7.2], [-60.0])
    assert caller.octaves == 7.0
