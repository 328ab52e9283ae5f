from __future__ import annotations

import numpy as np
import pytest

from bench.floor.sounds import (
    FRAME,
    MADE,
    RATE,
    USUAL_DBFS,
    as_floats,
    as_int16,
    at_level,
    audible_span,
    in_silence,
    joined,
    level_dbfs,
    looped,
    made,
    silence,
    sound,
    trimmed,
)


def tone(seconds: float, amplitude: float = 0.2) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * 300 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.mark.parametrize("name", MADE)
def test_a_sound_made_by_formula_is_as_loud_as_a_caller_and_always_the_same(name: str) -> None:
    one, again = made(name), made(name)
    assert level_dbfs(one.samples) == pytest.approx(USUAL_DBFS, abs=0.5)
    assert np.array_equal(one.samples, again.samples)
    assert 0 < one.onset_s < one.offset_s <= len(one.samples) / RATE
    assert np.isfinite(one.samples).all()


def test_the_level_is_that_of_the_active_part() -> None:
    alone = tone(1.0)
    assert level_dbfs(np.concatenate((silence(3.0), alone, silence(3.0)))) == pytest.approx(level_dbfs(alone), abs=0.1)
    assert level_dbfs(silence(1.0)) == level_dbfs(silence(0)) == float("-inf")


def test_silence_cannot_be_brought_to_a_level() -> None:
    with pytest.raises(ValueError, match="silence"):
        at_level(silence(1.0), -23)


def test_a_sound_begins_and_ends_with_its_first_and_last_audible_sample() -> None:
    heard = sound("tone", in_silence(tone(0.5), lead_s=0.3, tail_s=0.7))
    assert heard.onset_s == pytest.approx(0.3, abs=0.006)
    assert heard.offset_s == pytest.approx(0.8, abs=0.006)
    quiet = heard.scaled(-10)
    assert (quiet.onset_s, quiet.offset_s) == (heard.onset_s, heard.offset_s)
    assert level_dbfs(quiet.samples) == pytest.approx(level_dbfs(heard.samples) - 10, abs=0.1)


def test_the_audible_span_is_within_the_one_that_is_known() -> None:
    quiet_end = np.concatenate((silence(0.5), tone(1.0), silence(0.6), tone(0.4, 0.02), silence(1.0)))
    assert audible_span(quiet_end, 0.3, 2.7) == pytest.approx((0.5, 2.5), abs=0.021)
    assert audible_span(quiet_end, 0.7, 1.2) == pytest.approx((0.7, 1.2), abs=0.021)
    assert audible_span(silence(1.0), 0.3, 0.6) == (0.3, 0.6)


def test_what_is_not_audible_is_no_sound() -> None:
    with pytest.raises(ValueError, match="nothing is audible in nothing"):
        sound("nothing", silence(1.0))


def test_pieces_are_joined_with_silence_between_them_and_none_around_them() -> None:
    whole = joined([tone(0.1), tone(0.2)], 0.35)
    assert len(whole) == round(0.65 * RATE)
    assert np.count_nonzero(whole[round(0.1 * RATE) : round(0.45 * RATE)]) == 0
    assert len(joined([tone(0.1)], 0.35)) == round(0.1 * RATE)


def test_silence_around_a_piece_is_cut_off() -> None:
    assert len(trimmed(np.concatenate((silence(0.5), tone(0.3), silence(0.5))))) == pytest.approx(0.3 * RATE, abs=20)


def test_a_looped_noise_has_no_seam() -> None:
    random = np.random.default_rng(1)
    pieces = [(0.1 * random.standard_normal(RATE // 2)).astype(np.float32) for _ in range(3)]
    noise = looped(pieces)
    frames = np.concatenate((noise, noise))[: len(noise) // FRAME * FRAME].reshape(-1, FRAME)
    assert np.sqrt(np.square(frames).mean(axis=1)).min() > 0.05, "no gap where one piece goes over into the next"


def test_samples_survive_the_way_to_16_bits_and_back() -> None:
    samples = tone(0.1, 1.5)
    assert np.abs(as_floats(as_int16(samples)) - np.clip(samples, -1, 1)).max() < 1e-4
