"""Message bodies and session descriptions that were reported to be misread (README.md).

``source``: the thread at https://github.com/.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from voicebot.audio.codecs import CODECS, all_named
from voicebot.sip import AudioAgreement, SessionDescription, SipRequest, offer_answer
from voicebot.sip.body import session_in
from voicebot.sip.hop import Hop, Listener
from voicebot.sip.info_keys import TYPES, key_in
from voicebot.sip.multipart import BodyPart
from voicebot.sip.offer_answer import select
from voicebot.sip.outputs import Transmit
from voicebot.sip.user_agent import UserAgent

AUDIO = "m=audio 4000 RTP/AVP 8 101"
EVENT = "a=rtpmap:101 telephone-event/8000"
KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
SUITE = "AES_CM_128_HMAC_SHA1_80"


def description(*lines: str, end: str = "\r\n") -> SessionDescription:
    return SessionDescription.parse(end.join(lines).encode())


def offered(*lines: str, origin: str = "o=- 1 1 IN IP4 192.0.2.1") -> SessionDescription:
    return description("v=0", origin, "s=-", "c=IN IP4 192.0.2.1", "t=0 0", *lines, "")


def sent(method: str, body: str, *headers: str) -> list[bytes]:
    """What we send when such a request comes from anywhere."""
    head = (
        f"{method} sip:bot@127.0.0.1 SIP/2.0",
        "Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKfield",
        "From: <sip:phone@127.0.0.1>;tag=a",
        "To: <sip:bot@127.0.0.1>",
        "Call-ID: field",
        f"CSeq: 1 {method}",
        "Contact: <sip:phone@127.0.0.1:5070>",
        *headers,
    )
    agent = UserAgent([Listener("UDP", "127.0.0.1", 5060)])
    data = "\r\n".join((*head, f"Content-Length: {len(body)}", "", body)).encode()
    outputs = agent.receive(data, Hop("127.0.0.1", 5070), 100.0)
    return [output.data for output in outputs if isinstance(output, Transmit)]


MULTIPARTS = {
    "signalwire/freeswitch/issues/1816": (  # a Sonus gateway: ISUP behind the description
        "multipart/mixed;boundary=sonus-content-delim",
        "--sonus-content-delim\r\nContent-Disposition: session; handling=required\r\n"
        "Content-Type: application/sdp\r\n\r\n{sdp}\r\n--sonus-content-delim\r\n"
        "Content-Disposition: signal; handling=optional\r\n"
        "Content-Type: application/isup; version=itu-t92+; base=itu-t92+\r\n\r\n\x01\x00\t-\r\n"
        "--sonus-content-delim--\r\n",
    ),
    "signalwire/freeswitch/issues/1536": (  # where the caller is, without a word about its handling
        'multipart/mixed; boundary="boundary1"',
        "--boundary1\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--boundary1\r\n"
        "Content-Type: application/pidf+xml\r\n"
        "Content-ID: <target@example.org>\r\n\r\n<?xml version='1.0'?><presence/>\r\n--boundary1--",
    ),
    "sems-server/sems/issues/129": (  # an emergency call: the location first
        'multipart/mixed;boundary="unique-boundary-1"',
        "\r\n--unique-boundary-1\r\nContent-Type: application/pidf+xml\r\nContent-Disposition: by-reference;"
        "handling=optional\r\n\r\n<presence/>\r\n--unique-boundary-1\r\nContent-Type: application/SDP\r\n\r\n{sdp}"
        "\r\n--unique-boundary-1--\r\n\r\n",
    ),
    "drachtio/drachtio-siprec-recording-server/issues/79": (  # recording metadata
        "multipart/mixed;boundary=OSS-unique-boundary-42",
        "--OSS-unique-boundary-42\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--OSS-unique-boundary-42\r\n"
        "Content-Type: application/rs-metadata+xml\r\nContent-Disposition: recording-session\r\n\r\n<recording/>\r\n"
        "--OSS-unique-boundary-42--\r\n",
    ),
}


@pytest.mark.parametrize("source", MULTIPARTS)
def test_a_description_is_found_beside_whatever_a_gateway_adds(source: str) -> None:
    content_type, body = MULTIPARTS[source]
    sdp = "\r\n".join(("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", AUDIO, EVENT, ""))
    request = SipRequest("INVITE", "sip:bot@127.0.0.1", body.format(sdp=sdp).encode())
    request.headers.set("Content-Type", content_type)
    session = session_in(request)
    assert session is not None and session.media[0].formats == ["8", "101"]
    (trying,) = sent("INVITE", body.format(sdp=sdp), f"c: {content_type}")
    assert trying.startswith(b"SIP/2.0 100 ")


@pytest.mark.parametrize(
    ("source", "kind", "body", "key"),
    [
        ("pjsip/pjproject/issues/2424", "application/dtmf-relay", "Signal= #\r\nDuration= 120", "#"),
        ("baresip/baresip/pull/1814", "application/dtmf-relay", " Signal=#\r\n Duration=100\r\n", "#"),  # Mitel
        ("versatica/JsSIP/issues/307", "application/dtmf-relay", "Signal=1\r\nDuration=9\r\nA=b\r\nC=d", "1"),
        ("eigger/hass-sip/pull/24", "audio/telephone-event", "11", "#"),
        ("eigger/hass-sip/pull/24", "application/dtmf", "d=5", "5"),
        ("siphon-project/siphon-sip/pull/347", "application/dtmf", "10", "*"),
    ],
)
def test_a_key_in_an_info_is_read(source: str, kind: str, body: str, key: str) -> None:
    assert kind in TYPES and key_in(BodyPart(kind, "", "", body.encode())) == key


@pytest.mark.parametrize(
    ("source", "method", "headers", "status"),
    [
        # A PBX tells of voice mail after each registration.
        ("emiago/diago/issues/51", "NOTIFY", ("Event: message-summary", "c: application/simple-message-summary"), 481),
        ("freeswitch/sofia-sip/issues/220", "NOTIFY", ("o: keep-alive", "c: text/plain"), 481),
        ("versatica/JsSIP/pull/199", "INFO", ("Content-Type: application/media_control+xml",), 415),
    ],
)
def test_what_we_have_no_use_for_gets_a_plain_no(source: str, method: str, headers: Sequence[str], status: int) -> None:
    (answer,) = sent(method, "x: y\r\n", *headers)
    assert answer.startswith(b"SIP/2.0 %d " % status)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("sipwise/rtpengine/issues/1500", (AUDIO, "a=rtpmap:8 PCMA/8000", "", EVENT, "a=fmtp:101 0-11,16", "", "")),
        ("versatica/JsSIP/issues/186", (AUDIO, EVENT, "a=extmap:1 urn:x", "", "a=maxptime:60")),
        ("clux/sdp-transform/issues/6", (AUDIO, " =extmap:1 urn:x", " =crypto:1 x", EVENT)),
        ("pjsip/pjproject/issues/666", (AUDIO, EVENT, "", "", "")),
        ("pjsip/pjproject/issues/64", (AUDIO + "  ", EVENT + " ", "a=ptime:20\t")),
        ("sdroege/sdp-types/issues/7", (AUDIO + "\t ", "b=AS:64", EVENT)),
        ("pjsip/pjproject/issues/448", (AUDIO, EVENT, "a=silenceSupp:off - - - -", "m=video 57688 RTP/AVP 34")),
        ("pjsip/pjproject/issues/2823", (AUDIO, EVENT, "m=video 0 RTP/AVP 96", "c=IN IP4 127.0.0.1")),
        ("androidx/media/issues/1472", (AUDIO, EVENT, "m=application/TP-LINK 0 RTP/AVP smart/1/90000")),
        ("eisenzopf/rvoip/issues/14", (AUDIO, "b=TIAS:64000", EVENT)),
        ("sipsorcery-org/sipsorcery/issues/1329", ("i=P2P", AUDIO.replace("4000", "4000/2"), EVENT)),
        ("creytiv/re/issues/86", (AUDIO, EVENT, "a=maxptime:150")),
    ],
)
def test_a_description_is_read_whatever_stands_between_its_lines(source: str, lines: Sequence[str]) -> None:
    session = offered(*lines)
    agreed = select(session)
    assert agreed is not None and (agreed.codec, agreed.telephone_event) == (CODECS["PCMA"], 101)
    answered = offer_answer.answer(session, agreed, "192.0.2.2", 5000)
    assert [media.port for media in answered.media] == [5000, *[0] * (len(session.media) - 1)]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("tschiemer/aes67/issues/2", ("v=0 ", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", AUDIO)),
        ("mozilla/webrtc-sdp/issues/204", ("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=", "c=IN IP4 192.0.2.1", AUDIO)),
        ("sipwise/rtpengine/issues/58", ("v=0", "o=x 1 1 IN IP4 no-such-host.invalid", "c=IN IP4 192.0.2.1", AUDIO)),
        ("pjsip/pjproject/issues/1625", ("v=0", "m=video 0 RTP/AVP 31", AUDIO, "c=IN IP4 192.0.2.1")),
        ("livekit/sip/pull/345", ("v=0", "s=-", "c=IN IP4 192.0.2.99", AUDIO, "c=IN IP4 192.0.2.1")),
    ],
)
def test_the_lines_before_the_media_may_be_odd(source: str, lines: Sequence[str]) -> None:
    agreed = select(description(*lines))
    assert agreed is not None and agreed.host == "192.0.2.1"


@pytest.mark.parametrize(
    ("source", "lines", "ports"),
    [
        (
            "SIPp/sipp/issues/230",
            ("m=audio 0 RTP/AVP 8", "c=IN IP4 127.0.0.1", "m=video 0 RTP/AVP 34", AUDIO),
            (0, 0, 5),
        ),
        ("pjsip/pjproject/issues/1233", ("m=audio 0 RTP/AVP", AUDIO), (0, 5)),
        ("pjsip/pjproject/issues/1347", ("m=audio 4000 UNKNOWN 0", AUDIO), (0, 5)),
        ("pjsip/pjproject/issues/433", ("m=audio 4000 RTP/SAVP 8", f"a=crypto:1 {SUITE} inline:{KEY}", AUDIO), (0, 5)),
    ],
)
def test_the_stream_that_we_carry_is_found_among_others(
    source: str, lines: Sequence[str], ports: Sequence[int]
) -> None:
    session = offered(*lines)
    agreed = select(session)
    assert agreed is not None
    assert [media.port for media in offer_answer.answer(session, agreed, "192.0.2.2", 5).media] == list(ports)


def test_a_suite_may_be_written_in_small_letters() -> None:
    """https://github.com/pjsip/pjproject/issues/1347"""
    agreed = encrypted(f"a=crypto:1 {SUITE.lower()} inline:{KEY}")
    assert agreed is not None and agreed.crypto is not None and agreed.crypto.suite == SUITE


