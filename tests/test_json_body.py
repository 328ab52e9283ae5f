"""JSON of others: what is too much, or no number at all, does no harm."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.json_body import (
    _HALF,
    MAX_BYTES,
    MAX_DIGITS,
    MAX_ESCAPES,
    MAX_FRACTIONS,
    MAX_VALUES,
    number_within,
    parse_json,
)


@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 400, "9" * 5000, "1e999", "-1e999", "NaN", "Infinity"])
def test_a_number_that_none_can_hold_is_no_value(number: str) -> None:
    assert parse_json(f'{{"value": {number}, "list": [{number}]}}') == {"value": None, "list": [None]}


def test_long_identifiers_keep_their_digits() -> None:
    assert parse_json('{"id": 12345678901234567890123}') == {"id": 12345678901234567890123}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 100_000, f"more than {MAX_VALUES} values"),
        ("[" + "0," * MAX_VALUES + "0]", f"more than {MAX_VALUES} values"),
        ("[" * MAX_VALUES + "]" * MAX_VALUES, "nested too deeply"),
        ('"' + "x" * MAX_BYTES + '"', f"more than {MAX_BYTES} bytes"),
        ('{"type": "message"', "not JSON"),
        (b"\xff\xfe\xfd", "not JSON"),
        (b'"\xff"', "not JSON"),
        ("", "not JSON"),
    ],
)
def test_what_is_wrong_is_told(text: str | bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_json(text)


WHOLE = st.integers(-(10**MAX_DIGITS) + 1, 10**MAX_DIGITS - 1)
PLAIN = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
)


@given(PLAIN)
def test_what_json_can_say_comes_back(value: Any) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5.0), (0.5, 1.0), (11, 10.0), (-(10**400), 1.0), (10**400, 10.0), (float("inf"), 10.0), (float("-inf"), 1.0),
     (float("nan"), None), (True, None), ("5", None), (None, None), ([], None)],
)  # fmt: skip
def test_a_number_is_brought_within_its_bounds_and_everything_else_is_none(value: object, number: float | None) -> None:
    assert number_within(value, 1, 10) == number


def test_a_fraction_longer_than_any_double_needs_is_none() -> None:
    assert parse_json("[-2.2250738585072014e-308, 0.1, 1e300]") == [-2.2250738585072014e-308, 0.1, 1e300]
    assert parse_json(f"[0.{'1' * 40}, {'1' * 40}.5, 1]") == [None, None, 1]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('"' + "\\n" * (MAX_ESCAPES + 1) + '"', f"more than {MAX_ESCAPES} escapes"),
        (b'{"' + b"\\n" * (MAX_ESCAPES + 1) + b'": 1}', f"more than {MAX_ESCAPES} escapes"),
        (f"[{','.join(['1.5'] * (MAX_VALUES // MAX_FRACTIONS + 1))}]", "fractions"),
        (f"[{','.join(['1e5'] * (MAX_VALUES // MAX_FRACTIONS + 1))}]", "fractions"),
    ],
)
def test_what_takes_a_parser_long_is_bounded_in_number(text: str | bytes, why: str) -> None:
    """Measured: without these bounds, 256 KiB took 3.2 ms."""
    with pytest.raises(ValueError, match=why):
        parse_json(text)


def test_a_long_speech_that_is_all_escaped_is_read_and_so_is_a_list_of_measurements() -> None:
    speech = "话" * 10_000
    assert parse_json(json.dumps({"text": speech, "speak": speech})) == {"text": speech, "speak": speech}
    assert len(parse_json(json.dumps([n / 7 for n in range(900)]))) == 900


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"a\ud800b"', "a\ufffdb"),
        (r'"\uDC00"', "\ufffd"),
        (r'["\ud83d\ude00", "\ude00\ud83d"]', ["\U0001f600", "\ufffd\ufffd"]),
        (r'{"\\\udfff": 1}', {"\\\ufffd": 1}),
        (r'"C:\\udcache"', r"C:\udcache"),
        (r'"\ud83d\ude00"', "\U0001f600"),
    ],
)
def test_half_a_surrogate_pair_is_a_character_that_can_be_written(text: str, value: object) -> None:
    assert parse_json(text) == parse_json(text.encode()) == parse_json(text.encode("utf-16")) == value
    json.dumps(parse_json(text), ensure_ascii=False).encode()


HIGH, LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F]"
PIECES = (r"\ud83d", r"\uDbFF", r"\ude00", r"\uDC00", r"\u0041", r"\\", "u", "d", "\\", "")


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_a_half_is_one_that_stands_without_the_other(text: str) -> None:
    found, plain = _HALF.search(text), re.search(f"{HIGH}(?!{LOW})|(?<!{HIGH}){LOW}", text)
    assert (found and found.start()) == (plain and plain.start())


def test_a_long_text_is_searched_for_the_letters_with_which_a_half_begins_not_tried_at_each_place() -> None:
    """``re`` does so if the compiled pattern says that it begins with these letters."""
    code = re._compiler._code(re._parser.parse(_HALF.pattern), 0)  # type: ignore[attr-defined]
    begins_with_letters = 1
    assert code[2] & begins_with_letters and code[5] == len(r"\u") and bytes(code[7:9]) == rb"\u"
