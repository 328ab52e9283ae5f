"""How much of an asked number has been said, and how long a pause in it may be, on virtual time."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from turns_call import Call

from voicebot.authoring.answers.expectation import of_value
from voicebot.authoring.understanding import for_language
from voicebot.events import AnswerKind, CallConfigured, ExpectedAnswer, Final, SpeechStarted, SpeechStopped
from voicebot.turns.expected_answer import Judgement, almost_counted, ends_in_answer, ends_in_part, judge

NOTHING, OTHER, COMMAND = Judgement.NOTHING, Judgement.OTHER, Judgement.COMMAND
BEGINNING, ENOUGH, COMPLETE = Judgement.BEGINNING, Judgement.ENOUGH, Judgement.COMPLETE


def expected(language: str, least: int, most: int, *, letters: bool = False) -> ExpectedAnswer:
    words, others = for_language(language).usual.parts(letters=letters)
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
        ("en", "425 and 12 for", ENOUGH),  # as many words as digits are asked for: some were misheard
        ("en", "four for they are and five and", BEGINNING),  # too many to be digits
        ("en", "four two five for five and", BEGINNING),  # and here some are to come
        ("en", "my new number is four two five", BEGINNING),  # those before digits are none
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


MENU = ExpectedAnswer(
    AnswerKind.CHOICE,
    answers=frozenset({"billing", "account", "account balance", "the first one", "first one", "yes", "that is right"}),
    open_answers=frozenset({"account"}),
    beside=frozenset({"please", "um", "uh", "i want", "i would like", "to", "the", "thank you"}),
    commands=frozenset({"agent", "repeat that", "speak to an agent", "main menu"}),
)


@pytest.mark.parametrize(
    ("text", "judgement"),
    [
        ("Billing.", COMPLETE), ("Uh, billing, please.", COMPLETE), ("I want to, um, billing", COMPLETE),
        ("Account.", ENOUGH), ("Account, please.", ENOUGH), ("Account balance.", COMPLETE),
        ("account um balance", COMPLETE), ("the first", BEGINNING), ("first", BEGINNING), ("The first one.", COMPLETE),
        ("um the", NOTHING), ("Um.", NOTHING), ("please", NOTHING), ("", NOTHING), ("...", NOTHING),
        ("Yes, that is right.", COMPLETE), ("yes that is", ENOUGH), ("yes but what does it cost", OTHER),
        ("what is billing", OTHER), ("sales", OTHER), ("agent", COMMAND), ("An agent, please", OTHER),
        ("Um, agent, please!", COMMAND), ("could I speak to an agent about it", OTHER), ("repeat", OTHER),
        ("speak to an", BEGINNING), ("billing " * 50, OTHER),
    ],
)  # fmt: skip
def test_one_of_a_few_answers_is_known_by_its_phrases(text: str, judgement: Judgement) -> None:
    assert judge(text, MENU) is judgement


AMOUNT = ExpectedAnswer(
    AnswerKind.VALUE,
    words=frozenset({"one", "two", "forty", "vierzig", "dollars", "ten", "cents", "tomorrow", "may"}),
    others=frozenset({"and", "half"}),
    answers=frozenset({"cents", "tomorrow"}),
    beside=frozenset({"um", "please", "it is"}),
    commands=frozenset({"help"}),
)


@pytest.mark.parametrize(
    ("text", "judgement"),
    [
        ("forty", ENOUGH), ("forty two dollars", ENOUGH), ("forty dollars and", BEGINNING), ("40 dollars", ENOUGH),
        ("forty dollars and ten cents", COMPLETE), ("Forty dollars, um, ten cents, please", COMPLETE),
        ("$40.10", ENOUGH),
        ("zweiundvierzig", ENOUGH), ("tomorrow", COMPLETE), ("may the 3rd", ENOUGH), ("help", COMMAND), ("um", NOTHING),
        ("what do you mean", OTHER), ("two of my friends", OTHER),
    ],
)  # fmt: skip
def test_a_value_is_enough_until_a_word_ends_it(text: str, judgement: Judgement) -> None:
    assert judge(text, AMOUNT) is judgement


def test_of_anything_that_may_be_said_phrases_and_commands_are_known() -> None:
    expected = replace(MENU, kind=AnswerKind.OPEN)
    assert judge("I have lost my card", expected) is OTHER
    assert (judge("billing", expected), judge("agent", expected), judge("um", expected)) == (COMPLETE, COMMAND, NOTHING)


def test_an_option_may_be_named_where_digits_are_asked_for() -> None:
    words, others = for_language("en").usual.parts(letters=False)
    expected = replace(MENU, kind=AnswerKind.DIGITS, least=4, most=4, words=words, others=others)
    said = ("one two", "um one two three four", "the first one", "billing", "agent please", "I do not know", "account")
    assert [judge(text, expected) for text in said] == [
        BEGINNING, COMPLETE, COMPLETE, COMPLETE, COMMAND, OTHER, ENOUGH,
    ]  # fmt: skip


def test_a_judgement_is_made_in_no_time() -> None:
    answers = frozenset(f"{word} {number}" for word in ("account", "service", "repair") for number in range(130))
    expected = replace(MENU, answers=answers)
    judge("account", expected)
    for text in ("account um 129 please", "I would like to the " * 30, "um " * 40, "please speak to an " * 9):
        began = time.process_time()
        for _ in range(50):
            judge(text, expected)
        assert time.process_time() - began < 0.1  # a tenth of it is usual


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


def value(kind: str) -> ExpectedAnswer:
    told = of_value(kind, for_language("en")).told((), ())
    return ExpectedAnswer(AnswerKind.VALUE, words=frozenset(told["words"]), others=frozenset(told["others"]),
                          answers=frozenset(told["answers"]), open_answers=frozenset(told["openAnswers"]))  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text", "closed", "how_far"),
    [
        ("money", "Twelve dollars.", True, ENOUGH),
        ("money", "Twelve.", False, ENOUGH),
        ("money", "Twelve dollars and", False, BEGINNING),
        ("money", "Twelve dollars and fifty", False, ENOUGH),
        ("money", "Twelve dollars and fifty cents.", True, COMPLETE),
        ("money", "$12.", True, ENOUGH),
        ("money", "It's $1,250.", True, ENOUGH),
        ("money", "$12 and", False, BEGINNING),
        ("date", "February first.", False, ENOUGH),
        ("time", "Three o'clock.", True, ENOUGH),
    ],
)
def test_a_sum_may_end_with_its_coin_and_a_day_with_its_year(
    kind: str, text: str, closed: bool, how_far: Judgement
) -> None:
    assert (ends_in_answer(text, value(kind)), judge(text, value(kind))) == (closed, how_far)


OPENING = ExpectedAnswer(
    AnswerKind.CHOICE, answers=frozenset(("open", "opening hours", "bill")), beside=frozenset(("um",))
)


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("When are you open?", True),
        ("What are your opening hours, um", True),
        ("My bill was wrong", False),
        ("", False),
    ],
)
def test_a_sentence_ends_in_an_answer_whatever_is_before_it(text: str, closed: bool) -> None:
    assert ends_in_answer(text, OPENING) is closed
    assert not ends_in_answer(text, replace(OPENING, kind=AnswerKind.OPEN))
    assert not ends_in_answer(text, None)


@pytest.mark.parametrize(
    ("text", "almost"),
    [
        ("", False), ("60", False), ("603", True), ("six zero three", True), ("uh, 603", True), ("6039", True),
        ("60392", False), ("sixty 39", False),
    ],
)  # fmt: skip
def test_of_digits_one_may_be_missing_that_was_not_heard_yet(text: str, almost: bool) -> None:
    assert almost_counted(text, expected("en", 4, 4)) is almost
    assert not almost_counted(text, expected("en", 4, 4, letters=True))
    assert not almost_counted("603", expected("en", 4, 8))
    assert almost_counted("", expected("en", 1, 1))


@pytest.mark.parametrize(
    ("before", "text", "almost"),
    [
        ("425555", "425555012", True), ("uh, 425 5550", "4255550122", True), ("four two five", "425555012", False),
        ("425555012", "4255550122", True), ("4255550122", "4255550122", True), ("4255530000", "4255555555", False),
        ("74395", "7439573957", False), ("seven four", "7439573957", False), ("four", "425555012", False),
    ],
)  # fmt: skip
def test_that_counts_only_for_a_hypothesis_that_goes_on_with_the_one_before_it(
    before: str, text: str, almost: bool
) -> None:
    assert almost_counted(text, expected("en", 10, 10), before) is almost
