"""STUN: the samples of RFC 5769, and whatever else comes to the port."""

from __future__ import annotations

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
