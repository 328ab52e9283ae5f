"""The user agent core: the checks of requests (RFC 3261 8.2), and its limits."""

from __future__ import annotations

import pytest
from sip_calls import calling, offered
from sip_peer import OFFER, SOURCE, Peer, session, statuses, up

from voicebot.sip.call_table import SipLimits
from voicebot.sip.inspection import METHODS
from voicebot.sip.message import SipResponse
from voicebot.sip.outputs import CallProgress


def test_responses_go_to_the_source_with_rport_and_to_the_named_port_without() -> None:
    peer = Peer()
    nat = ("192.0.2.50", 31337)
    (answer,) = peer.send(peer.request("OPTIONS"), nat)
    assert peer.destinations[-1] == nat
    assert answer.via[0].params["rport"] == "31337" and answer.via[0].params["received"] == "192.0.2.50"
    plain = peer.request("OPTIONS", headers={"Via": "SIP/2.0/UDP host.example:5071;branch=z9hG4bKplain"})
    (answer,) = peer.send(plain, nat)
    assert peer.destinations[-1] == ("192.0.2.50", 5071)
    assert answer.via[0].params["received"] == "192.0.2.50" and "rport" not in answer.via[0].params


def test_a_response_goes_to_the_source_where_the_via_names_port_0_and_has_it_still() -> None:
    peer = Peer()
    request = peer.request("OPTIONS")
    request.headers.set("Via", "SIP/2.0/UDP 127.0.0.1:0;branch=z9hG4bKzero")
    request.headers.set("From", "<sip:probe@127.0.0.1:0>;tag=peer")
    request.headers.set("Contact", "sip:probe@127.0.0.1:0")
    (answer,) = peer.send(request)
    assert statuses([answer]) == [200] and peer.destinations[-1] == SOURCE
    assert answer.headers["Via"].startswith("SIP/2.0/UDP 127.0.0.1:0;branch=z9hG4bKzero")


@pytest.mark.parametrize("same", [{}, {"branch": "z9hG4bKping"}, {"branch": "z9hG4bKping", "cseq": 7}])
def test_a_ping_is_answered_each_time_however_little_changes_in_it(same: dict[str, object]) -> None:
    peer = Peer()
    for number in range(40):
        assert statuses(peer.send(peer.request("OPTIONS", **{"cseq": 1, **same}))) == [200], number  # type: ignore[arg-type]
        peer.wait(5.0)
    peer.wait(40.0)
    assert peer.ua.transactions == 0


def test_options_tells_what_we_can() -> None:
    peer = Peer()
    (answer,) = peer.send(peer.request("OPTIONS"))
    assert statuses([answer]) == [200]
    assert set(answer.tokens("Allow")) == set(METHODS)
    assert "application/sdp" in answer.tokens("Accept")
    assert answer.headers.get("Supported") is not None


def test_while_draining_options_gets_what_an_invite_would_and_within_calls_200_still() -> None:
    peer = Peer()
    _, ok = up(peer)
    peer.ua.draining = True
    (refused,) = peer.send(peer.request("OPTIONS", call_id="ping"))
    assert statuses([refused]) == [503] and refused.headers.get("Retry-After")
    (answer,) = peer.send(peer.request("OPTIONS", to_tag=ok.recipient.tag, cseq=2))
    assert statuses([answer]) == [200]


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "NOTIFY", "INVITE", "REFER", "OPTIONS"])
def test_within_a_dialog_that_we_do_not_have_everything_gets_481(method: str) -> None:
    peer = Peer()
    (answer,) = peer.send(peer.request(method, to_tag="unknown"))
    assert statuses([answer]) == [481]


def test_an_ack_for_nothing_is_dropped() -> None:
    peer = Peer()
    assert peer.send(peer.request("ACK", to_tag="unknown")) == []
    assert peer.ua.counters.dropped == 1


def test_unknown_methods_get_501_and_known_ones_that_we_do_not_serve_405() -> None:
    peer = Peer()
    for method, status in (("FROBNICATE", 501), ("REGISTER", 405), ("SUBSCRIBE", 405)):
        (answer,) = peer.send(peer.request(method, call_id=method))
        assert statuses([answer]) == [status]
        assert "INVITE" in answer.tokens("Allow")


