"""Calls that come in: provisional responses, the answer, refusal and CANCEL, on virtual time."""

from __future__ import annotations

import pytest
from sip_calls import offered, up
from sip_peer import OFFER, Peer, session, statuses

from voicebot.sip.answering import CallOffered
from voicebot.sip.message import SipRequest
from voicebot.sip.outputs import (
    CallConfirmed,
    CallEnded,
    SessionOffered,
)


def test_an_unregistered_invite_gets_100_180_200_with_one_tag_and_a_contact() -> None:
    peer = Peer()
    call = offered(peer)
    call.ring(peer.now)
    call.answer(session(), peer.now)
    ringing, ok = peer.command()
    assert statuses([ringing, ok]) == [180, 200]
    assert ringing.recipient.tag == ok.recipient.tag != ""
    assert ok.contact[0].uri == "sip:voicebot@127.0.0.1:5060"
    assert ok.content_type == "application/sdp" and ok.body == bytes(session())
    assert peer.sent[0].recipient.tag == ""


def test_a_repeated_invite_gets_the_last_response_again() -> None:
    peer = Peer()
    invite = peer.request("INVITE", body=OFFER)
    (trying,) = peer.send(invite)
    assert bytes(peer.send(invite)[0]) == bytes(trying)
    call = peer.event(CallOffered).call
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    assert bytes(peer.send(invite)[0]) == bytes(ok)
    assert len([e for e in peer.events if isinstance(e, CallOffered)]) == 1
    assert peer.ua.counters.repeated == 2


def test_the_200_is_repeated_from_t1_to_t2_until_it_is_acknowledged() -> None:
    peer = Peer()
    call = offered(peer)
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    assert statuses(peer.wait(0.49)) == []
    assert statuses(peer.wait(7.1)) == [200, 200, 200, 200]  # at 0.5, 1.5, 3.5, 7.5
    assert statuses(peer.wait(8.0)) == [200, 200]  # every T2: 11.5, 15.5
    peer.send(peer.request("ACK", to_tag=ok.recipient.tag))
    assert peer.wait(60.0) == []


def test_without_an_ack_the_call_is_ended_with_bye_after_64_t1() -> None:
    peer = Peer()
    call = offered(peer)
    call.answer(session(), peer.now)
    peer.command()
    assert "BYE" not in statuses(peer.wait(31.9))
    messages = peer.wait(0.2)
    assert statuses(messages)[-1] == "BYE"
    assert peer.event(CallEnded).cause == "no-ack"
    peer.send(peer.reply(messages[-1], 200))  # type: ignore[arg-type]
    peer.wait(40.0)
    assert not peer.ua.calls and not peer.ua.transactions


def test_our_bye_waits_for_the_ack() -> None:
    peer = Peer()
    call = offered(peer)
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    call.bye(peer.now)
    assert peer.command() == []
    assert peer.event(CallEnded).cause == "local"
    assert statuses(peer.send(peer.request("ACK", to_tag=ok.recipient.tag))) == ["BYE"]


def test_their_bye_ends_the_call_and_a_second_one_finds_none() -> None:
    peer = Peer()
    _, tag = up(peer)
    bye = peer.request("BYE", cseq=2, to_tag=tag)
    assert statuses(peer.send(bye)) == [200]
    assert peer.event(CallEnded).cause == "bye"
    assert statuses(peer.send(bye)) == [200]
    assert statuses(peer.send(peer.request("BYE", cseq=3, to_tag=tag))) == [481]


def test_a_bye_before_the_answer_ends_the_invite_with_487() -> None:
    peer = Peer()
    call = offered(peer)
    call.ring(peer.now)
    (ringing,) = peer.command()
    assert statuses(peer.send(peer.request("BYE", cseq=2, to_tag=ringing.recipient.tag))) == [200, 487]
    assert peer.event(CallEnded).cause == "bye"


