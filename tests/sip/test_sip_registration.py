"""Registrations on virtual time: challenges, refresh, back-off, failover."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sip_peer import OFFER, Peer, session, statuses

from voicebot.address import Address
from voicebot.sip.bindings import with_instance
from voicebot.sip.call import SipCall
from voicebot.sip.credentials import Credentials
from voicebot.sip.digest import parse_digest
from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.outputs import CallConfirmed, CallEnded
from voicebot.sip.registration import Account, Registration, RegistrationState

ACCOUNT = Account("pbx", "sip:192.0.2.10", "7000", "secret", expires_s=600)


def asked(peer: Peer, account: Account = ACCOUNT) -> tuple[Registration, SipRequest]:
    registration = peer.ua.lines.register(account, peer.now, chance=lambda: 0.5)
    (request,) = peer.command()
    assert isinstance(request, SipRequest)
    return registration, request


def reply(peer: Peer, request: SipRequest, status: int, **headers: str) -> list[SipRequest | SipResponse]:
    response = peer.reply(request, status)
    response.headers.setlist("Contact", [])
    for name, value in headers.items():
        response.headers.set(name.replace("_", "-"), value)
    return peer.send(response, ("192.0.2.10", 5060))


def test_a_register_names_domain_address_and_contact() -> None:
    _, request = asked(Peer())
    assert request.uri == "sip:192.0.2.10" and request.recipient.uri == "sip:7000@192.0.2.10"
    assert request.contact[0].uri == "sip:7000@127.0.0.1:5060" and request.headers["Expires"] == "600"


def test_a_challenge_is_answered_and_the_refresh_comes_before_the_end() -> None:
    peer = Peer()
    registration, request = asked(peer)
    challenge = 'Digest realm="pbx", nonce="n", qop="auth", algorithm=SHA-256'
    (again,) = reply(peer, request, 401, WWW_Authenticate=challenge)
    assert isinstance(again, SipRequest) and again.cseq[0] == request.cseq[0] + 1 and again.call_id == request.call_id
    assert parse_digest(again.headers["Authorization"])["username"] == "7000"
    reply(peer, again, 200, Contact="<sip:7000@127.0.0.1:5060>;expires=100, <sip:other@x>;expires=9")
    assert registration.registered(peer.now) and registration.addresses == {"192.0.2.10"}
    assert not peer.wait(84.0)
    refresh = peer.wait(2.0)[0]
    assert isinstance(refresh, SipRequest) and refresh.call_id == request.call_id and refresh.cseq[0] > again.cseq[0]
    assert registration.registered(peer.now)


def test_a_wrong_password_is_tried_again_late_only() -> None:
    peer = Peer()
    registration, request = asked(peer)
    challenge = 'Digest realm="pbx", nonce="n", qop="auth"'
    (again,) = reply(peer, request, 401, WWW_Authenticate=challenge)
    assert isinstance(again, SipRequest)
    assert reply(peer, again, 401, WWW_Authenticate=challenge) == []
    assert registration.state is RegistrationState.WAITING and registration.status == 401
    assert not peer.wait(200.0)
    assert statuses(peer.wait(40.0))[0] == "REGISTER"


def test_the_pause_doubles_and_retry_after_is_respected() -> None:
    peer = Peer()
    registration, request = asked(peer)
    pauses = []
    for _ in range(4):
        reply(peer, request, 500)
        began = peer.now
        while not (sent := [m for m in peer.wait(0.25) if isinstance(m, SipRequest)]):
            pass
        request = sent[0]
        pauses.append(peer.now - began)
    assert pauses == [1.5, 3.0, 6.0, 12.0]
    reply(peer, request, 503, Retry_After="40")
    assert registration.deadline == peer.now + 40


def test_too_brief_raises_what_is_asked() -> None:
    peer = Peer()
    _, request = asked(peer)
    (again,) = reply(peer, request, 423, Min_Expires="1800")
    assert again.headers["Expires"] == "1800"


def test_the_next_address_is_tried_when_one_is_silent() -> None:
    peer = Peer()
    peer.addresses["pbx.example.com"] = [Hop("192.0.2.1", 5060), Hop("192.0.2.2", 5060)]
    registration, request = asked(peer, Account("pbx", "sip:pbx.example.com", "7000", "secret"))
    assert peer.destinations[-1] == ("192.0.2.1", 5060)
    sent = peer.wait(4.5)
    assert peer.destinations[-1] == ("192.0.2.2", 5060)
    last = sent[-1]
    assert isinstance(last, SipRequest) and last.via[0].branch != request.via[0].branch
    reply(peer, last, 200)
    assert registration.addresses == {"192.0.2.2"}


def test_the_end_unregisters() -> None:
    peer = Peer()
    registration, request = asked(peer)
    reply(peer, request, 200)
    registration.end(peer.now)
    (gone,) = peer.command()
    assert gone.headers["Expires"] == "0"
    peer.wait(1000.0)
    assert peer.ua.next_deadline() is None


def test_an_outbound_proxy_gets_everything_with_a_route() -> None:
    peer = Peer()
    _, request = asked(peer, Account("p", "sip:example.com", "7000", proxy="sip:192.0.2.20:5080"))
    assert peer.destinations[-1] == ("192.0.2.20", 5080)
    assert request.headers["Route"] == "<sip:192.0.2.20:5080;lr>" and request.uri == "sip:example.com"


# --- credentials on calls


@pytest.mark.parametrize("status", [401, 407])
def test_a_challenged_invite_is_sent_again_with_the_answer(status: int) -> None:
    peer = Peer()
    line = replace(ACCOUNT, realms=("pbx",)).line
    call: SipCall = peer.ua.invite(Address.parse("sip:x@192.0.2.10"), session(), peer.now, line=line)
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest)
    challenge, answer = {
        401: ("WWW-Authenticate", "Authorization"),
        407: ("Proxy-Authenticate", "Proxy-Authorization"),
    }[status]
    response = peer.reply(invite, status)
    response.headers.set(challenge, 'Digest realm="pbx", nonce="n", qop="auth"')
    ack, again = peer.send(response)
    assert statuses([ack, again]) == ["ACK", "INVITE"] and isinstance(again, SipRequest)
    assert again.cseq[0] == invite.cseq[0] + 1 and again.headers.get(answer)
    accepted = peer.reply(again, 200, to_tag="t", body=OFFER)
    accepted.headers.set("Contact", "<sip:x@192.0.2.10>")
    (ack,) = peer.send(accepted)
    assert ack.headers[answer] == again.headers[answer] and ack.cseq[0] == again.cseq[0]
    assert peer.has(CallConfirmed)
    call.bye(peer.now)
    (bye,) = peer.command()
    assert isinstance(bye, SipRequest) and bye.cseq[0] == again.cseq[0] + 1
    challenged = peer.reply(bye, 407)
    challenged.headers.set("Proxy-Authenticate", 'Digest realm="pbx", nonce="m", qop="auth"')
    (bye,) = peer.send(challenged)
    assert bye.headers.get("Proxy-Authorization") and bye.cseq[0] == again.cseq[0] + 2


def test_a_call_can_be_given_up_while_it_waits_for_the_name() -> None:
    peer = Peer()
    call = peer.ua.invite(Address.parse("sip:x@nowhere.example"), session(), peer.now)
    call.bye(peer.now)
    assert peer.command() == [] and peer.event(CallEnded).cause == "local"
    assert not peer.ua.calls and peer.ua.next_deadline() is None


def test_503_moves_the_call_to_the_next_address() -> None:
    peer = Peer()
    peer.addresses["pbx.example.com"] = [Hop("192.0.2.1", 5060), Hop("192.0.2.2", 5060)]
    peer.ua.invite(Address.parse("sip:x@pbx.example.com"), session(), peer.now)
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest)
    assert statuses(peer.send(peer.reply(invite, 503))) == ["ACK", "INVITE"]
    assert peer.destinations[-1] == ("192.0.2.2", 5060)


@pytest.mark.parametrize(("granted", "at_least"), [(8, 3.9), (30, 24.0), (3, 1.4), (1, 0.4)])
def test_a_short_binding_is_refreshed_with_time_left_for_a_lost_datagram(granted: int, at_least: float) -> None:
    peer = Peer()
    registration, request = asked(peer)
    reply(peer, request, 200, Contact=f"<sip:7000@198.51.100.7:1024>;expires={granted}")
    assert registration.registered(peer.now)
    assert not peer.wait(at_least)
    again, *_ = peer.wait(granted - min(5.0, granted / 2) - at_least + 0.1)
    assert isinstance(again, SipRequest) and again.headers["Expires"] == "600"
    assert registration.registered(peer.now)


def test_a_registrar_that_keeps_no_binding_is_not_asked_every_second_and_no_registration() -> None:
    peer = Peer()
    registration, request = asked(peer)
    reply(peer, request, 200, Contact="<sip:7000@127.0.0.1:5060>;expires=0")
    assert registration.state is RegistrationState.WAITING and not registration.registered(peer.now)
    assert "no binding" in registration.reason
    began = peer.now
    asks = 0
    while peer.now < began + 60.0:
        for message in peer.wait(0.5):
            if isinstance(message, SipRequest):
                asks += 1
                reply(peer, message, 200, Contact="<sip:7000@127.0.0.1:5060>;expires=0")
    assert 3 <= asks <= 6


def test_a_423_without_a_time_is_answered_with_a_usual_one_once() -> None:
    peer = Peer()
    registration, request = asked(peer)
    (again,) = reply(peer, request, 423)
    assert isinstance(again, SipRequest) and again.headers["Expires"] == "3600"
    assert reply(peer, again, 423) == []
    assert registration.state is RegistrationState.WAITING


def test_a_refresh_that_fails_leaves_the_registration_as_long_as_it_was_granted() -> None:
    peer = Peer()
    registration, request = asked(peer)
    reply(peer, request, 200, Contact="<sip:7000@127.0.0.1:5060>;expires=100")
    refresh, *_ = peer.wait(86.0)
    assert isinstance(refresh, SipRequest)
    reply(peer, refresh, 503)
    assert registration.registered(peer.now)
    again, *_ = peer.wait(3.0)
    assert isinstance(again, SipRequest) and again.method == "REGISTER"


def test_a_malformed_binding_of_another_phone_does_not_keep_us_from_being_registered() -> None:
    peer = Peer()
    registration, request = asked(peer)
    reply(peer, request, 200, Contact="<sip:7000@x>;expires=99999999999", Expires="in an hour")
    assert registration.registered(peer.now)


OVER_TCP = Account("pbx", "sip:192.0.2.10;transport=tcp", "7000", expires_s=600)
CLOSED = Hop("192.0.2.10", 5060, "TCP", flow=3)


def granted(peer: Peer, request: SipRequest | SipResponse) -> None:
    assert isinstance(request, SipRequest)
    reply(peer, request, 200, Contact="<sip:7000@127.0.0.1:5060;transport=tcp>;expires=600")


def test_who_registered_by_a_connection_that_is_closed_registers_by_a_new_one() -> None:
    """https://github.com/pjsip/pjproject/issues/1044"""
    peer = Peer()
    registration, request = asked(peer, OVER_TCP)
    granted(peer, request)
    peer.take(peer.ua.transport_failed(CLOSED._replace(host="192.0.2.11"), peer.now))
    assert peer.wait(10.0) == [], "another's connection"
    peer.take(peer.ua.transport_failed(CLOSED, peer.now))
    assert registration.registered(peer.now)
    (again,) = peer.wait(2.0)
    assert isinstance(again, SipRequest) and again.cseq[0] == request.cseq[0] + 1
    granted(peer, again)
    assert peer.wait(400.0) == []


