"""How long it must be quiet: (what is known of the turn) -> (which of the policy's times)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voicebot.turns import TurnPolicy
from voicebot.turns.end_of_turn import TurnSoFar, quiet_to_end
from voicebot.turns.expected_answer import Judgement

POLICY = TurnPolicy(end_silence_ms=1000, race_grace_ms=250, number_silence_ms=3000, patience_ms=5000, no_words_ms=7000,
                    complete_silence_ms=100, unfinished_silence_ms=6000)  # fmt: skip
NOTHING = TurnSoFar(final=False, hypothesis=False, covered=False, words=False, in_number=False, no_match=False)
FINAL = replace(NOTHING, final=True, covered=True, words=True)
HYPOTHESIS = replace(NOTHING, hypothesis=True, covered=True, words=True)


@pytest.mark.parametrize(
    ("known", "quiet_s"),
    [
        (FINAL, 1.0),
        (replace(FINAL, in_number=True), 3.0),
        (replace(FINAL, no_match=True), 1.0),
        (replace(FINAL, covered=False), 5.0),
        (replace(FINAL, covered=False, in_number=True), 5.0),
        (replace(FINAL, words=False), 1.0),  # all of its words were used before
        (HYPOTHESIS, 1.25),
        (replace(HYPOTHESIS, in_number=True), 7.0),
        (replace(HYPOTHESIS, covered=False), 5.0),
        (replace(HYPOTHESIS, covered=False, in_number=True), 7.0),
        (replace(HYPOTHESIS, covered=False, no_match=True), 5.0),
        (replace(FINAL, in_number=True, judgement=Judgement.COMPLETE), 0.1),
        (replace(FINAL, in_number=True, judgement=Judgement.BEGINNING), 6.0),
        (replace(FINAL, judgement=Judgement.BEGINNING), 6.0),  # "four two five, uh"
        (replace(FINAL, in_number=True, judgement=Judgement.ENOUGH), 3.0),
        (replace(FINAL, in_number=True, judgement=Judgement.ENOUGH, spelled=True), 5.0),
        (replace(FINAL, covered=False, judgement=Judgement.COMPLETE), 5.0),
        (replace(HYPOTHESIS, in_number=True, judgement=Judgement.COMPLETE), 7.0),  # a digit may be wrong
        (replace(HYPOTHESIS, in_number=True, judgement=Judgement.BEGINNING), 7.0),
        (NOTHING, 7.0),
        (replace(NOTHING, no_match=True), 1.0),
    ],
)
def test_what_is_known_decides_how_long_it_must_be_quiet(known: TurnSoFar, quiet_s: float) -> None:
    assert quiet_to_end(known, POLICY) == quiet_s


def test_half_a_number_is_waited_for_as_long_as_the_more_patient_of_two_times() -> None:
    half = replace(HYPOTHESIS, in_number=True)
    assert quiet_to_end(half, replace(POLICY, patience_ms=9000)) == 9.0


def test_every_rule_waits_longer_for_a_long_answer() -> None:
    at_length = POLICY.with_end_silence(10.0)
    assert {quiet_to_end(known, at_length) for known in (FINAL, replace(FINAL, in_number=True))} == {10.0}
    for known in (HYPOTHESIS, replace(FINAL, covered=False), replace(HYPOTHESIS, in_number=True), NOTHING):
        assert quiet_to_end(known, at_length) == 10.25


def test_times_that_are_longer_anyway_are_not_shortened_for_a_long_answer() -> None:
    at_length = POLICY.with_end_silence(2.0)
    assert quiet_to_end(replace(FINAL, in_number=True), at_length) == 3.0
    assert quiet_to_end(replace(FINAL, covered=False), at_length) == 5.0
    assert quiet_to_end(NOTHING, at_length) == 7.0
