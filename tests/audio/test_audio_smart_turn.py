"""The end-of-turn model, against what pipecat-ai 1.14, in whose package it comes, makes of the same sound."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
import soxr

from voicebot.audio import LINEAR_16K, PCMA, PCMU, AudioFormat, convert
from voicebot.audio.smart_turn import SmartTurn, log_mel

CPU = 0.1
"""How far scores lie apart on processors with other int8 instructions. On one with AVX-512 VNNI they are the same."""


def spoken(name: str, seconds: float = 9.0) -> bytes:
    return files("voicebot.speech").joinpath("audio", f"{name}.ulaw").read_bytes()[: round(8000 * seconds)]


@pytest.fixture(scope="module")
def network() -> SmartTurn:
    return SmartTurn()


@pytest.mark.parametrize(
    ("name", "seconds", "expected"),
    [
        ("wait", 9.0, 0.98299),
        ("speech-service", 9.0, 0.97194),
        ("bot", 9.0, 0.80502),
        ("bot", 1.0, 0.07175),
        ("speech-service", 1.0, 0.04597),
        ("transfer", 1.0, 0.03528),
    ],
)
def test_the_score_is_that_of_pipecat(network: SmartTurn, name: str, seconds: float, expected: float) -> None:
    assert network(spoken(name, seconds), PCMU) == pytest.approx(expected, abs=CPU)


@pytest.mark.parametrize("audio", [PCMA, LINEAR_16K], ids=str)
def test_every_format_is_scored(network: SmartTurn, audio: AudioFormat) -> None:
    whole, begun = (convert(spoken("speech-service", seconds), PCMU, audio) for seconds in (9.0, 1.0))
    assert network(whole, audio) > 0.8
    assert network(begun, audio) < 0.3


def test_the_spectrogram_is_that_of_whisper() -> None:
    found = log_mel(soxr.resample(PCMU.floats(spoken("wait")), 8000, 16_000))
    assert (found.shape, found.dtype) == ((80, 800), np.float32)
    assert (found.mean(), found.std()) == pytest.approx((0.06657302, 0.3215039), abs=1e-5)
    places = {(0, 799): 0.18147, (5, 700): 1.12159, (20, 720): 0.73772, (40, 750): 0.7742, (60, 660): 0.66889}
    assert {place: found[place] for place in places} == pytest.approx(places, abs=2e-5)
    assert found[10, 0] == found[79, 780] == found.min()


def test_only_the_last_8_s_count() -> None:
    sound = np.random.default_rng(1).normal(scale=0.1, size=200_000).astype(np.float32)
    assert np.array_equal(log_mel(sound), log_mel(sound[-128_000:]))


@pytest.mark.parametrize("heard", [b"", PCMU.silence(64_000)], ids=["nothing", "silence"])
def test_silence_is_scored_like_any_sound(network: SmartTurn, heard: bytes) -> None:
    assert 0.0 <= network(heard, PCMU) <= 1.0
