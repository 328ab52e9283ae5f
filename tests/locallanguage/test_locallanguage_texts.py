from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.locallanguage.extraction import extracted
from voicebot.locallanguage.key_phrases import key_phrases
from voicebot.locallanguage.personal import personal, redacted
from voicebot.locallanguage.tokens import MAX_SENTENCES, sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ", []),
        ("One. Two!  Three?", ["One.", "Two!", "Three?"]),
        ("I paid Dr. Miller on Monday. Thanks", ["I paid Dr. Miller on Monday.", "Thanks"]),
        ("It costs 3.50 a month.", ["It costs 3.50 a month."]),
        ("So do I. Really", ["So do I.", "Really"]),
        ("first line\nsecond line", ["first line", "second line"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [sentence.text for sentence in sentences(text)] == expected


@given(st.text(max_size=400))
def test_sentences_stand_where_they_say_and_nothing_but_space_is_between(text: str) -> None:
    found = sentences(text)
    assert all(text[one.begin : one.end] == one.text for one in found)
    assert "".join("".join(one.text for one in found).split()) == "".join(text.split())


def test_the_number_of_sentences_is_bounded() -> None:
    found = sentences("No. Yes! " * 2000)
    assert len(found) == MAX_SENTENCES
    assert found[-1].text.endswith("Yes!")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My internet connection is down, and the internet connection at work too.", "internet connection"),
        ("I'd like to ask about my travel insurance please.", "travel insurance"),
        ("The router's power supply is broken.", "power supply"),
    ],
)
def test_key_phrases_name_the_matter(text: str, expected: str) -> None:
    assert any(expected in phrase for phrase in key_phrases(text))


@pytest.mark.parametrize(
    "text", ["", "Yes, please.", "Okay thank you, bye.", "I want to know what you think.", "12 34"]
)
def test_small_talk_has_no_key_phrases(text: str) -> None:
    assert key_phrases(text) == []


@pytest.mark.parametrize(
    ("text", "category", "found"),
    [
        ("Write to jane.doe+x@mail.example.co.uk please", "Email", "jane.doe+x@mail.example.co.uk"),
        ("my card is 4111 1111 1111 1111.", "CreditCardNumber", "4111 1111 1111 1111"),
        ("it is DE89 3704 0044 0532 0130 00", "InternationalBankingAccountNumber", "DE89 3704 0044 0532 0130 00"),
        ("call me at 415-555-2671", "PhoneNumber", "415-555-2671"),
        ("call me at +44 20 7946 0958", "PhoneNumber", "+44 20 7946 0958"),
        ("Hello, my name is Peter Lang, I have a question", "Person", "Peter Lang"),
    ],
)
def test_personal_data_is_found_and_covered(text: str, category: str, found: str) -> None:
    (one,) = personal(text)
    assert (one.category, one.text) == (category, found)
    covered = redacted(text, [one])
    assert len(covered) == len(text) and found not in covered and "*" * len(found) in covered


@pytest.mark.parametrize(
    "text",
    ["order 4111 1111 1111 1112", "DE89 3704 0044 0532 0130 02", "my name is not important", "at 10 to 12", "@ home"],
)
def test_what_only_looks_personal_is_left(text: str) -> None:
    assert personal(text) == []


@given(st.text(alphabet="DE0123456789 @.+-aB", max_size=200))
def test_finds_never_overlap(text: str) -> None:
    found = personal(text)
    assert all(text[one.begin : one.end] == one.text for one in found)
    assert all(first.end <= second.begin for first, second in pairwise(found))


CALL = (
    "Hello. Good morning. I'm calling because my internet connection has been down since Monday. Yes. "
    "The router blinks red and the connection never comes back. Okay. My name is Peter. Thank you. Bye."
)


def test_the_sentences_that_matter_are_taken_in_their_order() -> None:
    taken = [one.sentence.text for one in extracted(CALL, 2)]
    assert taken == [
        "I'm calling because my internet connection has been down since Monday.",
        "The router blinks red and the connection never comes back.",
    ]
    assert [one.rank for one in extracted(CALL, 3, by_rank=True)] == sorted(
        (one.rank for one in extracted(CALL, 3)), reverse=True
    )


@given(st.text(max_size=300), st.integers(1, 20))
def test_ranks_are_shares(text: str, count: int) -> None:
    found = extracted(text, count)
    assert len(found) <= count
    assert all(0 <= one.rank <= 1 for one in found)
