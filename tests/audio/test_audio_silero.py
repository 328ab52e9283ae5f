"""The detector's streams: what each remembers, and what it forgets."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from voicebot.audio import LINEAR_16K, PCMU, AudioFormat, Samples, convert
from voicebot.audio.silero import WINDOW_S, SileroStream, warm

APOLOGY = files("voicebot.speech").joinpath("audio", "goodbye.ulaw")


def windows(audio: AudioFormat) -> list[Samples]:
    size = round(audio.rate * WINDOW_S)
    samples = audio.floats(convert(APOLOGY.read_bytes(), PCMU, audio))
    return [samples[at : at + size] for at in range(0, len(samples) - size + 1, size)]


@pytest.mark.parametrize("audio", [PCMU, LINEAR_16K], ids=str)
def test_a_voice_scores_high_and_silence_low(audio: AudioFormat) -> None:
    warm()
    stream = SileroStream(audio.rate)
    assert len(stream.window) == round(audio.rate * 0.032)
    assert max(stream(window) for window in windows(audio)) > 0.9
    stream.reset()
    assert max(stream(np.zeros_like(window)) for window in windows(audio)) < 0.2


def test_a_window_is_judged_by_those_before_it_until_they_are_forgotten() -> None:
    first, *rest = windows(PCMU)
    stream = SileroStream(8000)
    fresh = stream(first)
    for window in rest:
        stream(window)
    assert stream(first) != fresh
    stream.reset()
    assert stream(first) == fresh


def test_a_window_that_is_skipped_is_still_what_came_before_the_next() -> None:
    first, second, *_ = windows(PCMU)
    alone, after, heard = SileroStream(8000), SileroStream(8000), SileroStream(8000)
    after.window[:] = first
    after.skip()
    heard(first)
    assert len({alone(second), after(second), heard(second)}) == 3


def test_streams_do_not_disturb_each_other() -> None:
    alone, one, other = SileroStream(8000), SileroStream(8000), SileroStream(8000)
    scores = [alone(window) for window in windows(PCMU)]
    together = []
    for window in windows(PCMU):
        together.append(one(window))
        other(-window)
    assert together == scores
