"""Extensions that carriers use: reliable provisional responses, UPDATE, early media; and glare."""

from __future__ import annotations

import pytest
from sip_peer import OFFER, Peer, called_up, offered, reply, session, statuses, up

from voicebot.address import Address
from voicebot.sip.answering import CallOffered
from voicebot.sip.call import SipCall
from voicebot.sip.message import SipRequest
from voicebot.sip.outputs import (
    CallConfirmed,
    CallEnded,
    CallProgress,
    SessionAnswered,
    SessionOffered,
    SessionRefused,
)

HELD = OFFER.replace(b"sendrecv", b"sendonly")


def prack(peer: Peer, call: SipCall, number: int, cseq: int = 2) -> SipRequest:
    return peer.request("PRACK", cseq=cseq, to_tag=call.local_tag, headers={"RAck": f"{number} 1 INVITE"})


# --- reliable provisional responses, as the callee


def test_a_required_180_is_repeated_until_its_prack() -> None:
    peer = Peer()
    call = offered(peer, Require="100rel")
    call.ring(peer.now)
    (ringing,) = peer.command()
    assert ringing.headers["RSeq"] == "1" and ringing.headers["Require"] == "100rel"
    assert statuses(peer.wait(3.6)) == [180, 180, 180]
    assert statuses(peer.send(prack(peer, call, 7))) == [481]
    assert statuses(peer.send(prack(peer, call, 1, 3))) == [200]
    assert not peer.wait(30.0)
    call.answer(session(), peer.now)
    assert statuses(peer.command()) == [200]


def test_a_prack_that_the_200_overtook_is_taken() -> None:
    peer = Peer()
    call = offered(peer, Require="100rel")
    call.ring(peer.now)
    call.answer(session(), peer.now)
    assert statuses(peer.command()) == [180, 200]
    assert statuses(peer.send(prack(peer, call, 1))) == [200]
    assert statuses(peer.send(prack(peer, call, 2, 3))) == [481]


def test_where_it_is_only_supported_ringing_is_not_reliable_but_early_media_is() -> None:
    peer = Peer()
    call = offered(peer, Supported="100rel")
    call.ring(peer.now)
    call.progress(session(), peer.now)
    ringing, progress = peer.command()
    assert statuses([ringing, progress]) == [180, 183]
    assert ringing.headers.get("RSeq") is None and progress.headers["RSeq"] == "1" and progress.body


def test_the_answer_waits_for_the_prack_of_early_media() -> None:
    peer = Peer()
    call = offered(peer, Require="100rel")
    call.progress(session(), peer.now)
    peer.command()
    call.answer(session(), peer.now)
    assert peer.command() == []
    assert statuses(peer.send(prack(peer, call, 1))) == [200, 200]


def test_provisionals_go_one_at_a_time() -> None:
    peer = Peer()
    call = offered(peer, Require="100rel")
    call.ring(peer.now)
    call.progress(session(), peer.now)
    assert statuses(peer.command()) == [180]
    ok, progress = peer.send(prack(peer, call, 1))
    assert statuses([ok, progress]) == [200, 183] and progress.headers["RSeq"] == "2"


def test_without_any_prack_the_call_is_refused() -> None:
    peer = Peer()
    call = offered(peer, Require="100rel")
    call.ring(peer.now)
    peer.wait(40.0)
    assert peer.event(CallEnded).status == 504
    peer.wait(40.0)
    assert not peer.ua.calls and peer.ua.next_deadline() is None


def test_early_media_without_100rel_is_a_plain_183() -> None:
    peer = Peer()
    call = offered(peer)
    call.progress(session(), peer.now)
    (progress,) = peer.command()
    assert statuses([progress]) == [183] and progress.headers.get("RSeq") is None and progress.body == bytes(session())


# --- and as the caller


def test_each_reliable_provisional_gets_one_prack_and_the_dialog_counts_on() -> None:
    peer = Peer()
    call = peer.ua.invite(Address.parse("sip:peer@127.0.0.1:5070"), session(), peer.now)
    (invite,) = peer.command()
    assert "100rel" in invite.tokens("Supported")
    early = reply(peer, invite, 183, OFFER, Require="100rel", RSeq="41")
    (first,) = peer.send(early)
    assert statuses([first]) == ["PRACK"] and isinstance(first, SipRequest)
    assert first.headers["RAck"] == f"41 {invite.cseq[0]} INVITE" and first.recipient.tag == "theirs"
    assert peer.send(early) == []
    assert peer.send(reply(peer, invite, 180, Require="100rel", RSeq="43")) == []
    peer.send(reply(peer, first, 200))
    (second,) = peer.send(reply(peer, invite, 180, Require="100rel", RSeq="42"))
    peer.send(reply(peer, second, 200))
    assert peer.event(CallProgress).status == 180
    assert statuses(peer.send(reply(peer, invite, 200))) == ["ACK"]
    assert peer.event(CallConfirmed).answer is not None, "the answer was in the 183"
    call.bye(peer.now)
    (bye,) = peer.command()
    assert bye.cseq[0] == invite.cseq[0] + 3


