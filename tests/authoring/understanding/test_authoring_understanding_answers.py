"""Yes and no, options, what may be asked for at any time: the rules between phrases. The words are in the cases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.authoring.understanding import Understanding, for_language
from voicebot.authoring.understanding.answers import _beginning, _Said, one_off
from voicebot.authoring.understanding.vocabulary import load

OPTIONS = {"billing": ["my bill", "pay"], "support": ["technical help", "pick up"], "sales": ["buy a line"]}


@pytest.fixture
def english() -> Understanding:
    return for_language("en-US")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("billing", "billing"),
        ("not billing", None),
        ("not billing, support", "support"),
        ("support, not billing", "support"),
        ("billing, not support", "billing"),
        ("not billing and not support", None),
        ("billing not", "billing"),
        ("billing or support", None),
        ("I want to buy a line for billing", "sales"),  # more words
        ("technical please", "support"),  # a part of the phrase, which no other option has
        ("pickup", "support"),
        ("bill ing", "billing"),
        ("the second one", "support"),
        ("option three", "sales"),
        ("the last one", "sales"),
        ("the fourth one", None),
        ("the first or the second", None),
        ("", None),
    ],
)
def test_one_of_the_options(english: Understanding, said: str, meant: str | None) -> None:
    assert english.choice(said, OPTIONS) == meant


MENU = {"billing": ["billing", "my bill", "pay"], "outage": ["outage", "power cut"], "hours": ["opening hours"]}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Billan, please.", "billing"),
        ("bill in", "billing"),
        ("pilling", "billing"),
        ("out age", "outage"),
        ("outrage", "outage"),
        ("opening ours", "hours"),
        ("banana", None),
        ("the weather", None),
        ("my dog is ill", None),
        ("information", None),
        ("boiling water", None),
    ],
)
def test_an_option_is_taken_for_what_clearly_sounds_like_no_other(
    english: Understanding, said: str, meant: str | None
) -> None:
    assert english.choice(said, MENU) == meant


def test_of_two_options_that_sound_nearly_the_same_a_mishearing_chooses_none(english: Understanding) -> None:
    options = {"billing": ["billing"], "filling": ["filling"]}
    assert english.choice("Pillan", options) is None
    assert english.choice("billing", options) == "billing"


@pytest.mark.parametrize("said", ["two", "press two", "the second one", "Billan", "the last one", "one"])
def test_only_its_own_words_name_an_option_outright(english: Understanding, said: str) -> None:
    assert english.choice(said, MENU, {"billing": "1", "outage": "2"}, outright=True) is None
    assert english.choice("billing please", MENU, outright=True) == "billing"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("three", "billing"),
        ("press one", "outage"),
        ("the first one", "billing"),
        ("two", None),
        ("number 3", "billing"),
    ],
)
def test_a_number_means_the_key_and_an_ordinal_the_place(english: Understanding, said: str, meant: str | None) -> None:
    assert english.choice(said, MENU, {"billing": "3", "outage": "1"}) == meant


def test_a_number_in_a_sentence_is_not_the_number_of_an_option(english: Understanding) -> None:
    rooms = {"small": ["one bedroom"], "large": ["two bedrooms"]}
    assert english.choice("one moment please", rooms) is None
    assert english.choice("I would like one", rooms) == "small"
    assert english.choice("two bedrooms", rooms) == "large"


@pytest.mark.parametrize(
    ("language", "said", "only"),
    [
        ("en", "okay", True), ("en", "mm-hmm", True), ("en", "okay, thanks", True), ("en", "I see", True),
        ("en", "uh", True), ("en", "yes yes", True), ("en", "no", True), ("en", "oh right", True),
        ("en", "billing", False), ("en", "okay billing", False), ("en", "agent", False), ("en", "yes, but", False),
        ("de", "okay", True), ("de", "ja, genau", True), ("de", "ach so", True), ("de", "Rechnung", False),
        ("es", "vale", True), ("es", "ya veo", True), ("es", "sí, gracias", True), ("es", "factura", False),
        ("fr", "d'accord", True), ("fr", "je vois", True), ("fr", "oui, merci", True), ("fr", "facture", False),
    ],
)  # fmt: skip
def test_agreement_alone_says_nothing_else(language: str, said: str, only: bool) -> None:
    assert for_language(language).only_agrees(said) is only


def test_without_options_nothing_is_meant(english: Understanding) -> None:
    assert english.choice("the last one", {}) is None
    assert english.choice("billing", {}) is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("yes", True),
        ("no", False),
        ("yes, that's not right", False),
        ("no, that's right", None),
        ("no wait, yes", True),
        ("yes no", None),
        ("right", True),
        ("yes right now", None),  # as long as each other: "right now" hides the "right" in it
        ("yes or no", None),
        ("that is right, I do have", True),  # "I do have" answers nothing, but is no longer than the yes
        ("write", True),
        ("write it down for me there", None),
        ("I do not know the right answer to that", None),
        ("that is right, I do not know", None),
        ("no idea", None),
        ("please", True),
        ("I can't", False),
    ],
)
def test_yes_and_no(english: Understanding, said: str, meant: bool | None) -> None:
    assert english.yes_no(said) is meant


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("help", "help"),
        ("help the helpless", None),
        ("start over", "start_over"),
        ("come again, what am I supposed to say", "help"),  # the longest, not the first
        ("what am I supposed to say, come again", "help"),  # nor the last
        ("my bill", None),
    ],
)
def test_what_is_asked_for_at_any_time(english: Understanding, said: str, asked: str | None) -> None:
    assert english.asks_for(said) == asked


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("help", None),
        ("start over", None),
        ("once more", None),
        ("Anna", "Anna"),
        ("Anna Help", "Anna Help"),
        ("yes", None),
        ("I don't know", None),
    ],
)
def test_what_is_asked_for_is_nobodys_name(english: Understanding, said: str, name: str | None) -> None:
    assert english.name(said) == name


@pytest.mark.parametrize(
    ("short", "long", "alike"),
    [
        ("outage", "outage", True),
        ("outage", "outages", True),
        ("outage", "outrage", True),
        ("outage", "oatage", True),
        ("outage", "outagexx", False),
        ("outage", "oatege", False),
        ("billing", "bilking", True),
        ("bill", "kill", True),
    ],
)
def test_one_letter_more_less_or_other(short: str, long: str, alike: bool) -> None:
    assert one_off(short, long) is alike


WORDS = st.lists(st.text("abs", min_size=1, max_size=4), max_size=4)


@given(WORDS, WORDS)
def test_a_phrase_that_is_not_looked_at_has_nothing_of_what_was_said(said: list[str], wanted: list[str]) -> None:
    uttered = _Said(said)
    if uttered.has_none_of(frozenset(map(_beginning, wanted))):
        assert not uttered.joined(wanted) and not uttered.places(wanted)
        assert not any(uttered.alike(word) for word in wanted)


def test_the_tokens_of_a_text_are_those_of_whoever_asked_for_them() -> None:
    vocabulary = load("en")
    vocabulary.tokens("pay my bill").clear()
    vocabulary.content("pay my bill").clear()
    assert [token.word for token in vocabulary.tokens("pay my bill")] == ["pay", "my", "bill"]
    assert vocabulary.content("pay my bill")
