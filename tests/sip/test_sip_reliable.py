"""Reliable provisional responses (RFC 3262), as the callee and as the caller, and early media with and without them."""

from __future__ import annotations

import pytest
from sip_peer import OFFER, Peer, offered, reply, session, statuses

from voicebot.address import Address
from voicebot.sip.answering import CallOffered
from voicebot.sip.call import SipCall
from voicebot.sip.message import SipRequest
from voicebot.sip.outputs import CallConfirmed, CallEnded, CallProgress, SessionOffered


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


# --- what acknowledges, and what does not


@pytest.mark.parametrize("rack", ["1 2 INVITE", "1 0 INVITE", "1 1 UPDATE", "2 1 INVITE", "0 1 INVITE"])
def test_a_prack_of_another_response_or_request_acknowledges_nothing(rack: str) -> None:
    peer = Peer()
    call = offered(peer, Require="100rel")
    call.ring(peer.now)
    peer.command()
    other = peer.request("PRACK", cseq=2, to_tag=call.local_tag, headers={"RAck": rack})
    assert statuses(peer.send(other)) == [481]
    assert statuses(peer.wait(0.5)) == [180], "it is still repeated"


def test_after_the_200_only_pracks_of_what_was_sent_are_taken() -> None:
    peer = Peer()
    call = offered(peer, Require="100rel")
    call.ring(peer.now)
    call.answer(session(), peer.now)
    peer.command()
    assert statuses(peer.send(prack(peer, call, 0))) == [481]
    assert statuses(peer.send(prack(peer, call, 1, 3))) == [200]


def test_an_offer_in_a_prack_is_refused_and_the_prack_counts() -> None:
    peer = Peer()
    call = offered(peer, Require="100rel")
    call.ring(peer.now)
    peer.command()
    asked = peer.request("PRACK", cseq=2, to_tag=call.local_tag, body=OFFER, headers={"RAck": "1 1 INVITE"})
    assert statuses(peer.send(asked)) == [488]
    assert not peer.wait(30.0)


def test_the_prack_of_a_180_settles_nothing_as_there_was_no_answer_in_it() -> None:
    peer = Peer()
    call = offered(peer, Require="100rel")
    call.ring(peer.now)
    peer.command()
    peer.send(prack(peer, call, 1))
    assert statuses(peer.send(peer.request("UPDATE", cseq=3, to_tag=call.local_tag, body=OFFER))) == [491]
    assert not peer.has(SessionOffered)


def test_without_an_offer_in_the_invite_no_180_is_sent_reliably_as_it_would_have_to_bring_ours() -> None:
    peer = Peer()
    peer.send(peer.request("INVITE", headers={"Require": "100rel"}))
    call = peer.event(CallOffered).call
    call.ring(peer.now)
    assert peer.command() == []
    call.answer(session(), peer.now)
    assert statuses(peer.command()) == [200]


def test_four_responses_wait_their_turn_and_go_out_in_order() -> None:
    peer = Peer()
    call = offered(peer, Require="100rel")
    call.ring(peer.now)
    call.progress(session(), peer.now)
    for _ in range(4):
        call.ring(peer.now)
    assert statuses(peer.command()) == [180]
    sent = [statuses(peer.send(prack(peer, call, number, 1 + number))) for number in range(1, 6)]
    assert sent == [[200, 183], [200, 180], [200, 180], [200, 180], [200]]


def test_repetitions_are_counted() -> None:
    peer = Peer()
    call = offered(peer, Require="100rel")
    call.ring(peer.now)
    peer.command()
    before = peer.ua.counters.retransmitted
    assert statuses(peer.wait(3.6)) == [180, 180, 180]
    assert peer.ua.counters.retransmitted == before + 3


def test_what_waits_when_the_call_is_refused_is_never_sent() -> None:
    peer = Peer()
    call = offered(peer, Require="100rel")
    call.ring(peer.now)
    call.progress(session(), peer.now)
    peer.command()
    call.reject(486, peer.now)
    assert statuses(peer.command()) == [486]
    assert {*statuses(peer.wait(40.0))} == {486}


# --- of several callees


def test_a_callee_without_a_tag_makes_no_dialog_and_gets_no_prack() -> None:
    peer = Peer()
    peer.ua.invite(Address.parse("sip:peer@127.0.0.1:5070"), session(), peer.now)
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest)
    ringing = peer.reply(invite, 180)
    ringing.headers.set("Require", "100rel")
    ringing.headers.set("RSeq", "1")
    assert peer.send(ringing) == [] and not peer.has(CallProgress)


def test_each_callee_counts_its_responses_by_itself() -> None:
    peer = Peer()
    peer.ua.invite(Address.parse("sip:peer@127.0.0.1:5070"), session(), peer.now)
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest)

    def ringing(tag: str, number: int) -> list[int | str]:
        response = peer.reply(invite, 180, to_tag=tag)
        response.headers.set("Require", "100rel")
        response.headers.set("RSeq", str(number))
        return statuses(peer.send(response))

    assert ringing("one", 10) == ringing("two", 5) == ["PRACK"]
    assert ringing("one", 11) == ringing("two", 6) == ["PRACK"]
    assert ringing("one", 11) == ringing("one", 13) == ringing("two", 11) == []
