"""Sounds that are no words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.recogniser_confidence import noisy
from bench.recogniser_sounds import sounds
from voicebot.localspeech import prepare_models
from voicebot.localspeech.hums import HUMS, Evidence, hums_of, is_hum, least_instead, likeliest, words_beside
from voicebot.localspeech.moonshine import Moonshine

WAYS = sum(map(len, HUMS.values()))
LOGS = st.floats(-500, 0)


@given(LOGS, LOGS, LOGS, st.floats(0, 30), st.booleans())
def test_the_likelier_it_is_that_there_is_nothing_the_less_likely_are_words(
    one: float, other: float, mean: float, seconds: float, expected: bool
) -> None:
    low, high = sorted((one, other))
    words = [Evidence(nothing, mean, seconds).words(expected=expected) for nothing in (high, low)]
    assert 0 <= words[0] <= words[1] <= 1


def test_a_clear_word_is_one_and_a_short_sound_of_which_there_is_nothing_to_write_is_none() -> None:
    assert Evidence(-6.0, -0.02, 1.0).words(expected=False) > 0.95
    assert Evidence(-0.05, -0.4, 1.0).words(expected=False) < 0.05


def test_long_speech_is_words_though_the_model_would_write_nothing_first() -> None:
    """Of a string of ten digits, it is often likeliest that there is nothing."""
    assert Evidence(-0.3, -0.1, 5.0).words(expected=True) > 0.5


def test_the_hum_that_is_likeliest_in_all_its_ways_is_heard() -> None:
    scores = [-9.0] * WAYS
    scores[0] = scores[1] = -3.0
    scores[3] = -2.9
    assert list(likeliest(-1.0, hums_of(scores)))[:2] == ["Mm-hmm.", "Hmm."]


def test_what_is_far_from_any_hum_is_none() -> None:
    assert likeliest(-1.0, hums_of([-14.0] * WAYS)) == {}


def test_what_was_expected_is_meant_if_it_is_clearly_likelier_than_each_hum() -> None:
    assert words_beside(-3.0, [-9.0, -4.5]) == 0.0
    assert 0.85 < words_beside(-3.0, [-9.0, -5.0]) < words_beside(-3.0, [-9.0, -8.0]) < 1
    assert words_beside(-11.0, [-14.0, -15.0]) == 0.0  # a knock, which is like neither


@given(LOGS, st.lists(LOGS, min_size=1))
def test_what_is_sought_among_hums_is_what_may_be_meant(phrase: float, hums: list[float]) -> None:
    assert (phrase >= least_instead(hums)) == (words_beside(phrase, hums) > 0)


@pytest.mark.parametrize(("text", "hum"), [("Mm-hmm,", True), ("uh-huh", True), ("Hmm?", True), ("Hum.", False)])
def test_a_hum_is_known_however_it_is_written(text: str, hum: bool) -> None:
    assert is_hum(text) is hum


def test_what_is_hummed_breathed_or_coughed_is_no_clear_word() -> None:
    files = prepare_models()
    model = Moonshine(files.encoder, files.quick_encoder, files.memory, files.step, files.tokenizer)
    rng = np.random.default_rng(5)
    heard = [
        (name, model.transcribe(noisy(sound.astype(np.float32), None, rng), 8000, ("yes", "no")))
        for name, sound in sounds(rng, 6)
    ]
    clear = [(name, one.text) for name, one in heard if one.text and not is_hum(one.text) and one.confidence > 0.5]
    assert len(clear) <= len(heard) // 8, clear