def test_a_prack_is_taken_once() -> None:
    peer = Peer()
    call = offered(peer, Require="100rel")
    call.ring(peer.now)
    call.progress(session(), peer.now)
    peer.command()
    assert statuses(peer.send(prack(peer, call, 1))) == [200, 183]
    assert statuses(peer.send(prack(peer, call, 1, 3))) == [481], "the second one is the one that waits"
    assert statuses(peer.send(peer.request("PRACK", cseq=4, to_tag=call.local_tag, headers={"RAck": "x"}))) == [400]


@pytest.mark.parametrize(("require", "number"), [("100rel", "x"), ("100rel", "12345678901"), ("timer", "1")])
def test_what_is_not_reliable_gets_no_prack_and_is_told(require: str, number: str) -> None:
    peer = Peer()
    peer.ua.invite(Address.parse("sip:peer@127.0.0.1:5070"), session(), peer.now)
    (invite,) = peer.command()
    assert peer.send(reply(peer, invite, 180, Require=require, RSeq=number)) == []
    assert peer.event(CallProgress).status == 180


def test_of_a_fork_eight_branches_are_followed() -> None:
    peer = Peer()
    peer.ua.invite(Address.parse("sip:peer@127.0.0.1:5070"), session(), peer.now)
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest)
    answers = []
    for number in range(9):
        ringing = peer.reply(invite, 180, to_tag=f"branch-{number}")
        ringing.headers.set("Require", "100rel")
        ringing.headers.set("RSeq", "1")
        answers += peer.send(ringing)
    assert statuses(answers) == ["PRACK"] * 8


# --- re-INVITEs of ours


def reoffered(peer: Peer, call: SipCall) -> SipRequest:
    assert call.renegotiation.offer(session(), peer.now)
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest) and invite.body == bytes(session())
    return invite


def test_an_offer_of_ours_is_answered_and_acknowledged() -> None:
    peer = Peer()
    call, _ = up(peer)
    invite = reoffered(peer, call)
    assert not call.renegotiation.offer(session(), peer.now), "one at a time"
    (ack,) = peer.send(reply(peer, invite, 200, HELD))
    assert statuses([ack]) == ["ACK"] and ack.cseq[0] == invite.cseq[0]
    assert peer.event(SessionAnswered).answer is not None
    assert statuses(peer.send(reply(peer, invite, 200, HELD))) == ["ACK"], "their 200 once more: our ACK was lost"
    reoffered(peer, call)


def test_the_200_of_an_earlier_offer_is_no_answer_to_the_next() -> None:
    peer = Peer()
    call, _ = up(peer)
    first = reoffered(peer, call)
    peer.send(reply(peer, first, 200, HELD))
    second = reoffered(peer, call)
    answers = len([event for event in peer.events if isinstance(event, SessionAnswered)])
    (ack,) = peer.send(reply(peer, first, 200, HELD))
    assert ack.cseq[0] == first.cseq[0] and not call.renegotiation.is_free
    assert len([event for event in peer.events if isinstance(event, SessionAnswered)]) == answers
    peer.send(reply(peer, second, 200, OFFER))
    assert peer.event(SessionAnswered).answer.media[0].port == 40000 and call.renegotiation.is_free


@pytest.mark.parametrize("outgoing", [True, False])
def test_glare_both_get_491_and_ours_comes_again_at_its_own_time(outgoing: bool) -> None:
    peer = Peer()
    call = called_up(peer) if outgoing else up(peer)[0]
    invite = reoffered(peer, call)
    assert call.dialog is not None
    theirs = peer.request(
        "INVITE",
        cseq=5,
        body=HELD,
        call_id=call.dialog.call_id,
        to_tag=call.dialog.local_tag,
        from_tag=call.dialog.remote_tag,
    )
    assert statuses(peer.send(theirs)) == [491]
    assert statuses(peer.send(reply(peer, invite, 491))) == ["ACK"]
    soon = [m for m in peer.wait(2.05) if isinstance(m, SipRequest)]
    later = [m for m in peer.wait(2.0) if isinstance(m, SipRequest)]
    again = (later if outgoing else soon)[0]
    assert bool(soon) is not outgoing and again.method == "INVITE" and again.cseq[0] == invite.cseq[0] + 1
    peer.send(reply(peer, again, 200, HELD))
    assert peer.has(SessionAnswered)


