"""DTLS-SRTP in session descriptions: what is read of an offer, and what is answered."""

from __future__ import annotations

import pytest

from voicebot.sip import SdpError, SessionDescription, offer_answer
from voicebot.sip.dtls_sdp import MAX_FINGERPRINTS

HASH = ":".join(f"{n:02X}" for n in range(32))
OURS = ":".join(f"{n:02X}" for n in range(32, 64))
ICE = ("a=ice-ufrag:abcd", "a=ice-pwd:" + "p" * 22)
HERE = ("192.0.2.9", 4002)


def offered(
    *lines: str,
    session: tuple[str, ...] = (),
    protocol: str = "UDP/TLS/RTP/SAVPF",
    fingerprint: str = f"sha-256 {HASH}",
    address: str = "192.0.2.1",
) -> SessionDescription:
    text = [
        "v=0",
        f"o=- 1 1 IN IP4 {address}",
        "s=-",
        f"c=IN IP4 {address}",
        "t=0 0",
        *session,
        f"m=audio 4000 {protocol} 0 101",
        "a=rtpmap:101 telephone-event/8000",
        *([f"a=fingerprint:{fingerprint}"] if fingerprint else []),
        *lines,
    ]
    return SessionDescription.parse(("\r\n".join(text) + "\r\n").encode())


@pytest.mark.parametrize(
    ("setup", "role"), [("actpass", "passive"), ("active", "passive"), ("passive", "active"), ("", "passive")]
)
@pytest.mark.parametrize("protocol", ["UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF", "RTP/SAVPF"])
def test_the_role_that_is_left_is_ours_and_the_answer_says_so(protocol: str, setup: str, role: str) -> None:
    offer = offered(*([f"a=setup:{setup}"] if setup else []), "a=rtcp-mux", "a=mid:a0", protocol=protocol)
    agreed = offer_answer.select(offer, srtp="allowed")
    assert agreed is not None and agreed.handshake is not None and agreed.crypto is None and not agreed.by_checks
    assert agreed.handshake.role == role and agreed.handshake.fingerprints == (("sha-256", HASH),)
    made = offer_answer.answer(offer, agreed, *HERE, handshake=agreed.handshake.answer(OURS, None, HERE))
    text = bytes(made).decode()
    assert f"m=audio 4002 {protocol} 0 101\r\n" in text
    for line in (f"a=fingerprint:sha-256 {OURS}", f"a=setup:{role}", "a=rtcp-mux", "a=mid:a0"):
        assert line + "\r\n" in text
    assert "ice" not in text and "candidate" not in text


def test_with_ice_the_answer_is_lite_and_names_the_one_address() -> None:
    offer = offered("a=setup:actpass", *ICE, address="0.0.0.0")
    agreed = offer_answer.select(offer, srtp="required")
    assert agreed is not None and agreed.handshake is not None and agreed.by_checks
    assert agreed.direction == "sendrecv", "an address that is not known yet is no hold"
    made = offer_answer.answer(offer, agreed, *HERE, handshake=agreed.handshake.answer(OURS, ("efgh", "q" * 22), HERE))
    text = bytes(made).decode()
    assert text.index("a=ice-lite\r\n") < text.index("m=audio")
    for line in ("a=ice-ufrag:efgh", "a=ice-pwd:" + "q" * 22, "a=candidate:1 1 udp 2130706431 192.0.2.9 4002 typ host"):
        assert text.index(line + "\r\n") > text.index("m=audio")
    assert "rtcp-mux" not in text, "it was not offered"


def test_what_stands_before_the_media_holds_for_those_that_have_none() -> None:
    before = (f"a=fingerprint:SHA-256 {HASH.lower()}", "a=setup:active", *ICE)
    agreed = offer_answer.select(offered(session=before, fingerprint=""), srtp="allowed")
    assert agreed is not None and agreed.handshake is not None
    assert agreed.handshake.fingerprints == (("sha-256", HASH),) and agreed.handshake.ice == ("abcd", "p" * 22)
    own = offered("a=ice-ufrag:wxyz", "a=ice-pwd:" + "r" * 22, session=before)
    agreed = offer_answer.select(own, srtp="allowed")
    assert agreed is not None and agreed.handshake is not None and agreed.handshake.ice == ("wxyz", "r" * 22)


