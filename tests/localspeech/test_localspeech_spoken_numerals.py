"""How a numeral was said is found out where it can be said in several ways that mean different things."""

from __future__ import annotations

import json

import pytest

from voicebot.localspeech.engines import Transcript
from voicebot.localspeech.phrase_result import phrase_result
from voicebot.localspeech.spoken_numerals import likeliest, ways
from voicebot.speech.recognition_results import alternatives


@pytest.mark.parametrize(("text", "number", "groups", "digits"), [
    ("4250.", "Forty-two hundred fifty.", "Forty-two fifty.", "Four two five zero."),
    ("4250.", "Four thousand two hundred and fifty.", "Forty-two, fifty.", "Four two five zero."),
    ("It is 999", "It is nine hundred ninety-nine", "It is nine ninety-nine", "It is nine nine nine"),
    ("About 1205 or so.", "About twelve hundred five or so.", "About twelve oh five or so.",
     "About one two zero five or so."),
    ("3042.", "Three thousand and forty-two.", "Thirty forty-two.", "Three zero four two."),
])  # fmt: skip
def test_a_numeral_can_be_a_number_groups_or_digits(text: str, number: str, groups: str, digits: str) -> None:
    said = ways(text)
    assert number in said["number"]
    assert groups in said["groups"]
    assert said["digits"] == [digits]


@pytest.mark.parametrize(("text", "range_", "groups"), [
    ("42-50.", "Forty-two to fifty.", "Forty-two fifty."),
    ("About 9-05", "About nine to five", "About nine oh five"),
    ("42:50", "Forty-two to fifty", "Forty-two fifty"),
])  # fmt: skip
def test_two_numerals_can_be_a_range_or_groups(text: str, range_: str, groups: str) -> None:
    said = ways(text)
    assert said["range"] == [range_]
    assert groups in said["groups"]


@pytest.mark.parametrize("text", [
    "603-9", "555-0122", "1-800", "42-50-60", "42-50 1250", "$42-50", "2027-05-09", "A4-50", "42-50%",
    "", "Twelve.", "42.", "400.", "4200.", "1,250.", "$1250.", "42.50", "12:30:00", "1250 1300.", "12345.", "0123.",
    "A1250", "1250%", "1250/2", "May 9, 2,027",
])  # fmt: skip
def test_what_is_said_in_one_way_only_has_no_others(text: str) -> None:
    assert ways(text) == {}


@pytest.mark.parametrize(("scores", "said"), [
    ([-9.0, -9.0, -9.0, -9.0, -2.0, -4.0, -8.0], "Forty-two fifty."),
    ([-9.0, -1.0, -2.0, -3.0, -6.0, -7.0, -9.0], "Four thousand two hundred and fifty."),
    ([-9.0, -9.0, -9.0, -9.0, -8.0, -9.0, -3.0], "Four two five zero."),
    ([-9.0, -3.0, -9.0, -9.0, -2.0, -9.0, -9.0], ""),
])  # fmt: skip
def test_the_likeliest_way_is_told_where_it_leads_those_of_another_kind(scores: list[float], said: str) -> None:
    assert likeliest(ways("4250."), scores) == said


def test_the_words_are_those_of_the_result() -> None:
    heard = Transcript("4250.", 0.9, (Transcript("4260.", 0.1),), "Forty-two fifty.")
    detail = json.dumps(phrase_result("1", heard, {}, "conversation", ""))
    assert [(one.text, one.confidence) for one in alternatives(detail)] == [
        ("4250.", 0.9),
        ("forty two fifty", None),
        ("4260.", 0.1),
    ]
