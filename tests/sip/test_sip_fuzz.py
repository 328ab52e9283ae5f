"""Whatever a datagram holds, the core neither raises nor answers a response, and stays within its bounds."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sip_peer import OFFER, Peer, session

from voicebot.sip.answering import CallOffered
from voicebot.sip.call import CallOutput
from voicebot.sip.header import SipSyntaxError
from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest, parse_message
from voicebot.sip.offer_answer import select
from voicebot.sip.outputs import SessionOffered, Transmit
from voicebot.sip.sdp import SdpError, SessionDescription

MESSAGES = [path.read_bytes() for path in sorted((Path(__file__).parent / "torture").glob("*.dat"))]
_PEER = Peer()
MESSAGES += [
    bytes(_PEER.request("INVITE", body=OFFER)),
    bytes(
        _PEER.request(
            "INVITE",
            body=b"--b\r\nContent-Type: application/sdp\r\n\r\n" + OFFER + b"\r\n--b\r\n\r\nx\r\n--b--\r\n",
            content_type='multipart/mixed;boundary="b"',
        )
    ),
    bytes(_PEER.request("INFO", body=b"Signal=5\r\n", content_type="application/dtmf-relay", to_tag="1")),
    bytes(_PEER.request("REFER", to_tag="1", headers={"Refer-To": "<sip:x@y>"})),
    bytes(_PEER.request("NOTIFY", to_tag="1", body=b"SIP/2.0 200 OK", content_type="message/sipfrag")),
    bytes(_PEER.request("CANCEL")),
]
TROUBLE = st.sampled_from(
    [bytes([byte]) for byte in b'\r\n\0:;,<>"\\%=@? \t[\xff']
    + [b"\r\n", b"\xed\xa0\x80", b"self=1", b";tag=", b";branch=", b"-1", b"9" * 14, b"SIP/2.0", b"m=audio 0 RTP/AVP"]
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(MESSAGES)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from([0, 0, 1, 2, 8, 40]))
        data[at : at + length] = draw(TROUBLE | st.binary(max_size=4)) * draw(st.sampled_from([1, 1, 1, 2, 30]))
    return bytes(data)


@settings(max_examples=2 * settings.default.max_examples)
@given(st.lists(mutated() | st.binary(max_size=200), min_size=1, max_size=5))
def test_no_datagram_raises_and_no_response_is_answered(datagrams: list[bytes]) -> None:
    peer = Peer()
    for data in datagrams:
        is_response = data.lstrip(b"\r\n").startswith(b"SIP/2.0 ")
        outputs = peer.ua.receive(data, Hop("192.0.2.7", 5062), peer.now)
        assert not (is_response and any(isinstance(output, Transmit) for output in outputs))
        for output in outputs:
            if isinstance(output, CallOffered):
                output.call.answer(session(), peer.now)
            elif isinstance(output, CallOutput) and isinstance(output.event, SessionOffered):
                output.call.accept_session(session(), peer.now)
            elif isinstance(output, Transmit):
                assert output.data.startswith(b"SIP/2.0 ")
        peer.ua.take()
    peer.wait(300.0)
    assert peer.ua.transactions == 0
    assert not peer.ua.calls


@settings(max_examples=2 * settings.default.max_examples)
@given(mutated())
def test_what_is_accepted_can_be_built_and_read_again(data: bytes) -> None:
    try:
        message = parse_message(data)
    except SipSyntaxError:
        return
    again = parse_message(bytes(message))
    assert again.cseq == message.cseq and again.call_id == message.call_id and again.body == message.body
    assert [str(via) for via in again.via] == [str(via) for via in message.via]
    if isinstance(message, SipRequest):
        assert isinstance(again, SipRequest) and again.uri == message.uri


@settings(max_examples=2 * settings.default.max_examples)
@given(st.data())
def test_no_description_raises_anything_but_its_own_error(data: st.DataObject) -> None:
    text = bytearray(OFFER)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(text)))
        text[at : at + data.draw(st.integers(0, 6))] = data.draw(TROUBLE | st.binary(max_size=4))
    try:
        description = SessionDescription.parse(bytes(text))
    except SdpError:
        return
    agreed = select(description)
    if agreed is not None:
        assert 0 < agreed.port < 65536 and 0 <= agreed.payload_type < 128
