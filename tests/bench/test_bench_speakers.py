from __future__ import annotations

import numpy as np
import pytest

from bench.floor.cases import Case, Condition, Purpose
from bench.floor.scoring import Verdict
from bench.floor.sounds import RATE, Samples, Sound, at_level, in_silence, level_dbfs, sound
from bench.floor.sources import Library, Made, Source
from bench.speakers import CHANGES, Change, Said, Tried, everything, phrase, single_digits, table


def tone(seconds: float, hz: float = 300.0) -> Samples:
    return (0.2 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def quiet(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


NOISE = np.random.default_rng(1).normal(0, 0.1, 2 * RATE).astype(np.float32)
FOUR = Said("four", "somebody", "digits1", "4", tone(0.4))


def test_a_string_of_digits_is_cut_where_it_is_quiet_for_longest() -> None:
    string = np.concatenate((tone(0.3), quiet(0.1), tone(0.2), quiet(0.02), tone(0.2), quiet(0.2), tone(0.4)))
    assert [len(digit) / RATE for digit in single_digits(string, 3)] == pytest.approx([0.3, 0.42, 0.4], abs=0.02)


def test_what_cannot_be_cut_clearly_is_not_cut() -> None:
    assert single_digits(np.concatenate((tone(0.3), quiet(0.02), tone(0.3))), 2) == []
    assert single_digits(np.concatenate((tone(0.3), quiet(0.2), tone(0.05))), 2) == []
    assert single_digits(tone(0.8), 2) == []
    assert single_digits(tone(0.8), 1) == []


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_the_same_whenever_it_is_made(name: str) -> None:
    assert np.array_equal(phrase(FOUR, CHANGES[name], NOISE), phrase(FOUR, CHANGES[name], NOISE))


def test_changes_are_in_what_is_heard() -> None:
    as_it_is = phrase(FOUR, Change(), NOISE)
    assert level_dbfs(phrase(FOUR, Change(dbfs=-38), NOISE)) == pytest.approx(-38, abs=0.5)
    assert len(phrase(FOUR, Change(speed=0.8), NOISE)) - len(as_it_is) == pytest.approx(0.1 * RATE, abs=2)
    lead = slice(0, RATE // 5)
    assert not as_it_is[lead].any()
    noisy = phrase(FOUR, Change(snr_db=10), NOISE)
    assert 10 * np.log10(np.square(noisy[lead]).mean()) == pytest.approx(-33, abs=1)
    assert np.count_nonzero(phrase(FOUR, Change(lost=0.3), NOISE) != as_it_is) > 300


class OneSound(Library):
    def sound(self, source: Source) -> Sound:
        return sound(source.name, in_silence(at_level(tone(0.5), -23)))


def case(name: str, family: str, condition: Condition, value: str = "", *, pauses: bool = False) -> Case:
    return Case(name, family, family, Purpose.ANSWER, Made(name), condition, value, pauses=pauses)


def test_each_answer_comes_once_and_open_speech_as_none() -> None:
    cases = [
        case("joe_outage", "menu", Condition.CLEAN, "outage"),
        case("joe_outage", "menu", Condition.QUIET, "outage"),
        case("joe_one_two", "digits", Condition.CLEAN, "12", pauses=True),
        case("joe_a_story", "open", Condition.CLEAN, "a story"),
        case("joe_ten_dollars", "money", Condition.CLEAN, "10"),
    ]
    found = list(everything(cases, OneSound()))
    assert [(said.name, said.speaker, said.value) for said in found] == [
        ("joe_outage", "joe", "outage"),
        ("joe_a_story", "joe", ""),
    ]
    assert len(found[0].samples) == pytest.approx(0.5 * RATE, abs=0.03 * RATE)


def test_the_table_counts_by_speaker_and_what_was_taken_of_no_answer() -> None:
    other = Said("hello", "other", "digits1", "", tone(0.2))
    tried = [
        Tried(FOUR, "as it is", Verdict.RIGHT, "Four.", "4"),
        Tried(FOUR, "quiet", Verdict.WRONG, "Five.", "5"),
        Tried(other, "as it is", Verdict.WRONG, "One.", "1"),
    ]
    lines = {line[:24].strip(): line[24:].split() for line in table(tried)}
    assert lines["somebody"] == ["2", "50.0", "%", "0", "0", "1"]
    assert lines["quiet"] == ["1", "0.0", "%", "0", "0", "1"]
    assert lines["all answers"] == lines["one digit"] == lines["somebody"]
    assert "other" not in lines
    assert list(table(tried))[-1] == "no answer: 1 of 1 taken for one"
