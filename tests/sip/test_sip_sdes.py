"""SDES (RFC 4568): which keys are taken from a description, and what is answered."""

from __future__ import annotations

import logging

import pytest
from sip_peer import Peer

from voicebot.address import Address
from voicebot.sip import SessionDescription, offer_answer
from voicebot.sip.hop import Hop
from voicebot.sip.sdes import MAX_CRYPTO, Crypto, LocalKeys
from voicebot.sip.trunks import TrunkGate

KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"  # RFC 4568, section 9.1
SUITE = "AES_CM_128_HMAC_SHA1_80"


def offered(*crypto: str, protocol: str = "RTP/SAVP") -> SessionDescription:
    lines = "".join(f"a=crypto:{line}\r\n" for line in crypto)
    return SessionDescription.parse(
        f"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
        f"m=audio 4000 {protocol} 0\r\n{lines}".encode()
    )


def test_the_key_of_the_rfcs_example_is_read() -> None:
    crypto = Crypto.parse(f"1 {SUITE} inline:{KEY}|2^20")
    assert crypto is not None
    assert (crypto.tag, crypto.suite, len(crypto.key)) == (1, SUITE, 30)
    assert str(crypto) == f"1 {SUITE} inline:{KEY}"
    assert KEY not in repr(crypto)


@pytest.mark.parametrize(
    "line",
    [
        "",
        f"1 {SUITE}",
        f"x {SUITE} inline:{KEY}",
        f"1 F8_128_HMAC_SHA1_80 inline:{KEY}",  # a suite that we have not
        f"1 {SUITE} inline:{KEY[:-4]}",  # too short
        f"1 {SUITE} inline:{KEY}|2^20|1:0",
        f"1 {SUITE} inline:{KEY}|2^20|256:1",
        f"1 {SUITE} inline:{KEY}|2^20|1:129",
        f"1 {SUITE} inline:{KEY}|2^20|1:4|2:4",
        f"1 {SUITE} inline:{KEY}|soon",
        f"1 {SUITE} inline:{KEY}x",
        f"1 {SUITE} inline:{KEY[:-1]}\u212a",  # a Kelvin sign, which is a k without regard to case
        f"1 {SUITE} inline:{KEY} KDR=1",
        f"1 {SUITE} inline:{KEY} UNENCRYPTED_SRTCP",  # a session parameter
        f"1 {SUITE} inline:{KEY};inline:{KEY}|2^20|1:4",  # two keys
        f"1 {SUITE} uri:{KEY}",
    ],
)
def test_a_line_that_asks_for_more_or_is_malformed_is_no_option(line: str) -> None:
    assert Crypto.parse(line) is None
    assert offer_answer.select(offered(line), srtp="allowed") is None


@pytest.mark.parametrize(
    ("more", "mki"),
    [
        ("", b""),
        ("|2^20", b""),
        ("|2^48", b""),
        ("|1048576", b""),
        ("|2^31|1:1", b"\x01"),
        ("|258:4", b"\0\0\x01\x02"),
        ("||1:2", b"\0\x01"),
        (" WSH=128 -X KDR=0", b""),
        ("|2^31|1:1 WSH=64", b"\x01"),
    ],
)
def test_lifetimes_identifiers_and_what_changes_no_packet_are_read(more: str, mki: bytes) -> None:
    crypto = Crypto.parse(f"1\t{SUITE.lower()}  inline:{KEY}{more}")
    assert crypto is not None and (crypto.suite, crypto.mki) == (SUITE, mki)
    assert "|" not in str(LocalKeys().matching(crypto)), "we send no MKI"


def test_the_first_usable_key_of_an_offer_is_answered_with_its_tag_and_a_key_of_ours() -> None:
    offer = offered(f"1 AES_256_CM_HMAC_SHA1_80 inline:{KEY}", f"7 AES_CM_128_HMAC_SHA1_32 inline:{KEY}")
    agreed = offer_answer.select(offer, srtp="allowed")
    assert agreed is not None and agreed.crypto is not None and agreed.crypto.tag == 7
    ours = LocalKeys().matching(agreed.crypto)
    answer = SessionDescription.parse(bytes(offer_answer.answer(offer, agreed, "192.0.2.2", 5000, crypto=ours)))
    assert answer.media[0].protocol == "RTP/SAVP"
    assert answer.media[0].crypto == [ours]
    assert ours.key != agreed.crypto.key


