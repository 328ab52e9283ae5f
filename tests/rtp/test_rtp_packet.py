from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.rtp.packet import MAX_PAYLOAD, MalformedPacket, RtpPacket, is_rtcp, parse

PLAIN = RtpPacket(0, False, 7, 160, 0xDEADBEEF, b"\xff" * 160)


@given(
    st.builds(
        RtpPacket,
        st.integers(0, 127),
        st.booleans(),
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.binary(max_size=MAX_PAYLOAD),
    )
)
def test_what_is_built_is_parsed(packet: RtpPacket) -> None:
    assert parse(packet.build()) == packet


def test_the_longest_payload_is_taken() -> None:
    longest = PLAIN._replace(payload=bytes(MAX_PAYLOAD))
    assert parse(longest.build()) == longest
    assert MAX_PAYLOAD == 1600


def test_a_packet_is_built_as_rfc_3550_draws_it() -> None:
    packet = RtpPacket(101, True, 0x0102, 0x03040506, 0x0708090A, b"xyz")
    assert packet.build() == bytes((0x80, 0x80 | 101, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)) + b"xyz"
    assert packet._replace(marker=False).build()[1] == 101


@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda tail: b"\xb1" + tail))
def test_random_bytes_are_parsed_or_malformed(data: bytes) -> None:
    try:
        packet = parse(data)
    except MalformedPacket:
        return
    assert len(packet.payload) <= len(data) - 12
    assert data[0] >> 6 == 2


def header(flags: int, rest: bytes) -> bytes:
    return struct.pack("!BBHII", flags, 8, 1, 2, 3) + rest


@pytest.mark.parametrize(
    ("data", "payload"),
    [
        (header(0x82, b"AAAABBBB" + b"x" * 10), b"x" * 10),
        (header(0x90, struct.pack("!HHI", 0xBEDE, 1, 0) + b"x" * 10), b"x" * 10),
        (header(0xA0, b"x" * 10 + b"\0\0\3"), b"x" * 10),
        (header(0xB1, b"AAAA" + struct.pack("!HH", 0xBEDE, 0) + b"x" + b"\1"), b"x"),
        (header(0x80, b""), b""),
        (header(0x81, b"AAAA"), b""),
        (header(0x90, struct.pack("!HH", 0xBEDE, 0)), b""),
        (header(0xA0, b"\1"), b""),
    ],
    ids=[
        "contributing sources",
        "extension",
        "padding",
        "all three",
        "empty",
        "a source and nothing else",
        "an extension and nothing else",
        "padding and nothing else",
    ],
)
def test_the_payload_is_what_is_left_of_the_header(data: bytes, payload: bytes) -> None:
    assert parse(data).payload == payload


@pytest.mark.parametrize(
    "data",
    [
        b"",
        header(0x80, b"")[:11],
        header(0x00, b"x" * 160),
        header(0x40, b"x" * 160),
        header(0x8F, b"x" * 59),
        header(0x90, b"\0\0\0"),
        header(0x90, struct.pack("!HH", 0xBEDE, 0xFFFF) + b"x" * 100),
        header(0xA0, b"xxx\0"),
        header(0xA0, b"xxx\5"),
        header(0xA0, b"") + b"",
        header(0x80, b"x" * (MAX_PAYLOAD + 1)),
    ],
    ids=[
        "nothing",
        "short header",
        "version 0",
        "version 1",
        "fewer sources than counted",
        "cut in the extension header",
        "extension longer than the packet",
        "no padding count",
        "more padding than payload",
        "padding of an empty packet",
        "too long",
    ],
)
def test_what_is_not_as_long_as_it_says_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedPacket):
        parse(data)


def test_rtcp_is_told_from_rtp_on_one_port() -> None:
    assert is_rtcp(bytes((0x80, 200, 0, 1)) + bytes(4))
    assert not is_rtcp(PLAIN.build())
    assert not is_rtcp(PLAIN._replace(marker=True, payload_type=8).build())
    assert not is_rtcp(b"\x80\xc8")
    for kind, length, version in ((192, 8, 2), (223, 8, 2), (191, 8, 2), (224, 8, 2), (200, 7, 2), (200, 8, 1)):
        told = is_rtcp(bytes((version << 6, kind)) + bytes(length - 2))
        assert told == (192 <= kind <= 223 and length == 8 and version == 2), (kind, length, version)
