"""The encoder goes on where it has heard a phrase before: what is settled stays, and only the rest is computed."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
import soxr

from voicebot.audio import PCMU
from voicebot.localspeech import encoder, prepare_models
from voicebot.localspeech.encoder import CONTEXT, FIELD, RATE, STRIDE, Encoder, settled_samples

TAIL = RATE // 5
LONGER_S = CONTEXT / RATE + 0.3


@cache
def ours() -> Encoder:
    return Encoder(prepare_models().encoder)


def speech(seconds: float) -> Any:
    read = PCMU.floats(files("voicebot.speech").joinpath("audio", "bot.ulaw").read_bytes())
    return np.resize(soxr.resample(read, PCMU.rate, RATE), round(RATE * seconds)).astype(np.float32)


def test_what_follows_settled_states_is_computed_as_if_these_were_computed_again() -> None:
    samples = speech(LONGER_S + 0.7)
    whole, past = ours().encode(samples, len(samples), ours().nothing)
    assert past.samples > 0.9 * RATE
    rest, same = ours().encode(samples, len(samples), past)
    assert rest.shape[1] == whole.shape[1] - past.states
    assert np.abs(rest - whole[:, past.states :]).max() < 0.001 * np.abs(whole).max()
    assert same is past


def test_what_was_settled_stays_when_more_is() -> None:
    some, more = speech(LONGER_S), speech(LONGER_S + 0.7)
    _, first = ours().encode(some, len(some), ours().nothing)
    _, second = ours().encode(more, len(more), first)
    assert 0 < first.samples < second.samples == settled_samples(len(more))
    assert (second.keys[:, :, : first.states] == first.keys).all()


def test_states_change_little_by_what_was_settled_before_the_rest_was_heard() -> None:
    some, more = speech(LONGER_S), speech(LONGER_S + 0.7)
    whole, _ = ours().encode(more, len(more), ours().nothing)
    _, past = ours().encode(some, len(some), ours().nothing)
    rest, _ = ours().encode(more, len(more), past)
    assert np.square(rest - whole[:, past.states :]).mean() < 0.2**2 * np.square(whole).mean()


@pytest.mark.parametrize("heard", [1600, CONTEXT, CONTEXT + FIELD - 1, CONTEXT + FIELD, CONTEXT + 1600, 3 * CONTEXT])
def test_no_state_is_settled_that_looks_at_the_end_of_what_was_heard(heard: int) -> None:
    settled = settled_samples(heard)
    assert settled % STRIDE == 0
    assert settled == 0 or settled - STRIDE + FIELD <= heard - CONTEXT
    assert settled + FIELD > heard - CONTEXT  # and no fewer


def test_silence_that_nobody_has_heard_settles_nothing() -> None:
    heard = speech(LONGER_S)
    silent = np.concatenate((heard, np.zeros(4 * RATE, np.float32)))
    _, past = ours().encode(silent, len(heard), ours().nothing)
    assert past.samples == settled_samples(len(heard)) < len(heard) - CONTEXT


class Counting:
    """In the place of a model: counts the samples that it is given."""

    def __init__(self, *_: object) -> None:
        self.counts: list[int] = []

    def get_inputs(self) -> list[Any]:
        return [type("Input", (), {"name": "past", "shape": [4, 2, "P", 8]})]

    def run(self, _names: None, feed: dict[str, Any]) -> tuple[Any, Any, Any]:
        count = feed["samples"].shape[1]
        self.counts.append(count)
        states, frames = (count - FIELD) // STRIDE + 1, (count - 127) // 64 + 1
        return np.zeros((1, states, 16)), np.zeros((4, 2, states, 8)), np.zeros((2, frames))


def test_however_long_a_phrase_is_no_more_than_its_end_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Counting()
    monkeypatch.setattr(encoder, "session", lambda *_: model)
    encoding = Encoder(prepare_models().encoder)
    past, every = encoding.nothing, RATE // 4
    for heard in range(every, 20 * RATE, every):
        before = past.states
        states, past = encoding.encode(np.zeros(heard + TAIL, np.float32), heard, past)
        assert before + states.shape[1] == (heard + TAIL - FIELD) // STRIDE + 1
    assert max(model.counts) <= CONTEXT + every + TAIL + FIELD + STRIDE
