"""Headers that go along with a transfer or a call of ours."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from voicebot.call_headers import MAX_HEADERS, MAX_TOTAL, carried, carrying, passed_on


def test_headers_that_carry_data_are_passed_on_as_text() -> None:
    assert passed_on({"X-Case": 4711, "user-to-user": "a1;encoding=hex"}.items()) == {
        "X-Case": "4711",
        "user-to-user": "a1;encoding=hex",
    }


@pytest.mark.parametrize(
    "header",
    [
        ("Via", "evil"),
        ("Replaces", "other"),
        ("Xenon", "b"),
        ("X-A", "b\r\nVia: evil"),
        ("X-A\r\n", "b"),
        ("X-D E", "x"),
        ("X-A", None),
        ("X-A", ""),
        ("X-A", 1.5),
        ("X-B", "ü"),
        ("X-C", "x" * 513),
        ("X-" + "c" * 61, "x"),
        ("X-", "b"),
        (3, "x"),
    ],
)
def test_headers_that_could_change_the_call_are_not(header: tuple[object, object]) -> None:
    assert passed_on([header, ("X-Good", "1")]) == {"X-Good": "1"}


def test_the_longest_that_may_be() -> None:
    name, value = "X-" + "c" * 60, "x" * 512
    assert passed_on([(name, value)]) == {name: value}


def test_what_would_not_fit_is_left_out() -> None:
    assert len(passed_on((f"X-{n}", "v") for n in range(99))) == MAX_HEADERS
    long = passed_on((f"X-{n}", "v" * 400) for n in range(50))
    assert 800 < sum(len(name) + len(value) for name, value in long.items()) <= MAX_TOTAL


CALL = "0123456789abcdef0123456789abcdef"


def test_the_id_of_a_call_is_behind_what_is_there_already() -> None:
    (uui,) = carrying(CALL, {}).values()
    assert uui.endswith(";encoding=hex") and len(uui) < 80
    assert carrying(CALL, {"X-Case": "7", "user-to-user": "00aa;encoding=hex"}) == {
        "X-Case": "7",
        "user-to-user": f"00aa;encoding=hex, {uui}",
    }


@pytest.mark.parametrize("around", ["{}", "00{};encoding=hex", "abc, {};purpose=x", "ucid={}|next", "{}0d"])
@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_an_id_is_found_whatever_an_sbc_has_put_around_it(around: str, case: Callable[[str], str]) -> None:
    value = carrying(CALL, {})["User-to-User"].partition(";")[0]
    assert carried(["", "04;x", around.format(case(value))]) == CALL


@pytest.mark.parametrize(
    "value", ["", CALL, "766f696365626f74", f"766f696365626f74{CALL[:-1]}", "766f696365626f74../../x"]
)
def test_what_is_no_id_of_ours_is_none(value: str) -> None:
    assert carried([value]) == ""
