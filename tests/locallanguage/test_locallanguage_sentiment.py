from __future__ import annotations

from functools import cache

import pytest

from bench.sentiment import HELD_OUT, TUNED, WANTED, labelled, share_right, vader
from voicebot.locallanguage.lexicon import english
from voicebot.locallanguage.sentiment import SentimentScorer, document_label


@cache
def scorer() -> SentimentScorer:
    return SentimentScorer(english())


def label(text: str) -> str:
    return scorer().mood(text).label


def test_sentences_of_calls_are_judged_right_as_often_as_is_promised() -> None:
    tuned, held_out = labelled(TUNED), labelled(HELD_OUT)
    assert len(tuned) + len(held_out) >= 300
    assert {mood for mood, _ in tuned + held_out} == {"negative", "neutral", "positive"}
    assert not {text for _, text in tuned} & {text for _, text in held_out}
    for rows in (tuned, held_out):
        assert share_right(rows, label) >= WANTED
        assert share_right(rows, label) > share_right(rows, vader()) + 0.15


@pytest.mark.parametrize(
    "text",
    [
        "Please.",
        "Could you please help me with that?",
        "Thank you, goodbye.",
        "I'd like to cancel my subscription, please.",
        "Have a nice day.",
        "How can I help you?",
        "",
        "...",
        "4711",
    ],
)
def test_politeness_and_what_the_call_is_about_are_no_mood(text: str) -> None:
    assert label(text) == "neutral"


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("I'm happy with it.", "positive"),
        ("I'm not happy with it.", "negative"),
        ("I am not at all satisfied.", "negative"),
        ("It’s not good.", "negative"),
        ("There was no trouble at all.", "positive"),
        ("They never called.", "negative"),
        ("He was friendly, but nobody could help me.", "negative"),
        ("It took a while, but now everything works perfectly.", "positive"),
        ("That's awful, it is very very annoying.", "negative"),
        ("THIS IS TERRIBLE", "negative"),
    ],
)
def test_negations_and_buts_turn_the_mood(text: str, mood: str) -> None:
    assert label(text) == mood


def test_what_is_said_more_strongly_scores_higher() -> None:
    scores = [
        scorer().mood(text).score for text in ("That's good.", "That's very good.", "That's very good, I love it.")
    ]
    assert 0 < scores[0] < scores[1] < scores[2] < 1


@pytest.mark.parametrize("text", ["This is awful.", "Where is it?", "Wonderful, thank you so much!", "It's an issue."])
def test_the_shares_add_up_and_the_label_has_the_largest(text: str) -> None:
    mood = scorer().mood(text)
    positive, neutral, negative = mood.shares
    assert positive + neutral + negative == pytest.approx(1)
    assert {"positive": positive, "neutral": neutral, "negative": negative}[mood.label] == max(mood.shares)


def test_a_text_with_sentences_of_both_moods_is_mixed() -> None:
    moods = [mood for _, mood in scorer().sentences("You are great. The router is terrible. It is blue.")]
    assert [mood.label for mood in moods] == ["positive", "negative", "neutral"]
    assert document_label(moods) == "mixed"
    assert document_label(moods[1:]) == "negative"
    assert document_label([]) == "neutral"
