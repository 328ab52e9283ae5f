from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.localspeech.level_fall import Change, LevelFall, level_db

FELL, ROSE = Change.FELL, Change.ROSE
NOISE = np.random.default_rng(1)


def at(dbfs: float) -> float:
    return level_db(NOISE.normal(0, 10 ** (dbfs / 20), 256).astype(np.float32))


def follow(level: LevelFall, *levels: tuple[float, int], more: int = 0) -> list[tuple[int, Change]]:
    """What is said in which frame; voice activity hears a voice in all of them but those that came before."""
    frames = [dbfs for dbfs, count in levels for _ in range(count)]
    said = [(number, level.feed(at(dbfs), voiced=True, more=more)) for number, dbfs in enumerate(frames, 1)]
    return [(number, change) for number, change in said if change is not None]


def line(noise_dbfs: float) -> LevelFall:
    level = LevelFall()
    for _ in range(30):
        level.feed(at(noise_dbfs), voiced=False)
    return level


@pytest.mark.parametrize(("voice", "noise"), [(-20, -90), (-20, -60), (-20, -36), (-45, -80)])
def test_a_voice_that_ends_has_fallen_after_two_frames_on_clean_and_on_noisy_lines(voice: int, noise: int) -> None:
    assert follow(line(noise), (voice, 10), (noise, 8)) == [(12, FELL)]


@pytest.mark.parametrize(("noise", "quiet", "not_quiet"), [(-80, -51, -46), (-36, -34, -26)])
def test_what_is_far_below_the_voice_or_close_to_the_noise_is_quiet(noise: int, quiet: int, not_quiet: int) -> None:
    level = line(noise)
    assert not level.is_quiet(at(-90)), "there was no voice"
    follow(level, (-20, 10))
    assert level.is_quiet(at(quiet))
    assert not level.is_quiet(at(not_quiet))


def test_a_dip_of_one_frame_is_no_fall() -> None:
    assert follow(line(-80), (-20, 10), (-80, 1), (-20, 4), (-80, 1), (-20, 4)) == []


def test_a_soft_syllable_is_no_fall() -> None:
    assert follow(line(-80), (-20, 10), (-42, 6), (-20, 4)) == []


def test_the_level_comes_back_with_the_next_word() -> None:
    assert follow(line(-80), (-20, 10), (-80, 4), (-20, 1)) == [(12, FELL), (15, ROSE)]


def test_who_has_waited_in_vain_waits_for_longer() -> None:
    assert follow(line(-80), (-20, 10), (-80, 4), more=1) == [(13, FELL)]


def test_noise_nearly_as_loud_as_the_voice_tells_nothing() -> None:
    assert follow(line(-28), (-20, 10), (-28, 20)) == []


def test_one_loud_crack_is_not_the_voice() -> None:
    assert follow(line(-80), (-30, 10), (0, 1), (-38, 6)) == []


@pytest.mark.parametrize(
    ("after", "clean"),
    [(-80, True), (-54, False)],
    ids=["nothing but the noise of the line", "the faint end of a word"],
)
def test_what_was_said_until_the_fall_may_not_be_all(after: int, clean: bool) -> None:
    level = line(-80)
    assert follow(level, (-20, 10), (-80, 2), (after, 3), (-80, 2)) == [(12, FELL)]
    assert level.clean is clean


@pytest.mark.parametrize(("noise", "noisy"), [(-80, False), (-60, False), (-40, True)])
def test_where_noise_tells_of_the_fall_the_line_is_noisy(noise: int, noisy: bool) -> None:
    level = line(noise)
    assert follow(level, (-20, 10), (noise, 4)) == [(12, FELL)]
    assert level.noisy is noisy


def test_who_goes_on_much_more_softly_is_the_voice_after_a_while() -> None:
    level = line(-90)
    said = follow(level, (-15, 10), (-55, 40))
    assert [change for _, change in said] == [FELL, ROSE]
    assert 0.5 < (said[1][0] - said[0][0]) * 0.032 < 0.8


def test_a_phrase_begins_with_a_voice_of_its_own() -> None:
    level = line(-80)
    follow(level, (-15, 10), (-80, 5))
    level.feed(at(-46), voiced=False)
    level.begin(1)
    assert follow(level, (-46, 10)) == []


@given(st.lists(st.tuples(st.floats(-100, 0), st.booleans(), st.booleans()), max_size=200))
def test_falls_and_rises_alternate_within_a_phrase(frames: list[tuple[float, bool, bool]]) -> None:
    level, fallen = LevelFall(), False
    for dbfs, voiced, begins in frames:
        if begins:
            level.begin(2)
            fallen = False
        change = level.feed(level_db(np.full(256, 10 ** (dbfs / 20), np.float32)), voiced=voiced)
        assert change is not (FELL if fallen else ROSE)
        fallen = (change is FELL) or (fallen and change is None)
