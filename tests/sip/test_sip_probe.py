"""OPTIONS for trunks, keep-alives for registrations, and the choice of the line for a call, on virtual time."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from sip_peer import OFFER, Peer, session, statuses

from voicebot.address import Address
from voicebot.sip.call import SipCall
from voicebot.sip.call_table import SipLimits
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.outputs import CallEnded
from voicebot.sip.probe import PATIENCE_S, TrunkProbe, TrunkState
from voicebot.sip.registration import Account
from voicebot.sip.trunks import Trunk

SBC = Trunk("sbc", username="bot", password="secret", outbound="sip:192.0.2.10", options_s=30.0, max_calls=2)
SPARE = Trunk("spare", outbound="sip:spare.example.com:5080;transport=tcp")
PBX = Account("pbx", "sip:192.0.2.20", "7000", "secret")


def probed(peer: Peer) -> TrunkProbe:
    return peer.ua.lines.probe("sbc", SBC.outbound, SBC.options_s, peer.now, chance=lambda: 1.0)


def pinged(peer: Peer, seconds: float) -> list[SipRequest]:
    """The OPTIONS that went out, repetitions of them left out."""
    sent = [m for m in peer.wait(seconds) if isinstance(m, SipRequest)]
    assert {request.method for request in sent} <= {"OPTIONS"}
    return list({request.cseq[0]: request for request in sent}.values())


@pytest.mark.parametrize("status", [200, 404, 405, 483])
def test_any_answer_to_options_shows_that_the_trunk_is_there(status: int) -> None:
    peer = Peer()
    probe = probed(peer)
    (options,) = pinged(peer, 2.5)
    assert options.uri == SBC.outbound and peer.destinations[-1] == ("192.0.2.10", 5060)
    assert peer.send(peer.reply(options, status, to_tag="t")) == []
    assert probe.state is TrunkState.UP and probe.status == status
    assert pinged(peer, 29.0) == []
    (again,) = pinged(peer, 2.0)
    assert again.call_id == options.call_id and again.cseq[0] == options.cseq[0] + 1


def test_a_silent_trunk_is_down_after_a_second_try_and_up_at_its_next_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    peer = Peer()
    probe = probed(peer)
    (first,) = pinged(peer, 0.5 + PATIENCE_S)
    assert probe.state is TrunkState.UNKNOWN, "one lost ping is none"
    (second,) = pinged(peer, 1.0 + PATIENCE_S)
    assert second.cseq[0] == first.cseq[0] + 1 and probe.state is TrunkState.DOWN and probe.status == 408
    peer.send(peer.reply(second, 200, to_tag="t"))
    assert probe.state is TrunkState.DOWN, "an answer that comes too late belongs to nothing"
    (third,) = pinged(peer, 31.0)
    peer.send(peer.reply(third, 200, to_tag="t"))
    assert probe.state is TrunkState.UP
    told = [record.getMessage() for record in caplog.records if record.name == "voicebot.sip.probe"]
    assert told == ["trunk sbc: down (408)", "trunk sbc: up (200)"]


def test_503_is_no_sign_of_life() -> None:
    peer = Peer()
    probe = probed(peer)
    for _ in range(2):
        (options,) = pinged(peer, 2.5)
        peer.send(peer.reply(options, 503, to_tag="t"))
    assert probe.state is TrunkState.DOWN and probe.status == 503


def test_the_end_of_pings_leaves_nothing() -> None:
    peer = Peer()
    probe = probed(peer)
    pinged(peer, 3.0)
    probe.end()
    assert peer.ua.next_deadline() is None and peer.ua.transactions == 0


def test_a_registration_over_udp_is_kept_reachable_through_nat() -> None:
    peer = Peer()
    registration = peer.ua.lines.register(PBX, peer.now, chance=lambda: 0.5)
    (request,) = peer.command()
    assert isinstance(request, SipRequest)
    began = peer.now
    peer.send(peer.reply(request, 200), ("192.0.2.20", 5060))
    assert registration.registered(peer.now)
    peer.wait(100.0)
    assert peer.pings == [(began + 27.0 * n, "192.0.2.20", 5060) for n in (1, 2, 3)]
    registration.end(peer.now)
    peer.command()
    peer.wait(100.0)
    assert len(peer.pings) == 3


def test_over_a_connection_a_registration_sends_no_pings_of_its_own() -> None:
    peer = Peer()
    peer.ua.lines.register(Account("pbx", "sip:192.0.2.20;transport=tcp", "7000"), peer.now)
    (request,) = peer.command()
    assert isinstance(request, SipRequest)
    peer.send(peer.reply(request, 200), ("192.0.2.20", 5060))
    peer.wait(200.0)
    assert peer.pings == []


# --- lines

LINES = {line.name: line for line in (SBC.line, SPARE.line, PBX.line) if line is not None}


def call_by(peer: Peer, uri: str, name: str) -> tuple[SipCall, SipRequest]:
    call = peer.ua.invite(Address.parse(uri), session(), peer.now, line=LINES[name])
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest)
    return call, invite


def test_a_call_by_a_trunk_goes_to_its_uri_and_answers_its_challenge() -> None:
    peer = Peer()
    call, invite = call_by(peer, "sip:+15550100@192.0.2.10", "sbc")
    assert peer.destinations[-1] == ("192.0.2.10", 5060) and invite.headers.get("Route") is None
    assert call.trunk == "sbc"
    challenge = peer.reply(invite, 407)
    challenge.headers.set("Proxy-Authenticate", 'Digest realm="sbc", nonce="n", qop="auth"')
    ack, again = peer.send(challenge)
    assert statuses([ack, again]) == ["ACK", "INVITE"] and 'username="bot"' in again.headers["Proxy-Authorization"]


def test_a_call_to_elsewhere_by_a_trunk_has_it_as_its_route() -> None:
    peer = Peer()
    _, invite = call_by(peer, "sip:+15550100@example.com", "sbc")
    assert peer.destinations[-1] == ("192.0.2.10", 5060) and invite.headers["Route"] == "<sip:192.0.2.10;lr>"


def test_a_line_knows_the_domain_of_numbers_and_who_we_are_there() -> None:
    domains = {name: str(line.domain) for name, line in LINES.items()}
    assert domains == {
        "sbc": "sip:192.0.2.10",
        "spare": "sip:spare.example.com:5080;transport=tcp",
        "pbx": "sip:192.0.2.20",
    }
    own = {name: line.own.uri for name, line in LINES.items()}
    assert own["sbc"] == "sip:voicebot@192.0.2.10" and own["pbx"] == "sip:7000@192.0.2.20"
    assert Trunk("inbound").line is None, "nothing goes out by it"


def test_an_account_may_have_a_domain_and_a_number_of_its_own() -> None:
    account = Account("p", "sips:edge.example.com:5071;transport=tls", "#7000", domain="Example.com")
    assert account.line.own.uri == "sips:%237000@example.com"
    assert str(account.line.domain) == "sips:example.com;transport=tls"
    assert (account.line.registers, replace(account, register=False).line.registers) == (True, False)


def test_calls_go_out_by_the_first_line_that_is_fit() -> None:
    peer = Peer(limits=SipLimits(calls_of={"sbc": 1}))

    def chosen(*names: str) -> str:
        return next((name for name in names if peer.ua.is_fit(LINES[name], peer.now)), "")

    registration = peer.ua.lines.register(PBX, peer.now)
    (register,) = peer.command()
    assert isinstance(register, SipRequest)
    assert chosen("pbx") == "" and chosen("pbx", "spare") == "spare", "not registered yet"
    peer.send(peer.reply(register, 200), ("192.0.2.20", 5060))
    assert registration.registered(peer.now) and chosen("pbx", "spare") == "pbx"
    probed(peer)
    assert chosen("sbc", "spare") == "sbc", "not known to be down"
    call, _ = call_by(peer, "sip:+15550100@192.0.2.10", "sbc")
    assert chosen("sbc", "spare") == "spare", "it has all the calls that it may have"
    call.bye(peer.now)
    peer.wait(60.0)
    assert peer.ua.lines.probes["sbc"].state is TrunkState.DOWN and chosen("sbc", "spare") == "spare"


def test_a_trunk_with_all_its_calls_gets_503_until_one_ends() -> None:
    peer = Peer(limits=SipLimits(calls_of={"": 1}))  # calls that belong to no trunk go by the empty name
    (trying,) = peer.send(peer.request("INVITE", body=OFFER, call_id="1"))
    assert statuses([trying]) == [100]
    (refused,) = peer.send(peer.request("INVITE", body=OFFER, call_id="2"))
    assert isinstance(refused, SipResponse) and refused.status == 503 and refused.headers["Retry-After"]
    next(iter(peer.ua.calls)).reject(486, peer.now)
    peer.command()
    assert peer.event(CallEnded).cause == "rejected"
    assert statuses(peer.send(peer.request("INVITE", body=OFFER, call_id="3"))) == [100]
