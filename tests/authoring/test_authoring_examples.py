"""The examples of the reference page: each has the value that the page tells, and none is missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from voicebot.authoring.examples import EXPRESSIONS, FORMATS, FUNCTIONS, VARIABLES
from voicebot.authoring.expressions import compile_expression
from voicebot.authoring.operations import COMPARE, PRODUCT, SUM
from voicebot.authoring.operations import FUNCTIONS as KNOWN
from voicebot.authoring.speaking import KINDS, spoken
from voicebot.authoring.template import compile_template
from voicebot.authoring.wording import formatter

ALL = [example for examples in (*EXPRESSIONS.values(), *FUNCTIONS.values()) for example in examples]
PAGE = Path(__file__).parents[2] / "docs" / "authors" / "reference.md"


@pytest.mark.parametrize(("expression", "value"), ALL)
def test_an_expression_has_the_value_that_the_page_tells(expression: str, value: Any) -> None:
    computed = compile_expression(expression)(VARIABLES)
    assert computed == value
    assert isinstance(computed, bool) == isinstance(value, bool)


@pytest.mark.parametrize(("text", "said", "about"), FORMATS.values(), ids=FORMATS)
def test_a_value_is_said_as_the_page_tells(text: str, said: str, about: str) -> None:
    assert compile_template(text, KINDS).fill(VARIABLES, formatter(spoken, "en-US")) == said


def test_each_function_operator_and_format_has_an_example() -> None:
    assert FUNCTIONS.keys() == KNOWN.keys()
    assert FORMATS.keys() == KINDS
    texts = " ".join(text for text, _ in ALL)
    signs = [*COMPARE, *SUM, *PRODUCT, "and", "or", "not", "if", "else", "true", "false", "none"]
    assert [sign for sign in signs if f" {sign} " not in f" {re.sub(r'[()]', ' ', texts)} "] == []
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{text}`".replace("|", "\\|") in page for text, _ in ALL)
