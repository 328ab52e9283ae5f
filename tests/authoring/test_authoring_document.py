from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.authoring.document import parse_document

FILE = Path("main.yaml")


def test_yes_and_no_are_words_and_only_true_and_false_are_booleans() -> None:
    data = parse_document(FILE, "yes: no\non: off\na: true\nb: False\nc: 08:30\nd:\n").data
    assert data == {"yes": "no", "on": "off", "a": True, "b": False, "c": "08:30", "d": None}


def test_numbers_remember_how_they_were_written() -> None:
    data = parse_document(FILE, "to: +14255550123\nzip: 00501\nrate: 1.50\nquoted: '7'\n").data
    assert data["to"] == 14255550123
    assert data["to"].written == "+14255550123"
    assert data["zip"].written == "00501"
    assert data["rate"].written == "1.50"
    assert data["quoted"] == "7"


def test_each_key_and_value_has_its_place() -> None:
    document = parse_document(FILE, 'steps:\n  - id: menu\n    ask: "Hello {x}"\n')
    assert document.key_at(("steps", 0, "ask")) == (3, 5)
    assert document.value_at(("steps", 0, "ask")) == (3, 10)
    assert document.within(("steps", 0, "ask"), 6) == (3, 17), "inside of the quotes"
    assert document.value_at(("steps", 0, "ask", "nothing", "here")) == (3, 10), "else the nearest part around it"


def test_a_key_that_stands_twice_is_told_where_it_stands_again() -> None:
    problems = parse_document(FILE, "a: 1\nb: 2\na: 3\n").problems
    assert [(problem.line, problem.column, problem.code) for problem in problems] == [(3, 1, "duplicate-key")]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: b: c\n", 1, "a colon in a text without quotes"),
        ("a: 1\n\tb: 2\n", 2, "a tab"),
        ('b: 1\na: "never closed\n', 2, "never closed"),
        ("steps:\n  - id: a\n   say: b\n", 3, "does not fit"),
        ("a: [1, 2\n", 2, "not closed"),
        ("a: &x 1\nb: *x\n", 2, "alias"),
        ("? [a]\n: b\n", 1, "a key must be a word"),
        ("", 1, "empty"),
    ],
)
def test_what_is_no_yaml_is_told_in_plain_words(text: str, line: int, said: str) -> None:
    problem = parse_document(FILE, text).problems[0]
    assert said in problem.message
    assert problem.line == line


@given(st.text(max_size=200))
def test_no_text_makes_reading_fail(text: str) -> None:
    parse_document(FILE, text)
