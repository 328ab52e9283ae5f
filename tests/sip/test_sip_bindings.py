"""Which of the bindings in a registrar's answer is ours, and for how long it holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.sip.bindings import LONGEST_S, granted_s, of_others, with_instance
from voicebot.sip.message import SipResponse, parse_message

OWN = with_instance("<sip:7000@192.168.1.20:5060>", "sip:7000@pbx.example.com")
OUR_INSTANCE = OWN.partition(";")[2]
OTHER = '+sip.instance="<urn:uuid:00000000-0000-4000-8000-000000000001>"'
SEEN = "<sip:7000@198.51.100.7:1024>"
ASKED_S = 600


def answer(*contacts: str, expires: str = "") -> SipResponse:
    text = (
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKa;received=198.51.100.7;rport=1024\r\n"
        "From: <sip:7000@pbx.example.com>;tag=a\r\nTo: <sip:7000@pbx.example.com>;tag=b\r\nCall-ID: c\r\n"
        "CSeq: 1 REGISTER\r\n" + (f"Expires: {expires}\r\n" if expires else "")
    )
    message = parse_message((text + "".join(f"Contact: {one}\r\n" for one in contacts) + "\r\n").encode())
    assert isinstance(message, SipResponse)
    return message


@pytest.mark.parametrize(
    ("contacts", "wanted"),
    [
        (["<sip:7000@192.168.1.20:5060>;expires=60, <sip:7000@10.0.0.9>;expires=8"], 60),
        (["<sip:7000@192.168.1.20>;expires=60", "<sip:7000@10.0.0.9>;expires=8"], 60),  # 5060 may be left out
        (["<sip:7000@192.168.1.20:5060;transport=UDP;x=1>;q=0.5;expires=60;y"], 60),
        ([f"{SEEN};expires=8"], 8),
        ([f"<sip:7000@192.168.1.20:5060>;expires=500, {SEEN};expires=8, <sip:7000@10.0.0.9>;expires=5"], 8),
        ([f"{SEEN};expires=8, <sip:7000@10.0.0.77:5060>;expires=5, <sip:7000@10.0.0.88>;expires=0"], 8),
        ([f"<sip:x@203.0.113.5:999;ob>;{OUR_INSTANCE};expires=50, {SEEN};expires=8;{OTHER}"], 50),
        ([f"<sip:x@203.0.113.5:999>;{OUR_INSTANCE.upper()};expires=50, <sip:7000@10.0.0.9>;expires=8"], 50),
        (["<sip:7000@203.0.113.5:999>;expires=50, <sip:7000@203.0.113.5:998>;expires=40"], 40),
        (["<sip:7000@203.0.113.5:999>;expires=50, <sip:7001@203.0.113.5:998>;expires=40"], 50),
        ([f"<sip:7000@203.0.113.5:999>;expires=50, <sip:7000@203.0.113.6:998>;expires=40;{OTHER}"], 50),
        ([f"<sip:7000@203.0.113.6:998>;expires=40;{OTHER}"], 40),
        (["<sip:someone@pbx.example.com>;expires=40"], 40),
        (["sip:7000@192.168.1.20:5060;expires=40"], 40),
        (["<sip:7000@192.168.1.20:5060;expires=40>"], 40),
    ],
)
def test_our_binding_is_found_however_it_was_rewritten(contacts: list[str], wanted: int) -> None:
    assert granted_s(answer(*contacts), OWN, ASKED_S) == wanted


def test_what_another_process_of_ours_has_left_is_known_by_its_instance() -> None:
    address, gone = "sip:7000@pbx.example.com", "<sip:7000@192.168.1.21:5060;transport=TCP>"
    listed = answer(OWN, f"{with_instance(gone, address)};expires=60", f"<sip:7000@10.0.0.9>;expires=60;{OTHER}", SEEN)
    assert of_others(listed, OWN, address) == [gone]
    assert of_others(listed, OWN, "sip:7001@pbx.example.com") == [], "that of another address is not ours"


def test_a_previous_address_of_ours_that_is_over_is_not_the_end_of_the_new_one() -> None:
    """https://github.com/pjsip/pjproject/pull/2809"""
    assert granted_s(answer(f"<sip:7000@192.168.1.20:5060>;expires=0, {SEEN};expires=60"), OWN, ASKED_S) == 60


@pytest.mark.parametrize("given", ["", ";expires", ";expires=soon", ';expires="Thu, 01 Dec 2026 16:00:00 GMT"'])
def test_a_time_that_cannot_be_read_is_the_one_of_the_header_or_what_was_asked(given: str) -> None:
    assert granted_s(answer(f"{SEEN}{given}", expires="120"), OWN, ASKED_S) == 120
    assert granted_s(answer(f"{SEEN}{given}"), OWN, ASKED_S) == ASKED_S
    assert granted_s(answer(f"{SEEN}{given}", expires="soon"), OWN, ASKED_S) == ASKED_S


def test_a_time_in_the_contact_goes_before_the_header() -> None:
    assert granted_s(answer(f'{SEEN};expires="90"', expires="3600"), OWN, ASKED_S) == 90


def test_without_bindings_the_header_tells_or_what_was_asked() -> None:
    assert granted_s(answer(expires="120"), OWN, ASKED_S) == 120
    assert granted_s(answer(), OWN, ASKED_S) == ASKED_S
    assert granted_s(answer(expires="0"), OWN, ASKED_S) == 0


def test_bindings_without_time_are_none() -> None:
    assert granted_s(answer(f"{SEEN};expires=0", "<sip:7000@10.0.0.9>;expires=0"), OWN, ASKED_S) == 0
    assert granted_s(answer(SEEN, expires="0"), OWN, ASKED_S) == 0


def test_bindings_of_others_that_cannot_be_read_are_passed_over() -> None:
    odd = ["<sip:7000@[::1", "*", ", ,", "<urn:x>;expires=3", f"{SEEN};expires=8", "<sip:7000@x>;expires=99999999999"]
    assert granted_s(answer(*odd), OWN, ASKED_S) == 8
    assert granted_s(answer(f"<sip:7000@x>;;=, {SEEN};expires=8, sip:a,b"), OWN, ASKED_S) == 8
    assert granted_s(answer(*[f"{SEEN};expires=8"] * 3, *["<sip:7000@x>"] * 150), OWN, ASKED_S) == 8


def test_a_very_long_time_is_cut() -> None:
    assert granted_s(answer(f"{SEEN};expires=4294967295"), OWN, ASKED_S) == LONGEST_S


def test_an_instance_is_the_same_again_and_of_one_address_only() -> None:
    assert with_instance("<sip:7000@192.168.1.20:5060>", "sip:7000@pbx.example.com") == OWN
    assert with_instance("<sip:7000@192.168.1.20:5061>", "sip:7000@pbx.example.com").partition(";")[2] != OUR_INSTANCE


@given(st.lists(st.text(st.characters(exclude_characters="\r\n"), max_size=60), max_size=5), st.text(max_size=12))
def test_whatever_a_registrar_writes_it_is_a_time(contacts: list[str], expires: str) -> None:
    response = answer(SEEN)
    response.headers.setlist("Contact", [f"<sip:7000@192.0.2.1>{text}" for text in contacts] + contacts)
    response.headers.set("Expires", expires)
    assert 0 <= granted_s(response, OWN, ASKED_S) <= LONGEST_S
