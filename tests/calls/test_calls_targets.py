"""Toll fraud ends at the list of targets."""

from __future__ import annotations

import pytest

from voicebot.address import Address, AddressError, Domain
from voicebot.calls.targets import AllowedTargets

TARGETS = AllowedTargets(
    [" +1425555???? ", "70??", "*@agents.example.com", "Boss@pbx.example.com", "reception"],
    [Domain.parse("trunk.example:5060")],
)


@pytest.mark.parametrize(
    "target",
    [
        "+14255550123",
        "+1 (425) 555-0123",
        "tel:+1-425-555-0123",
        "7001",
        "reception",
        "sip:Reception@trunk.example:5060",
        "sip:7001@trunk.example:5060",
        "sip:70-01@trunk.example:5060",
        "sip:+14255550123@TRUNK.example:5060;user=phone",
        "sip:anybody@agents.example.com",
        "sips:anybody@agents.example.com:5061;transport=tls",
        "boss@pbx.example.com",
        "BOSS@pbx.example.com:5060",
        "sip:+49-30_a.b@agents.example.com",
    ],
)
def test_what_the_list_names_is_allowed(target: str) -> None:
    assert TARGETS.allows(Address.parse(target))


@pytest.mark.parametrize(
    "target",
    [
        "+19005550123",
        "+142555501234",
        "0900123456",
        "sip:7001@evil.example",
        "sip:7001@trunk.example",
        "sip:7001@trunk.example:5070",
        "sip:+14255550123@evil.example",
        "sip:x%40evil.example@agents.example.com",
        "sip:7001%40evil.example@trunk.example:5060",
        "sip:agents.example.com",
        "sip:x@agents.example.com.evil.example",
        "boss@agents.example.com.pbx.example.com",
    ],
)
def test_everybody_else_is_not(target: str) -> None:
    assert not TARGETS.allows(Address.parse(target))


@pytest.mark.parametrize(
    "target",
    [
        "",
        "sip:x@evil.example;@agents.example.com",
        "sip:x@evil.example?Route=<sip:y@agents.example.com>",
        "sip:x@agents.example.com?Replaces=y",
        "sip:boss@pbx.example.com@evil.example",
        "sip:x@evil.example\r\nX: y@agents.example.com",
        "sip:x\r\n@agents.example.com",
        "sip:x@evil.example, sip:x@agents.example.com",
        "sip:x,y@agents.example.com",
        '"x" <sip:x@evil.example>@agents.example.com',
        "sip:<x@agents.example.com",
        'sip:"x@agents.example.com',
        "http://agents.example.com/x@agents.example.com",
        "sip:" + "x" * 600 + "@agents.example.com",
        "70" * 300,
    ],
)
def test_what_could_lead_elsewhere_than_it_seems_to_never_gets_as_far_as_the_list(target: str) -> None:
    with pytest.raises(AddressError):
        Address.parse(target)


@pytest.mark.parametrize("parameters", ["", ";ext=7", ";isub=1", ";postd=pp2", ";cpc=payphone;oli=7", ";npdi"])
@pytest.mark.parametrize("form", ["7001{}", "tel:7001{}", "sip:7001{}@trunk.example:5060;user=phone"])
def test_parameters_of_a_number_that_lead_nowhere_are_allowed(form: str, parameters: str) -> None:
    assert TARGETS.allows(Address.parse(form.format(parameters)))


@pytest.mark.parametrize(
    "parameters",
    [";rn=+19005550123", ";npdi;RN=09001", ";rn", ";rn=x", ";cic=+1-5678", ";tgrp=a;trunk-context=b", ";anything=else",
     ";phone-context=+1900", ";npdi;cpc=a;tgrp=x"],
)  # fmt: skip
@pytest.mark.parametrize("form", ["7001{}", "tel:7001{}", "sip:7001{}@trunk.example:5060", "boss{}@pbx.example.com"])
def test_parameters_of_a_number_that_may_lead_elsewhere_are_not(form: str, parameters: str) -> None:
    if form.startswith("boss"):
        assert TARGETS.allows(Address.parse(form.format("")))
    assert not TARGETS.allows(Address.parse(form.format(parameters)))