def test_a_registrar_that_closes_each_connection_at_once_is_not_asked_without_end() -> None:
    """https://github.com/siprix/FlutterPluginFederated/issues/68"""
    peer = Peer()
    _, request = asked(peer, OVER_TCP)
    asks, began = 0, peer.now
    sent: list[SipRequest | SipResponse] = [request]
    while peer.now < began + 3600.0:
        for message in sent:
            granted(peer, message)
            peer.take(peer.ua.transport_failed(CLOSED, peer.now))
            peer.take(peer.ua.transport_failed(CLOSED, peer.now))
            asks += 1
        sent = peer.wait(0.5)
    assert asks < 30


def test_a_refused_registration_is_not_tried_again_because_its_connection_is_closed() -> None:
    peer = Peer()
    registration, request = asked(peer, OVER_TCP)
    reply(peer, request, 403)
    due = registration.deadline
    peer.take(peer.ua.transport_failed(CLOSED, peer.now))
    assert registration.deadline == due


def test_what_is_closed_is_nothing_to_a_registration_over_udp() -> None:
    peer = Peer()
    registration, request = asked(peer)
    reply(peer, request, 200, Contact="<sip:7000@127.0.0.1:5060>;expires=600")
    due = registration.deadline
    peer.take(peer.ua.transport_failed(Hop("192.0.2.10", 5060), peer.now))
    assert registration.deadline == due


