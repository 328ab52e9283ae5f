"""Frames of the streaming protocol: written as the SDKs read them, read however they are cut, bounded."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.bots.streaming_frames import (
    MAX_BODY,
    MAX_OPEN,
    MAX_STREAMS,
    ProtocolError,
    StreamingDecoder,
    StreamingRequest,
    StreamingResponse,
    encode_request,
    encode_response,
)

ID = "a9e3a5f0-9d4a-4b6c-8d9e-0f1a2b3c4d5e"
STREAM = "00000000-0000-0000-0000-000000000001"


def frame(kind: str, payload_id: str, payload: bytes, last: bool = True) -> bytes:
    return f"{kind}.{len(payload):06d}.{payload_id}.{int(last)}\n".encode() + payload


def head(**content: object) -> bytes:
    return json.dumps({"verb": "POST", "path": "/x"} | content).encode()


def test_a_request_is_a_head_and_its_stream() -> None:
    header, content, stream_header, stream = encode_request(ID, "POST", "/api/messages", b"{}")
    written = json.loads(content)
    assert header == f"A.{len(content):06d}.{ID}.1\n".encode()
    assert (written["verb"], written["path"]) == ("POST", "/api/messages")
    assert written["streams"] == [
        {"id": written["streams"][0]["id"], "type": "application/json; charset=utf-8", "length": 2}
    ]
    assert stream_header == f"S.000002.{written['streams'][0]['id']}.1\n".encode()
    assert stream == b"{}"


def test_a_response_without_a_body_has_no_stream() -> None:
    assert b"".join(encode_response(ID, 200)) == frame("B", ID, b'{"statusCode":200}')


@given(body=st.binary(max_size=20_000), cuts=st.lists(st.integers(1, 5000), max_size=20))
def test_what_is_written_is_read_however_it_is_cut(body: bytes, cuts: list[int]) -> None:
    data = b"".join(
        [*encode_request(ID, "POST", "/p", body), *encode_response(ID, 202, body), *encode_response(ID, 200)]
    )
    decoder, read, at = StreamingDecoder(), [], 0
    for cut in [*cuts, len(data)]:
        read += decoder.feed(data[at : at + cut])
        at += cut
    assert read == [
        StreamingRequest(ID, "POST", "/p", body),
        StreamingResponse(ID, 202, body),
        StreamingResponse(ID, 200, b""),
    ]


def test_requests_may_be_interleaved_and_a_body_may_come_before_its_head() -> None:
    other, other_stream = str(uuid4()), str(uuid4())
    one, two = head(streams=[{"id": STREAM}]), head(streams=[{"id": other_stream.upper()}])
    data = frame("A", ID, one[:9], False) + frame("S", other_stream, b"2", False) + frame("A", ID, one[9:])
    data += frame("S", STREAM, b"1") + frame("S", other_stream, b"2") + frame("A", other, two)
    assert StreamingDecoder().feed(data) == [
        StreamingRequest(ID, "POST", "/x", b"1"),
        StreamingRequest(other, "POST", "/x", b"22"),
    ]


def test_the_id_of_a_request_is_kept_as_the_bot_wrote_it() -> None:
    assert StreamingDecoder().feed(frame("A", ID.upper(), head())) == [StreamingRequest(ID.upper(), "POST", "/x", b"")]


def test_a_cancelled_stream_ends_there_and_later_kinds_are_skipped() -> None:
    data = frame("A", ID, head(streams=[{"id": STREAM}])) + frame("S", STREAM, b"ab", False)
    data += frame("Z", ID, b"?") + frame("C", STREAM, b"")
    assert StreamingDecoder().feed(data) == [StreamingRequest(ID, "POST", "/x", b"ab")]


@pytest.mark.parametrize(
    "data",
    [
        b"x" * 48,
        frame("A", ID, b"{"),
        frame("A", ID, b"[]"),
        frame("A", ID, b"[" * 60_000),
        frame("A", ID, b'{"verb":"GET"}'),
        frame("B", ID, b"{}"),
        frame("A", ID, head(streams=[{}])),
        frame("A", ID, head(streams=[{"id": str(uuid4())} for _ in range(MAX_STREAMS + 1)])),
        frame("A", ID, b"[" + b"0," * 10_000 + b"0]"),
        frame("X", ID, b""),
        frame("A", ID, b" " * 70_000, False),
        frame("S", STREAM, b"x" * 900_000, False) * (MAX_BODY // 900_000 + 1),
        b"".join(frame("S", str(uuid4()), b"x", False) for _ in range(MAX_OPEN + 1)),
        b"".join(frame("S", str(uuid4()), b"x" * 900_000) for _ in range(20)),
        b"".join(frame("A", str(uuid4()), head(streams=[{"id": str(uuid4())}])) for _ in range(MAX_OPEN + 1)),
    ],
)
def test_what_is_wrong_or_too_much_is_a_protocol_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        StreamingDecoder().feed(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for prefix in (b"", f"A.000100.{ID}.1\n".encode(), f"B.000010.{ID}.1\n".encode()):
        try:
            StreamingDecoder().feed(prefix + data)
        except ProtocolError:
            continue
