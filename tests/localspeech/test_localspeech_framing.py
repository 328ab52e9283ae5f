from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.localspeech.framing import (
    FramingError,
    audio_frame,
    malformed_frame,
    parse_binary,
    parse_text,
    text_frame,
)


def test_a_text_frame_comes_back_as_it_was_sent() -> None:
    message = parse_text(text_frame("AB12", "speech.phrase", {"DisplayText": "Grüße."}))
    assert (message.path, message.request_id) == ("speech.phrase", "AB12")
    assert message.json() == {"DisplayText": "Grüße."}


def test_a_binary_frame_comes_back_as_it_was_sent() -> None:
    message = parse_binary(audio_frame("AB12", "S1", b"\x00\xff\r\n\r\n", "audio/x-mulaw"))
    assert (message.path, message.request_id, message.data) == ("audio", "AB12", b"\x00\xff\r\n\r\n")
    assert message.headers["x-streamid"] == "S1"


def test_header_names_compare_without_case_and_values_keep_their_colons() -> None:
    message = parse_text("pAtH: Speech.Context \r\nX-Timestamp:2026-01-01T00:00:00Z\r\n\r\n{}")
    assert message.path == "speech.context"
    assert message.headers["x-timestamp"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00",
        b"\x00\x05abc",
        b"\xff\xff" + b"a" * 100,
        b"\x00\x02\xff\xfe",
        b"\x00\x05abcde",
        malformed_frame(),
    ],
)
def test_a_broken_binary_frame_is_a_framing_error(frame: bytes) -> None:
    with pytest.raises(FramingError):
        parse_binary(frame)


@pytest.mark.parametrize(
    "frame", ["", "Path:x", "no colon\r\n\r\n", ":no name\r\n\r\n", "a:" + "b" * 9000 + "\r\n\r\n"]
)
def test_a_broken_text_frame_is_a_framing_error(frame: str) -> None:
    with pytest.raises(FramingError):
        parse_text(frame)


@pytest.mark.parametrize("body", ["", "[]", "nul", "[" * 100_000, '"text"'])
def test_a_body_that_is_no_json_object_is_a_framing_error(body: str) -> None:
    with pytest.raises(FramingError):
        parse_text(f"Path:speech.context\r\n\r\n{body}").json()


@given(st.binary(max_size=300))
def test_no_binary_frame_raises_anything_else(frame: bytes) -> None:
    with contextlib.suppress(FramingError):
        parse_binary(frame)


@given(st.text(max_size=300))
def test_no_text_frame_raises_anything_else(frame: str) -> None:
    with contextlib.suppress(FramingError):
        parse_text(frame).json()
