"""Who is let in, who is challenged, who hears nothing: the gate alone and in the user agent."""

from __future__ import annotations

import ipaddress

import pytest
from sip_calls import up
from sip_peer import OFFER, Peer, session, statuses

from voicebot.listening import Rate, RateLimiter, source_of
from voicebot.sip.answering import CallOffered
from voicebot.sip.call_table import SipLimits
from voicebot.sip.credentials import Challenged, Credentials
from voicebot.sip.gate import OpenGate
from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.trunks import IN_CALL, Strangers, Trunk, TrunkGate

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


def proven(peer: Peer, challenge: SipResponse, password: str, call_id: str = "call-1") -> SipRequest:
    request = peer.request("INVITE", body=OFFER, cseq=2, call_id=call_id)
    credentials = Credentials("phone", password, hosts=["bot"])
    assert Challenged(credentials).answer(challenge, request, Hop("bot", 5060))
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
    assert sum(peer.ua.counters.requests_by_method.values()) == 3 and peer.ua.counters.strangers == 3
    peer.wait(1.0)
    assert statuses(peer.send(peer.request("OPTIONS"), OUTSIDE)) == [403], "there is a token again"
    assert statuses(peer.send(peer.request("OPTIONS"), INSIDE)) == [200]


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_who_is_not_let_in_costs_no_state_and_is_answered_once(method: str) -> None:
    for peer in (gated(SBC, strangers="refuse"), gated(PHONE, strangers="refuse")):
        assert len(peer.send(peer.request(method, body=OFFER), OUTSIDE)) == 1
        assert not peer.ua.transactions and not peer.wait(40.0), "nothing is repeated to who may not have asked"


def test_a_challenge_of_an_invite_that_is_repeated_is_another_one() -> None:
    peer = gated(PHONE)
    invite = peer.request("INVITE", body=OFFER)
    first, again = peer.send(invite, OUTSIDE), peer.send(invite, OUTSIDE)
    assert statuses(first) == statuses(again) == [401]
    assert peer.send(peer.request("ACK", to_tag=first[0].recipient.tag), OUTSIDE) == []


# --- who cannot be shut out


def called(peer: Peer, source: tuple[str, int], call_id: str) -> str:
    """A call by the trunk with a password, answered: our tag."""
    (challenge,) = peer.send(peer.request("INVITE", body=OFFER, call_id=call_id), source)
    assert isinstance(challenge, SipResponse)
    assert statuses(peer.send(proven(peer, challenge, "secret", call_id), source)) == [100]
    call = peer.event(CallOffered).call
    call.answer(session(), peer.now)
    peer.command()
    peer.send(peer.request("ACK", cseq=2, to_tag=call.local_tag, call_id=call_id), source)
    assert call.is_up
    return call.local_tag


def test_a_trunk_with_a_password_may_begin_many_calls_at_once() -> None:
    peer = gated(PHONE)
    challenges = [peer.send(peer.request("INVITE", body=OFFER, call_id=f"c{n}"), OUTSIDE) for n in range(100)]
    for number, (challenge,) in enumerate(challenges):
        assert isinstance(challenge, SipResponse) and challenge.status == 401
        assert statuses(peer.send(proven(peer, challenge, "secret", f"c{number}"), OUTSIDE)) == [100]
    assert len(peer.ua.calls) == 100


@pytest.mark.parametrize("forged", [25, 3000])
def test_a_running_call_is_heard_whatever_its_source_sends_besides(forged: int) -> None:
    peer = gated(PHONE)
    tag = called(peer, OUTSIDE, "call-1")
    for number in range(forged):
        peer.send(peer.request("INVITE", body=OFFER, call_id=f"f{number}"), OUTSIDE)
        peer.send(peer.request("OPTIONS", call_id=f"o{number}"), OUTSIDE)
        peer.send(peer.request("BYE", call_id=f"b{number}"), OUTSIDE)
    compact = bytes(peer.request("INFO", cseq=3, to_tag=tag)).replace(b"Call-ID:", b"i :")
    assert statuses(peer.send(compact, OUTSIDE)) == [200]
    assert statuses(peer.send(peer.request("BYE", cseq=4, to_tag=tag), OUTSIDE)) == [200]