def test_keys_from_a_handshake_under_the_older_name_of_the_profile() -> None:
    """https://github.com/versatica/JsSIP/issues/332: what all streams share stands before them."""
    prints = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32)
    session = description(
        "v=0", prints, "a=sendrecv", "m=audio 4000 RTP/SAVPF 8", "c=IN IP4 192.0.2.1", "a=setup:actpass"
    )
    agreed = select(session, srtp="allowed")
    assert agreed is not None and agreed.handshake is not None and agreed.crypto is None


def test_an_address_in_brackets_is_one() -> None:
    """https://github.com/SIPp/sipp/issues/59"""
    agreed = select(description("v=0", "c=IN IP6 [2001:db8::1]", AUDIO))
    assert agreed is not None and agreed.host == "2001:db8::1"


@pytest.mark.parametrize("end", ["", "\r\n", " \r\n"])
def test_a_direction_in_the_last_line_holds_whatever_ends_it(end: str) -> None:
    """https://github.com/emiago/diago/issues/125 and its mend."""
    agreed = select(description("v=0", "c=IN IP4 192.0.2.1", AUDIO, "a=sendonly" + end))
    assert agreed is not None and agreed.direction == "recvonly"


@pytest.mark.parametrize(
    ("source", "encoding"),
    [("otalk/rtcpeerconnection-shim/issues/96", "opus/48000"), ("AlexxIT/go2rtc/issues/1506", "OPUS/48000/1")],
)
def test_opus_is_known_without_its_two_channels(source: str, encoding: str) -> None:
    session = offered("m=audio 4000 RTP/AVP 111 8", f"a=rtpmap:111 {encoding}")
    agreed = select(session, all_named(["opus", "PCMA"]))
    assert agreed is not None and (agreed.codec.name, agreed.payload_type) == ("opus", 111)