@pytest.mark.parametrize(
    ("lines", "fingerprint"),
    [
        ((), ""),
        ((), "sha-256 AB"),
        ((), f"sha-1 {HASH[:59]}"),
        ((), f"md5 {HASH[:47]}"),
        (("a=setup:holdconn",), f"sha-256 {HASH}"),
    ],
)
def test_without_proof_of_who_it_is_the_stream_is_not_taken(lines: tuple[str, ...], fingerprint: str) -> None:
    assert offer_answer.select(offered(*lines, fingerprint=fingerprint), srtp="allowed") is None


def test_two_sides_that_only_answer_checks_never_meet() -> None:
    assert offer_answer.select(offered(*ICE, session=("a=ice-lite",)), srtp="allowed") is None


def test_it_is_encryption_and_never_taken_where_that_is_off_or_under_another_name() -> None:
    assert offer_answer.select(offered("a=setup:actpass"), srtp="off") is None
    assert offer_answer.select(offered("a=setup:actpass", protocol="RTP/SAVP"), srtp="allowed") is None
    plain = offer_answer.select(offered("a=setup:actpass", protocol="RTP/AVP"), srtp="allowed")
    assert plain is not None and plain.handshake is None
    assert offer_answer.select(offered("a=setup:actpass", protocol="RTP/AVP"), srtp="required") is None


def test_an_answer_has_a_handshake_exactly_when_it_was_agreed() -> None:
    offer = offered("a=setup:actpass")
    agreed = offer_answer.select(offer, srtp="allowed")
    assert agreed is not None
    with pytest.raises(ValueError, match="exactly if the agreement has one"):
        offer_answer.answer(offer, agreed, *HERE)


def test_an_offer_of_ours_for_the_same_stream_leaves_the_roles_as_they_are() -> None:
    agreed = offer_answer.select(offered("a=setup:actpass", "a=rtcp-mux", *ICE), srtp="allowed")
    assert agreed is not None and agreed.handshake is not None
    ours = agreed.handshake.offer_again(OURS, ("efgh", "q" * 22), HERE)
    text = bytes(offer_answer.offer(*HERE, handshake=ours)).decode()
    assert "UDP/TLS/RTP/SAVPF" in text and "a=setup:actpass\r\n" in text and "a=rtcp-mux\r\n" in text
    assert "a=ice-ufrag:efgh\r\n" in text


def test_passwords_are_not_shown_and_attributes_are_bounded() -> None:
    offer = offered(*[f"a=fingerprint:sha-256 {HASH}"] * 100, *ICE)
    agreed = offer_answer.select(offer, srtp="allowed")
    assert agreed is not None and agreed.handshake is not None
    assert len(agreed.handshake.fingerprints) == MAX_FINGERPRINTS
    assert "pppp" not in repr(agreed) + repr(offer)
    for line in ("a=ice-pwd:short", "a=ice-ufrag:a", "a=ice-ufrag:" + "a" * 300, "a=mid:a b", "a=setup:perhaps"):
        (media,) = offered(line).media
        assert not (media.handshake.ufrag or media.handshake.password or media.handshake.mid or media.handshake.setup)
    with pytest.raises(SdpError):
        offered(*[f"a=fingerprint:sha-256 {HASH}"] * 500)


@pytest.mark.parametrize(
    ("group", "named"),
    [
        ("BUNDLE a0", "a0"),
        ("bundle a0 v1", "a0"),
        ("BUNDLE v1", ""),
        ("LS a0", ""),
        ("BUNDLE", ""),
        ("", ""),
        ("BUNDLE a0\x00 a0;b", ""),
    ],
)
def test_a_bundle_is_answered_with_the_one_stream_that_is_taken(group: str, named: str) -> None:
    offer = offered("a=setup:actpass", "a=rtcp-mux", "a=mid:a0", session=(f"a=group:{group}",))
    agreed = offer_answer.select(offer, srtp="allowed")
    assert agreed is not None and agreed.handshake is not None
    made = offer_answer.answer(offer, agreed, *HERE, handshake=agreed.handshake.answer(OURS, None, HERE))
    text = bytes(made).decode()
    assert ("a=group" in text) is bool(named)
    if named:
        assert text.index(f"a=group:BUNDLE {named}\r\n") < text.index("m=audio")
        again = offer_answer.offer(*HERE, handshake=agreed.handshake.offer_again(OURS, None, HERE))
        assert f"a=group:BUNDLE {named}\r\n" in bytes(again).decode(), "the group stays as it is in later offers"