def test_an_offer_of_ours_that_meets_491_for_ever_is_given_up() -> None:
    peer = Peer()
    call, _ = up(peer)
    invite = reoffered(peer, call)
    for _ in range(5):
        peer.send(reply(peer, invite, 491))
        invite = next(m for m in peer.wait(2.05) if isinstance(m, SipRequest))
        assert not peer.has(SessionRefused) and not call.renegotiation.is_free
    peer.send(reply(peer, invite, 491))
    assert peer.event(SessionRefused).status == 491 and call.renegotiation.is_free and call.is_up


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_that_cannot_be_read_is_refused_and_changes_nothing(method: str) -> None:
    peer = Peer()
    call, ok = up(peer)
    broken = peer.request(method, cseq=2, to_tag=ok.recipient.tag, body=b"v=0\r\nnonsense\r\n")
    assert statuses(peer.send(broken)) == [400] and call.is_up and not peer.has(SessionOffered)


def test_a_refused_offer_of_ours_changes_nothing() -> None:
    peer = Peer()
    call, _ = up(peer)
    invite = reoffered(peer, call)
    assert statuses(peer.send(reply(peer, invite, 488))) == ["ACK"]
    assert peer.event(SessionRefused).status == 488 and call.is_up


def test_an_offer_of_ours_that_finds_no_call_ends_it() -> None:
    peer = Peer()
    call, _ = up(peer)
    invite = reoffered(peer, call)
    assert statuses(peer.send(reply(peer, invite, 481))) == ["ACK", "BYE"]
    assert peer.event(CallEnded).cause == "expired"


def test_an_update_with_an_offer_is_answered() -> None:
    peer = Peer()
    call, ok = up(peer)
    peer.send(peer.request("UPDATE", cseq=2, to_tag=ok.recipient.tag, body=HELD))
    assert peer.has(SessionOffered)
    call.accept_session(session(), peer.now)
    (answer,) = peer.command()
    assert statuses([answer]) == [200] and answer.body == bytes(session())


def test_the_reason_of_a_bye_is_told() -> None:
    peer = Peer()
    _, ok = up(peer)
    peer.send(peer.request("BYE", cseq=2, to_tag=ok.recipient.tag, headers={"Reason": 'Q.850;cause=16;text="Normal"'}))
    assert peer.event(CallEnded).reason.startswith("Q.850;cause=16")


# --- attended transfer


def test_an_invite_with_replaces_takes_a_call_over_when_it_is_answered() -> None:
    peer = Peer()
    old, _ = up(peer)
    replaces = f"call-1;to-tag={old.local_tag};from-tag=peer"
    headers = {"Replaces": replaces, "Require": "replaces"}
    peer.send(peer.request("INVITE", body=OFFER, call_id="new", from_tag="agent", headers=headers))
    new = peer.event(CallOffered).call
    assert new is not old and old.is_up
    new.answer(session(), peer.now)
    peer.command()
    ack = peer.request("ACK", to_tag=new.local_tag, call_id="new", from_tag="agent")
    (bye,) = peer.send(ack)
    assert statuses([bye]) == ["BYE"] and bye.call_id == "call-1"
    assert new.is_up and not old.is_up


@pytest.mark.parametrize("replaces", ["nobody;to-tag=a;from-tag=b", "", ";;", "call-1;to-tag=x;from-tag=peer"])
def test_replaces_of_no_call_of_ours_is_refused(replaces: str) -> None:
    peer = Peer()
    up(peer)
    request = peer.request("INVITE", body=OFFER, call_id="new", headers={"Replaces": replaces})
    assert statuses(peer.send(request)) == [481]


def test_a_refer_with_replaces_and_headers_tells_the_target_what_to_take_over() -> None:
    peer = Peer()
    call, _ = up(peer)
    consultation = called_up(peer)
    headers = {"X-Case": "4711", "User-to-User": "00fa;encoding=hex"}
    assert call.referral.ask("sip:7001@127.0.0.1", peer.now, headers=headers, replaces=consultation.dialog)
    (refer,) = peer.command()
    assert refer.headers["X-Case"] == "4711" and consultation.dialog is not None
    target = refer.headers["Refer-To"]
    assert target.startswith("<sip:7001@127.0.0.1?X-Case=4711&User-to-User=00fa%3Bencoding%3Dhex&Replaces=")
    assert f"to-tag%3D{consultation.dialog.remote_tag}" in target
