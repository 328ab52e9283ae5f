"""Calls of ours where things go wrong or come twice: nothing stays behind."""

from __future__ import annotations

from sip_peer import OFFER, Peer, reply, session, statuses

from voicebot.sip.calling import OutgoingSipCall
from voicebot.sip.message import SipRequest
from voicebot.sip.outputs import CallConfirmed, CallEnded, CallProgress, Locate
from voicebot.sip.registration import Account


def calling(peer: Peer) -> tuple[OutgoingSipCall, SipRequest]:
    call = peer.ua.invite("sip:peer@127.0.0.1:5070", session(), peer.now)
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest)
    return call, invite


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
    peer.send(reply(peer, invite, 183, b"v=0\r\nnonsense\r\n"))
    assert peer.event(CallProgress).early is None
    assert statuses(peer.send(reply(peer, invite, 200, b"v=0\r\nnonsense\r\n"))) == ["ACK", "BYE"]


def test_a_call_that_is_given_up_while_its_name_is_looked_up_is_over_at_once() -> None:
    peer = Peer()
    call = peer.ua.invite("sip:x@nowhere.example", session(), peer.now)
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
    line = Account("pbx", "sip:127.0.0.1:5070", "7000", "secret").line
    call = peer.ua.invite("sip:peer@127.0.0.1:5070", session(), peer.now, line=line)
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
