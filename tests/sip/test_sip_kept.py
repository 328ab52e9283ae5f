"""A call that one process has set up, and another one goes on with: what is kept, and what the other side sees."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sip_calls import calling
from sip_peer import OFFER, Peer, called_up, offered, session, statuses, up

from voicebot.sip.kept import CSEQ_JUMP, NotKept
from voicebot.sip.message import SipRequest
from voicebot.sip.outputs import CallEnded, SessionAnswered, SessionRefused
from voicebot.sip.restoring import RestoredSipCall

ROUTES = "<sip:192.0.2.4;lr;state=7>, <sip:192.0.2.5;lr>"


def kept_of(call: Any) -> dict[str, Any]:
    """What is kept, as it comes out of a store."""
    kept: dict[str, Any] = json.loads(json.dumps(call.kept()))
    return kept


def restored(kept: dict[str, Any]) -> tuple[Peer, RestoredSipCall]:
    """The same call in another process."""
    other = Peer()
    call = other.ua.restore(kept, other.now)
    return other, call


def test_the_other_side_sees_the_same_dialog_with_a_new_contact_and_a_higher_cseq() -> None:
    peer = Peer()
    call, ok = up(peer, Record_Route=ROUTES)
    other, taken = restored(kept_of(call))
    assert taken.is_up and taken.request.headers["Record-Route"] == ROUTES
    assert taken.renegotiation.offer(session(), other.now)
    (invite,) = other.command()
    assert isinstance(invite, SipRequest) and invite.method == "INVITE"
    assert (invite.call_id, invite.sender.tag, invite.recipient.tag) == ("call-1", ok.recipient.tag, "peer")
    assert invite.uri == "sip:peer@127.0.0.1:5070"
    assert ", ".join(invite.headers.getlist("Route")) == ROUTES
    assert invite.cseq[0] == CSEQ_JUMP + 1
    assert statuses(other.send(other.reply(invite, 200, body=OFFER))) == ["ACK"]
    assert other.has(SessionAnswered)


def test_their_requests_go_on_from_where_they_were_and_their_bye_ends_the_call() -> None:
    peer = Peer()
    call, _ = up(peer)
    peer.send(peer.request("INFO", to_tag=call.local_tag, cseq=7))
    other, taken = restored(kept_of(call))
    assert statuses(other.send(other.request("INFO", to_tag=call.local_tag, cseq=6))) == [500], "an old one"
    assert statuses(other.send(other.request("BYE", to_tag=call.local_tag, cseq=8))) == [200]
    assert other.event(CallEnded).cause == "bye" and taken.is_over
    assert other.ua.calls == frozenset()


def test_our_bye_ends_it_too() -> None:
    peer = Peer()
    call, _ = up(peer)
    other, taken = restored(kept_of(call))
    taken.bye(other.now)
    (bye,) = other.command()
    assert isinstance(bye, SipRequest) and bye.method == "BYE"
    other.send(other.reply(bye, 200))
    assert other.ua.calls == frozenset()


def test_a_call_of_ours_is_restored_as_one_of_ours() -> None:
    peer = Peer()
    call = called_up(peer)
    other, taken = restored(kept_of(call))
    assert taken.outgoing and taken.dialog is not None and call.dialog is not None
    assert (taken.dialog.target, taken.dialog.key) == (call.dialog.target, call.dialog.key)
    taken.bye(other.now)
    (bye,) = other.command()
    assert isinstance(bye, SipRequest) and bye.sender.tag == call.local_tag
    assert bye.cseq[0] == call.dialog.local_cseq + CSEQ_JUMP + 1


def test_the_session_timer_goes_on() -> None:
    peer = Peer(session_expires_s=1800)
    call, ok = up(peer, Supported="timer", Session_Expires="120;refresher=uas")
    assert ok.headers["Session-Expires"] == "120;refresher=uas"
    other, taken = restored(kept_of(call))
    taken.renegotiation.offer(session(), other.now)
    (invite,) = other.command()
    assert isinstance(invite, SipRequest) and invite.headers["Session-Expires"] == "120;refresher=uac"
    answer = other.reply(invite, 200, body=OFFER)
    answer.headers.set("Session-Expires", "120;refresher=uac")
    other.send(answer)
    assert statuses(other.wait(59)) == [] and statuses(other.wait(2))[0] == "INVITE"


def test_a_refused_offer_is_told() -> None:
    peer = Peer()
    call, _ = up(peer)
    other, taken = restored(kept_of(call))
    taken.renegotiation.offer(session(), other.now)
    (invite,) = other.command()
    other.send(other.reply(invite, 488))
    assert other.event(SessionRefused).status == 488 and taken.is_up


def asked_by_the_first(peer: Peer, call: Any) -> int:
    """The first process offers, and is killed before it hears anything. Returns the number of its re-INVITE."""
    assert call.renegotiation.offer(session(), peer.now)
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest)
    return invite.cseq[0]


def acks(messages: list[Any]) -> list[int]:
    return [message.cseq[0] for message in messages if isinstance(message, SipRequest) and message.method == "ACK"]


def test_an_offer_that_the_first_process_left_open_is_acknowledged_before_ours() -> None:
    peer = Peer()
    call, _ = up(peer)
    number = asked_by_the_first(peer, call)
    other, taken = restored(kept_of(call))
    assert acks(other.command()) == [number]
    assert taken.renegotiation.offer(session(), other.now)
    assert statuses(other.command()) == ["INVITE"]


@pytest.mark.parametrize("refusal", [491, 500])
def test_an_offer_of_the_first_process_that_was_not_noted_is_acknowledged_when_it_is_in_the_way(refusal: int) -> None:
    peer = Peer()
    call, _ = up(peer)
    kept = kept_of(call)
    number = asked_by_the_first(peer, call)
    other, taken = restored(kept)
    assert other.command() == []
    assert taken.renegotiation.offer(session(), other.now)
    (invite,) = other.command()
    assert isinstance(invite, SipRequest)
    answer = other.reply(invite, refusal)
    answer.headers.set("Retry-After", "9")
    sent = acks(other.send(answer))
    assert number in sent and invite.cseq[0] in sent, "the second is that of the refusal"
    assert statuses(other.wait(0.2)) == ["INVITE"], "and at once again"
    assert not other.has(SessionRefused)


def test_a_call_that_was_kept_by_an_earlier_version_goes_on() -> None:
    call, _ = up(Peer())
    kept = kept_of(call)
    del kept["asked"]
    other, taken = restored(kept)
    assert taken.is_up and other.command() == []


def test_who_gives_a_call_up_says_nothing_to_the_other_side() -> None:
    peer = Peer()
    call, _ = up(peer)
    sent = len(peer.sent)
    call.give_up(peer.now)
    assert peer.command() == [] and peer.wait(64) == [] and len(peer.sent) == sent
    assert peer.event(CallEnded).cause == "taken" and peer.ua.calls == frozenset()
    assert statuses(peer.send(peer.request("BYE", to_tag=call.local_tag, cseq=2))) == [481]


def test_only_a_call_that_is_up_is_kept() -> None:
    peer = Peer()
    assert offered(peer).kept() is None
    assert calling(Peer())[0].kept() is None
    call, _ = up(Peer())
    kept = call.kept()
    assert kept is not None and "secret" not in json.dumps(kept)
    call.bye(0.0)
    assert call.kept() is None


@pytest.mark.parametrize(
    "change",
    [
        {"invite": "no message"},
        {"invite": "BYE sip:a@b SIP/2.0\r\n\r\n"},
        {"timer": 3},
        {"asked": "a number"},
        {"routes": None},
        {"local_cseq": "many"},
        {"source": ["192.0.2.1", 5060, "SMOKE"]},
        {"peer": "somewhere"},
    ],
)
def test_what_is_no_call_is_refused(change: dict[str, Any]) -> None:
    call, _ = up(Peer())
    other = Peer()
    with pytest.raises(NotKept):
        other.ua.restore(kept_of(call) | change, other.now)
    with pytest.raises(NotKept):
        other.ua.restore({}, other.now)
    assert other.ua.calls == frozenset()
