"""Reading and building messages: what the torture messages do not already show."""

from __future__ import annotations

import pytest

from voicebot.sip.header import MAX_LIST, NameAddr, SipSyntaxError, SipUri, Via, parse_params, split_list
from voicebot.sip.message import MAX_HEADERS, SipRequest, parse_message

HEAD = (
    b"INVITE sip:bot@voice_bot:5060;transport=udp SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa;rport\r\n"
    b"f: sip:a@b;tag=1\r\nt: <sip:bot@x>\r\ni: c\r\nCSeq: 1 INVITE\r\n"
)


def test_compact_names_folded_lines_and_bytes_that_are_not_utf_8() -> None:
    message = parse_message(HEAD + b"Subject : one\r\n\t two\xff\r\nl: 2\r\n\r\nabcdef")
    assert isinstance(message, SipRequest)
    assert message.headers["Subject"] == "one two\udcff"
    assert message.body == b"ab" and message.sender.tag == "1"
    assert b"Subject: one two\xff\r\n" in bytes(message)


def test_a_parameter_may_be_called_anything() -> None:
    assert parse_params(';self=1;TAG=x ; a = "b;c,\\"d" ;flag') == {
        "self": "1",
        "tag": "x",
        "a": '"b;c,\\"d"',
        "flag": None,
    }
    for wrong in (";", ";;a", ";a=", "a=b", ";a=b c", ';a="b'):
        with pytest.raises(SipSyntaxError):
            parse_params(wrong)


def test_commas_part_elements_but_not_in_quotes_or_brackets() -> None:
    assert split_list('"A, B" <sip:a,b@c>;x=1 , sip:d') == ['"A, B" <sip:a,b@c>;x=1', "sip:d"]
    for wrong in ("", ",", "a,", 'a"', "<a", "a" + ",a" * MAX_LIST):
        with pytest.raises(SipSyntaxError):
            split_list(wrong)


def test_addresses() -> None:
    address = NameAddr.parse('"Ann \\"A\\" B" <sip:a@b;x=1?h=v>;tag=t;q')
    assert (address.display, address.uri, address.tag) == ('Ann "A" B', "sip:a@b;x=1?h=v", "t")
    assert NameAddr.parse("Müller (Berlin) <tel:+49>").display == "Müller (Berlin)"
    assert NameAddr.parse("sip:a@b;tag=t") == NameAddr("sip:a@b", params={"tag": "t"})
    for wrong in ("", "<>", "<sip:a", '"x sip:a@b', "A, B <sip:a@b>", "sip:a@b?x=y", "< sip:a@b >", "a@b"):
        with pytest.raises(SipSyntaxError):
            NameAddr.parse(wrong)


def test_uris() -> None:
    uri = SipUri.parse("sip:%61lice:secret@example.com:5070;lr;x=a=b")
    assert (uri.user, uri.host, uri.port, uri.params) == ("alice", "example.com", 5070, {"lr": None, "x": "a=b"})
    assert SipUri.parse("SIP:a@[2001:db8::1]").host == "[2001:db8::1]"
    assert SipUri.parse("tel:+49-30-12;phone-context=x").user == "+49-30-12"
    assert SipUri.parse("sip:a@b:0").port == 0 and SipUri.parse("sip:a@b:65535").port == 65_535
    for code in ("sip:*31%23@b", "sip:*31#@b", "sip:%2a31#@b", "tel:*31%23", "tel:*31#", "tel:%2A31#;x=y"):
        assert SipUri.parse(code).user == "*31#"
    for wrong, status in (
        ("sip:", 400),
        ("sip:a@b:99999", 400),
        ("http://x", 416),
        ("sip:a@b?h=v", 400),
    ):
        with pytest.raises(SipSyntaxError) as caught:
            SipUri.parse(wrong)
        assert caught.value.status == status


def test_a_via_goes_back_as_it_came_but_for_our_stamp() -> None:
    via = Via.parse('SIP / 2.0 / udp first.example.com:4000 ;Branch=z9hG4bKa%7E;rport;keep;x="y"')
    stamped = via.stamped("192.0.2.9", 4001)
    assert (
        str(stamped) == 'SIP/2.0/UDP first.example.com:4000;branch=z9hG4bKa%7E;rport=4001;keep;x="y";received=192.0.2.9'
    )
    same = Via.parse("SIP/2.0/UDP 192.0.2.9;branch=b").stamped("192.0.2.9", 4001)
    assert "received" not in same.params


def test_a_wrong_request_still_tells_whom_to_answer() -> None:
    with pytest.raises(SipSyntaxError) as caught:
        parse_message(HEAD + b"nonsense\r\nCall-ID: again\r\n\r\n")
    assert caught.value.request is not None and caught.value.request.via[0].branch == "z9hG4bKa"


@pytest.mark.parametrize(
    "data",
    [
        HEAD,
        HEAD + b"X: a\nEvil: b\r\n\r\n",
        HEAD + b"X: y\r\n" * MAX_HEADERS + b"\r\n",
        HEAD + b"X: " + b"y" * 9000 + b"\r\n\r\n",
        HEAD + b"Max-Forwards: 256\r\n\r\n",
        HEAD + b"Content-Length: 1\r\n\r\n",
        HEAD + b"Contact: <sip:a@b>;expires=99999999999\r\n\r\n",
        HEAD + b"Record-Route: <sip:a\r\n\r\n",
        HEAD.replace(b"INVITE sip", b"OPTIONS sip") + b"\r\n",
        b"x" * 70_000,
    ],
)
def test_refused(data: bytes) -> None:
    with pytest.raises(SipSyntaxError):
        parse_message(data)


@pytest.mark.parametrize(
    "hostile",
    [
        b"Via: " + b"SIP/2.0/UDP a;b=c;d," * 400,
        b"Contact: " + b'"' * 8000,
        b"Contact: " + b"<" * 8000,
        b"Contact: " + b'"\\' * 4000,
        b"Contact: sip:" + b"a" * 8000,
        b"Contact: tel:" + b"1" * 8000,
        b"Contact: <sip:" + b"a-" * 1000 + b">",
        b"Contact: <sip:" + b"%41" * 600 + b">",
        b"Contact: <sip:a@" + b"a." * 900 + b"_>",
        b"Route: " + b" " * 8000 + b"x",
        b"Route: <sip:a>" + b";a " * 2500 + b"=",
    ],
)
def test_what_would_send_a_careless_pattern_astray_is_refused(hostile: bytes) -> None:
    with pytest.raises(SipSyntaxError):
        parse_message(HEAD + hostile + b"\r\n\r\n")


def test_lists_are_bounded_over_all_lines_of_a_header_and_parameters_over_one_value() -> None:
    with pytest.raises(SipSyntaxError, match="too many values"):
        parse_message(HEAD + (b"Contact: " + b",".join([b"<sip:a@b>"] * 40) + b"\r\n") * 2 + b"\r\n")
    with pytest.raises(SipSyntaxError, match="too many parameters"):
        parse_params("".join(f";p{n}" for n in range(100)))
