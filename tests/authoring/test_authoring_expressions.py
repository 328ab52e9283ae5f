from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.authoring.expressions import MAX_LENGTH, ExpressionError, comparisons, compile_expression

SCOPE: dict[str, Any] = {
    "a": 2, "name": "Ada", "digits": "0042",
    "bill": {"amount": Decimal("84.37"), "paid": False, "due": date(2026, 12, 13)},
    "items": [1, 2, 3], "today": date(2026, 12, 1), "now": datetime(2026, 12, 1, 9, 30), "until": time(18, 30),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-a + 5", 3),
        ("7 // 2 + 7 % 2", 4),
        ("a > 1 and a < 3", True),
        ("a == 2 or nothing.at.all", True),
        ("not a", False),
        ("not nothing", True),
        ("bill.amount > 84", True),
        ("bill.amount * 2", Decimal("168.74")),
        ("bill['amount'] >= 84.37", True),
        ("bill.paid", False),
        ("bill.due < today", False),
        ("bill.due - today", 12),
        ("today + 12 == bill.due", True),
        ("bill.due == '2026-12-13'", False),
        ("bill.due >= '2026-12-13'", True),
        ("now.hour < 12", True),
        ("today.weekday", 2),
        ("until > time('18:00')", True),
        ("name + ' ' + a", "Ada 2"),
        ("'4' == 4", True),
        ("name == 'Ada'", True),
        ("name < 3", False),
        ("'da' in name", True),
        ("2 in items and 5 not in items", True),
        ("a in [1, 2]", True),
        ("items[0]", 1),
        ("items[9]", None),
        ("len(name) + len(items)", 6),
        ("last(digits, 2)", "42"),
        ("number(digits) + 1", 43),
        ("'big' if a > 10 else 'small'", "small"),
        ("round(bill.amount)", 84),
        ("max(a, 5)", 5),
        ("upper(name)", "ADA"),
        ("name * 2", None),
        ("1 / 0", None),
        ("true and True", True),
        ("none == nothing", True),
    ],
)
def test_what_an_expression_means(text: str, value: Any) -> None:
    assert compile_expression(text)(SCOPE) == value


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("", 0, "nothing stands here"),
        ("a = 1", 2, "two of them compare"),
        ("a &&b", 2, "write and"),
        ("a > ", 4, "missing at the end"),
        ("a b", 2, "not expected"),
        ("(a", 2, "')' is missing"),
        ("open('x')", 0, "no function 'open'"),
        ("len(a, b)", 0, "len takes 1 value"),
        ("1 < a < 3", 6, "join them with 'and'"),
        ("'abc", 0, "quote is not closed"),
        ("a.", 2, "missing at the end"),
        ("a if b", 6, "'else' is missing"),
        ("a" * (MAX_LENGTH + 1), MAX_LENGTH, "longer than"),
        ("(" * 60 + "1" + ")" * 60, 30, "nested too deep"),
        ("a @ b", 2, "has no meaning"),
        ("a + " + "9" * 400, 4, "number is too large"),
        ("9" * 400 + ".5", 0, "number is too large"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_column(text: str, column: int, said: str) -> None:
    with pytest.raises(ExpressionError, match=said.replace("(", r"\(").replace(")", r"\)")) as raised:
        compile_expression(text)
    assert raised.value.column == column


@pytest.mark.parametrize("text", ["name.__class__", "items.append", "bill.keys", "__import__", "len.__globals__"])
def test_nothing_of_python_is_within_reach(text: str) -> None:
    assert compile_expression(text)(SCOPE) is None


def test_the_names_that_are_used_are_known() -> None:
    assert compile_expression("a + bill.amount > len(b)").names == (("a", 0), ("bill", 4), ("b", 22))


def test_values_stay_bounded() -> None:
    assert compile_expression("9999999999 * 9999999999")({}) is None
    text = " + ".join(["name"] * 60)
    assert len(compile_expression(text)({"name": "x" * 4000})) <= 4000


words = st.sampled_from(
    ["a", "bill", ".", "amount", "(", ")", "+", "-", "*", "/", "//", "%", "==", "<", ">=", "and", "or", "not", "in",
     "if", "else", "1", "2.5", "'x'", "len", "round", "date", "[", "]", ",", "items", "999999999999999"]
)  # fmt: skip


@given(st.lists(words, max_size=25))
def test_what_can_be_read_can_be_evaluated(parts: list[str]) -> None:
    try:
        compiled = compile_expression(" ".join(parts))
    except ExpressionError:
        return
    compiled(SCOPE)
    compiled({})


@given(st.text(max_size=60))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        compile_expression(text)(SCOPE)
    except ExpressionError as error:
        assert 0 <= error.column <= len(text)


def test_what_is_compared_with_a_text_is_known() -> None:
    text = "a == 'x' or \"y\" != b and c in ['p', 'q'] and d.e == 'z' and 'z' == f.g and h == 1 and i in ['t'"
    told = [("a", "x"), ("b", "y"), ("c", "p"), ("c", "q"), ("i", "t")]
    assert list(comparisons(text)) == [(name, value, text.index(value) - 1) for name, value in told]
    assert list(comparisons("'a' + 'b' == c and d == 'e' + f or 'g' == lower(h)")) == []
