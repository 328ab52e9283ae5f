"""Yes and no, options, what may be asked for at any time: the rules between phrases. The words are in the cases."""

from __future__ import annotations

import pytest

from voicebot.authoring.understanding import Understanding, for_language
from voicebot.authoring.understanding.answers import one_off

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
