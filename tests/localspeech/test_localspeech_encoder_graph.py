"""The encoder as a graph of ours, beside the one that is shipped."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr

from voicebot.audio import PCMU
from voicebot.audio.onnx_session import session
from voicebot.localspeech import prepare_models
from voicebot.localspeech.encoder import Encoder
from voicebot.localspeech.model_making import MODEL, make
from voicebot.localspeech.recipe import Recipe

CLOSE = {"encoder": 0.002, "quick_encoder": 0.12}
"""How far states may be from those of the shipped encoder, as a share of their size."""


@cache
def ours(name: str) -> Encoder:
    return Encoder(getattr(prepare_models(), name))


def shipped_file() -> Path:
    package = find_spec("moonshine_cpp")
    assert package is not None and package.origin
    return Path(package.origin).parent / "models" / "base-en" / "encoder_model.ort"


@cache
def shipped() -> Any:
    return session(shipped_file())


def speech(first_s: float, seconds: float) -> Any:
    samples = soxr.resample(
        PCMU.floats(files("voicebot.speech").joinpath("audio", "bot.ulaw").read_bytes()), PCMU.rate, 16000
    )
    return samples[None, round(16000 * first_s) : round(16000 * (first_s + seconds))].astype(np.float32)


def states(encoder: Encoder, samples: Any) -> Any:
    return encoder.encode(samples[0], 0, encoder.nothing)[0]


@pytest.mark.parametrize("encoder", CLOSE)
@pytest.mark.parametrize(("first_s", "seconds"), [(0.3, 0.6), (0.5, 0.6171), (0.0, 2.3)])
def test_states_are_those_of_the_shipped_encoder(encoder: str, first_s: float, seconds: float) -> None:
    samples = speech(first_s, seconds)
    (wanted,) = shipped().run(None, {"input_values": samples})
    given = states(ours(encoder), samples)
    assert given.shape == wanted.shape
    assert np.square(given - wanted).mean() < CLOSE[encoder] ** 2 * np.square(wanted).mean()


@pytest.mark.parametrize("encoder", CLOSE)
def test_silence_and_noise_at_full_level_have_states_too(encoder: str) -> None:
    noise = np.random.default_rng(1).choice([-1.0, 1.0], (1, 9600)).astype(np.float32)
    for samples in (np.zeros((1, 9600), np.float32), noise):
        assert np.isfinite(states(ours(encoder), samples)).all()


@pytest.mark.parametrize(("recipe", "close"), [(Recipe.ENCODER, 0.002), (Recipe.FLOAT_ENCODER, 0.0001)])
def test_the_encoders_for_all_processors_have_the_states_of_the_shipped_one(
    recipe: Recipe, close: float, tmp_path: Path
) -> None:
    make(shipped_file(), tmp_path / "made", lambda _what, _share: None, recipe)
    samples = speech(0.0, 1.5)
    (wanted,) = shipped().run(None, {"input_values": samples})
    given = states(Encoder(tmp_path / "made" / MODEL), samples)
    assert np.square(given - wanted).mean() < close**2 * np.square(wanted).mean()
