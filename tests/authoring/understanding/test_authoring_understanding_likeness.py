"""Answers that were misheard are taken where they sound like one of what is expected, and nothing else is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoken_cases import HERE, question, read

from voicebot.authoring.answers.answer import Answered
from voicebot.authoring.answers.doubt import UNSURE, asked_about
from voicebot.authoring.understanding import for_language
from voicebot.authoring.understanding.answers import COMMAND_LIKE
from voicebot.authoring.understanding.likeness import ALIKE, APART, FAR_APART, NEAR, likeness, nearest, sound

TODAY = date(2026, 11, 18)
MENU: dict[str, Any] = {
    "billing": {"say": ["billing", "my bill"]}, "outage": {"say": ["outage", "no power"]},
    "balance": {"say": ["account balance"]}, "operator": {"say": ["operator"]}, "hours": {"say": ["opening hours"]},
}  # fmt: skip
NO_ANSWERS = read(HERE / "no_answers" / "en.yaml")


def meant(kind: str, said: str, options: dict[str, Any] = MENU, confidence: float | None = None) -> tuple[Any, bool]:
    """What a question takes ``said`` for, and whether the caller is asked if that is right."""
    ask = question(kind, options)
    assert ask is not None
    reading = ask.wanted.read_words(said, {}, for_language("en-US"), TODAY)
    if not isinstance(reading, Answered):
        return None, False
    return reading.value, asked_about(reading, ask.wanted.answer, {}, confidence) is not None


@pytest.mark.parametrize(
    ("heard", "option", "asked"),
    [
        ("Billan.", "billing", False),
        ("Billin", "billing", False),
        ("Billy.", "billing", True),
        ("The count bellant.", "balance", True),
        ("the count balance", "balance", False),
        ("outreater", "operator", True),
        ("out age", "outage", False),
        ("Opening ours", "hours", False),
    ],
)
def test_what_sounds_like_an_option_is_taken_or_asked_about(heard: str, option: str, asked: bool) -> None:
    assert meant("choice", heard) == (option, asked)


@pytest.mark.parametrize("heard", ["No.", "Now.", "You.", "Knew.", "Worse.", "Howard."])
def test_words_that_are_others_are_not_taken_for_an_option(heard: str) -> None:
    assert meant("choice", heard) == (None, False)
    assert meant("yesno", heard)[0] is (False if heard == "No." else None)


def test_what_is_merely_alike_has_to_be_heard_well() -> None:
    assert meant("choice", "Billan.", confidence=0.9) == ("billing", False)
    assert meant("choice", "Billan.", confidence=0.5) == ("billing", True)
    assert meant("choice", "Billing.", confidence=0.5) == ("billing", False)
    assert meant("choice", "Billing.", confidence=UNSURE - 0.01) == ("billing", True)


@pytest.mark.parametrize(
    ("kind", "most"),
    [("choice", 0), ("digits {length: 6}", 0), ("digits {length: 4}", 0), ("phone", 0), ("time", 0), ("date", 2),
     ("month", 1), ("yesno", 4), ("number", 5), ("money", 5), ("duration {unit: nights}", 5)],
)  # fmt: skip
def test_what_is_no_answer_is_not_taken_for_one(kind: str, most: int) -> None:
    """``most``: sayings that hold an answer by themselves ("Breaking news at ten")."""
    assert len(NO_ANSWERS["said"]) >= 200
    options = {name: {"say": say} for name, say in NO_ANSWERS["options"].items()}
    taken = [said for said in NO_ANSWERS["said"] if meant(kind, said, options)[0] is not None]
    forced = [said for said in taken if not meant(kind, said, options)[1]]
    assert len(forced) <= most, forced
    assert len(taken) <= most + len(NO_ANSWERS["said"]) // 20, taken


@pytest.mark.parametrize(
    ("heard", "spelled"),
    [
        ("See here, Oscar, Tango.", "SOT"),
        ("Sarah Oscar Tango", "SOT"),
        ("Bravo Tendo Kelo", "BTK"),
        ("Charley Oscar", "CO"),
        ("Delta Elfa", "DA"),
        ("See, Oscar", "CO"),
    ],
)
def test_words_of_a_spelling_alphabet_are_known_by_their_sound(heard: str, spelled: str) -> None:
    assert meant("spelled", heard) == (spelled, False)


@pytest.mark.parametrize(
    ("heard", "length", "digits"),
    [
        ("nine or five two", 4, "9052"),
        ("fife two seven one", 4, "5271"),
        ("seeks oh three nine two seven", 6, "603927"),
        ("six zero tree nine to seven", 6, "603927"),
        ("little, three, nine to seven", 6, None),
        ("nine or ten", 4, None),
        ("change it to five two nine", 4, None),
        ("it's for five two nine", 4, "4529"),
        ("the one two three", 4, None),
    ],
)
def test_digits_are_known_by_their_sound_where_all_of_them_are_asked_for(
    heard: str, length: int, digits: str | None
) -> None:
    assert meant(f"digits {{length: {length}}}", heard)[0] == digits


def test_vowels_and_consonants_of_one_kind_differ_less_than_others() -> None:
    assert likeness(sound("outreater"), sound("operator")) > likeness(sound("outreater"), sound("outage"))
    assert sound("phone") == sound("fone")
    assert likeness(sound("tendo"), sound("tango")) > likeness(sound("tendo"), sound("delta"))


def test_nothing_is_nearest_where_two_are_nearly_as_much_alike() -> None:
    assert nearest(sound("billin"), [(sound("billing"), 1)]) == (1, 1.0)
    assert nearest(sound("salling"), [(sound("sailing"), 1), (sound("selling"), 2)]) is None
    assert nearest(sound("anything"), []) is None


_sounds = st.text("abdefgiklmnoprstuy", max_size=10)


@given(_sounds, st.lists(_sounds, max_size=6), st.sampled_from([ALIKE, NEAR, COMMAND_LIKE]))
def test_what_is_left_out_as_it_cannot_be_near_changes_nothing(heard: str, others: list[str], least: float) -> None:
    likely = [f"{heard}{heard[-1:]}", f"{heard[1:]}", *others]
    for other in likely:
        told = likeness(heard, other)
        assert likeness(heard, other, least) == told or (told < least and likeness(heard, other, least) == 0.0)
    for expected in (others, likely):
        given_all = sorted((-likeness(heard, other), number) for number, other in enumerate(expected))
        (first, number), second = (*given_all, (0.0, 0))[0], (*given_all, (0.0, 0), (0.0, 0))[1][0]
        lead = second - first
        near = (-first >= NEAR and lead >= APART) or (-first >= ALIKE and lead >= FAR_APART)
        told = (number, -first) if near and -first >= least else None
        assert nearest(heard, [(other, number) for number, other in enumerate(expected)], least) == told
