"""Who is let in, who is challenged, who hears nothing: the gate alone and in the user agent."""

from __future__ import annotations

import ipaddress

import pytest
from sip_peer import OFFER, Peer, statuses

from voicebot.sip.answering import CallOffered
from voicebot.sip.digest import Challenged, Credentials
from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.trunks import Rate, RateLimiter, Strangers, Trunk, TrunkGate, source_of

SBC = Trunk("sbc", (ipaddress.ip_network("192.0.2.0/28"), ipaddress.ip_network("2001:db8::/32")))
PHONE = Trunk("phone", username="phone", password="secret")
INSIDE, OUTSIDE = ("192.0.2.7", 5060), ("198.51.100.7", 5060)


def gated(*trunks: Trunk, strangers: Strangers = "drop", **options: object) -> Peer:
    return Peer(gate=TrunkGate(trunks, strangers=strangers, **options))  # type: ignore[arg-type]


def test_a_trunk_is_known_by_its_address() -> None:
    peer = gated(SBC)
    assert statuses(peer.send(peer.request("INVITE", body=OFFER), INSIDE)) == [100]
    assert peer.event(CallOffered).call.trunk == "sbc"
    gate = TrunkGate([SBC])
    assert gate.trunk_of(Hop("2001:db8::5", 5060)) == "sbc" and gate.trunk_of(Hop("192.0.2.16", 5060)) is None


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "BYE", "CANCEL", "MESSAGE"])
@pytest.mark.parametrize(("strangers", "answer"), [("drop", []), ("refuse", [403])])
def test_strangers_get_what_the_setting_says_whatever_they_send(
    method: str, strangers: Strangers, answer: list[int]
) -> None:
    peer = gated(SBC, strangers=strangers)
    assert statuses(peer.send(peer.request(method), OUTSIDE)) == answer
    assert not peer.has(CallOffered)


def test_a_malformed_request_of_a_stranger_is_not_answered_where_strangers_are_dropped() -> None:
    peer = gated(SBC)
    broken = bytes(peer.request("INVITE")).replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE")
    assert peer.send(broken, OUTSIDE) == []
    assert statuses(peer.send(broken, INSIDE)) == [400]


def test_a_request_in_a_call_of_ours_may_come_from_elsewhere() -> None:
    peer = gated(SBC)
    peer.send(peer.request("INVITE", body=OFFER), INSIDE)
    tag = peer.event(CallOffered).call.local_tag
    assert statuses(peer.send(peer.request("BYE", cseq=2, to_tag=tag), OUTSIDE))[0] == 200


def proven(peer: Peer, challenge: SipResponse, password: str) -> SipRequest:
    request = peer.request("INVITE", body=OFFER, cseq=2)
    assert Challenged(Credentials("phone", password)).answer(challenge, request)
    return request


def test_who_knows_the_password_is_let_in_from_anywhere() -> None:
    peer = gated(PHONE)
    (challenge,) = peer.send(peer.request("INVITE", body=OFFER), OUTSIDE)
    assert isinstance(challenge, SipResponse) and challenge.status == 401
    assert len(challenge.headers.getlist("WWW-Authenticate")) == 2
    request = proven(peer, challenge, "secret")
    assert statuses(peer.send(request, OUTSIDE)) == [100]
    assert peer.event(CallOffered).call.trunk == "phone"
    replay = peer.request("INVITE", body=OFFER, cseq=3, call_id="replayed")
    replay.headers.set("Authorization", request.headers["Authorization"])
    (stale,) = peer.send(replay, OUTSIDE)
    assert isinstance(stale, SipResponse) and stale.status == 401 and "stale=true" in stale.headers["WWW-Authenticate"]


def test_a_wrong_password_gets_another_challenge() -> None:
    peer = gated(PHONE)
    (challenge,) = peer.send(peer.request("INVITE", body=OFFER), OUTSIDE)
    assert isinstance(challenge, SipResponse)
    assert statuses(peer.send(proven(peer, challenge, "guess"), OUTSIDE)) == [401]
    assert not peer.has(CallOffered)


def test_a_secure_trunk_is_a_stranger_without_tls() -> None:
    gate = TrunkGate([Trunk("sbc", SBC.addresses, secure=True)])
    assert gate.trunk_of(Hop("192.0.2.7", 5060)) is None
    assert gate.trunk_of(Hop("192.0.2.7", 5061, "TLS")) == "sbc"


def test_a_flood_is_not_answered_and_then_not_even_read() -> None:
    peer = gated(SBC, strangers="refuse", limiter=RateLimiter({"other": Rate(1, 3)}))
    answers = [len(peer.send(peer.request("OPTIONS", call_id=str(n)), OUTSIDE)) for n in range(6)]
    assert answers == [1, 1, 1, 0, 0, 0]
    seen = sum(peer.ua.counters.requests_by_method.values())
    peer.send(peer.request("OPTIONS"), OUTSIDE)
    assert sum(peer.ua.counters.requests_by_method.values()) == seen and peer.ua.counters.strangers == 4
    peer.wait(61.0)
    assert statuses(peer.send(peer.request("OPTIONS"), OUTSIDE)) == [403]
    assert statuses(peer.send(peer.request("OPTIONS"), INSIDE)) == [200]


def test_a_trunk_over_its_rate_is_asked_to_come_back() -> None:
    peer = gated(SBC, limiter=RateLimiter({"other": Rate(0.01, 0.025)}))
    peer.send(peer.request("INVITE", call_id="1", body=OFFER), INSIDE)
    (refusal,) = peer.send(peer.request("INVITE", call_id="2", body=OFFER), INSIDE)
    assert isinstance(refusal, SipResponse) and refusal.status == 503 and refusal.headers["Retry-After"]


def test_the_table_of_sources_is_bounded_and_fills_again() -> None:
    limiter = RateLimiter({"other": Rate(1, 1)}, sources=100)
    assert limiter.take("a", "INVITE", 0.0) and not limiter.take("a", "INVITE", 0.5)
    assert limiter.take("a", "INVITE", 1.6)
    for n in range(1000):
        limiter.take(str(n), "INVITE", 2.0)
    assert len(limiter) == 100


def test_a_network_of_ipv6_is_one_source() -> None:
    assert source_of("2001:db8::1") == source_of("2001:db8::ffff:2") != source_of("2001:db8:0:1::1")