@pytest.mark.parametrize("method", ["OPTIONS", "INFO", "UPDATE", "NOTIFY", "FOO", "ACK", "CANCEL"])
def test_nobody_floods_us_by_a_call_of_his_own(method: str) -> None:
    peer = Peer(gate=TrunkGate([SBC]))
    _, tag = up(peer)
    read = sum(peer.ua.counters.requests_by_method.values())
    for number in range(2, 2000):
        peer.send(peer.request(method, cseq=number, to_tag=tag))
    assert sum(peer.ua.counters.requests_by_method.values()) - read <= IN_CALL.burst
    peer.wait(0.1)
    assert statuses(peer.send(peer.request("BYE", cseq=3000, to_tag=tag))) == [200], "it is heard again"


def test_a_call_is_heard_though_others_flood_with_its_call_id() -> None:
    peer = Peer(gate=TrunkGate([SBC]))
    _, tag = up(peer)
    for number in range(2000):
        peer.send(peer.request("BYE", call_id="call-1", cseq=9 + number, to_tag="guessed"), OUTSIDE)
    assert statuses(peer.send(peer.request("BYE", cseq=2, to_tag=tag))) == [200]


def test_a_trunk_may_send_what_it_likes_in_its_calls() -> None:
    peer = gated(SBC)
    peer.send(peer.request("INVITE", body=OFFER), INSIDE)
    tag = peer.event(CallOffered).call.local_tag
    answers = [statuses(peer.send(peer.request("OPTIONS", cseq=n, to_tag=tag), INSIDE)) for n in range(2, 1000)]
    assert answers == [[200]] * 998


def test_a_request_that_is_repeated_for_ever_is_not_answered_for_ever() -> None:
    peer = Peer(gate=TrunkGate([SBC], limiter=RateLimiter({"other": Rate(1, 3)})))
    again = peer.request("OPTIONS")
    answers = [statuses(peer.send(again, OUTSIDE)) for _ in range(9)]
    assert answers == [[200]] * 3 + [[]] * 6 and peer.ua.counters.strangers == 6, "nor even read"
    trunk = peer.request("OPTIONS", call_id="trunk")
    assert [statuses(peer.send(trunk, INSIDE)) for _ in range(9)] == [[200]] * 9


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "MESSAGE"])
def test_nobody_shuts_a_trunk_out_by_sending_from_its_address(method: str) -> None:
    """Over UDP anybody can: a second after the flood, the trunk calls as before, and the one over TLS at once."""
    secure = Trunk("tls", SBC.addresses, secure=True)
    peer = gated(PHONE, secure)
    for number in range(2000):
        peer.send(peer.request(method, body=OFFER, call_id=f"f{number}"), OUTSIDE)
        peer.send(peer.request(method, body=OFFER, call_id=f"g{number}"), INSIDE)
    by_tls = Hop(*INSIDE, "TLS")
    calls = peer.take(peer.ua.receive(bytes(peer.request("INVITE", body=OFFER, call_id="tls")), by_tls, peer.now))
    assert statuses(calls) == [100]
    peer.wait(1.0)
    assert called(peer, OUTSIDE, "call-1")


def test_guesses_are_few_and_cost_the_trunk_nothing() -> None:
    peer = gated(PHONE, limiter=RateLimiter({"other": Rate(0.01, 3)}))
    (challenge,) = peer.send(peer.request("INVITE", body=OFFER), OUTSIDE)
    assert isinstance(challenge, SipResponse)
    guesses = [peer.send(proven(peer, challenge, f"guess{n}", f"c{n}"), OUTSIDE) for n in range(9)]
    assert [statuses(answer) for answer in guesses] == [[401]] * 3 + [[]] * 6
    assert statuses(peer.send(proven(peer, challenge, "secret", "right"), OUTSIDE)) == [100]


def test_strangers_leave_running_calls_room_in_the_table_of_transactions() -> None:
    peer = Peer(SipLimits(transactions=4), OpenGate())
    call, tag = up(peer)
    while peer.ua.transactions < 4:
        peer.send(peer.request("OPTIONS", call_id=f"o{peer.ua.transactions}"), OUTSIDE)
    assert statuses(peer.send(peer.request("OPTIONS", call_id="more"), OUTSIDE)) == [503]
    assert statuses(peer.send(peer.request("BYE", cseq=2, to_tag=tag))) == [200] and not call.is_up


# --- accounts


def test_who_registers_over_tls_is_called_over_tls() -> None:
    gate = TrunkGate(registrars=lambda: [("pbx", "192.0.2.7", False), ("safe", "192.0.2.8", True)])
    assert gate.trunk_of(Hop("192.0.2.7", 5060)) == "pbx"
    assert gate.trunk_of(Hop("192.0.2.8", 5060)) is None, "anybody can send by that address over UDP"
    assert gate.trunk_of(Hop("192.0.2.8", 5061, "TLS")) == "safe"


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