def test_our_bye_goes_along_the_recorded_route_to_the_contact() -> None:
    peer = Peer()
    route = "<sip:192.0.2.1:5080;lr;ftag=a=+b/c>, <sip:192.0.2.2;lr>"
    call, _ = up(peer, headers={"Record-Route": route})
    assert peer.sent[1].headers["Record-Route"] == route
    call.bye(peer.now)
    (bye,) = peer.command()
    assert isinstance(bye, SipRequest)
    assert bye.uri == "sip:peer@127.0.0.1:5070"
    assert bye.headers.getlist("Route") == ["<sip:192.0.2.1:5080;lr;ftag=a=+b/c>", "<sip:192.0.2.2;lr>"]
    assert peer.destinations[-1] == ("192.0.2.1", 5080)
    assert bye.sender.tag and bye.recipient.tag == "peer"


def test_a_strict_router_becomes_the_request_uri() -> None:
    peer = Peer()
    call, _ = up(peer, headers={"Record-Route": "<sip:192.0.2.1>"})
    call.bye(peer.now)
    (bye,) = peer.command()
    assert isinstance(bye, SipRequest) and bye.uri == "sip:192.0.2.1"
    assert bye.headers.getlist("Route") == ["<sip:peer@127.0.0.1:5070>"]


def test_cancel_before_the_answer_gets_200_and_the_invite_487() -> None:
    peer = Peer()
    invite = peer.request("INVITE", body=OFFER, branch="z9hG4bKc")
    peer.send(invite)
    call = peer.event(CallOffered).call
    answers = peer.send(peer.request("CANCEL", branch="z9hG4bKc"))
    assert statuses(answers) == [200, 487]
    assert answers[0].recipient.tag == answers[1].recipient.tag
    assert peer.event(CallEnded).cause == "cancelled"
    call.answer(session(), peer.now)
    assert peer.command() == []
    assert statuses(peer.wait(0.6)) == [487]
    peer.send(peer.request("ACK", branch="z9hG4bKc"))
    peer.wait(60.0)
    assert not peer.ua.transactions and not peer.ua.calls


def test_cancel_after_the_answer_gets_200_and_changes_nothing() -> None:
    peer = Peer()
    call = offered(peer, branch="z9hG4bKc")
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    assert statuses(peer.send(peer.request("CANCEL", branch="z9hG4bKc"))) == [200]
    peer.send(peer.request("ACK", to_tag=ok.recipient.tag))
    assert peer.has(CallConfirmed) and not peer.has(CallEnded)


def test_cancel_of_nothing_gets_481() -> None:
    assert statuses(Peer().send(Peer().request("CANCEL"))) == [481]


def test_the_same_request_by_another_route_is_a_loop() -> None:
    peer = Peer()
    offered(peer)
    assert statuses(peer.send(peer.request("INVITE", body=OFFER))) == [482]


@pytest.mark.parametrize("phase", ["rings", "answered", "up"])
def test_the_same_invite_by_another_route_is_a_loop_as_long_as_the_first_is_served(phase: str) -> None:
    peer = Peer()
    call = offered(peer)
    call.ring(peer.now)
    if phase != "rings":
        call.answer(session(), peer.now)
    if phase == "up":
        peer.send(peer.request("ACK", to_tag=call.local_tag))
    peer.command()
    assert statuses(peer.send(peer.request("INVITE", body=OFFER))) == [482]
    peer.send(peer.request("ACK", to_tag="any"))
    assert len(peer.ua.calls) == 1


@pytest.mark.parametrize("acknowledged", [True, False])
@pytest.mark.parametrize("cseq", [1, 2])
def test_after_a_refusal_the_same_call_may_be_tried_again(cseq: int, acknowledged: bool) -> None:
    """A proxy that hunts, or falls back from SRTP to RTP, changes the branch and perhaps nothing else."""
    peer = Peer()
    for number in range(4):
        call = offered(peer, branch=f"z9hG4bKtry{number}", cseq=1 + number * (cseq - 1))
        call.reject(488, peer.now)
        (answer,) = peer.command()
        assert statuses([answer]) == [488]
        if acknowledged:
            sent = {"branch": f"z9hG4bKtry{number}", "cseq": 1 + number * (cseq - 1), "to_tag": answer.recipient.tag}
            assert peer.send(peer.request("ACK", **sent)) == []  # type: ignore[arg-type]
    call = offered(peer, branch="z9hG4bKlast", cseq=1 + 4 * (cseq - 1))
    call.answer(session(), peer.now)
    assert statuses(peer.command()) == [200]


