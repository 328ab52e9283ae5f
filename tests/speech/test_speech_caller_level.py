from __future__ import annotations

import pytest

from voicebot.speech.caller_level import CallerLevel


def level(*stretches: float) -> CallerLevel:
    """After stretches of speech of these levels."""
    caller = CallerLevel(-42.0)
    for dbfs in stretches:
        caller.heard([dbfs] * 10)
    return caller


def test_until_the_caller_has_spoken_nothing_is_known() -> None:
    caller = level()
    assert (caller.dbfs, caller.interrupts_dbfs, caller.faint_dbfs) == (None, -42.0, None)


@pytest.mark.parametrize(("stretches", "margin"), [(1, 9.0), (2, 8.0), (3, 7.0), (20, 7.0)])
def test_the_better_the_level_is_known_the_closer_to_it_is_the_gate(stretches: int, margin: float) -> None:
    caller = level(*[-20.0] * stretches)
    assert (caller.dbfs, caller.interrupts_dbfs, caller.faint_dbfs) == (-20.0, -24.0 - margin, -40.0)


def test_the_quiet_ends_of_words_do_not_count() -> None:
    caller = CallerLevel(-42.0)
    caller.heard([-20.0] * 6 + [-50.0] * 6 + [-5.0])
    assert caller.dbfs == -20.0


def test_a_sound_of_less_than_160_ms_says_nothing() -> None:
    caller = level()
    caller.heard([-5.0] * 4)
    caller.heard([])
    assert caller.dbfs is None


@pytest.mark.parametrize("other", [-5.0, -45.0])
@pytest.mark.parametrize("at", [1, 3, 7])
def test_one_loud_or_faint_stretch_changes_nothing(other: float, at: int) -> None:
    stretches = [-22.0, -20.0, -21.0, -22.0, -20.0, -21.0, -22.0, -21.0]
    stretches[at] = other
    assert level(*stretches).dbfs == pytest.approx(-21.5, abs=1.5)


def test_a_caller_who_gets_quieter_is_followed() -> None:
    assert level(*[-20.0] * 30, *[-35.0] * 12).dbfs == -35.0


def test_a_whispering_caller_leaves_a_gate() -> None:
    assert level(-58.0).interrupts_dbfs == -55.0


def test_of_two_stretches_the_louder_counts_because_the_last_word_is_often_faint() -> None:
    assert level(-18.0, -25.0).dbfs == level(-25.0, -18.0).dbfs == -18.0