def encrypted(*lines: str, profile: str = "RTP/SAVP") -> AudioAgreement | None:
    return select(offered(f"m=audio 4000 {profile} 8", *lines), srtp="allowed")


@pytest.mark.parametrize(
    ("source", "more", "mki"),
    [
        ("sipwise/rtpengine/issues/57", "|2^32", b""),  # Grandstream
        ("emiago/diago/issues/182", "|2^31 ", b""),  # AudioCodes
        ("asterisk/asterisk/issues/825", "|2^31|1:1", b"\x01"),
        ("livekit/media-sdk/pull/30", "|2^20|1:4", b"\0\0\0\x01"),
    ],
)
def test_a_key_may_have_a_lifetime_and_an_identifier(source: str, more: str, mki: bytes) -> None:
    agreed = encrypted(f"a=crypto:1 {SUITE} inline:{KEY}{more}")
    assert agreed is not None and agreed.crypto is not None and agreed.crypto.mki == mki


def test_a_key_with_parameters_that_change_the_packets_is_passed_over_and_the_next_one_taken() -> None:
    """https://github.com/livekit/media-sdk/pull/73"""
    lines = [f"a=crypto:{tag} {SUITE} inline:{KEY}{more}" for tag, more in ((1, " UNENCRYPTED_SRTCP"), (2, ""))]
    agreed = encrypted(*lines)
    assert agreed is not None and agreed.crypto is not None and agreed.crypto.tag == 2
    assert encrypted(lines[0]) is None


def test_the_profile_of_an_offer_is_the_one_of_its_answer() -> None:
    """https://github.com/sipwise/rtpengine/issues/113"""
    session = offered("m=audio 4000 RTP/AVPF 124 8", "a=rtpmap:124 opus/48000/2", "a=rtcp-fb:* trr-int 5000")
    agreed = select(session)
    assert agreed is not None
    assert offer_answer.answer(session, agreed, "192.0.2.2", 5000).media[0].protocol == "RTP/AVPF"


def test_an_encrypted_profile_without_a_key_is_not_taken_for_a_plain_one() -> None:
    """https://github.com/baresip/baresip/issues/769 and https://github.com/DoubangoTelecom/doubango/issues/184"""
    assert encrypted(profile="RTP/SAVPF") is None and encrypted(profile="RTP/SAVP") is None
