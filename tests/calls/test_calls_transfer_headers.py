"""Headers that go along with a transfer."""

from __future__ import annotations

from typing import Any

import pytest

from voicebot.calls.transfer_headers import MAX_HEADERS, MAX_TOTAL, transfer_headers


def test_data_for_the_next_party_goes_along_however_the_bot_names_it() -> None:
    assert transfer_headers({"headers": {"X-Case": 4711}}) == {"X-Case": "4711"}
    copilot = {"sipUuiHeader": "a1b2;encoding=hex", "sipxHeaders": {"X-Skill": "billing & more"}}
    assert transfer_headers(copilot) == {"User-to-User": "a1b2;encoding=hex", "X-Skill": "billing & more"}
    audiocodes = {"transferSipHeaders": [{"name": "X-My", "value": "1"}, {"name": "x-other", "value": 2}]}
    assert transfer_headers(audiocodes) == {"X-My": "1", "x-other": "2"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Via": "evil"},
        {"Replaces": "other"},
        {"X-A": "b\r\nVia: evil"},
        {"X-A\r\n": "b"},
        {"X-D E": "x"},
        {"X-A": None},
        {"X-B": "ü"},
        {"X-C": "x" * 600},
        {"X-": "b"},
        {3: "x"},
        "X-A: b",
        [1, {"name": 5}],
    ],
)
def test_headers_that_could_change_the_call_are_not_passed_on(headers: Any) -> None:
    assert transfer_headers({"headers": headers, "sipxHeaders": headers, "transferSipHeaders": headers}) == {}


def test_what_would_not_fit_is_left_out() -> None:
    assert len(transfer_headers({"headers": {f"X-{n}": "v" for n in range(99)}})) == MAX_HEADERS
    long = transfer_headers({"headers": {f"X-{n}": "v" * 400 for n in range(50)}})
    assert 0 < sum(len(name) + len(value) for name, value in long.items()) <= MAX_TOTAL
