"""Calls of ours: answered, refused, cancelled; and where things go wrong or come twice, nothing stays behind."""

from __future__ import annotations

import pytest
from sip_calls import called_up, calling
from sip_peer import OFFER, Peer, reply, session, statuses

from voicebot.address import Address
from voicebot.sip.message import SipRequest
from voicebot.sip.outputs import CallConfirmed, CallEnded, CallProgress, Locate
from voicebot.sip.registration import Account


def test_our_call_rings_is_answered_and_acknowledged_to_the_contact() -> None:
    peer = Peer()
    call, invite = calling(peer)
    assert peer.destinations[-1] == ("127.0.0.1", 5070)
    peer.send(peer.reply(invite, 180, to_tag="theirs"))
    assert peer.event(CallProgress).status == 180
    ok = peer.reply(invite, 200, to_tag="theirs", body=OFFER)
    ok.headers.setlist("Record-Route", ["<sip:127.0.0.2;lr>", "<sip:127.0.0.3;lr>"])
    (ack,) = peer.send(ok)
    assert isinstance(ack, SipRequest) and ack.method == "ACK" and ack.uri == "sip:peer@127.0.0.1:5070"
    assert ack.headers.getlist("Route") == ["<sip:127.0.0.3;lr>", "<sip:127.0.0.2;lr>"]
    assert ack.via[0].branch != invite.via[0].branch
    assert peer.event(CallConfirmed).answer is not None
    assert bytes(peer.send(ok)[0]) == bytes(ack)
    call.bye(peer.now)
    (bye,) = peer.command()
    assert bye.cseq[0] == invite.cseq[0] + 1
    peer.send(peer.reply(bye, 200))  # type: ignore[arg-type]
    peer.wait(40.0)
    assert not peer.ua.calls and not peer.ua.transactions


def test_another_branch_of_a_fork_that_answers_too_is_taken_down() -> None:
    peer = Peer()
    _, invite = called_up(peer)
    assert statuses(peer.send(peer.reply(invite, 200, to_tag="other", body=OFFER))) == ["ACK", "BYE"]
    assert not peer.has(CallEnded)


def test_a_refused_call_is_acknowledged_and_over() -> None:
    peer = Peer()
    _, invite = calling(peer)
    (ack,) = peer.send(peer.reply(invite, 486, to_tag="theirs"))
    assert statuses([ack]) == ["ACK"] and ack.via[0].branch == invite.via[0].branch
    ended = peer.event(CallEnded)
    assert (ended.cause, ended.status) == ("rejected", 486)
    peer.wait(40.0)
    assert not peer.ua.calls and not peer.ua.transactions


def test_a_call_that_nobody_answers_ends_after_64_t1() -> None:
    peer = Peer()
    calling(peer)
    assert statuses(peer.wait(33.0)) == ["INVITE"] * 6
    assert peer.event(CallEnded).cause == "timeout" and not peer.ua.calls


def test_cancel_waits_for_a_provisional_response() -> None:
    peer = Peer()
    call, invite = calling(peer)
    call.bye(peer.now)
    assert peer.command() == []
    (cancel,) = peer.send(peer.reply(invite, 100))
    assert statuses([cancel]) == ["CANCEL"] and cancel.via[0].branch == invite.via[0].branch
    assert cancel.cseq[0] == invite.cseq[0]
    peer.send(peer.reply(cancel, 200))  # type: ignore[arg-type]
    peer.send(peer.reply(invite, 487, to_tag="theirs"))
    assert peer.event(CallEnded).cause == "local"
    peer.wait(40.0)
    assert not peer.ua.calls and not peer.ua.transactions


def test_a_200_that_crosses_our_cancel_is_acknowledged_and_ended() -> None:
    peer = Peer()
    call, invite = calling(peer)
    peer.send(peer.reply(invite, 180, to_tag="theirs"))
    call.bye(peer.now)
    peer.command()
    assert statuses(peer.send(peer.reply(invite, 200, to_tag="theirs", body=OFFER))) == ["ACK", "BYE"]
    assert peer.event(CallEnded).cause == "local"


def test_a_cancel_that_is_never_followed_by_a_final_response_leaves_nothing() -> None:
    peer = Peer()
    call, invite = calling(peer)
    peer.send(peer.reply(invite, 180, to_tag="theirs"))
    call.bye(peer.now)
    peer.command()
    peer.wait(70.0)
    assert peer.event(CallEnded).cause == "local"
    assert not peer.ua.calls and not peer.ua.transactions


