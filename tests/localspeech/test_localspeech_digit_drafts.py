from __future__ import annotations

import pytest

from voicebot.localspeech import prepare_models
from voicebot.localspeech.digit_drafts import rewritten
from voicebot.localspeech.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(prepare_models().tokenizer.read_bytes())


@pytest.mark.parametrize(
    ("draft", "head", "text"),
    [
        ("Two, zero, six, seven,", "2, 0", "2, 0, 6, 7."),
        ("206-7", "Two", "Two, zero, six, seven."),
        ("2067", "2-0", "2-0-6-7."),
        ("2-0-6-7-7", "20", "20677."),
        ("Oh one two", "Zero one", "Zero one two."),
        ("H, one, nine", "Eight", "Eight, one, nine."),
    ],
)
def test_digits_go_on_as_they_begin(vocabulary: Vocabulary, draft: str, head: str, text: str) -> None:
    begun = vocabulary.tokenize(head)
    tokens = rewritten(vocabulary.tokenize(draft), begun, vocabulary)
    assert tokens[: len(begun)] == begun
    assert vocabulary.text(tokens) == text


@pytest.mark.parametrize(
    ("draft", "head"),
    [("2067", "3"), ("20", "2"), ("I have 2067", "I"), ("2067", "2, 0, 7"), ("", "2"), ("2067", "The")],
)
def test_what_is_no_string_of_digits_or_begins_with_others_is_not_rewritten(
    vocabulary: Vocabulary, draft: str, head: str
) -> None:
    assert rewritten(vocabulary.tokenize(draft), vocabulary.tokenize(head), vocabulary) == []