def test_an_unknown_extension_is_refused_by_name() -> None:
    peer = Peer()
    (answer,) = peer.send(peer.request("INVITE", body=OFFER, headers={"Require": "bar, 100rel, foo"}))
    assert statuses([answer]) == [420] and answer.tokens("Unsupported") == ["bar", "foo"]


def test_a_body_of_another_type_gets_415_unless_it_is_optional() -> None:
    peer = Peer()
    assert statuses(peer.send(peer.request("INVITE", body=b"x", content_type="text/plain"))) == [415]
    optional = peer.request(
        "INVITE",
        body=b"x",
        content_type="text/plain",
        call_id="2",
        headers={"Content-Disposition": "x;handling=optional"},
    )
    assert statuses(peer.send(optional)) == [100]


def test_a_broken_description_gets_400() -> None:
    assert statuses(Peer().send(Peer().request("INVITE", body=b"v=0\r\nm=audio x RTP/AVP 0\r\n"))) == [400]


def test_the_limit_of_calls_is_kept_with_503() -> None:
    peer = Peer(SipLimits(calls=1, retry_after_s=9))
    offered(peer)
    (answer,) = peer.send(peer.request("INVITE", body=OFFER, call_id="call-2"))
    assert statuses([answer]) == [503] and answer.headers["Retry-After"] == "9"


def test_the_limit_of_transactions_is_kept_without_state() -> None:
    peer = Peer(SipLimits(transactions=3))
    for number in range(10):
        peer.send(peer.request("OPTIONS", call_id=f"o{number}"))
    assert statuses(peer.sent) == [200] * 3 + [503] * 7
    assert peer.ua.transactions == 3
    peer.wait(33.0)
    assert peer.ua.transactions == 0


def test_keepalives_are_counted_and_not_answered() -> None:
    peer = Peer()
    assert peer.send(b"\r\n\r\n") == [] and peer.send(b"\0" * 4) == [] and peer.send(b"") == []
    assert peer.ua.counters.keepalives == 3 and peer.ua.counters.malformed == 0


def test_responses_that_are_not_for_us_are_dropped() -> None:
    peer = Peer()
    _, invite = calling(peer)
    foreign = peer.reply(invite, 200, to_tag="x", body=OFFER)
    foreign.headers.setlist("Via", [*foreign.headers.getlist("Via"), "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKother"])
    assert peer.send(foreign) == []
    wrong = SipResponse(200)
    for name in ("From", "To", "Call-ID", "CSeq"):
        wrong.headers.set(name, invite.headers[name])
    wrong.headers.set("Via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKunknown")
    assert peer.send(wrong) == []
    assert peer.ua.counters.dropped == 2


def test_a_response_to_no_request_of_ours_is_not_even_parsed() -> None:
    peer = Peer()
    _, invite = calling(peer)
    ringing = bytes(peer.reply(invite, 180, to_tag="x"))
    unasked = ringing.replace(b";branch=z9hG4bK", b";branch=z9hG4bKf").replace(b"To: ", b"To ")
    assert peer.send(unasked) == [] and peer.ua.counters.dropped == 1 and peer.ua.counters.malformed == 0
    assert peer.send(ringing.replace(b"To: ", b"To ")) == [] and peer.ua.counters.malformed == 1
    folded = ringing.replace(b";branch=", b";BRANCH\r\n = ")
    peer.send(folded)
    assert peer.has(CallProgress)
    peer.send(peer.reply(invite, 486, to_tag="x"))
    peer.wait(40.0)
    assert not peer.ua.transactions and not peer.ua.layer.awaits(bytes(invite)), "nothing is left of it"


def test_many_calls_leave_nothing_behind() -> None:
    peer = Peer()
    for number in range(200):
        call_id = f"many-{number}"
        call = offered(peer, call_id=call_id)
        call.answer(session(), peer.now)
        (ok,) = peer.command()
        peer.send(peer.request("ACK", to_tag=ok.recipient.tag, call_id=call_id))
        peer.send(peer.request("BYE", cseq=2, to_tag=ok.recipient.tag, call_id=call_id), SOURCE)
    peer.wait(70.0)
    ua = peer.ua
    assert not ua.calls and not ua.transactions and ua.next_deadline() is None
    layer, table = ua.layer, ua._table
    assert not (table._by_dialog or table._by_invite or layer._keys or layer._invites or layer._on_response)
