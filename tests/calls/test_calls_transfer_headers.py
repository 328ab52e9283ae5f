"""Headers that go along with a transfer."""

from __future__ import annotations

from voicebot.calls.transfer_headers import MAX_HEADERS, transfer_headers


def test_data_for_the_next_party_goes_along() -> None:
    context = {
        "headers": {"X-Case": 4711, "User-to-User": "00fa;encoding=hex"},
        "transferSipHeaders": [{"name": "X-Lang", "value": "de"}],
    }
    assert transfer_headers(context) == {"X-Case": "4711", "User-to-User": "00fa;encoding=hex", "X-Lang": "de"}


def test_nothing_else_does() -> None:
    bad = {
        "Route": "x",
        "From": "x",
        "X-A": "a\r\nB: c",
        "X-B": "ü",
        "X-C": "x" * 600,
        "X-D E": "x",
        "X-F": None,
        3: "x",
    }
    assert transfer_headers({"headers": bad, "transferSipHeaders": ["x", {"name": 1}]}) == {}
    assert transfer_headers({"headers": "x", "transferSipHeaders": {}}) == {}
    assert len(transfer_headers({"headers": {f"X-{n}": "v" for n in range(99)}})) == MAX_HEADERS
