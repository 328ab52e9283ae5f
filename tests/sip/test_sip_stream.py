"""Messages out of a byte stream, however it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sip_peer import OFFER, Peer

from voicebot.sip.header import SipSyntaxError
from voicebot.sip.stream import MAX_HEAD, StreamFramer

ONE = bytes(Peer().request("INVITE", body=OFFER))
TWO = bytes(Peer().request("OPTIONS"))


@given(st.lists(st.integers(0, len(ONE + TWO) + 4), max_size=12))
def test_messages_come_out_whole_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    stream = b"\r\n" + ONE + b"\r\n" + TWO
    framer = StreamFramer()
    messages, at = [], 0
    for cut in [*sorted(cuts), len(stream)]:
        messages += framer.feed(stream[at:cut])
        at = max(at, cut)
    assert messages == [ONE, TWO] and framer.idle and framer.pongs == 2


def test_pings_are_counted_and_are_no_messages() -> None:
    framer = StreamFramer()
    assert framer.feed(b"\r\n\r\n" + TWO + b"\r\n\r\n") == [TWO]
    assert framer.pings == 2 and framer.pongs == 0


def test_without_a_content_length_there_is_no_body() -> None:
    framer = StreamFramer()
    message = b"OPTIONS sip:a@b SIP/2.0\r\nVia: x\r\n\r\n"
    assert framer.feed(message + message) == [message, message]


@pytest.mark.parametrize(
    "data",
    [
        b"x" * (MAX_HEAD + 1),
        b"A: " + b"b" * MAX_HEAD + b"\r\n\r\n",
        b"INVITE x\r\nContent-Length: 999999\r\n\r\n",
        b"INVITE x\r\nContent-Length: 3\r\nl: 4\r\n\r\n",
    ],
)
def test_what_cannot_be_framed_ends_the_stream(data: bytes) -> None:
    with pytest.raises(SipSyntaxError):
        StreamFramer().feed(data)


@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"\r\n", b"\r\n\r\n", b"l: 5\r\n", TWO]), max_size=30))
def test_no_bytes_break_it_and_it_keeps_no_more_than_its_bound(chunks: list[bytes]) -> None:
    framer = StreamFramer()
    try:
        for chunk in chunks:
            framer.feed(chunk)
    except SipSyntaxError:
        pass
    assert len(framer._buffer) <= MAX_HEAD + 65_536
