"""Where a transfer goes, and what its target is told."""

from __future__ import annotations

from typing import Any

import pytest

from voicebot.calls.transfer_uri import MAX_URI, transfer_headers, transfer_uri


@pytest.mark.parametrize(
    ("target", "uri"),
    [
        ("+14255550123", "sip:+14255550123@pbx.example"),
        ("sip:a@b;transport=tcp", "sip:a@b;transport=tcp"),
        ("TEL:+1425", "TEL:+1425"),
    ],
)
def test_a_number_lives_in_the_domain_and_a_uri_is_one(target: str, uri: str) -> None:
    assert transfer_uri(target, {}, "pbx.example") == uri


def test_copilot_studio_and_audiocodes_tell_the_target_by_headers() -> None:
    copilot = {"sipUuiHeader": "a1b2;encoding=hex", "sipxHeaders": {"X-Skill": "billing & more"}}
    assert transfer_uri("sip:a@b", copilot, "") == (
        "sip:a@b?User-to-User=a1b2%3Bencoding%3Dhex&X-Skill=billing%20%26%20more"
    )
    audiocodes = {"transferSipHeaders": [{"name": "X-My", "value": "1"}, {"name": "x-other", "value": 2}]}
    assert transfer_headers(audiocodes) == [("X-My", "1"), ("x-other", "2")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Via": "evil"},
        {"Replaces": "other"},
        {"X-A": "b\r\nVia: evil"},
        {"X-A\r\n": "b"},
        {"X-A": None},
        {"X-": "b"},
        "X-A: b",
        [1, {"name": 5}],
    ],
)
def test_headers_that_could_change_the_call_are_not_passed_on(headers: Any) -> None:
    assert transfer_uri("sip:a@b", {"sipxHeaders": headers}, "") == "sip:a@b"


def test_what_would_not_fit_is_left_out() -> None:
    headers = {f"X-{number}": "v" * 400 for number in range(50)}
    assert len(transfer_uri("sip:a@b", {"sipxHeaders": headers}, "")) <= MAX_URI