def test_of_shared_accounts_ours_are_registered_and_given_up_when_another_process_has_them() -> None:
    other = replace(ACCOUNT, name="other", username="7001")
    peer = Peer()
    lines = peer.ua.lines

    def share(ours: str, others: str) -> list[SipRequest]:
        lines.share([ACCOUNT, other], ours.split(), others.split(), peer.now)
        return [request for request in peer.command() if isinstance(request, SipRequest)]

    (request,) = share("pbx", "other")
    assert request.recipient.uri == "sip:7000@192.0.2.10" and request.headers["Expires"] == "600"
    reply(peer, request, 200, Contact=request.headers["Contact"])
    assert share("pbx", "other") == [] and lines.is_up(ACCOUNT.line, peer.now)
    ended, begun = share("other", "pbx")
    assert ended.recipient.uri == "sip:7000@192.0.2.10" and ended.headers["Expires"] == "0"
    assert begun.recipient.uri == "sip:7001@192.0.2.10" and list(lines.registrations) == ["other"]


def test_an_account_that_another_process_registers_carries_our_calls_if_we_know_its_realm() -> None:
    peer = Peer()
    peer.ua.lines.share([ACCOUNT], (), [ACCOUNT.name], peer.now)
    line = ACCOUNT.line
    assert line.credentials is not None and not peer.ua.lines.is_up(line, peer.now)
    assert peer.ua.lines.is_up(replace(line, credentials=None), peer.now)
    known = Credentials("7000", "secret", hosts=["192.0.2.10"], realms=["pbx"], registers=True)
    assert peer.ua.lines.is_up(replace(line, credentials=known), peer.now)
    peer.ua.lines.share([ACCOUNT], (), (), peer.now)
    assert not peer.ua.lines.is_up(replace(line, credentials=known), peer.now), "nobody is registered"


@pytest.mark.parametrize("others", [frozenset[str](), None])
def test_the_binding_of_a_process_that_is_gone_is_removed_by_who_has_its_account(others: frozenset[str] | None) -> None:
    peer, gone = Peer(), "<sip:7000@192.168.1.21:5060>"
    peer.ua.lines.share([ACCOUNT], ["pbx"], others, peer.now)
    (request,) = peer.command()
    assert isinstance(request, SipRequest)
    left = with_instance(gone, "sip:7000@192.0.2.10")
    listed = f"{request.headers['Contact']};expires=600, {left};expires=300, <sip:7000@192.168.1.99>;expires=300"
    sent = [message for message in reply(peer, request, 200, Contact=listed) if isinstance(message, SipRequest)]
    if others is None:
        assert sent == [], "without Redis it is not known who else registers"
        return
    (removing,) = sent
    assert removing.headers.getlist("Contact") == [gone] and removing.headers["Expires"] == "0"
    assert removing.call_id == request.call_id and removing.cseq[0] > request.cseq[0]
    reply(peer, removing, 200)
    registration = peer.ua.lines.registrations["pbx"]
    assert registration.registered(peer.now) and registration.deadline is not None
