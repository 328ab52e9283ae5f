"""RFC 5118: the torture messages for IPv6. Each gets what the RFC asks for."""

from __future__ import annotations

import pytest
from sip_peer import counting_token, session, statuses

from voicebot.sip.answering import CallOffered
from voicebot.sip.hop import Hop, Listener
from voicebot.sip.message import SipRequest, SipResponse, parse_message
from voicebot.sip.offer_answer import select
from voicebot.sip.outputs import Transmit
from voicebot.sip.sdp import SessionDescription
from voicebot.sip.user_agent import UserAgent

SOURCE = Hop("2001:db8::9:1", 5060)


def message(
    uri: str = "sip:[2001:db8::10]",
    *,
    method: str = "REGISTER",
    via: str = "[2001:db8::9:1]",
    params: str = "",
    contact: str = "[2001:db8::1]",
    body: str = "",
) -> bytes:
    lines = [
        f"{method} {uri} SIP/2.0",
        "To: sip:user@example.com",
        "From: sip:user@example.com;tag=81x2",
        f"Via: SIP/2.0/UDP {via};branch=z9hG4bKas3-111{params}",
        "Call-ID: SSG9559905523997077@hlau_4100",
        "Max-Forwards: 70",
        f'Contact: "Caller" <sip:caller@{contact}>',
        f"CSeq: 98176 {method}",
        *(["Content-Type: application/sdp"] if body else []),
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def agent() -> UserAgent:
    return UserAgent([Listener("UDP", "2001:db8::10", 5060)], token=counting_token())


def answers(data: bytes, source: Hop = SOURCE) -> list[int | str]:
    outputs = agent().receive(data, source, 1.0)
    return statuses([parse_message(output.data) for output in outputs if isinstance(output, Transmit)])


@pytest.mark.parametrize(
    ("uri", "host", "port"),
    [
        ("sip:[2001:db8::10]", "[2001:db8::10]", None),  # 4.1
        ("sip:[2001:db8::10:5070]", "[2001:db8::10:5070]", None),  # 4.3: the colon belongs to the address
        ("sip:[2001:db8::10]:5070", "[2001:db8::10]", 5070),  # 4.4
        ("sip:user@[::ffff:192.0.2.10]", "[::ffff:192.0.2.10]", None),  # 4.9
    ],
)
def test_references_are_read_as_they_are_meant(uri: str, host: str, port: int | None) -> None:
    from voicebot.sip.header import SipUri

    parsed = SipUri.parse(uri)
    assert (parsed.host, parsed.port) == (host, port)
    assert answers(message(uri)) == [405]  # well-formed: refused for its method only


def test_an_address_without_brackets_is_a_bad_request() -> None:
    """4.2."""
    assert answers(message("sip:2001:db8::10")) == [400]


@pytest.mark.parametrize("received", ["[2001:db8::9:255]", "2001:db8::9:255"])
def test_received_is_taken_with_brackets_and_without(received: str) -> None:
    """4.5."""
    assert answers(message("sip:[2001:db8::10]", method="OPTIONS", params=f";received={received}")) == [200]


def sdp(*lines: str) -> str:
    return "".join(f"{line}\r\n" for line in lines)


SIX = sdp(
    "v=0",
    "o=assistant 971731711378798081 0 IN IP6 2001:db8::20",
    "s=Live video feed for today's meeting",
    "c=IN IP6 2001:db8::20",
    "t=3338481189 3370017201",
    "m=audio 6000 RTP/AVP 0",
)
MIXED = sdp(
    "v=0",
    "o=bob 280744730 28977631 IN IP4 host.example.com",
    "s=",
    "t=0 0",
    "m=audio 22334 RTP/AVP 0",
    "c=IN IP4 192.0.2.1",
    "m=audio 6000 RTP/AVP 0",
    "c=IN IP6 2001:db8::1",
)


def test_a_session_with_an_ipv6_address_is_offered() -> None:
    """4.6."""
    ua = agent()
    outputs = ua.receive(message("sip:user@[2001:db8::10]", method="INVITE", body=SIX), SOURCE, 1.0)
    (call,) = [output.call for output in outputs if isinstance(output, CallOffered)]
    assert call.offer is not None and call.offer.media[0].port == 6000
    agreed = select(call.offer)
    assert agreed is not None and agreed.host == "2001:db8::20"
    call.answer(session(), 1.0)
    (ok,) = [parse_message(output.data) for output in ua.take() if isinstance(output, Transmit)]
    assert isinstance(ok, SipResponse) and ok.contact[0].uri == "sip:voicebot@[2001:db8::10]:5060"


def test_both_families_in_the_headers_of_one_message() -> None:
    """4.7: several hops, of both."""
    data = message("sip:user@example.com", method="OPTIONS", contact="[2001:db8::9:255]").replace(
        b"Max-Forwards", b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK77ef4c2312983.1;received=192.0.2.1\r\nMax-Forwards"
    )
    parsed = parse_message(data)
    assert isinstance(parsed, SipRequest) and [via.host for via in parsed.via] == ["[2001:db8::9:1]", "192.0.2.1"]
    assert answers(data) == [200]


def test_both_families_in_one_session() -> None:
    """4.8: the first that can be taken is."""
    agreed = select(SessionDescription.parse(MIXED.encode()))
    assert agreed is not None and agreed.host in ("192.0.2.1", "2001:db8::1")


def test_the_bug_of_the_grammar_breaks_nothing() -> None:
    """4.10: three colons, as the ABNF of RFC 3261 allows by mistake; taken or refused, but answered."""
    assert answers(message("sip:user@[2001:db8:::192.0.2.1]", method="OPTIONS"))[0] in (200, 400)
