"""How long it must be quiet: (what is known of the turn) -> (which of the policy's times)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voicebot.events import AnswerKind
from voicebot.turns import TurnEnd, TurnPolicy
from voicebot.turns.end_of_turn import TurnSoFar, end_rule, may_be_over, quiet_to_commit, quiet_to_end, to_be_scored
from voicebot.turns.expected_answer import Judgement

POLICY = TurnPolicy(end_silence_ms=1000, race_grace_ms=250, number_silence_ms=3000, patience_ms=5000, no_words_ms=7000,
                    complete_silence_ms=100, unfinished_silence_ms=6000, finished_silence_ms=200,
                    unsure_silence_ms=1500, final_result_ms=150, one_word_silence_ms=300)  # fmt: skip
NOTHING = TurnSoFar(final=False, hypothesis=False, covered=False, words=False, in_number=False, no_match=False)
FINAL = replace(NOTHING, final=True, covered=True, words=True)
HYPOTHESIS = replace(NOTHING, hypothesis=True, covered=True, words=True)
CHOICE, DIGITS, SPELLED, VALUE = AnswerKind.CHOICE, AnswerKind.DIGITS, AnswerKind.SPELLED, AnswerKind.VALUE
COMPLETE, COMMAND = Judgement.COMPLETE, Judgement.COMMAND


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
        (replace(FINAL, in_number=True, judgement=Judgement.ENOUGH, kind=SPELLED), 5.0),
        (replace(FINAL, covered=False, judgement=Judgement.COMPLETE), 5.0),
        (replace(HYPOTHESIS, in_number=True, judgement=Judgement.COMPLETE), 7.0),  # a digit may be wrong
        (replace(HYPOTHESIS, in_number=True, judgement=Judgement.BEGINNING), 7.0),
        (NOTHING, 7.0),
        (replace(NOTHING, no_match=True), 1.0),
        # whole answers, and commands
        (replace(FINAL, judgement=COMMAND), 0.1),
        (replace(FINAL, judgement=COMMAND, kind=DIGITS), 0.1),
        (replace(HYPOTHESIS, judgement=COMPLETE, kind=CHOICE), 0.1),
        (replace(HYPOTHESIS, judgement=COMMAND, kind=CHOICE), 0.1),
        (replace(HYPOTHESIS, judgement=COMMAND), 1.25),  # where anything may be said, it may go on
        (replace(HYPOTHESIS, judgement=COMPLETE, kind=CHOICE, in_number=True), 7.0),  # "option two": wait
        (replace(HYPOTHESIS, judgement=COMPLETE, kind=CHOICE, covered=False), 7.0),
        (replace(FINAL, kind=CHOICE, closed=True), 1.0),
        (replace(FINAL, kind=CHOICE, closed=True, question=True), 0.2),  # "when are you open?"
        (replace(FINAL, kind=CHOICE, closed=True, question=True, unheard=True), 1.0),
        # in one word, behind which callers often go on: "yes, please"
        (replace(FINAL, judgement=COMPLETE, kind=CHOICE, one_word=True), 0.3),
        (replace(FINAL, judgement=COMPLETE, kind=VALUE, one_word=True), 0.3),
        (replace(FINAL, judgement=COMPLETE, kind=DIGITS, in_number=True, one_word=True), 0.1),
        (replace(HYPOTHESIS, judgement=COMPLETE, kind=CHOICE, one_word=True), 0.3),
        (replace(FINAL, judgement=COMMAND, one_word=True), 1.0),  # "sorry", and then "what was that?"
        (replace(HYPOTHESIS, judgement=COMMAND, kind=CHOICE, one_word=True), 1.0),
        (replace(FINAL, one_word=True), 1.0),
        # what was not asked for may be misheard
        (replace(HYPOTHESIS, kind=CHOICE), 7.0),
        (replace(HYPOTHESIS, kind=DIGITS), 7.0),
        (replace(HYPOTHESIS, kind=SPELLED), 7.0),
        (replace(HYPOTHESIS, kind=VALUE), 1.25),
        (replace(HYPOTHESIS, kind=VALUE, numbers=True), 7.0),
        (replace(HYPOTHESIS, kind=VALUE, judgement=Judgement.ENOUGH), 7.0),
        (replace(HYPOTHESIS, kind=VALUE, judgement=COMPLETE), 7.0),
        (replace(FINAL, kind=CHOICE), 1.0),
        (replace(FINAL, kind=CHOICE, judgement=Judgement.ENOUGH), 1.0),  # "okay": an answer, or its beginning
        # a sentence that ends in one of the answers, and an answer behind which more may come
        (replace(FINAL, kind=CHOICE, closed=True, score=0.1), 1.0),
        (replace(FINAL, kind=CHOICE, closed=True, score=0.9), 0.2),
        (replace(FINAL, kind=CHOICE, judgement=Judgement.ENOUGH, closed=True, score=0.1), 1.0),
        (replace(FINAL, kind=CHOICE, closed=True, goes_on=True, score=0.1), 5.0),
        # the same in a hypothesis
        (replace(HYPOTHESIS, kind=CHOICE, closed=True, score=0.9), 0.2),
        (replace(HYPOTHESIS, kind=CHOICE, judgement=Judgement.ENOUGH, closed=True, score=0.9), 0.2),
        (replace(HYPOTHESIS, kind=CHOICE, closed=True, score=0.5), 1.0),
        (replace(HYPOTHESIS, kind=CHOICE, closed=True), 1.0),
        (replace(HYPOTHESIS, kind=CHOICE, closed=True, score=0.9, covered=False), 7.0),
        (replace(HYPOTHESIS, kind=CHOICE, closed=True, score=0.9, in_number=True, numbers=True), 7.0),
        (replace(HYPOTHESIS, kind=CHOICE, closed=True, score=0.9, goes_on=True), 7.0),
        (replace(HYPOTHESIS, kind=CHOICE, closed=True, score=0.9, unheard=True), 7.0),
        # a value that may be all
        (replace(FINAL, kind=VALUE, in_number=True, judgement=Judgement.ENOUGH), 1.5),
        (replace(FINAL, kind=VALUE, in_number=True), 3.0),
        (replace(FINAL, kind=VALUE, judgement=Judgement.ENOUGH, score=0.51), 1.5),
        (replace(FINAL, kind=VALUE, judgement=Judgement.ENOUGH, score=0.5), 3.0),
        (replace(FINAL, kind=VALUE, judgement=Judgement.ENOUGH, score=0.5, numbers=True, in_number=True), 3.0),
        (replace(FINAL, kind=VALUE, judgement=COMPLETE, score=0.1), 0.1),
        (replace(FINAL, kind=VALUE, judgement=Judgement.ENOUGH, closed=True, score=0.9), 1.0),  # "twelve dollars"
        (replace(FINAL, kind=VALUE, judgement=Judgement.ENOUGH, closed=True, score=0.1), 3.0),
        (replace(FINAL, kind=VALUE, judgement=Judgement.ENOUGH, closed=True), 1.5),
        (replace(FINAL, kind=VALUE, score=0.1), 1.0),
        # a last word that wants another one
        (replace(FINAL, goes_on=True), 5.0),
        (replace(FINAL, goes_on=True, judgement=COMPLETE), 5.0),  # "yes, um"
        (replace(HYPOTHESIS, goes_on=True), 5.0),
        (replace(FINAL, goes_on=True, score=0.9), 5.0),
        # a statement of a few words: "I called", and then "and nobody answered"
        (replace(FINAL, beginning=True), 1.5),
        (replace(FINAL, beginning=True, score=0.9), 1.5),
        (replace(HYPOTHESIS, beginning=True, score=0.9), 1.75),
        (replace(FINAL, beginning=True, goes_on=True, score=0.9), 5.0),
        (replace(FINAL, beginning=True, judgement=COMMAND, score=0.9), 0.1),
        (replace(FINAL, beginning=True, numbers=True), 1.0),
        (replace(FINAL, beginning=True, kind=CHOICE, score=0.9), 0.2),
        (replace(FINAL, beginning=True, kind=VALUE, judgement=COMPLETE), 0.1),
        # a question often does not sound finished
        (replace(FINAL, question=True, score=0.1), 1.0),
        (replace(FINAL, question=True, score=0.9), 0.2),
        (replace(FINAL, question=True, goes_on=True, score=0.1), 5.0),
        (replace(FINAL, question=True, kind=CHOICE, score=0.1), 1.0),
        (replace(HYPOTHESIS, question=True, score=0.1), 1.75),
        # the sound of the voice
        (replace(FINAL, score=0.51), 0.2),
        (replace(FINAL, score=0.5), 1.5),
        (replace(HYPOTHESIS, score=0.51), 0.45),
        (replace(HYPOTHESIS, score=0.5), 1.75),
        (replace(FINAL, score=0.9, kind=CHOICE), 0.2),
        (replace(FINAL, score=0.9, kind=VALUE), 1.0),
        (replace(FINAL, score=0.9, kind=DIGITS), 1.0),
        (replace(FINAL, score=0.9, numbers=True), 1.0),
        (replace(FINAL, score=0.9, in_number=True, numbers=True), 3.0),
        (replace(NOTHING, score=0.9), 7.0),
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


@pytest.mark.parametrize(
    ("known", "quiet_s", "over_prompt_s"),
    [
        (FINAL, None, None),
        (replace(NOTHING, no_match=True), None, None),
        (NOTHING, 0.85, 0.1),
        (replace(FINAL, covered=False), 0.85, 0.1),
        (replace(FINAL, covered=False, kind=DIGITS), None, 0.1),
        (replace(NOTHING, kind=DIGITS), None, 0.1),  # two groups of digits are heard best together
        (replace(HYPOTHESIS, kind=DIGITS, covered=False, almost=True), 0.1, 0.1),  # nobody pauses before the last one
        (HYPOTHESIS, 0.85, 0.1),
        (replace(HYPOTHESIS, score=0.9), 0.1, 0.1),
        (replace(HYPOTHESIS, score=0.1), 1.35, 0.1),
        (replace(HYPOTHESIS, judgement=COMPLETE, kind=CHOICE), 0.1, 0.1),
        (replace(HYPOTHESIS, judgement=COMPLETE, kind=CHOICE, covered=False), 0.85, 0.1),
        (replace(HYPOTHESIS, judgement=COMPLETE, kind=DIGITS, in_number=True, almost=True), 0.1, 0.1),
        (replace(HYPOTHESIS, judgement=COMPLETE, kind=DIGITS, in_number=True), None, 0.1),  # hypotheses do not agree
        (replace(HYPOTHESIS, kind=DIGITS), None, 0.1),  # misheard digits
        (replace(HYPOTHESIS, judgement=Judgement.BEGINNING, kind=DIGITS, in_number=True), 5.85, 0.1),
        (replace(HYPOTHESIS, in_number=True), 2.85, 0.1),
        (replace(HYPOTHESIS, goes_on=True), 4.85, 0.1),
    ],
)
def test_the_recogniser_is_to_finish_in_time_for_the_end(
    known: TurnSoFar, quiet_s: float | None, over_prompt_s: float | None
) -> None:
    assert quiet_to_commit(known, POLICY, over_prompt=False) == quiet_s
    assert quiet_to_commit(known, POLICY, over_prompt=True) == over_prompt_s


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (replace(FINAL, judgement=COMPLETE), TurnEnd.COMPLETE),
        (replace(FINAL, kind=VALUE, judgement=Judgement.ENOUGH), TurnEnd.FINAL),
        (replace(FINAL, kind=VALUE, judgement=Judgement.ENOUGH, score=0.2), TurnEnd.MODEL),
        (replace(HYPOTHESIS, judgement=COMMAND, kind=CHOICE), TurnEnd.COMPLETE),
        (FINAL, TurnEnd.FINAL),
        (replace(FINAL, in_number=True), TurnEnd.FINAL),
        (replace(FINAL, score=0.2), TurnEnd.MODEL),
        (replace(HYPOTHESIS, score=0.8), TurnEnd.MODEL),
        (HYPOTHESIS, TurnEnd.SILENCE),
        (NOTHING, TurnEnd.SILENCE),
        (replace(NOTHING, no_match=True), TurnEnd.SILENCE),
        (replace(FINAL, judgement=Judgement.BEGINNING), TurnEnd.PATIENCE),
        (replace(FINAL, goes_on=True), TurnEnd.PATIENCE),
        (replace(FINAL, covered=False), TurnEnd.PATIENCE),
        (replace(HYPOTHESIS, in_number=True), TurnEnd.PATIENCE),
    ],
)
def test_every_end_has_a_reason(known: TurnSoFar, why: TurnEnd) -> None:
    assert end_rule(known).why is why


@pytest.mark.parametrize(
    ("known", "scored", "over"),
    [
        (NOTHING, True, False),
        (FINAL, True, True),
        (HYPOTHESIS, True, True),
        (replace(HYPOTHESIS, covered=False), True, False),
        (replace(HYPOTHESIS, numbers=True), False, True),
        (replace(HYPOTHESIS, goes_on=True), False, False),
        (replace(NOTHING, kind=DIGITS, judgement=Judgement.NOTHING), False, False),
        (replace(NOTHING, kind=SPELLED, judgement=Judgement.NOTHING), False, False),
        (replace(NOTHING, kind=CHOICE, judgement=Judgement.NOTHING), False, False),
        (replace(HYPOTHESIS, kind=CHOICE), True, True),
        (replace(HYPOTHESIS, kind=CHOICE, judgement=COMPLETE), False, True),
        (replace(HYPOTHESIS, kind=CHOICE, judgement=Judgement.ENOUGH), True, True),
        (replace(HYPOTHESIS, kind=VALUE), False, True),
        (replace(HYPOTHESIS, kind=VALUE, judgement=Judgement.ENOUGH), True, True),
        (replace(HYPOTHESIS, kind=VALUE, judgement=Judgement.ENOUGH, numbers=True, in_number=True), True, True),
        (replace(HYPOTHESIS, kind=VALUE, judgement=Judgement.ENOUGH, goes_on=True), False, False),
        (replace(HYPOTHESIS, kind=VALUE, judgement=COMPLETE), False, True),
        (replace(HYPOTHESIS, kind=DIGITS, judgement=Judgement.BEGINNING), False, False),
    ],
)
def test_what_can_be_begun_before_the_end_is_told_by_what_is_known(known: TurnSoFar, scored: bool, over: bool) -> None:
    assert (to_be_scored(known), may_be_over(known)) == (scored, over)
