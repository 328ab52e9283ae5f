from __future__ import annotations

import math

import pytest

from voicebot.speech.caller_level import CallerLevel
from voicebot.speech.doubtful_voice import DoubtfulVoice, Speaker
from voicebot.speech.pitch import CallerPitch

CALLER, UNSURE, OTHER = Speaker.CALLER, Speaker.UNSURE, Speaker.OTHER
LOW, HIGH = math.log2(100.0), math.log2(200.0)


def doubtful(stretches: int = 3, before: tuple[float, ...] = ()) -> DoubtfulVoice:
    """A voice over the bot, after ``stretches`` of a caller with a low voice at -20 dBFS."""
    level, pitch = CallerLevel(-42.0), CallerPitch()
    for _ in range(stretches):
        level.heard([-20.0] * 10)
        pitch.heard([LOW] * 10, [-20.0] * 10)
    return DoubtfulVoice(level, pitch, before)


@pytest.mark.parametrize(
    ("stretches", "below", "pitch", "speaker"),
    [
        *((3, 0, HIGH, CALLER), (3, 4, HIGH, CALLER), (3, 5, HIGH, UNSURE), (3, 8, HIGH, OTHER), (3, 20, HIGH, OTHER)),
        *((3, 4, LOW, CALLER), (3, 7, LOW, CALLER), (3, 8, LOW, UNSURE), (3, 12, LOW, OTHER), (3, 12, None, OTHER)),
        *((1, 9, LOW, CALLER), (1, 9, None, CALLER), (1, 9, HIGH, UNSURE), (1, 13, LOW, UNSURE), (1, 14, LOW, OTHER)),
        *((3, 7, LOW + 0.3, CALLER), (3, 7, LOW - 0.5, UNSURE)),
        *((0, 30, HIGH, CALLER), (0, 30, None, CALLER)),  # of the caller nothing is known
    ],
)
def test_half_a_second_tells_who_speaks(stretches: int, below: float, pitch: float | None, speaker: Speaker) -> None:
    voice = doubtful(stretches)
    told = [voice.heard(-20.0 - below, pitch) for _ in range(16)]
    assert next(each for each in told if each is not None) is speaker


@pytest.mark.parametrize(("below", "windows"), [(0, 4), (1, 4), (2, 16), (15, 16)])
def test_a_loud_voice_is_the_callers_at_once(below: float, windows: int) -> None:
    voice = doubtful()
    assert [voice.heard(-20.0 - below, LOW) for _ in range(windows - 1)] == [None] * (windows - 1)
    assert voice.heard(-20.0 - below, LOW) is not None


def test_a_short_word_is_told_by_what_there_was_of_it() -> None:
    voice = doubtful(before=(-21.0, -20.0))
    voice.heard(-38.0, None)
    assert voice.speaker() is CALLER


def test_where_a_voice_dies_away_its_pitch_says_nothing() -> None:
    voice = doubtful()
    for _ in range(6):
        voice.heard(-26.0, LOW)
        voice.heard(-48.0, HIGH)
    assert voice.speaker() is CALLER
