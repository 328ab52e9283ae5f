"""Toll fraud ends at the list of targets."""

from __future__ import annotations

import pytest

from voicebot.address import Address, AddressError, Domain
from voicebot.calls.targets import AllowedTargets

TARGETS = AllowedTargets(
    ["+1425555????", "70??", "*@agents.example.com", "boss@pbx.example.com"], [Domain.parse("trunk.example:5060")]
)


@pytest.mark.parametrize(
    "target",
    [
        "+14255550123",
        "+1 (425) 555-0123",
        "tel:+1-425-555-0123",
        "7001",
        "sip:7001@trunk.example:5060",
        "sip:+14255550123@TRUNK.example:5060;user=phone",
        "sip:anybody@agents.example.com",
        "sips:anybody@agents.example.com:5061;transport=tls",
        "boss@pbx.example.com",
    ],
)
def test_what_the_list_names_is_allowed(target: str) -> None:
    assert TARGETS.allows(Address.parse(target))


@pytest.mark.parametrize(
    "target",
    [
        "",
        "+19005550123",
        "+142555501234",
        "0900123456",
        "sip:7001@evil.example",
        "sip:+14255550123@evil.example",
        "sip:x@evil.example;@agents.example.com",
        "sip:x@evil.example?Route=<sip:y@agents.example.com>",
        "sip:x%40evil.example@agents.example.com",
        "sip:agents.example.com",
        "sip:x@agents.example.com.evil.example",
        "sip:boss@pbx.example.com@evil.example",
        "sip:x@evil.example\r\nX: y@agents.example.com",
        "sip:x@evil.example, sip:x@agents.example.com",
        "http://agents.example.com/x@agents.example.com",
        "70" * 300,
    ],
)
def test_everything_else_is_not(target: str) -> None:
    try:
        address = Address.parse(target)
    except AddressError:
        return
    assert not TARGETS.allows(address)


def test_an_empty_list_allows_nothing() -> None:
    assert not AllowedTargets([]).allows(Address.parse("7001"))
