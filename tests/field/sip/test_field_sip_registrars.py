"""What registrars were reported to answer, and for how long we are registered then (README.md)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from voicebot.sip.bindings import granted_s, with_instance
from voicebot.sip.message import SipResponse, parse_message

OURS = with_instance("<sip:2@192.168.1.20:5060>", "sip:2@pbx.example.com")
INSTANCE = OURS.partition(";")[2]
ASKED_S = 600


@dataclass(frozen=True)
class Report:
    """``contacts`` and ``expires`` of the 200; ``wanted``: the seconds until the registration is over."""

    source: str
    contacts: str
    wanted: int
    expires: str = ""


REPORTS = {
    "two devices with instances, ours second": Report(
        "https://github.com/versatica/JsSIP/issues/660",
        '<sip:2@3hblr.invalid;transport=ws>;expires=467;+sip.instance="<urn:uuid:11111111-2222-4333-8444-555555555555>"'
        f", <sip:2@fyox8.invalid;transport=ws>;expires=60;{INSTANCE}",
        60,
    ),
    "the same number with a longer and a shorter time": Report(
        "https://github.com/onsip/SIP.js/issues/868", "<sip:2@10.0.0.7>;expires=3600, <sip:2@10.0.0.8>;expires=60", 60
    ),
    "two phones of one account, ours with its own address": Report(
        "https://github.com/sipsorcery-org/sipsorcery/issues/21",
        "<sip:2@10.0.0.7:5060>;expires=13, <sip:2@192.168.1.20:5060>;expires=300",
        300,
    ),
    "our address before the firewall was restarted, with no time left": Report(
        "https://github.com/pjsip/pjproject/pull/2809",
        "<sip:2@192.168.1.20:5060>;expires=0, <sip:2@198.51.100.7:1024>;expires=60",
        60,
    ),
    "the header alone": Report(
        "https://github.com/versatica/JsSIP/issues/482", f"<sip:2@192.168.1.20:5060>;{INSTANCE}", 120, "120"
    ),
    "another port and a transport in capitals": Report(
        "https://github.com/baresip/re/pull/581", "<sip:2@192.168.1.20:49152;transport=TLS>;expires=90", 90
    ),
    "another user and address altogether": Report(
        "https://github.com/pjsip/pjproject/issues/534", "<sip:trunk-17@203.0.113.1;user=phone>;expires=45", 45
    ),
    "bindings without a user, some of them ours of earlier": Report(
        "https://github.com/sipsorcery-org/sipsorcery/issues/1375",
        "<sip:192.168.88.33:51629>;expires=600,<sip:194.64.145.30:53237>;expires=397,<sip:172.18.0.5:37736>;expires=287",
        287,
    ),
    "no Contact, and more than we asked for": Report(
        "https://github.com/sipsorcery-org/sipsorcery/pull/11", "", 3600, "3600"
    ),
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_registration_holds_as_long_as_the_registrar_grants_it(name: str) -> None:
    report = REPORTS[name]
    lines = (f"Contact: {report.contacts}\r\n" if report.contacts else "") + (
        f"Expires: {report.expires}\r\n" if report.expires else ""
    )
    answer = parse_message(
        (
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKa;received=198.51.100.7;rport=1024\r\n"
            "From: <sip:2@pbx.example.com>;tag=a\r\nTo: <sip:2@pbx.example.com>;tag=b\r\nCall-ID: c\r\n"
            f"CSeq: 1 REGISTER\r\n{lines}\r\n"
        ).encode()
    )
    assert isinstance(answer, SipResponse)
    assert granted_s(answer, OURS, ASKED_S) == report.wanted
