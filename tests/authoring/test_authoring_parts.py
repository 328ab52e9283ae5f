"""Answers in parts: numbers in groups with pauses, by voice, by keys, and by both; spelled names; e-mail addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from folder_line import Line, line

from voicebot.authoring.answers.parts import is_part, joined


def asking(kind: str, rest: str = "") -> str:
    return f"""
    steps:
      - id: q
        ask: Your number?
        {kind}
        save: x
        {rest}
        on_fail: lost
      - {{id: bye, hangup: "{{x}}!"}}
      - {{id: lost, hangup: Lost.}}
    """


async def talk(caller: Line, acts: list[str], heard: float = 1.0) -> list[str]:
    """Say and press each of ``acts`` ("keys 12"); what the bot says last."""
    said: list[str] = []
    for act in acts:
        said = await (caller.press(act[5:]) if act.startswith("keys ") else caller.say(act, heard))
    return said


@pytest.mark.parametrize(
    ("kind", "acts", "answer"),
    [
        ("digits: {min: 7, max: 15}", ["four two five", "five five five", "zero one two three"], "4255550123!"),
        ("digits: {min: 15, max: 16}", ["1111", "1111", "1111", "1111"], "1111111111111111!"),
        ("digits: {min: 15, max: 16}", ["four one one one", "one one one one", "one one one one", "one one one"],
         "411111111111111!"),
        ("digits: 6", ["four two", "five five", "zero one"], "425501!"),
        ("digits: 6", ["four two", "one two three four five six"], "123456!"),  # they begin anew
        ("digits: 6", ["four two five", "four two five five oh one"], "425501!"),
        ("digits: 6", ["my number is four two five", "five five oh"], "425550!"),
        ("digits: 6", ["four two five", "keys 501"], "425501!"),
        ("digits: 6", ["keys 425", "five oh one"], "425501!"),
        ("digits: 6", ["four two", "keys 55", "oh one"], "425501!"),
        ("digits: {min: 7, max: 15}", ["four two five five", "keys 550#"], "4255550!"),
        ("digits: {min: 7, max: 15}", ["keys 4255", "five five oh one"], "42555501!"),
        ("spelled: {min: 5, max: 8}", ["S M", "I T H"], "SMITH!"),
        ("spelled: {min: 5, max: 5}", ["S", "M I", "T H"], "SMITH!"),
    ],
)  # fmt: skip
async def test_what_came_is_kept_and_joined(tmp_path: Path, kind: str, acts: list[str], answer: str) -> None:
    caller = line(tmp_path, asking(kind))
    await caller.dial()
    assert await talk(caller, acts[:-1]) == []
    assert await talk(caller, acts[-1:]) == [answer]


@pytest.mark.parametrize(
    ("locale", "acts", "answer"),
    [
        ("de-DE", ["vier zwei fünf", "fünf fünf fünf", "null eins zwei drei"], "4255550123!"),
        ("es-US", ["cuatro dos cinco", "cinco cinco cinco", "cero uno dos tres"], "4255550123!"),
        ("fr-FR", ["zéro six", "douze trente quatre", "cinquante six"], "06123456!"),
    ],
)
async def test_so_it_is_in_every_language(tmp_path: Path, locale: str, acts: list[str], answer: str) -> None:
    main = f"locale: {locale}\n" + asking("digits: {min: 7, max: 15}").replace("\n    ", "\n")
    caller = line(tmp_path, main, locale=locale)
    await caller.dial()
    assert await talk(caller, acts[:-1]) == []
    assert await talk(caller, acts[-1:]) == [answer]


async def test_the_rest_is_asked_for_where_the_author_says_how(tmp_path: Path) -> None:
    for kind in ("digits: {length: 6, rest: And the rest?}", "digits: {min: 6, max: 9, rest: And the rest?}"):
        caller = line(tmp_path, asking(kind))
        await caller.dial()
        assert await caller.say("four two five") == ["And the rest?"]
        assert await caller.say("five oh one") == ["425501!"]


async def test_who_says_no_more_is_asked_again_from_the_beginning(tmp_path: Path) -> None:
    caller = line(tmp_path, asking("digits: {length: 6, short: Six digits please.}"))
    await caller.dial()
    assert await caller.say("four two five") == []
    assert caller.patience_ms == [3000]
    assert await caller.silence() == ["Six digits please."]
    assert await caller.say("four two five five") == []  # these four are not behind the three
    plain = line(tmp_path, asking("digits: 6"))
    await plain.dial()
    await plain.say("four two five")
    assert await plain.silence() == ["Sorry, I did not get that.", "Your number?"]
    assert plain.patience_ms == [None]
    assert await plain.say("four two five five oh one") == ["425501!"]


async def test_too_many_digits_are_asked_for_again(tmp_path: Path) -> None:
    caller = line(tmp_path, asking("digits: 6"))
    await caller.dial()
    await caller.say("four two five five")
    assert await caller.say("four two five") == ["Sorry, I did not get that.", "Your number?"]


async def test_digits_in_a_sentence_about_something_else_are_no_part(tmp_path: Path) -> None:
    caller = line(tmp_path, asking("digits: {min: 7, max: 15}"))
    await caller.dial()
    assert await caller.say("I have two questions for you") == ["Sorry, I did not get that.", "Your number?"]


@pytest.mark.parametrize(
    ("kind", "acts", "asked"),
    [
        ("digits: {min: 7, max: 15}", ["four two five five five five zero", "one two three"], "4255550123"),
        ("spelled: {min: 2, max: 12}", ["S M I", "T H"], "SMITH"),
        ("text: true", ["maria dot garcia", "at example dot com"], "maria dot garcia at example dot com"),
        ("name: true", ["Ada", "Palmer"], "Ada Palmer"),
    ],
)
async def test_who_goes_on_while_the_confirmation_begins_gives_the_next_part(
    tmp_path: Path, kind: str, acts: list[str], asked: str
) -> None:
    caller = line(tmp_path, asking(kind, 'confirm: "{x}?"'))
    await caller.dial()
    assert await talk(caller, acts[:1]) != []
    assert await caller.say(acts[1], 0.1) == [f"{asked}?"]
    assert await caller.say("yes") == [f"{asked}!"]


def told(caller: Line) -> list[dict[str, Any]]:
    """What the call was told of the answer in the last turn."""
    sent = [sent["channelData"]["sessionParams"] for sent in caller.sent if sent.get("name") == "config"]
    return [parameters["expectedAnswer"] for parameters in sent if "expectedAnswer" in parameters]


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("digits: 6", (6, 6, False)), ("digits: {min: 7, max: 15}", (7, 15, False)),
        ("spelled: {min: 2, max: 12}", (2, 12, True)),
    ],
)  # fmt: skip
async def test_the_call_is_told_what_the_answer_looks_like(
    tmp_path: Path, kind: str, form: tuple[int, int, bool]
) -> None:
    caller = line(tmp_path, asking(kind))
    await caller.dial()
    (answer,) = told(caller)
    assert (answer["min"], answer["max"], answer["kind"] == "spelled") == form
    assert "four" in answer["words"] and "forty" in answer["others"]


async def test_after_a_part_it_is_told_of_the_rest(tmp_path: Path) -> None:
    caller = line(tmp_path, asking("digits: {min: 7, max: 15}", 'confirm: "{x}?"'))
    await caller.dial()
    await caller.say("four two five")
    assert [(answer["min"], answer["max"]) for answer in told(caller)] == [(4, 12)]
    await caller.say("five five five oh")
    (answer,) = told(caller)
    assert answer["kind"] == "choice" and {"yes", "no"} < set(answer["answers"])


@pytest.mark.parametrize(
    ("before", "said", "whole"),
    [("", "42", "42"), ("42", "55", "4255"), ("42", "425501", "425501"), ("42", "123456", "123456"),
     ("1111", "11", "111111"), ("4255", "123", ""), ("", "1234567", "")],
)  # fmt: skip
def test_parts_are_joined_unless_the_whole_is_said_anew(before: str, said: str, whole: str) -> None:
    assert joined(before, said, 6, 6) == whole


@pytest.mark.parametrize(
    ("text", "said", "part"),
    [("four two five", "425", True), ("425", "425", True), ("my number is four two five", "425", True),
     ("uh four", "4", True), ("I have two questions", "2", False), ("one moment please", "1", False),
     ("it is for 2 people tomorrow", "2", False)],
)  # fmt: skip
def test_a_part_says_little_else(text: str, said: str, part: bool) -> None:
    assert is_part(text, said) is part


async def test_a_question_may_be_patient_and_the_next_one_is_not(tmp_path: Path) -> None:
    caller = line(tmp_path, asking("digits: 6", "pace: patient").replace("hangup: Lost.", "ask: And now?, text: true"))
    await caller.dial()
    paces = [
        sent["channelData"]["sessionParams"].get("turnPace") for sent in caller.sent if sent.get("name") == "config"
    ]
    assert paces == ["patient"]
    for _ in range(3):
        await caller.say("no idea")
    paces = [
        sent["channelData"]["sessionParams"].get("turnPace") for sent in caller.sent if sent.get("name") == "config"
    ]
    assert paces[-1] is None
