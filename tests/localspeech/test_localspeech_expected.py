from __future__ import annotations

import math

import pytest

from voicebot.localspeech.digit_strings import join_digits
from voicebot.localspeech.expected import choose, lexical

PHRASES = ("billing", "outage", "opening hours", "speak to an agent")


def scores(**likely: float) -> object:
    return lambda phrases: [likely.get(phrase.split()[0], -40.0) for phrase in phrases]


def test_what_was_expected_and_written_stays() -> None:
    def never(phrases: list[str]) -> list[float]:
        raise AssertionError

    assert choose("Billing.", -4.0, 3, PHRASES, never) is None
    assert choose("Something clear.", -0.1, 4, PHRASES, never) is None
    assert choose("Hm.", -3.0, 2, (), never) is None


def test_a_doubtful_word_gives_way_to_a_phrase_that_the_audio_supports() -> None:
    choice = choose("Hotage.", -4.0, 4, PHRASES, scores(outage=-5.0))  # type: ignore[arg-type]
    assert choice is not None and choice.text == "Outage."
    assert 0 < choice.confidence < 1


def test_a_phrase_that_the_audio_does_not_support_is_not_taken() -> None:
    assert choose("Goodbye.", -2.0, 4, PHRASES, scores(outage=-9.5)) is None  # type: ignore[arg-type]
    assert choose("Goodbye.", -2.0, 4, PHRASES, scores(outage=-7.0, billing=-9.0)) is None  # type: ignore[arg-type]


def test_a_phrase_far_ahead_of_the_others_may_be_less_likely() -> None:
    choice = choose("Hotage.", -2.0, 4, PHRASES, scores(outage=-8.0, billing=-14.0))  # type: ignore[arg-type]
    assert choice is not None and choice.text == "Outage."


def test_two_phrases_alike_are_no_decision() -> None:
    assert choose("Hotage.", -4.0, 4, PHRASES, scores(outage=-4.5, billing=-5.0)) is None  # type: ignore[arg-type]


def test_a_long_sentence_is_not_replaced_by_a_word() -> None:
    text = "I would like to know why my bill is so high this month"
    assert choose(text, -20.0, 14, ("bill", "outage"), lambda phrases: [0.0 for _ in phrases]) is None


def test_confidence_is_shared_between_the_written_text_and_the_phrases() -> None:
    choice = choose("Yeth.", -2.0, 2, ("yes",), lambda phrases: [-2.0])
    assert choice is not None and math.isclose(choice.confidence, 0.5)


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("For one one one.", "4111."), ("There, one, two, three.", "0123."), ("to five five", "255."),
        ("Four two five.", "425."), ("For two.", "For two."), ("For 111.", "4111."), ("Or 111.", "4111."),
        ("for 2", "for 2"), ("For one person", "For one person"),
        ("A four two five", "A 425"), ("here and there", "here and there"), ("for to", "for to"), ("", ""),
    ],
)  # fmt: skip
def test_where_digits_are_asked_for_words_that_sound_like_them_are_digits(heard: str, written: str) -> None:
    assert join_digits(heard, asked=True) == written


def test_lexical_is_words_alone() -> None:
    assert lexical("I'd say: Twenty-two, O'Clock!") == "i'd say twenty two o'clock"


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("One, two, three, four.", "1234."),
        ("8 1 9 4 8 2", "819482"),
        ("H, one, nine, four, eight, two.", "819482."),
        ("My number is 4 2 5 5 5 5, thanks.", "My number is 425555, thanks."),
        ("Five, won, six, to, nine, nine.", "516299."),
        ("oh one seven", "017"),
        ("19 48 21", "194821"),
        ("two to three", "two to three"),
        ("One moment for me.", "One moment for me."),
        ("I need two. One for me.", "I need two. One for me."),
        ("twenty five and thirty", "twenty five and thirty"),
        ("Oh, yes.", "Oh, yes."),
        ("", ""),
    ],
)
def test_runs_of_digits_are_written_as_one_string(heard: str, written: str) -> None:
    assert join_digits(heard) == written
