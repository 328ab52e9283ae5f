"""INVITEs, rewritten so that pyVoIP can parse them."""

from __future__ import annotations

import pytest

from voicebot.legs.pyvoip_invite import audio_of, plain_invite
from voicebot.sip import SipRequest
from voicebot.sip.message import parse_message

SDP = """v=0
o=- 1 1 IN IP4 192.0.2.9
s=-
c=IN IP4 192.0.2.9
t=0 0
m=audio 4000 RTP/AVP 8 0 101
c=IN IP4 192.0.2.10
a=rtpmap:101 telephone-event/8000
a=label:1
m=video 4002 RTP/AVP 96
a=rtpmap:96 VP8/90000
"""
HEAD = """INVITE sip:7000@192.0.2.1 SIP/2.0
v: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport
v: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK2;received=192.0.2.7
f: "Ada: the first" <sip:ada@192.0.2.7;user=phone>;tag=abc
t: <sip:7000@192.0.2.1>
i: one@192.0.2.7
CSeq: 7 INVITE
m: <sip:ada@192.0.2.7:5080>
Supported:
Subject: a: b
c: application/sdp
l: {length}

"""


def invite(sdp: str = SDP) -> SipRequest:
    body = sdp.replace("\n", "\r\n")
    message = parse_message((HEAD.replace("\n", "\r\n").format(length=len(body)) + body).encode())
    assert isinstance(message, SipRequest)
    return message


def test_what_its_parser_fails_on_is_written_down_anew() -> None:
    request = invite()
    audio = audio_of(request)
    assert audio is not None
    plain = parse_message(plain_invite(request, audio))
    assert isinstance(plain, SipRequest)
    assert (plain.call_id, plain.cseq, plain.uri) == (request.call_id, (7, "INVITE"), request.uri)
    assert [via.branch for via in plain.via] == ["z9hG4bK1", "z9hG4bK2"]
    assert (plain.sender.tag, plain.contact[0].uri) == ("abc", "sip:ada@192.0.2.7:5080")
    assert plain.body.decode().split("\r\n")[3:9] == [
        "c=IN IP4 192.0.2.10",
        "t=0 0",
        "m=audio 4000 RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=sendrecv",
    ]


def test_pyvoip_reads_it() -> None:
    pytest.importorskip("pyVoIP", reason="pyVoIP is not installed: the extra pyvoip")
    from voicebot.legs.pyvoip_phone import parsed

    request = invite()
    audio = audio_of(request)
    assert audio is not None
    message = parsed(request, audio)
    assert message.headers["From"]["number"] == "ada" and message.headers["From"]["tag"] == "abc"
    assert [media["port"] for media in message.body["m"]] == [4000]
    assert [c["address"] for c in message.body["c"]] == ["192.0.2.10"]


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        "v=0\n",
        SDP.replace("8 0 101", "8 101"),
        SDP.replace("RTP/AVP 8", "RTP/SAVP 8"),
        SDP.replace("IP4", "IP6").replace("192.0.2.10", "2001:db8::1").replace("192.0.2.9", "2001:db8::1"),
        SDP.replace("audio 4000", "audio 0"),
        SDP.replace("8 0 101", "8 97 101").replace("a=label:1", "a=rtpmap:97 PCMU/8000"),
        SDP.replace("RTP/AVP 8", "RTP/AVPF 8"),
        SDP.replace("192.0.2.10", "media.example"),
    ],
    ids=["none", "empty", "no PCMU", "encrypted", "IPv6", "refused", "dynamic", "feedback", "a name"],
)
def test_what_it_cannot_carry_is_no_audio(sdp: str) -> None:
    assert audio_of(invite(sdp)) is None


def test_the_offer_may_be_a_part_of_the_body() -> None:
    request = invite()
    request.body = b"--b\r\nContent-Type: application/sdp\r\n\r\n" + request.body + b"\r\n--b\r\n\r\nx\r\n--b--\r\n"
    request.headers.set("Content-Type", "multipart/mixed;boundary=b")
    audio = audio_of(request)
    assert audio is not None and audio.host == "192.0.2.10"


@pytest.mark.parametrize(
    ("offered", "ours"),
    [("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive"), ("sendrecv", "sendrecv")],
)
def test_the_direction_is_ours(offered: str, ours: str) -> None:
    audio = audio_of(invite(SDP.replace("a=label:1", f"a={offered}")))
    assert audio is not None and audio.direction == ours
