"""STUN: the samples of RFC 5769, and whatever else comes to the port."""

from __future__ import annotations

import binascii
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.rtp import stun

PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151"
    "263b3600060009 6576746a3a68367659202020 000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
)
RESPONSE_MAPPED = bytes.fromhex("0001a147e112a643")
TRANSACTION = REQUEST[8:20]
PRIORITY = 0x0024


def test_the_sample_request_is_read_and_its_signature_holds() -> None:
    """RFC 5769 2.1."""
    message = stun.parse(REQUEST)
    assert message.kind == stun.BINDING_REQUEST and message.transaction == TRANSACTION
    assert message.attributes[stun.USERNAME] == b"evtj:h6vY"
    assert message.is_signed_with(PASSWORD) and not message.is_signed_with(PASSWORD + b"x")


def test_the_address_of_the_sample_response_is_hidden_as_there() -> None:
    """RFC 5769 2.2 and 2.3."""
    assert stun.xor_mapped_address("192.0.2.1", 32853, TRANSACTION) == RESPONSE_MAPPED
    six = stun.xor_mapped_address("2001:db8:1234:5678:11:2233:4455:6677", 32853, TRANSACTION)
    assert six == bytes.fromhex("0002a1470113a9faa5d3f179bc25f4b5bed2b9d9")


def test_what_is_built_is_read() -> None:
    attributes = [(stun.USERNAME, b"a:b"), (PRIORITY, b"\0\0\0\1"), (stun.USE_CANDIDATE, b"")]
    message = stun.parse(stun.build(stun.BINDING_REQUEST, TRANSACTION, attributes, PASSWORD))
    assert {name: message.attributes[name] for name, _ in attributes} == dict(attributes)
    assert message.is_signed_with(PASSWORD)
    assert not stun.parse(stun.build(stun.BINDING_REQUEST, TRANSACTION, attributes)).is_signed_with(PASSWORD)


@pytest.mark.parametrize("at", range(20, len(REQUEST) - 8, 3))
def test_what_was_changed_on_its_way_is_not_taken(at: int) -> None:
    data = bytearray(REQUEST)
    data[at] ^= 1
    with pytest.raises(stun.MalformedStun):
        stun.parse(bytes(data))


def test_what_follows_the_signature_is_not_read() -> None:
    made = stun.build(stun.BINDING_REQUEST, TRANSACTION, [(stun.USERNAME, b"a:b")], PASSWORD)
    head, rest = made[:-8], stun.build(stun.BINDING_REQUEST, TRANSACTION, [(stun.USE_CANDIDATE, b"")])[20:24]
    unsigned = bytearray(head + rest)
    unsigned[2:4] = (len(unsigned) - 20).to_bytes(2, "big")
    message = stun.parse(bytes(unsigned))
    assert message.is_signed_with(PASSWORD)
    assert stun.USE_CANDIDATE not in message.attributes


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: REQUEST[:20] + tail))
def test_random_bytes_are_read_or_malformed(data: bytes) -> None:
    with suppress(stun.MalformedStun):
        stun.parse(data)


def test_the_numbers_are_those_of_the_rfcs() -> None:
    """RFC 8489, section 18 and RFC 8445, section 16."""
    assert (stun.BINDING_REQUEST, stun.BINDING_SUCCESS, stun.BINDING_ERROR) == (0x0001, 0x0101, 0x0111)
    assert (stun.USERNAME, stun.MESSAGE_INTEGRITY, stun.ERROR_CODE) == (0x0006, 0x0008, 0x0009)
    assert (stun.XOR_MAPPED_ADDRESS, stun.USE_CANDIDATE) == (0x0020, 0x0025)
    assert (stun.FINGERPRINT, stun.ICE_CONTROLLED) == (0x8028, 0x8029)
    assert stun.error_code(401, "") == bytes((0, 0, 4, 1))
    assert stun.error_code(487, "Role Conflict") == bytes((0, 0, 4, 87)) + b"Role Conflict"


def message(*attributes: bytes, kind: int = 1, cookie: int = 0x2112A442, length: int | None = None) -> bytes:
    body = b"".join(attributes)
    head = struct.pack("!HHI", kind, len(body) if length is None else length, cookie)
    return head + TRANSACTION + body


def test_a_message_of_a_head_alone_is_one() -> None:
    assert stun.parse(message()) == stun.StunMessage(1, TRANSACTION)


@pytest.mark.parametrize(
    "data",
    [
        message()[:19],
        message(kind=0x4001),
        message(kind=0x8001),
        message(cookie=0x2112A443),
        message(bytes(4), length=0),
        message(length=4),
        message(b"\x00\x06\x00\x01a", length=5),
        message(b"\x00\x06\x00\x05abcd"),
        message(b"\x00\x08\x00\x10" + bytes(16)),
        message(b"\x80\x28\x00\x04" + bytes(4)),
        message(*[b"\x00\x07\x00\x00"] * 33),
        message(b"\x00\x07" + (1260).to_bytes(2) + bytes(1260)),
    ],
    ids=[
        "too short", "no STUN", "nor this", "another cookie", "longer than told", "shorter than told", "not of words",
        "an attribute cut off", "a short signature", "a wrong fingerprint", "too many attributes", "too long",
    ],
)  # fmt: skip
def test_what_is_no_message_is_malformed(data: bytes) -> None:
    with pytest.raises(stun.MalformedStun):
        stun.parse(data)


def test_the_limits_are_still_taken() -> None:
    longest = message(b"\x00\x07" + (1256).to_bytes(2) + bytes(1256))
    assert len(longest) == stun.MAX_MESSAGE
    assert stun.parse(longest).attributes == {7: bytes(1256)}
    assert stun.parse(message(*[b"\x00\x07\x00\x00"] * 31)).attributes == {7: b""}


def test_of_an_attribute_that_comes_twice_the_first_counts() -> None:
    assert stun.parse(message(b"\x00\x06\x00\x04aaaa", b"\x00\x06\x00\x04bbbb")).attributes == {6: b"aaaa"}


def test_nothing_may_follow_the_fingerprint() -> None:
    whole = stun.build(stun.BINDING_REQUEST, TRANSACTION, [])
    assert stun.parse(whole) == stun.StunMessage(1, TRANSACTION)
    longer = whole[:2] + (12).to_bytes(2) + whole[4:20]
    fingerprint = (binascii.crc32(longer) ^ 0x5354554E).to_bytes(4)
    with pytest.raises(stun.MalformedStun):
        stun.parse(longer + whole[20:24] + fingerprint + b"\x00\x07\x00\x00")
