"""Between 8 and 16 kHz: nothing is lost, nothing is added, and streams may be cut anywhere."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from voicebot.audio.halfband import Downsampler, Upsampler, downsample, upsample


def tone(hertz: float, rate: int, samples: int) -> NDArray[np.int16]:
    return (10_000 * np.sin(2 * np.pi * hertz * np.arange(samples) / rate)).astype(np.int16)


@pytest.mark.parametrize("hertz", [100, 300, 1000, 3000, 3400])
def test_what_a_telephone_carries_goes_up_and_comes_down_unchanged(hertz: int) -> None:
    narrow, wide = tone(hertz, 8000, 1600), tone(hertz, 16_000, 3200)
    assert np.abs(upsample(narrow).astype(int) - wide)[100:-100].max() < 20
    assert np.abs(downsample(wide).astype(int) - narrow)[50:-50].max() < 20


@pytest.mark.parametrize("hertz", [4600, 5000, 7900])
def test_what_a_telephone_cannot_carry_does_not_come_back_as_something_else(hertz: int) -> None:
    assert np.abs(downsample(tone(hertz, 16_000, 3200)))[50:-50].max() < 10_000 / 1000 + 1


def test_no_image_is_left_above_4_khz() -> None:
    spectrum = np.abs(np.fft.rfft(upsample(tone(3000, 8000, 8000))[2000:14_000].astype(float) * np.hanning(12_000)))
    assert spectrum[len(spectrum) * 46 // 80 :].max() < spectrum.max() / 1000


@given(st.lists(st.integers(0, 200), min_size=1, max_size=8), st.integers(0, 2**31))
def test_a_stream_may_be_cut_anywhere(cuts: list[int], seed: int) -> None:
    samples = np.random.default_rng(seed).integers(-20_000, 20_000, 2 * sum(cuts)).astype(np.int16)
    up, down = Upsampler(), Downsampler()
    bounds = 2 * np.cumsum([0, *cuts])
    pieces = [samples[start:end] for start, end in pairwise(bounds)]
    assert (np.concatenate([up(piece) for piece in pieces]) == Upsampler()(samples)).all()
    assert (np.concatenate([down(piece) for piece in pieces]) == Downsampler()(samples)).all()
    assert len(Upsampler()(samples)) == 2 * len(samples) == 4 * len(Downsampler()(samples))


def test_the_loudest_does_not_wrap() -> None:
    square = np.where(np.arange(800) // 20 % 2, 32767, -32768).astype(np.int16)
    assert (np.abs(upsample(square)[100:-100].astype(int)) > 20_000).sum() > 1000
    jumps = np.abs(np.diff(upsample(square).astype(int)))
    assert (jumps > 60_000).sum() == 0


def test_what_is_constant_stays_as_it_is() -> None:
    for level in (30_000, -30_000):
        narrow, wide = np.full(400, level, np.int16), np.full(800, level, np.int16)
        pairs = upsample(narrow)[100:-100].astype(int).reshape(-1, 2)
        assert np.abs(pairs - level).max() <= 3 and np.abs(pairs.sum(axis=1) - 2 * level).max() <= 1
        assert (downsample(wide)[100:-100] == level).all()


def test_an_impulse_stays_where_it_was_and_an_odd_sample_is_left_out() -> None:
    narrow, wide = np.zeros(200, np.int16), np.zeros(401, np.int16)
    narrow[100], wide[200] = 20_000, 20_000
    up, down = upsample(narrow), downsample(wide)
    assert (len(up), int(np.abs(up).argmax())) == (400, 200)
    assert (len(down), int(np.abs(down).argmax())) == (200, 100)
    assert (up[100:201] == up[200:301][::-1]).all() and (down[50:101] == down[100:151][::-1]).all()
    assert len(upsample(narrow[:0])) == len(downsample(wide[:1])) == 0


def test_a_stream_is_delayed_by_2_ms() -> None:
    impulse = np.zeros(200, np.int16)
    impulse[0] = 20_000
    assert int(np.abs(Upsampler()(impulse)).argmax()) == 31
    assert int(np.abs(Downsampler()(impulse)).argmax()) in (15, 16)


def test_the_filter_is_flat_up_to_3400_hz_and_60_db_down_above_4600() -> None:
    impulse = np.zeros(64, np.int16)
    impulse[0] = 16_000
    response = 20 * np.log10(np.abs(np.fft.rfft(Upsampler()(impulse).astype(float), 16_000)) / 32_000 + 1e-9)
    assert np.abs(response[:3401]).max() < 0.1
    assert response[4600:].max() < -58
    assert -7 < response[4000] < -5
