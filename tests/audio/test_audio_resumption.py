"""Where speech that was interrupted goes on, and how."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio import FORMATS, PCMU, AudioFormat
from voicebot.audio.resumption import faded_in, word_boundary

Piece = tuple[float, float]
"""So many seconds at a level in dBFS."""
WORD, GAP, FRICATIVE = -18.0, -60.0, -38.0


def sound(audio: AudioFormat, *pieces: Piece) -> bytes:
    """Tones of 300 Hz."""
    parts = []
    for seconds, dbfs in pieces:
        n = np.arange(round(seconds * audio.rate))
        parts.append(32768 * 2**0.5 * 10 ** (dbfs / 20) * np.sin(2 * np.pi * 300 * n / audio.rate))
    return audio.encode(np.concatenate(parts).astype(np.int16))


def boundary_s(audio: AudioFormat, *pieces: Piece, whole: bool = False) -> float:
    at = word_boundary(sound(audio, *pieces), audio, whole=whole)
    assert at % audio.width == 0
    return at / audio.byte_rate


@pytest.mark.parametrize("audio", FORMATS, ids=str)
@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (((0.2, WORD), (0.06, GAP), (0.24, WORD)), 0.24),
        (((0.1, WORD), (0.05, GAP), (0.15, WORD), (0.05, GAP), (0.15, WORD)), 0.33),
        (((0.2, WORD), (0.06, GAP), (0.08, FRICATIVE), (0.16, WORD)), 0.24),
        (((0.3, WORD), (0.2, GAP)), 0.48),
        (((0.23, WORD), (0.04, -50.0), (0.233, -24.0)), 0.25),
    ],
    ids=["between two words", "the last of two", "a word with a fricative", "in a pause", "off the grid"],
)
def test_it_goes_on_at_the_end_of_the_last_dip(audio: AudioFormat, pieces: tuple[Piece, ...], expected: float) -> None:
    assert boundary_s(audio, *pieces) == pytest.approx(expected, abs=0.0101)


@pytest.mark.parametrize("audio", FORMATS, ids=str)
def test_without_a_dip_it_goes_on_at_the_beginning_or_in_the_quietest_place(audio: AudioFormat) -> None:
    pieces = (0.2, WORD), (0.03, -28.0), (0.2, WORD)
    assert boundary_s(audio, *pieces, whole=True) == 0.0
    assert 0.19 <= boundary_s(audio, *pieces) <= 0.22


@pytest.mark.parametrize("audio", FORMATS, ids=str)
@pytest.mark.parametrize("whole", [True, False])
def test_silence_and_next_to_nothing_are_not_repeated(audio: AudioFormat, whole: bool) -> None:
    assert boundary_s(audio, (0.3, -90.0), whole=whole) == 0.3
    assert boundary_s(audio, (0.025, WORD), whole=whole) == 0.025
    assert word_boundary(b"", audio, whole=whole) == 0


@given(st.binary(max_size=9000), st.booleans())
def test_whatever_was_played_it_goes_on_within_it(before: bytes, whole: bool) -> None:
    for audio in FORMATS:
        at = word_boundary(before, audio, whole=whole)
        assert 0 <= at <= len(before)


@pytest.mark.parametrize("audio", FORMATS, ids=str)
def test_a_fade_rises_evenly_from_nothing_to_the_level_of_the_frame(audio: AudioFormat) -> None:
    frame = audio.encode(np.full(audio.frame_samples, 8000, np.int16))
    faded = audio.decode(faded_in(frame, audio)).astype(int)
    assert len(faded) == audio.frame_samples
    assert abs(faded[0]) <= 8
    assert all(a <= b for a, b in pairwise(faded))
    assert faded[audio.frame_samples // 2] == pytest.approx(4000, rel=0.05)
    assert faded[-1] == pytest.approx(8000, rel=0.05)
    assert faded_in(b"", audio) == b""


def test_a_faded_frame_of_silence_is_silence() -> None:
    assert faded_in(PCMU.frame_of_silence, PCMU) == PCMU.frame_of_silence
