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

    outgoing = False

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


# --- numbers as networks write them


@pytest.mark.parametrize(
    ("uri", "who"),
    [
        ("sip:+15550123;npdi;rn=+15550199@sbc.example;user=phone", "+15550123"),
        ("sip:+15550123;rn=+15550199;npdi@sbc.example", "+15550123"),
        ("sip:+15550123%3Bnpdi%3Brn=+15550199@sbc.example", "+15550123"),
        ("sip:+15550111;cpc=ordinary;oli=00@sbc.example", "+15550111"),
        ("sip:5550123;phone-context=+1@sbc.example;user=phone", "+15550123"),
        ("sip:+15550123;phone-context=+49@sbc.example", "+15550123"),
        ("sip:0015550123;phone-context=+49@sbc.example", "0015550123"),
        ("sip:863-1234;phone-context=+1-914-555@sbc.example", "8631234"),
        ("sip:7042;phone-context=+1@sbc.example", "7042"),
        ("tel:030-123456;phone-context=+49", "+4930123456"),
        ("tel:30-123456;PHONE-CONTEXT=+49", "+4930123456"),
        ("tel:06-123456;phone-context=+39", "+3906123456"),
        ("tel:1-425-555-0123;phone-context=+1", "+14255550123"),
        ("tel:8-495-5550123;phone-context=+7", "+74955550123"),
        ("sip:+15550111@anonymous.invalid", "+15550111"),
        ("sip:5550123;phone-context=ims.example@sbc.example", "5550123"),
        ("sip:+15550123;isub=12%2F3;ext=7;postd=pp2@sbc.example", "+15550123"),
        ("sip:+15550123;unknown=thing@sbc.example", "+15550123"),
        ("sip:+15550123;verstat=TN-Validation-Passed@sbc.example", "+15550123"),
        ("sip:+1-555-0123;ext=7@sbc.example;user=phone", "+15550123"),
        ("sip:+1(555)01.23@sbc.example", "+15550123"),
        ("sip:+1%20555%200123@sbc.example", "+15550123"),
        ("sip:0015550123@sbc.example;user=phone", "0015550123"),
        ("sip:+15550123:secret@sbc.example", "+15550123"),
        ("tel:+1-555-0123;ext=7", "+15550123"),
        ("tel:+1(555)0123", "+15550123"),
        ("tel:7042;phone-context=example.com", "7042"),
        ("TEL:%2B15550123", "+15550123"),
        ("sip:*31#+15550123@sbc.example", "*31#+15550123"),
        ("sip:*31#@sbc.example", "*31#"),
        ("sip:%2A31%23@sbc.example", "*31#"),
        ("tel:*31%23", "*31#"),
        ("tel:*31#", "*31#"),
        ("sip:anonymous;cpc=priority@anonymous.invalid", "anonymous"),
        ("sip:reception;day=tuesday@sbc.example;user=phone", "reception"),
        ("sip:reception;day=tuesday@sbc.example", "reception;day=tuesday"),
        ("sip:user;par=u%40example.net@example.com", "user;par=u@example.net"),
        ("sip:ada.lovelace@sbc.example", "ada.lovelace"),
        ("sip:ada@sbc.example:0", "ada"),
        ("sip:+15550123;npdi@sbc.example:0;user=phone", "+15550123"),
        ("sip:sbc.example", ""),
    ],
)
def test_who_calls_and_who_is_called_is_the_number_before_its_parameters(uri: str, who: str) -> None:
    request = invite(uri)
    request.uri = uri
    info = request_info(request, CODECS["PCMU"], remote_address="192.0.2.7", trunk="sbc")
    assert (info.caller, info.callee) == (who, who or "bot")
    assert info.caller_uri == uri, "whole, for who wants to know more"


@pytest.mark.parametrize(
    "sender",
    [
        "sip:anonymous@anonymous.invalid",
        "sip:Anonymous@sbc.example",
        "sip:anonymous;cpc=priority@sbc.example:0;user=phone",
        "sip:ANONYMOUS@192.0.2.7:5060",
        "sip:c8oqz84zk7z@privacy.anonymous.invalid",
        "sip:unavailable@unknown.invalid",
        "sip:Unavailable@sbc.example",
        "sip:restricted@sbc.example",
    ],
)
def test_a_caller_who_is_withheld_is_nobody_however_that_is_written(sender: str) -> None:
    assert request_info(invite(sender), CODECS["PCMU"], remote_address="192.0.2.7", trunk="sbc").caller == "anonymous"


def with_headers(*lines: str) -> dict[str, str]:
    message = parse_message(
        (
            "INVITE sip:bot@198.51.100.9 SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\n"
            "f: <sip:anonymous@anonymous.invalid>;tag=1\r\nt: <sip:bot@evil.example>\r\ni: x\r\nCSeq: 1 INVITE\r\n"
            + "".join(line + "\r\n" for line in lines)
            + "\r\n"
        ).encode()
    )
    assert isinstance(message, SipRequest)
    return request_info(message, CODECS["PCMU"], remote_address="192.0.2.7", trunk="sbc").headers


def test_every_value_of_a_header_is_told_in_order_whatever_the_case_of_its_name() -> None:
    told = with_headers(
        "Diversion: <tel:+15550131>;reason=unconditional",
        "history-info: <sip:a@b.example>;index=1",
        'DIVERSION: "Doe, John" <tel:+15550132>;reason=unknown, <tel:+15550133>',
        "HISTORY-INFO: <sip:c@d.example>;index=1.1",
        'P-Asserted-Identity: "X, Y" <sip:+15550111@b.example>',
        "p-asserted-identity: <tel:+15550111>",
        'remote-party-id: "A" <sip:+15550111@b.example>;party=calling;screen=yes;privacy=off',
        "P-Called-Party-ID: <sip:bot@b.example>",
        "PRIVACY: id",
        "b: <sip:eve@b.example>",
        "s: about, and about",
        "x-Case: 1",
        "X-case: 2",
    )
    assert told == {
        "Diversion": "<tel:+15550131>;reason=unconditional, "
        '"Doe, John" <tel:+15550132>;reason=unknown, <tel:+15550133>',
        "History-Info": "<sip:a@b.example>;index=1, <sip:c@d.example>;index=1.1",
        "P-Asserted-Identity": '"X, Y" <sip:+15550111@b.example>, <tel:+15550111>',
        "Remote-Party-ID": '"A" <sip:+15550111@b.example>;party=calling;screen=yes;privacy=off',
        "P-Called-Party-ID": "<sip:bot@b.example>",
        "Privacy": "id",
        "Referred-By": "<sip:eve@b.example>",
        "Subject": "about, and about",
        "x-Case": "1, 2",
    }


def test_who_diverted_a_call_is_told_however_many_other_headers_there_are() -> None:
    told = with_headers(*(f"X-{number}: y" for number in range(100)), "Diversion: <tel:+15550131>")
    assert told["Diversion"] == "<tel:+15550131>" and 2 < len(told) <= 32
