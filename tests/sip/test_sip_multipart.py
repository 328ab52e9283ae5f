"""Multiparts: what is read of them, whatever their line ends, boundaries and encodings, and what is not read."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.sip.multipart import MAX_DEPTH, MAX_PARTS, BodyPart, read_parts

SDP = b"v=0\r\nm=audio 4000 RTP/AVP 0\r\n"
ISUP = bytes(range(256)) + b"\r\n--x\r\n\r\n"
WANTED = ("application/sdp",)
MIXED = 'multipart/mixed;boundary="b"'


def read(content: bytes, content_type: str = MIXED, **headers: str) -> list[BodyPart]:
    named = {f"content-{name.replace('_', '-')}": value for name, value in headers.items()}
    return read_parts({"content-type": content_type, **named}, content, WANTED)


def whole(*parts: bytes, boundary: bytes = b"b", end: bytes = b"\r\n") -> bytes:
    return b"".join(b"--" + boundary + end + part + end for part in parts) + b"--" + boundary + b"--" + end


def sdp(head: bytes = b"Content-Type: application/sdp", content: bytes = SDP) -> bytes:
    return head + b"\r\n\r\n" + content


def types(parts: list[BodyPart]) -> list[str]:
    return [part.content_type for part in parts]


def test_a_body_that_is_no_multipart_is_one_part() -> None:
    (part,) = read(SDP, "Application/SDP ;charset=utf-8", disposition="Session; Handling=Required")
    assert part == BodyPart("application/sdp", "session", "required", SDP)


@pytest.mark.parametrize("isup_first", [True, False])
def test_parts_come_in_their_order_with_every_byte(isup_first: bool) -> None:
    isup = b"Content-Disposition: signal;handling=optional\r\nContent-Type: application/isup;version=x\r\n\r\n" + ISUP
    both = [isup, sdp()] if isup_first else [sdp(), isup]
    parts = read(whole(*both))
    assert parts[0 if isup_first else 1] == BodyPart("application/isup", "signal", "optional", ISUP)
    assert parts[1 if isup_first else 0] == BodyPart("application/sdp", "", "", SDP)


@pytest.mark.parametrize(
    ("parameter", "boundary"),
    [
        ("boundary=b", b"b"),
        ('boundary="b"', b"b"),
        ("Boundary = b", b"b"),
        ('type="a;boundary=no";boundary="b c"', b"b c"),
        (';; boundary="b\\"c"', b'b"c'),
        ("boundary=----=_Part_1.2", b"----=_Part_1.2"),
        ("charset=x;boundary=Delim/1:2", b"Delim/1:2"),
        ("boundary=b;boundary=c", b"b"),
    ],
)
def test_boundaries_are_quoted_or_not(parameter: str, boundary: bytes) -> None:
    assert types(read(whole(sdp(), boundary=boundary), f"multipart/mixed; {parameter}")) == ["application/sdp"]


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_lines_end_as_they_like_and_what_stands_around_the_parts_is_none(end: bytes) -> None:
    part = sdp().replace(b"\r\n", end)
    body = b"preamble" + end + b"--bb" + end + whole(part, end=end) + b"epilogue" + end + b"--b" + end + end + b"no"
    assert [part.content for part in read(body)] == [SDP.replace(b"\r\n", end)]


def test_delimiters_may_have_spaces_behind_them_and_the_last_may_be_missing() -> None:
    body = b"--b \t\r\n" + sdp() + b"\r\n--b  \r\nContent-Type: text/plain\r\n\r\nx"
    assert [(part.content_type, part.content) for part in read(body)] == [
        ("application/sdp", SDP),
        ("text/plain", b"x"),
    ]


def test_headers_of_parts_are_of_any_case_folded_compact_and_may_count_bytes() -> None:
    head = b"C:application/\r\n\tx\r\ncontent-TYPE :\r\n  application/sdp\r\nContent-Length: 3\r\nbroken\r\nX-A: b"
    (part,) = read(whole(sdp(head)))
    assert part == BodyPart("application/sdp", "", "", SDP)
    assert read(whole(b"\r\ntext"))[0] == BodyPart("", "", "", b"text")
    assert read(whole(b"Content-Type: application/sdp"))[0].content == b""


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [
        ("base64", base64.encodebytes(SDP)),
        ("BASE64 ", base64.b64encode(SDP)),
        ("quoted-printable", SDP.replace(b"=", b"=3D")),
        ("binary", SDP),
        ("8bit", SDP),
        ("7bit", SDP),
    ],
)
def test_transfer_encodings_are_undone(encoding: str, encoded: bytes) -> None:
    head = b"Content-Type: application/sdp\r\nContent-Transfer-Encoding: " + encoding.encode()
    (part,) = read(whole(sdp(head, encoded)))
    assert part.content == SDP and part.is_one_of(WANTED)


@pytest.mark.parametrize(
    "head", [b"Content-Transfer-Encoding: uuencode", b"Content-Encoding: gzip", b"Content-Transfer-Encoding: base64"]
)
def test_a_part_in_an_encoding_that_we_cannot_undo_is_none_that_is_wanted(head: bytes) -> None:
    (part,) = read(whole(sdp(b"Content-Type: application/sdp\r\n" + head, b"x")))
    assert part.content is None and not part.is_one_of(WANTED)


def test_multiparts_are_read_within_multiparts() -> None:
    inner = b"Content-Type: multipart/related;boundary=c\r\n\r\n" + whole(
        sdp(), sdp(b"Content-Type: a/b"), boundary=b"c"
    )
    assert types(read(whole(sdp(b"Content-Type: c/d"), inner))) == ["c/d", "application/sdp", "a/b"]


@pytest.mark.parametrize("first", [True, False])
def test_of_alternatives_the_last_that_is_wanted_counts(first: bool) -> None:
    plain = sdp(b"Content-Type: text/plain", b"call me")
    other = sdp(content=SDP.replace(b"4000", b"5000"))
    body = whole(*([sdp(), other, plain] if first else [plain, sdp(), other]))
    (part,) = read(body, "multipart/alternative;boundary=b")
    assert part.content is not None and b"5000" in part.content
    (part,) = read(whole(plain, sdp(b"Content-Type: a/b")), "multipart/alternative;boundary=b")
    assert part.content_type == "a/b", "none is wanted: the best is the last"


def test_what_a_multipart_says_of_its_handling_holds_for_parts_that_say_nothing() -> None:
    required = b"Content-Type: a/b\r\nContent-Disposition: x;handling=required"
    parts = read(whole(sdp(), sdp(required)), disposition="session;handling=optional")
    assert [part.handling for part in parts] == ["optional", "required"]


def test_a_description_for_early_media_is_not_the_sessions() -> None:
    (part,) = read(SDP, "application/sdp", disposition="early-session")
    assert not part.is_one_of(WANTED)


def test_a_type_that_is_left_out_is_seen_from_the_content() -> None:
    assert types(read(b"\r\n" + SDP, "")) == ["application/sdp"] and types(read(b"x", "")) == [""]
    assert types(read(whole(b"\r\n" + SDP))) == ["application/sdp"]


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (whole(sdp()), "multipart/mixed"),
        (whole(sdp()), "multipart/mixed;boundary="),
        (whole(sdp()), "multipart/mixed;boundary=other"),
        (whole(sdp()), 'multipart/mixed;boundary="b'),
        (b"", MIXED),
        (b"--b--", MIXED),
        (whole(*[sdp()] * (MAX_PARTS + 1)), MIXED),
    ],
)
def test_a_multipart_that_cannot_be_read_stands_for_itself(content: bytes, content_type: str) -> None:
    assert types(read(content, content_type)) == ["multipart/mixed"]


def test_parts_are_bounded_in_number_and_depth() -> None:
    assert len(read(whole(*[sdp()] * MAX_PARTS))) == MAX_PARTS
    many = b"Content-Type: multipart/mixed;boundary=c\r\n\r\n" + whole(*[sdp()] * MAX_PARTS, boundary=b"c")
    assert types(read(whole(many, sdp()))) == ["multipart/mixed"]
    for depth, found in ((MAX_DEPTH, "application/sdp"), (MAX_DEPTH + 1, "multipart/mixed")):
        body = sdp()
        for level in range(depth - 1):
            name = b"l%d" % level
            body = b"Content-Type: multipart/mixed;boundary=" + name + b"\r\n\r\n" + whole(body, boundary=name)
        assert types(read(whole(body))) == [found]


PIECES = [
    *(b"--b", b"--c", b"--", b"\r\n", b"\n", b"\r\n\r\n", b" ", b"\0", b"\xff"),
    *(b"Content-Type: multipart/mixed;boundary=b\r\n", b"Content-Type: multipart/alternative;boundary=c\r\n"),
    *(b"c: application/sdp\r\n", b"Content-Length: 3\r\n", b"Content-Disposition: session;handling=required\r\n"),
    *(b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n", b"=3D", b"dj0w"),
    whole(sdp(), sdp()),
]
"""Of which multiparts are made, and what is none."""


@given(
    st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=60),
    st.sampled_from([MIXED, "multipart/alternative;boundary=b", "multipart/mixed;boundary=c"]) | st.text(max_size=40),
    st.text(max_size=20),
)
def test_whatever_comes_is_some_parts_that_are_no_longer_than_the_whole(
    pieces: list[bytes], content_type: str, disposition: str
) -> None:
    body = b"".join(pieces)
    parts = read(body, content_type, disposition=disposition)
    assert 1 <= len(parts) <= MAX_PARTS
    assert sum(len(part.content or b"") for part in parts) <= len(body)
