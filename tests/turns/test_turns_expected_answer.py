"""How much of an asked number has been said, and how long a pause in it may be, on virtual time."""

from __future__ import annotations

import pytest
from turns_call import Call

from voicebot.authoring.understanding import for_language
from voicebot.events import AnswerKind, CallConfigured, ExpectedAnswer, Final, SpeechStarted, SpeechStopped
from voicebot.turns.expected_answer import Judgement, ends_in_part, judge

NOTHING, OTHER = Judgement.NOTHING, Judgement.OTHER
BEGINNING, ENOUGH, COMPLETE = Judgement.BEGINNING, Judgement.ENOUGH, Judgement.COMPLETE


def expected(language: str, least: int, most: int, *, letters: bool = False) -> ExpectedAnswer:
    words, others = for_language(language).part_words(letters)
    return ExpectedAnswer(AnswerKind.SPELLED if letters else AnswerKind.DIGITS, least, most, words, others)


@pytest.mark.parametrize(
    ("language", "text", "how_far"),
    [
        ("en", "four two five", BEGINNING),
        ("en", "425", BEGINNING),
        ("en", "425 555", BEGINNING),
        ("en", "my number is four two five", BEGINNING),
        ("en", "four two five five five five oh", ENOUGH),
        ("en", "425-555-0123", COMPLETE),
        ("en", "four two five five five five zero one two three", COMPLETE),
        ("en", "425-555-01234", OTHER),  # one too many: something was misheard
        ("en", "forty two", OTHER),
        ("en", "double four", OTHER),
        ("en", "I do not know", OTHER),
        ("en", "", NOTHING),
        ("de", "vier zwei fünf", BEGINNING),
        ("de", "vier zwo FÜNF fünf sechs sieben null", ENOUGH),
        ("de", "zweiundvierzig", OTHER),
        ("de", "zwanzig", OTHER),
        ("es", "cuatro dos cinco", BEGINNING),
        ("es", "cuatro dos cinco cinco seis siete cero", ENOUGH),
        ("es", "cuarenta y dos", OTHER),
        ("fr", "quatre deux cinq", BEGINNING),
        ("fr", "zéro deux cinq cinq six sept huit", ENOUGH),
        ("fr", "soixante douze", OTHER),
    ],
)
def test_digits_are_counted_in_the_words_of_the_language(language: str, text: str, how_far: Judgement) -> None:
    assert judge(text, expected(language, 7, 10)) is how_far


@pytest.mark.parametrize(
    ("language", "text", "how_far"),
    [
        ("en", "S", BEGINNING), ("en", "S M I", ENOUGH), ("en", "sierra mike", ENOUGH), ("en", "S M I T H", COMPLETE),
        ("en", "my name", OTHER), ("de", "anton berta", ENOUGH), ("es", "eme", BEGINNING), ("fr", "B O", ENOUGH),
    ],
)  # fmt: skip
def test_so_are_letters(language: str, text: str, how_far: Judgement) -> None:
    assert judge(text, expected(language, 2, 5, letters=True)) is how_far


def test_nothing_is_expected_of_a_question_that_says_nothing() -> None:
    assert judge("four two five", None) is OTHER
    assert not ends_in_part("four", None)
    assert ends_in_part("und vier", expected("de", 1, 2)) and not ends_in_part("vier und", expected("de", 1, 2))


@pytest.mark.parametrize(
    ("text", "quiet_s"),
    [
        ("four two five", 1.5),
        ("four two five five five five zero", 0.7),
        ("four two five five five five zero one two three", 0.12),
        ("I do not know", 0.35),
    ],
)
def test_a_turn_lasts_as_long_as_its_number_is_short(text: str, quiet_s: float) -> None:
    call = Call().waiting()
    call.on(CallConfigured(2.5, phrases=(), answer=expected("en", 7, 10)))
    call.take()
    call.on(SpeechStarted(3.1, 3.0)).on(Final(4.05, text, 3.0, 4.0, 0.9)).on(SpeechStopped(4.1, 4.0))
    assert call.until(3.99 + quiet_s).asks() == []
    assert [ask.text for ask in call.until(4.0 + quiet_s).asks()] == [text]


def test_groups_with_pauses_between_them_are_one_turn() -> None:
    call = Call().waiting()
    call.on(CallConfigured(2.5, phrases=(), answer=expected("en", 7, 15)))
    call.take()
    call.says("four two five", 3.0, 4.0).says("five five five", 5.2, 6.2).says("zero one two three", 7.4, 8.6)
    assert [ask.text for ask in call.until(12.0).asks()] == ["four two five five five five zero one two three"]


def test_what_was_expected_is_forgotten_with_the_next_question() -> None:
    call = Call().waiting()
    call.on(CallConfigured(2.5, phrases=(), answer=expected("en", 7, 10)))
    assert call.machine.floor.policy.expected is not None
    call.on(CallConfigured(2.6, no_input_s=3.0))
    assert call.machine.floor.policy.expected is not None
    call.on(CallConfigured(2.7, phrases=()))
    assert call.machine.floor.policy.expected is None
