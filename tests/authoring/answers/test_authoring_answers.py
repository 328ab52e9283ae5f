"""Kinds of answers alone: words and keys in, a value out, without a dialog around them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import yaml

from voicebot.authoring.answers.answer import Answered, DialogAnswer, More, Reading, Slot
from voicebot.authoring.answers.keyed import MAX_KEYS, pressed
from voicebot.authoring.answers.question import KINDS
from voicebot.authoring.expected import EXPECTED
from voicebot.authoring.model import Prompt
from voicebot.authoring.steps.ask import AskStep
from voicebot.authoring.turn import plain
from voicebot.authoring.understanding import for_language
from voicebot.authoring.walking import part_in

ENGLISH = for_language("en-US")
TODAY = date(2026, 12, 1)


def question(**kind: Any) -> AskStep:
    return AskStep.model_validate({"id": "q", "ask": "Well?", **kind})


def keyed(ask: AskStep, keys: str) -> list[Reading]:
    slot: Slot = {}
    return [ask.wanted.read_key(key, slot, ENGLISH, TODAY) for key in keys]


def said(ask: AskStep, *texts: str) -> list[Reading]:
    slot: Slot = {}
    return [ask.wanted.read_words(text, slot, ENGLISH, TODAY) for text in texts]


@pytest.mark.parametrize("word", [kind for kind in KINDS if kind not in ("choice", "languages")])
def test_a_kind_of_answer_says_what_it_is(word: str) -> None:
    answer = question(**{word: {"form": "A?", "example": "A"} if word == "pattern" else True}).wanted.answer
    assert isinstance(answer, DialogAnswer)
    assert answer.__doc__ and answer.__doc__ != DialogAnswer.__doc__
    assert answer.EXPECTED in ("", *EXPECTED["en"])
    assert all(info.description for info in type(answer).model_fields.values())
    assert type(answer).value is not DialogAnswer.value
    collects = type(answer).keys_ended is not DialogAnswer.keys_ended
    assert collects == answer.COLLECTS_KEYS


@pytest.mark.parametrize(
    ("kind", "keys", "value"),
    [
        ({"digits": 4}, "1234", "1234"),
        ({"digits": {"min": 2, "max": 4}}, "12#", "12"),
        ({"digits": {"length": 4, "end_key": "*"}}, "123*", None),
        ({"digits": 3}, "12*345", "345"),
        ({"number": True}, "42#", 42),
        ({"number": {"whole": False}}, "4*5#", Decimal("4.5")),
        ({"number": {"whole": False}}, "4*5*6#", 6),
        ({"number": True}, "4*5#", 5),
        ({"number": {"min": 10}}, "9#", None),
        ({"number": {"max": 10}}, "11#", None),
        ({"number": {"min": 10, "max": 10}}, "10#", 10),
        ({"number": True}, "#", None),
        ({"money": True}, "40*10#", Decimal("40.10")),
        ({"money": {"max": 5}}, "6#", None),
        ({"date": True}, "12242026", date(2026, 12, 24)),
        ({"date": {"future": False}}, "12242026", None),
        ({"date": {"past": False}}, "11242026", None),
        ({"date": {"past": False, "future": False}}, "12012026", TODAY),
        ({"date": True}, "13242026", None),
        ({"date": True}, "1224#", None),
        ({"yesno": True}, "1", True),
        ({"yesno": True}, "2", False),
        ({"yesno": {"yes_key": "9"}}, "9", True),
        ({"yesno": True}, "3", None),
        ({"text": True}, "1", None),
        ({"choice": {"a": {"key": "7"}, "b": {"key": "8", "value": 2}}}, "8", 2),
        ({"choice": {"a": {"key": "7"}}}, "8", None),
        ({"choice": {"a": {"key": "1"}}, "yesno": True}, "1", True),
        ({"choice": {"a": {"key": "1"}}, "digits": 2}, "1", "a"),
        ({"choice": {"a": {"key": "1"}}, "digits": 2}, "21", "21"),
    ],
)
def test_keys_make_an_answer(kind: dict[str, Any], keys: str, value: Any) -> None:
    reading = keyed(question(**kind), keys)[-1]
    assert (reading.value if isinstance(reading, Answered) else None) == value
    assert not isinstance(reading, More)


@pytest.mark.parametrize(
    ("words", "text", "saved"),
    [row for kind in KINDS if kind not in ("choice", "languages")
     for row in part_in(AskStep.model_fields[kind].annotation).EXAMPLES],
)  # fmt: skip
def test_the_examples_of_the_reference_page_are_understood(words: str, text: str, saved: str) -> None:
    [reading] = said(question(**yaml.safe_load(words)), text)
    assert isinstance(reading, Answered)
    assert _written(reading.value) == saved


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(plain(value))


def test_every_kind_with_words_of_its_own_has_an_example() -> None:
    kinds = [part_in(AskStep.model_fields[kind].annotation) for kind in KINDS if kind not in ("choice", "languages")]
    assert all(kind.EXAMPLES for kind in kinds if kind.HEADING)


def test_digits_that_are_too_few_are_asked_for_where_the_author_says_how() -> None:
    short = Prompt(text="Too short.")
    assert keyed(question(digits={"min": 3, "short": "Too short."}), "12#")[-1] == More(short)
    assert keyed(question(digits={"min": 3}), "12#")[-1] is None
    rest = Prompt(text="And the rest?")
    assert said(question(digits={"length": 4, "rest": "And the rest?"}), "one two", "three four") == [
        More(rest), Answered("1234"),
    ]  # fmt: skip
    assert said(question(digits=4), "one two three", "four five") == [More(), None]


def test_what_was_said_goes_on_with_keys() -> None:
    slot: Slot = {}
    wanted = question(digits=4).wanted
    wanted.read_words("one two", slot, ENGLISH, TODAY)
    assert [wanted.read_key(key, slot, ENGLISH, TODAY) for key in "34"] == [More(), Answered("1234")]


def test_keys_end_by_themselves() -> None:
    for kind, so_far, value in (({"digits": {"min": 2}}, "12", "12"), ({"number": True}, "7", 7)):
        slot: Slot = {"keys": so_far}
        assert question(**kind).wanted.keys_ended(slot, ENGLISH, TODAY) == Answered(value)
        assert slot == {"keys": ""}
    assert question(digits={"min": 3}).wanted.keys_ended({"keys": "12"}, ENGLISH, TODAY) is None
    assert question(choice={"a": None}).wanted.keys_ended({}, ENGLISH, TODAY) is None


def test_a_number_on_the_keypad_has_an_end() -> None:
    slot: Slot = {}
    for _ in range(MAX_KEYS + 5):
        assert pressed("1", slot) == More()
    assert slot["keys"] == "1" * MAX_KEYS
    assert pressed("A", slot) == More()
    assert pressed("#", slot) == "1" * MAX_KEYS and slot["keys"] == ""


@pytest.mark.parametrize(
    ("kind", "text", "instead"),
    [
        ({"digits": 2}, "no, four two", "42"),
        ({"digits": 2}, "yes four two", "42"),
        ({"number": True}, "forty two", 42),
        ({"number": True}, "no, it is 42", 42),
        ({"number": True}, "yes", None),
        ({"choice": {"billing": None, "sales": None}}, "sales", "sales"),
        ({"choice": {"billing": None, "sales": None}}, "yes sales", None),
        ({"text": True}, "something else", None),
        ({"text": True}, "no, I said nine", "nine"),
        ({"yesno": True}, "no", None),
        ({"yesno": True}, "no, it is yes", None),
    ],
)
def test_another_value_takes_the_place_of_one_that_is_to_be_confirmed(
    kind: dict[str, Any], text: str, instead: Any
) -> None:
    assert question(**kind).wanted.instead(text, "BAKED", ENGLISH, TODAY) == instead


def test_an_option_beside_another_kind_has_to_be_named() -> None:
    options = {"sales": None, "back": None}
    assert said(question(choice=options), "the second one") == [Answered("back", "back")]
    assert said(question(choice=options, text=True), "the second one") == [Answered("the second one")]
    assert said(question(choice=options, text=True), "back please") == [Answered("back", "back")]


@pytest.mark.parametrize(
    ("kind", "pause_s"),
    [({"digits": 4}, None), ({"digits": {"length": 4, "pause": 2}}, 2), ({"digits": {"min": 1}}, 3),
     ({"number": True}, 3), ({"money": True}, 3), ({"date": True}, None), ({"yesno": True}, None),
     ({"choice": {"a": None}}, None)],
)  # fmt: skip
def test_keys_of_unknown_number_end_with_a_pause(kind: dict[str, Any], pause_s: float | None) -> None:
    assert question(**kind).wanted.keys_pause_s == pause_s


@pytest.mark.parametrize(
    ("kind", "taken"),
    [({"digits": 4}, "123#"), ({"date": True}, "123#"), ({"yesno": True}, "12"), ({"text": True}, ""),
     ({"choice": {"a": {"key": "3"}}}, "3"), ({"choice": {"a": {"key": "3"}}, "yesno": True}, "123")],
)  # fmt: skip
def test_a_question_takes_the_keys_that_mean_something_to_it(kind: dict[str, Any], taken: str) -> None:
    wanted = question(**kind).wanted
    assert [key for key in "123#" if wanted.takes_key(key)] == list(taken)
