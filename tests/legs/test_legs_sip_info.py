"""What is read from an INVITE, and what is not: where a number is, a caller cannot say."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

import pytest

from voicebot.address import Domain
from voicebot.audio.codecs import CODECS
from voicebot.legs import LegInfo
from voicebot.legs.sip_info import leg_info, request_info
from voicebot.sip import CallHandle, Line, SipRequest, Trunk
from voicebot.sip.hop import Hop
from voicebot.sip.message import parse_message
from voicebot.sip.registration import Account

SBC = Trunk("sbc", (ipaddress.ip_network("192.0.2.7/32"),), outbound="sip:sbc.example.com:5070;transport=tls")
PROVIDER = Account("provider", "sip:provider.example.net", "7000")


def invite(sender: str) -> SipRequest:
    message = parse_message(
        (
            f"INVITE sip:bot@198.51.100.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
            f"From: <{sender}>;tag=1\r\nTo: <sip:bot@evil.example>\r\nCall-ID: ../../x\r\nCSeq: 1 INVITE\r\n"
            f"Contact: <sip:eve@evil.example:5999>\r\nRecord-Route: <sip:evil.example;lr>\r\n\r\n"
        ).encode()
    )
    assert isinstance(message, SipRequest)
    return message


class Came(CallHandle):
    """A call that has come in."""

    def __init__(self, request: SipRequest, trunk: str, source: str) -> None:
        self._request, self._trunk, self._source = request, trunk, Hop(source, 40123)

    @property
    def request(self) -> SipRequest:
        return self._request

    @property
    def trunk(self) -> str:
        return self._trunk

    @property
    def remote_address(self) -> Hop:
        return self._source


def told(sender: str, trunk: str, lines: Mapping[str, Line], source: str = "192.0.2.7") -> LegInfo:
    return leg_info(Came(invite(sender), trunk, source), CODECS["PCMU"], lines)


@pytest.mark.parametrize(
    "sender", ["sip:eve@evil.example:5999", "sips:+4930@evil.example;transport=tcp", "tel:+4930", "sip:evil.example"]
)
@pytest.mark.parametrize(
    ("trunk", "domain"),
    [
        ("sbc", "sip:sbc.example.com:5070;transport=tls"),
        ("provider", "sip:provider.example.net"),
        ("by address", "sip:192.0.2.7"),
        ("", None),
    ],
)
def test_numbers_are_with_the_trunk_whatever_a_caller_writes_into_from(
    sender: str, trunk: str, domain: str | None
) -> None:
    assert SBC.line is not None
    info = told(sender, trunk, {"sbc": SBC.line, "provider": PROVIDER.line})
    assert info.domain == (Domain.parse(domain) if domain is not None else None)
    assert "evil" not in str(info.domain)


def test_a_trunk_of_ipv6_is_a_domain_in_brackets() -> None:
    assert told("sip:a@b", "sbc", {}, "2001:db8::7").domain == Domain("[2001:db8::7]")


def test_numbers_of_callers_of_pyvoip_are_with_its_pbx() -> None:
    info = request_info(invite("sip:eve@evil.example"), CODECS["PCMU"], remote_address="192.0.2.9", trunk="pyvoip")
    assert info.domain == Domain("192.0.2.9") and info.call_id == "../../x"
