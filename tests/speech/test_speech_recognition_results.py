"""What results say is reported once, whichever session has sent them, and what they hold is not trusted."""

from __future__ import annotations

import json

import pytest

from voicebot.events import Alternative, Final, Hypothesis, NoMatch
from voicebot.speech.recognition_results import RecognitionResults, alternatives, recognition_status
from voicebot.speechsdk.drivers import MAX_TEXT, RecognitionReport, RecognitionSignal

FINAL, NO_MATCH = RecognitionSignal.FINAL, RecognitionSignal.NO_MATCH


def hypothesis(text: str) -> RecognitionReport:
    return RecognitionReport(RecognitionSignal.HYPOTHESIS, text, 0, 1)


async def test_a_phrase_grows_from_hypotheses_to_its_final() -> None:
    results = RecognitionResults()
    assert results.event(hypothesis("i"), 1.0, 1.2, 1.3) == Hypothesis(1.3, "i", 1.0, 1.2)
    assert not results.quiet.is_set()
    final = RecognitionReport(FINAL, "I.", 0, 1, '{"NBest": [{"Display": "I.", "Confidence": 0.5}]}')
    assert results.event(final, 1.0, 1.4, 1.8) == Final(1.8, "I.", 1.0, 1.4, 0.5)
    assert results.quiet.is_set() and results.last_end == 1.4


@pytest.mark.parametrize("report", [hypothesis("again"), RecognitionReport(FINAL, "Again.", 0, 1)])
async def test_what_an_earlier_session_has_reported_is_not_reported_again(report: RecognitionReport) -> None:
    results = RecognitionResults()
    results.event(RecognitionReport(FINAL, "Again.", 0, 1), 1.0, 1.4, 1.8)
    assert results.event(report, 1.0, 1.4, 2.0) is None
    assert results.quiet.is_set()


async def test_a_phrase_without_words_is_no_match_and_silence_is_no_phrase() -> None:
    results = RecognitionResults()
    results.event(hypothesis("uh"), 1.0, 1.2, 1.3)
    silence = RecognitionReport(NO_MATCH, "", 0, 5, '{"RecognitionStatus": "InitialSilenceTimeout"}')
    assert results.event(silence, 1.0, 6.0, 6.1) is None
    assert results.event(RecognitionReport(NO_MATCH, "", 0, 0), 1.0, 1.0, 6.1) is None
    assert results.quiet.is_set() and results.last_end == float("-inf")
    assert results.event(RecognitionReport(NO_MATCH, "", 0, 5), 1.0, 1.5, 6.2) == NoMatch(6.2, 1.0, 1.5)
    assert results.last_end == 1.5


async def test_a_phrase_that_its_session_cannot_finish_is_abandoned() -> None:
    results = RecognitionResults()
    results.event(hypothesis("i want"), 1.0, 1.2, 1.3)
    results.abandon_phrase()
    assert results.quiet.is_set()
    assert results.event(hypothesis("i want to"), 1.0, 1.3, 1.6) is not None


async def test_the_beginning_of_speech_says_nothing_by_itself() -> None:
    results = RecognitionResults()
    assert results.event(RecognitionReport(RecognitionSignal.SPEECH_DETECTED), 1.0, 1.0, 1.1) is None
    assert results.event(hypothesis(""), 1.0, 1.2, 1.3) is None
    assert results.quiet.is_set()


@pytest.mark.parametrize(
    "detail",
    [
        "",
        "{",
        "[]",
        '{"NBest": 1}',
        '{"NBest": []}',
        '{"NBest": [1]}',
        '{"NBest": [{}]}',
        '{"NBest": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
)
def test_a_result_of_another_shape_has_no_words(detail: str) -> None:
    assert not any(one.text for one in alternatives(detail))
    assert recognition_status(detail) == ""


@pytest.mark.parametrize("confidence", ["true", "-0.1", "1.1", '"0.5"', "NaN"])
def test_a_confidence_that_is_none_counts_as_absent(confidence: str) -> None:
    detail = f'{{"NBest": [{{"Display": "Yes.", "Confidence": {confidence}}}]}}'
    assert alternatives(detail) == [Alternative("Yes.", None)]


def test_the_text_of_an_alternative_is_cut() -> None:
    (best,) = alternatives(json.dumps({"NBest": [{"Display": "a" * (MAX_TEXT + 1)}]}))
    assert len(best.text) == MAX_TEXT


def test_what_may_have_been_said_instead_comes_with_the_result_each_words_once() -> None:
    entries = [
        {"Display": "4250.", "Lexical": "forty two fifty", "Confidence": 0.8},
        {"Display": "42, 50.", "Lexical": "forty two fifty", "Confidence": 0.1},
        {"Display": "4250!", "Confidence": 0.05},
        {"Display": "", "Confidence": 0.05},
        "what is no entry",
    ]
    assert alternatives(json.dumps({"NBest": entries})) == [
        Alternative("4250.", 0.8),
        Alternative("forty two fifty"),
        Alternative("42, 50.", 0.1),
    ]


def test_words_that_are_only_written_otherwise_are_not_told_twice() -> None:
    entries = [{"Display": "Yes, please.", "Lexical": "yes please", "Confidence": 0.8}]
    assert alternatives(json.dumps({"NBest": entries})) == [Alternative("Yes, please.", 0.8)]
