from __future__ import annotations

import pytest

from voicebot.spoken_phrases import SpokenPhrase, SpokenWords, line_of, pattern_of


def said(phrase: str, text: str) -> bool:
    return SpokenPhrase(phrase).said_in(SpokenWords(text, 100))


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("card number", "Your CARD number, please."),
        ("cancel my (contract|account)", "I'd like to cancel my account"),
        ("thank you (very much|)", "Thank you!"),
        ("thank you (very much|) indeed", "Thank you very much indeed."),
        ("never ... arrived", "it never arrived"),
        ("never ... arrived", "it never ever really arrived"),
        ("that's (it|all)", "That’s all."),
        ("twenty-four hours", "within twenty four hours"),
        ("(two|three|) days ago", "days ago"),
        ("(can't|won't) ... wait", "I can not wait"),
        ("I'm here", "I am here"),
        ("... (a b|c d) e", "well c d e"),
    ],
)
def test_a_phrase_is_found(phrase: str, text: str) -> None:
    assert said(phrase, text)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("card", "discard it, cardigan"),
        ("card number", "card and number"),
        ("never ... arrived", "it never was the one that has arrived"),
        ("cancel my (contract|account)", "cancel my order"),
        ("thank you", ""),
    ],
)
def test_other_words_are_not_that_phrase(phrase: str, text: str) -> None:
    assert not said(phrase, text)


@pytest.mark.parametrize(
    ("phrase", "word"),
    [
        ("", "no word"),
        ("...", "no word"),
        ("(a|b|)", "no word"),
        ("card (number", "not a choice"),
        ("card ((a|b)|c)", "not"),
        ("card | number", "not a word"),
        ("?", "not a word"),
        ("card (|)", "not a choice"),
        ("x" * 401, "400"),
    ],
)
def test_what_is_wrong_with_a_phrase_is_said(phrase: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        pattern_of(phrase)


def test_searching_takes_time_in_proportion_to_the_text() -> None:
    pattern = pattern_of("never ... never ... never ... arrived")
    assert pattern.search(line_of(["never"] * 20_000)) is None
