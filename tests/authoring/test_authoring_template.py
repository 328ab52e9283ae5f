from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.authoring.expressions import ExpressionError
from voicebot.authoring.template import compile_template


def say(value: Any, kind: str) -> str:
    return f"<{value}:{kind}>"


def test_gaps_are_filled_each_in_its_way() -> None:
    template = compile_template("Hello {name}, you owe {bill.amount + 1|money}.")
    assert template.fill({"name": "Ada", "bill": {"amount": 2}}, say) == "Hello <Ada:>, you owe <3:money>."


def test_a_single_gap_keeps_its_value() -> None:
    assert compile_template("{a + 1}").value({"a": 1}, say) == 2
    assert compile_template("{a} ").value({"a": 1}, say) == "<1:> "


def test_doubled_braces_are_braces() -> None:
    template = compile_template("{{{a}}}")
    assert template.fill({"a": 1}, say) == "{<1:>}"
    assert compile_template("no gap {{}}").fill({}, say) == "no gap {}"


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("Hi {name", 3),
        ("Hi }", 3),
        ("Hi {}", 4),
        ("Hi {a|loudly}", 6),
        ("Hi {a b}", 6),
        ("{a {b}}", 0),
        ("Hi {a + 'b}", 8),
        ("the {customer's name}", 13),
    ],
)
def test_what_is_wrong_with_a_gap_is_told_with_its_column(text: str, column: int) -> None:
    with pytest.raises(ExpressionError) as raised:
        compile_template(text, frozenset({"digits"}))
    assert raised.value.column == column


@given(st.text(alphabet="{}|ab '\"+1", max_size=40))
def test_no_text_raises_anything_else(text: str) -> None:
    with suppress(ExpressionError):
        compile_template(text).fill({"a": 1}, say)
