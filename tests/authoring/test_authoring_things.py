"""Lists of things, and values of every type: what is said, shown and drawn is never as Python writes it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from voicebot.authoring.as_written import as_written
from voicebot.authoring.checks import check_dialogs
from voicebot.authoring.expressions import ExpressionError, compile_expression
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.speaking import KINDS, spoken, written
from voicebot.authoring.template import compile_template
from voicebot.authoring.wording import formatter

ROOMS = [{"type": "single", "price": 80}, {"type": "double", "price": 120.5}]
SCOPE: dict[str, Any] = {"rooms": ROOMS, "names": ["Ada", "Bob"], "currency": "dollars", "none": None, "one": ROOMS[0]}


def said(text: str, locale: str = "en-US", scope: dict[str, Any] = SCOPE) -> str:
    return compile_template(text, KINDS).fill(scope, formatter(spoken, locale))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '{rooms|list:"a {type} for {price|money}"}',
            "a single for 80 dollars and a double for 120 dollars and 50 cents",
        ),
        ("{rooms|list: 'a {type}'}.", "a single and a double."),
        ("{rooms|or:'{type}, press {position}'}?", "single, press 1 or double, press 2?"),
        ("{names|list:'{item}'}", "Ada and Bob"),
        ("{names|or}", "Ada or Bob"),
        ("{rooms|list:'{price} {currency}'}", "80 dollars and 120.5 dollars"),
        ("{one|list:'the {type}'}", "the single"),
        ("{none|list:'{type}'}{missing|list:'{x}'}", ""),
        ("{[]|list:'{type}'}", ""),
        ("{rooms|list:'{nothing}'}", ""),
        ("{[[1, 2], [3]]|list:\"{item|or:'no. {item}'}\"}", "no. 1 or no. 2 and no. 3"),
        ("{'a|b'}", "a|b"),
    ],
)
def test_a_list_says_a_text_for_each_thing(text: str, words: str) -> None:
    assert said(text) == words


def test_lists_are_joined_in_the_language_of_the_call() -> None:
    assert said("{names|list}, {names|or}", "de-DE") == "Ada und Bob, Ada oder Bob"
    assert (
        said("{rooms|list:'{type}: {price|money}'}", "es-ES") == "single: 80 euros y double: 120 euros con 50 céntimos"
    )


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("Hi {rooms|list:'{type'}", 16),
        ("Hi {rooms|list:'{type|loudly}'}", 22),
        ("Hi {rooms|digits:'{type}'}", 17),
        ("Hi {rooms|list:'{type}' x}", 15),
        ("Hi {rooms|list:'{rooms|list:\"{a b}\"}'}", 32),
    ],
)
def test_what_is_wrong_with_the_text_for_each_is_told_with_its_column(text: str, column: int) -> None:
    with pytest.raises(ExpressionError) as raised:
        compile_template(text, KINDS)
    assert raised.value.column == column


VALUES: list[Any] = [
    True, False, None, 1e16, 1e22, 1e-7, float("nan"), float("inf"), Decimal("1E+3"), Decimal("1E-9"), Decimal("NaN"),
    10**30, 10**5000, {"type": "it's", "free": True}, ROOMS, [ROOMS, None], (1, "a"), {1}, frozenset({2}), [], {}, (),
    date(2026, 12, 24), time(18, 30), datetime(2026, 12, 24, 18, 30, tzinfo=UTC), timedelta(days=14), b"x", object(),
    {"deep": {"deep": {"deep": {"deep": {"deep": {"deep": 1}}}}}},
]  # fmt: skip
PYTHON = re.compile(r"[{}\[\]()<>'\"]|\bTrue\b|\bFalse\b|\bNone\b|Decimal|datetime|\de[-+]?\d|\bnan\b|\binf\b|0x")
EXPRESSIONS = (
    "x",
    "x + ''",
    "'a' + x",
    "text(x)",
    "[x]",
    "[x, x]",
    "upper(x)",
    "first(x, 90)",
    "x if x else x",
    "x or x",
)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("locale", ["en-US", "de-DE", "es-ES", "fr-FR", "xx"])
def test_no_value_is_said_or_shown_as_python_writes_it(value: Any, locale: str) -> None:
    scope = {"x": value}
    kinds = ["", *sorted(KINDS), "money:EUR", "list:money", "list:digits", "or:text", "list:'{item}'"]
    for expression in EXPRESSIONS:
        for kind in kinds:
            template = compile_template(f"{{{expression}|{kind}}}" if kind else f"{{{expression}}}", KINDS)
            for say in (spoken, written):
                words = template.fill(scope, formatter(say, locale)).replace("it's", "").replace("IT'S", "")
                assert not PYTHON.search(words), (expression, kind, words)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_no_value_is_drawn_as_python_writes_it(value: Any) -> None:
    assert not PYTHON.search(as_written(value).replace("it's", ""))


def test_values_are_drawn_as_their_author_wrote_them() -> None:
    assert as_written(False) == "false"
    assert as_written(ROOMS) == "type: single, price: 80; type: double, price: 120.5"
    assert as_written([1, "a", None]) == "1, a, nothing"


def checked(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "main.yaml").write_text(text, encoding="utf-8")
    return [f"{one.line}:{one.column}: {one.message}; {one.mend}" for one in check_dialogs(load_dialogs(tmp_path))]


def test_check_tells_where_a_thing_is_said_as_a_whole(tmp_path: Path) -> None:
    problems = checked(
        tmp_path,
        "constants:\n  rooms: [{type: single, price: 80}]\n  house: {name: Inn, city: Bonn}\nsteps:\n"
        "  - id: a\n    say: We have {rooms|list}.\n"
        "  - id: b\n    say: We have {rooms|list:'{type}'}, and {rooms[0].type}.\n"
        "  - id: c\n    say: This is {house}.\n"
        "  - {id: d, set: {beds: [{size: big}]}}\n"
        "  - id: e\n    hangup: 'Beds: {beds}. {error}'\n",
    )
    assert problems == [
        "6:19: 'rooms' has parts (type, price), and nothing tells which are said; "
        'write what is said of each: {rooms|list:"{type} {price}"}',
        "10:19: 'house' has parts (name, city), and nothing tells which are said; say one of its parts: {house.name}",
        "13:21: 'beds' has parts (size), and nothing tells which are said; "
        'write what is said of each: {beds|list:"{size}"}',
        "13:29: 'error' has parts (message, status), and nothing tells which are said; "
        "say one of its parts: {error.message}",
    ]


def test_names_in_the_text_for_each_are_not_looked_for_among_the_variables(tmp_path: Path) -> None:
    assert not checked(
        tmp_path,
        "steps:\n  - id: a\n    set: {rooms: [{type: single}]}\n  - id: b\n    hangup: \"{rooms|list:'{type}'}\"\n",
    )


def test_texts_and_lists_stay_what_they_are_in_expressions() -> None:
    assert compile_expression("text(80.0)")({}) == "80.0"
    assert compile_expression("'Room ' + x")({"x": ["a", 1]}) == "Room a, 1"
    assert (
        compile_expression("text(x)")({"x": datetime(2026, 12, 24, 18, 30, tzinfo=UTC)}) == "2026-12-24T18:30:00+00:00"
    )