def test_an_answer_is_plain_exactly_when_the_agreement_is() -> None:
    offer = offered(f"1 {SUITE} inline:{KEY}")
    agreed = offer_answer.select(offer, srtp="required")
    assert agreed is not None
    with pytest.raises(ValueError, match="key"):
        offer_answer.answer(offer, agreed, "192.0.2.2", 5000)
    plain = offered(protocol="RTP/AVP")
    agreed = offer_answer.select(plain)
    assert agreed is not None
    with pytest.raises(ValueError, match="key"):
        offer_answer.answer(plain, agreed, "192.0.2.2", 5000, crypto=LocalKeys().offer()[0])


def test_a_profile_is_never_taken_for_another() -> None:
    line = f"1 {SUITE} inline:{KEY}"
    assert offer_answer.select(offered(line), srtp="off") is None
    assert offer_answer.select(offered(), srtp="allowed") is None  # RTP/SAVP without a key
    assert offer_answer.select(offered(protocol="RTP/AVP"), srtp="required") is None
    agreed = offer_answer.select(offered(line, protocol="RTP/AVP"), srtp="allowed")
    assert agreed is not None and agreed.crypto is None  # a key does not make plain RTP encrypted


def test_our_offer_has_every_suite_and_its_keys_stay_for_the_call() -> None:
    keys = LocalKeys()
    first = SessionDescription.parse(bytes(offer_answer.offer("192.0.2.2", 5000, crypto=keys.offer())))
    second = SessionDescription.parse(bytes(offer_answer.offer("192.0.2.2", 5000, crypto=keys.offer())))
    assert [crypto.suite for crypto in first.media[0].crypto] == [SUITE, "AES_CM_128_HMAC_SHA1_32"]
    assert first.media[0].crypto == second.media[0].crypto
    assert first.media[0].protocol == "RTP/SAVP"


def test_keys_of_one_section_are_bounded() -> None:
    assert len(offered(*[f"{n} {SUITE} inline:{KEY}" for n in range(40)]).media[0].crypto) == MAX_CRYPTO


def test_no_log_and_no_repr_shows_a_key(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever becomes of a message with keys in it, down to DEBUG."""
    caplog.set_level(logging.DEBUG)
    ours = LocalKeys()
    offer = offer_answer.offer("127.0.0.1", 40000, crypto=ours.offer())
    keys = [str(crypto).partition("inline:")[2] for crypto in offer.media[0].crypto]
    assert len(keys) == 2 and all(key.encode() in bytes(offer) for key in keys)
    peer = Peer(gate=TrunkGate(strangers="drop"))
    open_peer = Peer()
    told = [repr(offer), repr(offer.media), repr(offer_answer.select(offer, srtp="allowed"))]
    for one in (peer, open_peer):
        invite = one.request("INVITE", body=bytes(offer))
        told += [repr(invite), repr(one.ua.receive(bytes(invite), Hop("192.0.2.7", 5060), one.now))]
        data = bytes(invite)
        for broken in (
            data[:-20],
            data.replace(b"CSeq: 1 INV", b"CSeq: x"),
            b"\0" + data,
            data.replace(b"c=IN", b"c=X"),
        ):
            told += [repr(one.ua.receive(broken, Hop("192.0.2.7", 5060), one.now))]
        told += [repr(event) for event in one.events]
    call = open_peer.ua.invite(Address.parse("sip:x@192.0.2.9"), offer, open_peer.now)
    told += [repr(call), repr(open_peer.ua.take())]
    text = "".join(told) + caplog.text + "".join(repr(record.__dict__) for record in caplog.records)
    assert "Crypto(tag=1" in text and not [key for key in keys if key in text]