def test_after_a_cancel_the_same_call_may_be_tried_again() -> None:
    peer = Peer()
    offered(peer, branch="z9hG4bKfirst")
    assert statuses(peer.send(peer.request("CANCEL", branch="z9hG4bKfirst"))) == [200, 487]
    peer.send(peer.request("ACK", branch="z9hG4bKfirst", to_tag=peer.sent[-1].recipient.tag))
    offered(peer, branch="z9hG4bKsecond")


def test_a_cancel_with_a_branch_of_its_own_ends_the_invite_and_so_does_such_an_ack_its_refusal() -> None:
    peer = Peer()
    offered(peer, branch="z9hG4bKinvite")
    stranger = peer.request("CANCEL", branch="z9hG4bKother")
    assert statuses(peer.send(stranger, ("127.0.0.9", 5070))) == [481] and not peer.has(CallEnded)
    assert statuses(peer.send(peer.request("CANCEL", branch="z9hG4bKrewritten"))) == [200, 487]
    assert peer.event(CallEnded).cause == "cancelled"
    assert peer.send(peer.request("ACK", branch="z9hG4bKanother", to_tag=peer.sent[-1].recipient.tag)) == []
    assert peer.wait(20.0) == [], "the 487 is acknowledged"


def test_a_reinvite_with_the_branch_of_the_invite_is_a_request_of_its_own() -> None:
    peer = Peer()
    call = offered(peer, branch="z9hG4bKsame")
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    tag = ok.recipient.tag
    peer.send(peer.request("ACK", branch="z9hG4bKsame", to_tag=tag))
    assert peer.send(peer.request("INVITE", branch="z9hG4bKsame", cseq=2, to_tag=tag, body=OFFER)) == []
    assert peer.has(SessionOffered)
    call.accept_session(session(), peer.now)
    assert statuses(peer.command()) == [200]
    peer.send(peer.request("ACK", branch="z9hG4bKsame", cseq=2, to_tag=tag))
    assert peer.wait(20.0) == [], "both ACKs were understood"
    assert statuses(peer.send(peer.request("BYE", branch="z9hG4bKsame", cseq=3, to_tag=tag))) == [200]


def test_reject_carries_retry_after_and_is_repeated_until_its_ack() -> None:
    peer = Peer()
    call = offered(peer, branch="z9hG4bKr")
    call.reject(503, peer.now, retry_after_s=7)
    (answer,) = peer.command()
    assert statuses([answer]) == [503] and answer.headers["Retry-After"] == "7"
    assert statuses(peer.wait(0.5)) == [503]
    peer.send(peer.request("ACK", branch="z9hG4bKr", to_tag=answer.recipient.tag))
    assert peer.wait(30.0) == []
    assert peer.ua.counters.rejected_by_status == {503: 1} and not peer.ua.calls


def test_without_an_offer_we_offer_and_the_answer_comes_in_the_ack() -> None:
    peer = Peer()
    call = offered(peer, body=b"")
    assert call.offer is None
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    peer.send(peer.request("ACK", to_tag=ok.recipient.tag, body=OFFER))
    answer = peer.event(CallConfirmed).answer
    assert answer is not None and answer.media[0].port == 40000


def test_an_ack_without_the_answer_that_is_due_ends_the_call() -> None:
    peer = Peer()
    call = offered(peer, body=b"")
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    assert statuses(peer.send(peer.request("ACK", to_tag=ok.recipient.tag))) == ["BYE"]
    assert peer.event(CallEnded).cause == "error"