@pytest.mark.parametrize("headers", [{"X-A": "b\r\nEvil: 1"}, {"X A": "b"}, {"X:": "b"}])
def test_headers_that_would_break_the_message_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header"):
        Peer().ua.invite(Address.parse("sip:a@127.0.0.1"), session(), 0.0, headers=headers)


# --- what goes wrong or comes twice


def nothing_left(peer: Peer) -> bool:
    return not peer.ua.calls and not peer.ua._table._by_dialog


def test_a_200_without_an_answer_to_our_offer_is_acknowledged_and_ended() -> None:
    peer = Peer()
    _, invite = calling(peer)
    ack, bye = peer.send(reply(peer, invite, 200))
    assert statuses([ack, bye]) == ["ACK", "BYE"]
    ended = peer.event(CallEnded)
    assert (ended.cause, ended.reason) == ("error", "no answer in the 200") and not peer.has(CallConfirmed)
    peer.send(reply(peer, bye, 200))
    assert nothing_left(peer)


def test_an_answer_that_cannot_be_read_counts_as_none() -> None:
    peer = Peer()
    _, invite = calling(peer)
    peer.send(reply(peer, invite, 183, b"v=0\r\nm=nonsense\r\n"))
    assert peer.event(CallProgress).early is None
    assert statuses(peer.send(reply(peer, invite, 200, b"v=0\r\nm=nonsense\r\n"))) == ["ACK", "BYE"]


def test_a_call_that_is_given_up_while_its_name_is_looked_up_is_over_at_once() -> None:
    peer = Peer()
    call = peer.ua.invite(Address.parse("sip:x@nowhere.example"), session(), peer.now)
    (wanted,) = peer.ua.take()
    assert isinstance(wanted, Locate)
    call.bye(peer.now)
    peer.command()
    assert peer.event(CallEnded).cause == "local" and nothing_left(peer)
    wanted.located([wanted.hop._replace(host="192.0.2.1", port=5060)], peer.now)
    assert peer.command() == [], "nothing is sent any more"


def test_the_dialogs_of_a_fork_are_forgotten_with_the_call() -> None:
    peer = Peer()
    call, invite = calling(peer)
    for tag in ("one", "two"):
        ringing = peer.reply(invite, 180, to_tag=tag)
        assert peer.send(ringing) == peer.send(ringing) == []
    assert len(peer.ua._table._by_dialog) == 2
    peer.send(peer.reply(invite, 200, to_tag="two", body=OFFER))
    call.bye(peer.now)
    (bye,) = peer.command()
    assert isinstance(bye, SipRequest) and bye.recipient.tag == "two"
    peer.send(peer.reply(bye, 200))
    assert nothing_left(peer)


def test_a_200_that_comes_again_after_the_end_is_acknowledged_and_brings_nothing_back() -> None:
    peer = Peer()
    call, invite = calling(peer)
    ok = reply(peer, invite, 200, OFFER)
    peer.send(reply(peer, invite, 180))
    peer.send(ok)
    call.bye(peer.now)
    (bye,) = peer.command()
    peer.send(reply(peer, bye, 200))
    assert nothing_left(peer)
    assert statuses(peer.send(ok)) == ["ACK"] and nothing_left(peer)


def test_the_ack_of_a_reinvite_carries_the_credentials_that_it_was_accepted_with() -> None:
    peer = Peer()
    line = Account("pbx", "sip:127.0.0.1:5070", "7000", "secret", realms=("pbx",)).line
    call = peer.ua.invite(Address.parse("sip:peer@127.0.0.1:5070"), session(), peer.now, line=line)
    (invite,) = peer.command()
    peer.send(reply(peer, invite, 200, OFFER))
    assert call.renegotiation.offer(session(), peer.now)
    (invite,) = peer.command()
    challenge = reply(peer, invite, 401, WWW_Authenticate='Digest realm="pbx", nonce="n", qop="auth"')
    _, again = peer.send(challenge)
    (ack,) = peer.send(reply(peer, again, 200, OFFER))
    assert ack.headers["Authorization"] == again.headers["Authorization"] and ack.cseq[0] == again.cseq[0]


def test_what_a_callee_sends_in_a_dialog_that_did_not_become_the_calls_is_refused() -> None:
    peer = Peer()
    call, invite = calling(peer)
    for tag in ("one", "two"):
        peer.send(peer.reply(invite, 180, to_tag=tag))
    peer.send(peer.reply(invite, 200, to_tag="two", body=OFFER))
    bye = peer.request("BYE", call_id=call.request.call_id, from_tag="one", to_tag=call.local_tag)
    assert statuses(peer.send(bye)) == [481] and call.is_up
