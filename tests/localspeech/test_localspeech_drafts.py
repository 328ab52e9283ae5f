from __future__ import annotations

import itertools

import pytest

from voicebot.localspeech import prepare_models
from voicebot.localspeech.drafts import DigitWays, following
from voicebot.localspeech.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(prepare_models().tokenizer.read_bytes())


@pytest.fixture(scope="module")
def ways(vocabulary: Vocabulary) -> DigitWays:
    return DigitWays(vocabulary)


@pytest.mark.parametrize(
    ("draft", "text", "whole"),
    [
        ("Two, zero, six, seven,", "2, 0", "2, 0, 6, 7."),
        ("206-7", "Two", "Two, zero, six, seven."),
        ("2067", "2-0", "2-0-6-7."),
        ("2-0-6-7-7", "20", "20677."),
        ("2 0 6 7", "Two zero", "Two zero six seven."),
        ("H, one, nine, four", "8 1", "8 1 9 4."),
        ("8 1 9 4", "H, one, nine", "H, one, nine, four."),
        ("Five, zero, seven", "Five, oh", "Five, oh, seven"),
        ("2067", "3", "3, 0, 6, 7."),
        ("2 0 6 7 5 1", "Two, zero, seven", "Two, zero, seven, five, one."),
        ("2 0 6 7 5 1", "Two, zero, six, six", "Two, zero, six, six, seven, five, one."),
    ],
)
def test_digits_go_on_as_they_are_written_after_one_that_is_missing_other_or_more(
    vocabulary: Vocabulary, ways: DigitWays, draft: str, text: str, whole: str
) -> None:
    begun = vocabulary.tokenize(text)
    rest = following(vocabulary.tokenize(draft), begun, ways)
    assert vocabulary.text([*begun, *rest]) == whole


@pytest.mark.parametrize("begun", ["Two", "Two,", "2", "2,", "2 0", "2, 0", "2, 0,", "2-0-"])
def test_marks_that_are_written_already_are_not_written_again(
    vocabulary: Vocabulary, ways: DigitWays, begun: str
) -> None:
    text = vocabulary.tokenize(begun)
    whole = [*text, *following(vocabulary.tokenize("2 0 6 7"), text, ways)]
    said = [ways.digits[token] for token in whole if token not in ways.between]
    assert "".join(said) == "2067"
    assert not any(one == other for one, other in itertools.pairwise(whole))


@pytest.mark.parametrize(
    ("draft", "text", "rest"),
    [
        ("I want to talk to her today.", "I want to walk", "to her today."),
        ("I want to talk to her today.", "I want to really talk", "to her today."),
        ("I want to talk to her today.", "I want talk", "to her today."),
        ("I want to talk", "I want to talk", ""),
        ("", "Two", ""),
    ],
)
def test_a_sentence_is_found_again_after_a_word_that_is_other_missing_or_more(
    vocabulary: Vocabulary, draft: str, text: str, rest: str
) -> None:
    tokens = following(vocabulary.tokenize(draft), vocabulary.tokenize(text), None)
    assert vocabulary.text(tokens) == rest


def test_a_sentence_where_digits_are_asked_for_is_found_again_as_anywhere(
    vocabulary: Vocabulary, ways: DigitWays
) -> None:
    tokens = following(vocabulary.tokenize("It is, well, my name."), vocabulary.tokenize("It was"), ways)
    assert vocabulary.text(tokens) == ", well, my name."