def test_all_harmless_parameters_at_once_are_harmless() -> None:
    parameters = ";ext=7;isub=1;postd=pp2;cpc=payphone;oli=7;isup-oli=7;npdi;enumdi"
    assert TARGETS.allows(Address.parse(f"tel:7001{parameters}"))


def test_a_number_may_be_routed_by_another_that_is_on_the_list() -> None:
    assert TARGETS.allows(Address.parse("tel:7001;npdi;rn=+1-425-555-0123"))


@pytest.mark.parametrize("parameter", ["maddr=192.0.2.66", "MADDR=192.0.2.66", "%6Daddr=x", "method=BYE", "rn=+1900"])
@pytest.mark.parametrize("target", ["sip:boss@pbx.example.com", "sip:7001@trunk.example:5060"])
def test_a_uri_must_not_name_another_host_or_request_in_its_parameters(target: str, parameter: str) -> None:
    assert TARGETS.allows(Address.parse(f"{target};transport=tcp"))
    assert not TARGETS.allows(Address.parse(f"{target};{parameter}"))


def test_without_a_domain_of_numbers_only_bare_ones_are_judged_as_numbers() -> None:
    anywhere = AllowedTargets(["*"])
    assert anywhere.allows(Address.parse("0900")) and not anywhere.allows(Address.parse("sip:0900@trunk.example"))


def test_an_empty_list_allows_nothing() -> None:
    assert not AllowedTargets([]).allows(Address.parse("7001"))
    assert not AllowedTargets([]).allows(Address.parse("ada@pbx.example"))


WIDE = AllowedTargets(
    ["+1???55501??", "+4930*", "*@pbx.example.com", "*@gw.example.com:*", "*@10.0.0.?", "*77"],
    [Domain.parse("192.0.2.9")],
)


@pytest.mark.parametrize(
    "target",
    ["+16065550100", "+4930", "+493012345", "sip:+4930123@192.0.2.9", "u@pbx.example.com", "u@gw.example.com:5080",
     "u@gw.example.com:65535", "a@10.0.0.7", "1277", "+1277", "sips:u@pbx.example.com:5061"],
)  # fmt: skip
def test_wildcards_are_digits_in_numbers_and_names_in_addresses(target: str) -> None:
    assert WIDE.allows(Address.parse(target))


@pytest.mark.parametrize("inserted", [*"&/!*'()=$#,;:@%~ ", "\uff19", "\u0663", "%26SIP%2Ftrunk%2F0900", "%0d%0a"])
@pytest.mark.parametrize(
    "form",
    ["+4930{}", "+4930123{}0900", "tel:+4930123{}", "sip:+4930123{}0900@192.0.2.9", "+1{0}{0}{0}55501{0}{0}",
     "sip:a{}b@pbx.example.com", "u@pbx{}.example.com", "u@10.0.0.{}", "{}77"],
)  # fmt: skip
def test_wildcards_stand_for_nothing_that_leads_elsewhere(form: str, inserted: str) -> None:
    try:
        target = Address.parse(form.format(inserted))
    except AddressError:
        return
    assert not WIDE.allows(target) or set(target.user) <= set("+0123456789"), target


@pytest.mark.parametrize(
    "target",
    ["u@pbx.example.com:9999", "u@pbx.example.com:5061", "sips:u@pbx.example.com:5060",
     "u@pbx.example.com:5060;transport=tls",
     "sip:+4930123@192.0.2.9:9", "u@10.0.0.7:22", "sip:u@pbx.example.com;x=y",
     "sip:u@pbx.example.com;transport=a/b", "sip:+4930123;ext=&SIP/0900@192.0.2.9", "tel:+4930123;postd=p/0900",
     "tel:+4930123;isub=a%26b"],
)  # fmt: skip
def test_foreign_ports_and_parameters_never_pass(target: str) -> None:
    assert not WIDE.allows(Address.parse(target))


def test_a_pattern_of_many_wildcards_costs_no_more_than_its_length() -> None:
    slow = AllowedTargets(["*1" * 60 + "@pbx.example.com"])
    assert not slow.allows(Address.parse("sip:" + "1" * 59 + "@pbx.example.com"))
    assert slow.allows(Address.parse("sip:" + "1" * 60 + "@pbx.example.com"))
