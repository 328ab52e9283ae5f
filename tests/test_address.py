"""Where somebody can be reached, as people, bots and programs write it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.address import Address, AddressError, Domain
from voicebot.sip import SipUri

PBX = Domain.parse("pbx.example:5070;transport=tls")


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("+15550199", "+15550199"),
        ("+1 555 0199", "+15550199"),
        ("+1 (555) 01-99", "+15550199"),
        ("030/123 45.67", "0301234567"),
        ("+49\u00a030\u202f123\u2011456\u2013789", "+4930123456789"),
        (" 7001\t", "7001"),
        ("*31#", "*31#"),
    ],
)
def test_a_number_is_its_digits_whatever_stands_between_them(written: str, digits: str) -> None:
    address = Address.parse(written)
    assert (address.number, str(address), address.domain, address.tel) == (digits, digits, None, False)


@pytest.mark.parametrize(
    ("written", "is_the_same_as"),
    [
        ("tel:+1-555-01.99", "tel:+15550199"),
        ("TEL:+1(555)0199;ext=7", "tel:+15550199;ext=7"),
        ("tel:+15550199;npdi;rn=+1-555-0000", "tel:+15550199;npdi;rn=+1-555-0000"),
        ("tel:*67%23", "tel:*67#"),
        ("+1 555 0199;cpc=payphone", "+15550199;cpc=payphone"),
        ("7001;npdi", "7001;npdi"),
        ("ada@PBX.example", "sip:ada@pbx.example"),
        ("SIPS:ada@[2001:DB8::1]:5061;transport=tls", "sips:ada@[2001:db8::1]:5061;transport=tls"),
        ("sip:192.0.2.1:5070", "sip:192.0.2.1:5070"),
        ("sip:#31#7001@pbx.example", "sip:%2331%237001@pbx.example"),
        ("sip:%2331%237001@pbx.example", "sip:%2331%237001@pbx.example"),
        ("sip:%61da@pbx.example", "sip:ada@pbx.example"),
        ("sip:m%C3%BCller@pbx.example", "sip:m%C3%BCller@pbx.example"),
        ("sip:a%2Cb%40c%3B@pbx.example", "sip:a%2Cb%40c%3B@pbx.example"),
        ("sip:+15550199;npdi;rn=+15550000@pbx.example;user=phone",) * 2,
        ("sip:+1(555)01-99@pbx.example;user=phone",) * 2,
        ("sip:ada;day=tuesday@atlanta.example;lr",) * 2,
        ("reception", "reception"),
        ("1-800-FLOWERS", "1-800-FLOWERS"),
    ],
)
def test_what_is_written_in_one_way_or_another_is_one_address(written: str, is_the_same_as: str) -> None:
    address = Address.parse(written)
    assert str(address) == is_the_same_as
    assert Address.parse(is_the_same_as) == address


@pytest.mark.parametrize(
    ("written", "mend"),
    [
        ("", "write a number, or a URI"),
        ("+", "write a number as"),
        ("7001 or so", "write a number as"),
        ("+1\r\n555", "write a number as"),
        ("1" * 41, "write a number as"),
        ("*31#+15550199", "write a number as"),
        ("7001;;", "is not of the form ;name=value"),
        ("7001;ext=a b", "is not of the form ;name=value"),
        ("tel:ada", "tel: is followed by a number"),
        ("tel:+1 555", "a URI has no spaces; leave them out"),
        ("sip:+1 (555) 01 99", "a URI has no spaces; leave them out"),
        ("sip:+1(555)0199", "a number alone is written +15550199"),
        ("sip:5550199", "a number alone is written 5550199"),
        ("sip:", "is not a host"),
        ("sip:ada@", "is not a host"),
        ("sip:@pbx.example", "cannot be the user part"),
        ("sip:ada@b@pbx.example", "cannot be the user part"),
        ("sip:x@evil.example;@pbx.example", "cannot be the user part"),
        ("sip:ada@300.1.2.3", "is not a host"),
        ("sip:ada@[2001:db8::g]", "is not a host"),
        ("sip:ada@[1:2:3]", "is not a host"),
        ("sip:ada@pbx.example:0", "there is no port 0"),
        ("sip:ada@pbx.example:65536", "there is no port 65536"),
        ("sip:ada@pbx.example;", "is not of the form ;name=value"),
        ("sip:ada@pbx.example;x=a@b", "cannot be the user part"),
        ("sip:ada:secret@pbx.example", "leave out the password"),
        ("sip:ada@pbx.example?Replaces=x", "URI headers are not allowed"),
        ("sip:ada%0D%0A@pbx.example", "control characters, also escaped ones"),
        ("sip:ada%FF@pbx.example", "its %-escapes are not UTF-8"),
        ("sip:ada%4@pbx.example", "cannot be the user part"),
        ("sip:ada@pbx.example\r\nX: y", "no line breaks"),
        ("sip:ada@pbx.example\x7f", "no line breaks"),
        ("<sip:ada@pbx.example>", "a URI cannot contain '<'; leave it out, or write %3C"),
        ("sip:ada@pbx.example>", "a URI cannot contain '>'"),
        ('"Ada" <sip:ada@pbx.example>', "a URI cannot contain '\"'; leave it out, or write %22"),
        ("sip:ada,bob@pbx.example", "a URI cannot contain ','; leave it out, or write %2C"),
        ("sip:m\u00fcller@pbx.example", "write %C3%BC"),
        ("http://pbx.example/", "http: cannot be called"),
        ("sip:" + "a" * 497 + "@pbx.example", "longer than 512 characters"),
    ],
)
def test_a_text_that_is_not_an_address_is_refused_with_how_to_write_it(written: str, mend: str) -> None:
    with pytest.raises(AddressError) as refused:
        Address.parse(written)
    assert mend in str(refused.value) and "is neither a number nor a SIP URI" in str(refused.value)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("written", ["sip:", "sip:300.1.2.3", "sip:ada@"])
def test_only_what_was_meant_as_a_number_is_told_how_numbers_are_written(written: str) -> None:
    with pytest.raises(AddressError) as refused:
        Address.parse(written)
    assert "a number alone" not in str(refused.value)


def test_512_characters_are_still_an_address() -> None:
    assert len(str(Address.parse("sip:" + "a" * 496 + "@pbx.example"))) == 512


@pytest.mark.parametrize(
    ("written", "there"),
    [
        ("+1 555 0199", "sip:+15550199@pbx.example:5070;transport=tls"),
        ("*31#", "sip:*31%23@pbx.example:5070;transport=tls"),
        ("reception", "sip:reception@pbx.example:5070;transport=tls"),
        ("tel:+1-555-0199", "sip:+15550199@pbx.example:5070;transport=tls"),
        ("tel:+15550199;ext=7", "sip:+15550199;ext=7@pbx.example:5070;transport=tls;user=phone"),
        ("7001;phone-context=[x]:y", "sip:7001;phone-context=%5Bx%5D%3Ay@pbx.example:5070;transport=tls;user=phone"),
        ("sips:ada@elsewhere.example", "sips:ada@elsewhere.example"),
    ],
)
def test_a_number_or_name_is_somebody_in_a_domain(written: str, there: str) -> None:
    assert Address.parse(written).at(PBX).uri == there


def test_a_number_says_once_that_it_is_one() -> None:
    address = Address.parse("7001;ext=7").at(Domain.parse("pbx.example;user=phone"))
    assert address.uri == "sip:7001;ext=7@pbx.example;user=phone"


@pytest.mark.parametrize("written", ["7001", "reception"])
def test_an_address_without_a_domain_has_no_uri(written: str) -> None:
    with pytest.raises(ValueError, match=f"{written} has no domain"):
        _ = Address.parse(written).uri
    assert Address.parse("tel:7001").uri == "tel:7001"


def test_the_number_of_a_sip_uri_is_known_without_what_stands_between_its_digits() -> None:
    assert Address.parse("sip:+1(555)01-99@pbx.example").number == "+15550199"
    assert Address.parse("sip:ada@pbx.example").number == Address.parse("sip:pbx.example").number == ""


def test_parameters_are_known_by_name_whatever_their_case_and_escapes() -> None:
    address = Address.parse("sip:+1;NPDI;rn=%2B1555@pbx.example;MAddr=x")
    assert address.parameter_values() == {"npdi": None, "rn": "+1555"}
    assert address.domain is not None and address.domain.parameter_values() == {"maddr": "x"}


@pytest.mark.parametrize(
    "written",
    [
        "7001;rn=+15550100;rn=+19005550100",
        "tel:7001;RN=+19005550100;r%6E=+15550100",
        "sip:7001;rn=+19005550100;rn=+15550100@pbx.example",
        "sip:ada@pbx.example;maddr=192.0.2.66;maddr=192.0.2.1",
    ],
)
def test_a_parameter_that_is_written_twice_is_refused_for_others_may_read_the_other_one(written: str) -> None:
    with pytest.raises(AddressError, match="written twice"):
        Address.parse(written)


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ("PBX.example", Domain("pbx.example")),
        ("pbx.example:5070", Domain("pbx.example", 5070)),
        ("[2001:db8::1]:5070", Domain("[2001:db8::1]", 5070)),
        ("sip:pbx.example;transport=tls", Domain("pbx.example", parameters=";transport=tls")),
        ("SIPS:pbx.example", Domain("pbx.example", scheme="sips")),
    ],
)
def test_a_domain_may_be_written_as_a_host_or_as_a_uri(written: str, domain: Domain) -> None:
    assert Domain.parse(written) == domain
    assert Domain.parse(str(domain)) == domain


@pytest.mark.parametrize("written", ["", "ada@pbx.example", "pbx example", "tel:+1", "<sip:pbx.example>", "pbx:99999"])
def test_a_text_that_is_not_a_domain_is_refused(written: str) -> None:
    with pytest.raises(AddressError, match="is not a SIP domain"):
        Domain.parse(written)


def test_an_address_is_a_value() -> None:
    assert len({Address.parse("+1 555 0199"), Address.parse("+15550199"), Address.parse("tel:+15550199")}) == 2
    with pytest.raises(FrozenInstanceError):
        Address.parse("7001").user = "0900"  # type: ignore[misc]


WRITTEN = st.text(st.sampled_from("0159+*#abZ@.:;=?%[]-_~!()/ <>\",\\\r\n\u00fc'&$")) | st.text()


@given(st.sampled_from(["", "sip:", "sips:", "tel:", "sip:a@", "sip:7@h;", "+1"]), WRITTEN)
def test_whatever_is_taken_stays_what_it_is_and_is_fit_for_a_header(scheme: str, rest: str) -> None:
    try:
        address = Address.parse(scheme + rest)
    except AddressError:
        return
    assert Address.parse(str(address)) == address
    uri = address.uri if address.tel else address.at(PBX).uri
    assert not set(uri) & set('<>",\\ \t\r\n?') and uri.isascii() and uri.isprintable()
    read = SipUri.parse(uri)
    if not address.tel:
        there = address.at(PBX).domain
        assert there is not None and (read.scheme, read.host, read.port) == (there.scheme, there.host, there.port)
        assert read.user.partition(";")[0] == address.user.partition(";")[0]
