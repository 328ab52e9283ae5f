"""Changes of a session that is up, as re-INVITE and UPDATE: ours, theirs, and both at once (RFC 3261 14, RFC 3311)."""

from __future__ import annotations

import pytest
from sip_peer import OFFER, Peer, called_up, offered, reply, session, statuses, up

from voicebot.sip.call import SipCall
from voicebot.sip.message import SipRequest
from voicebot.sip.outputs import CallEnded, SessionAnswered, SessionOffered, SessionRefused

HELD = OFFER.replace(b"sendrecv", b"sendonly")


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
    broken = peer.request(method, cseq=2, to_tag=ok.recipient.tag, body=b"v=0\r\nm=nonsense\r\n")
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


@pytest.mark.parametrize("status", [300, 488, 500, 603])
def test_any_failure_but_glare_is_told_and_ends_the_change(status: int) -> None:
    peer = Peer()
    call, _ = up(peer)
    invite = reoffered(peer, call)
    assert statuses(peer.send(reply(peer, invite, status))) == ["ACK"]
    assert peer.event(SessionRefused).status == status
    assert call.is_up and call.renegotiation.is_free


def test_provisional_responses_to_an_offer_of_ours_are_no_answer() -> None:
    peer = Peer()
    call, _ = up(peer)
    invite = reoffered(peer, call)
    for status in (100, 180, 199):
        assert peer.send(reply(peer, invite, status)) == []
    assert not call.renegotiation.is_free and not peer.has(SessionRefused)
    assert statuses(peer.send(reply(peer, invite, 299, HELD))) == ["ACK"] and peer.has(SessionAnswered)


@pytest.mark.parametrize("status", [408, 481, None])
def test_an_offer_of_ours_that_finds_nobody_ends_the_call(status: int | None) -> None:
    peer = Peer()
    call, _ = up(peer)
    invite = reoffered(peer, call)
    if status is None:
        assert statuses(peer.wait(32.1))[-1] == "BYE"
    else:
        assert statuses(peer.send(reply(peer, invite, status))) == ["ACK", "BYE"]
    ended = peer.event(CallEnded)
    assert (ended.cause, ended.status) == ("expired", 481) and not peer.has(SessionRefused)


@pytest.mark.parametrize("body", [b"", b"v=0\r\nm=nonsense\r\n"])
def test_a_200_without_an_answer_to_our_offer_is_acknowledged_and_counts_as_refused(body: bytes) -> None:
    peer = Peer()
    call, _ = up(peer)
    invite = reoffered(peer, call)
    assert statuses(peer.send(reply(peer, invite, 200, body))) == ["ACK"]
    refused = peer.event(SessionRefused)
    assert (refused.status, refused.reason) == (200, "no answer in the 200") and call.is_up


def test_an_offer_of_ours_says_where_we_are_and_what_we_know_and_their_answer_where_they_are() -> None:
    peer = Peer()
    call, _ = up(peer, Session_Expires="1800;refresher=uac", Supported="timer")
    invite = reoffered(peer, call)
    assert invite.contact[0].uri == "sip:voicebot@127.0.0.1:5060" and "UPDATE" in invite.tokens("Allow")
    assert invite.headers["Session-Expires"] == "1800;refresher=uas"
    peer.send(reply(peer, invite, 200, HELD, Contact="<sip:moved@127.0.0.1:5999>"))
    call.bye(peer.now)
    (bye,) = peer.command()
    assert isinstance(bye, SipRequest) and bye.uri == "sip:moved@127.0.0.1:5999"


@pytest.mark.parametrize(
    ("outgoing", "chance", "pause_s"),
    [(True, 0.0, 2.1), (True, 0.5, 3.05), (True, 1.0, 4.0), (False, 0.0, 0.0), (False, 0.5, 1.0), (False, 1.0, 2.0)],
)
def test_how_long_glare_is_waited_out_depends_on_who_made_the_call(
    outgoing: bool, chance: float, pause_s: float
) -> None:
    """RFC 3261 14.1: the two sides' times do not meet."""
    peer = Peer()
    call = called_up(peer) if outgoing else up(peer)[0]
    call.renegotiation._chance = lambda: chance
    invite = reoffered(peer, call)
    began = peer.now
    peer.send(reply(peer, invite, 491))
    assert call.renegotiation.deadline == pytest.approx(began + pause_s)
    assert not call.renegotiation.is_free, "it will be made again"
    assert statuses(peer.wait(pause_s + 0.01)) == ["INVITE"]


@pytest.mark.parametrize(("said", "after_s"), [("3", 3), ("3;duration=60", 3), ("7 (busy)", 7), ("900", 10)])
def test_an_offer_that_comes_before_an_earlier_one_is_over_is_repeated_when_the_other_side_says(
    said: str, after_s: int
) -> None:
    peer = Peer()
    call, _ = up(peer)
    assert statuses(peer.send(reply(peer, reoffered(peer, call), 500, Retry_After=said))) == ["ACK"]
    assert peer.wait(after_s - 0.1) == [] and statuses(peer.wait(0.2)) == ["INVITE"]
    assert not peer.has(SessionRefused)


def test_an_offer_that_gets_500_without_a_time_is_refused() -> None:
    peer = Peer()
    call, _ = up(peer)
    peer.send(reply(peer, reoffered(peer, call), 500))
    assert peer.event(SessionRefused).status == 500 and call.renegotiation.is_free


def test_while_ours_waits_after_glare_theirs_is_taken_and_ours_waits_on() -> None:
    peer = Peer()
    call, ok = up(peer)
    call.renegotiation._chance = lambda: 0.5
    invite = reoffered(peer, call)
    peer.send(reply(peer, invite, 491))
    assert peer.send(peer.request("INVITE", cseq=2, to_tag=ok.recipient.tag, body=HELD)) == []
    assert peer.has(SessionOffered)
    assert peer.wait(1.5) == [], "theirs is not answered yet"
    call.accept_session(session(), peer.now)
    assert statuses(peer.command()) == [200]
    assert set(statuses(peer.wait(1.6))) == {200}, "nor is our 200 acknowledged"
    peer.send(peer.request("ACK", cseq=2, to_tag=ok.recipient.tag))
    assert statuses(peer.wait(1.1)) == ["INVITE"]


def test_an_offer_of_ours_waits_for_theirs_to_be_answered() -> None:
    peer = Peer()
    call, ok = up(peer)
    peer.send(peer.request("INVITE", cseq=2, to_tag=ok.recipient.tag, body=HELD))
    assert call.renegotiation.offer(session(), peer.now)
    assert peer.command() == []
    call.refuse_session(peer.now)
    assert statuses(peer.command()) == [488]
    peer.send(peer.request("ACK", cseq=2, to_tag=ok.recipient.tag))
    assert "INVITE" in statuses(peer.wait(2.1))


def test_before_the_call_is_up_nothing_is_offered() -> None:
    peer = Peer()
    call = offered(peer)
    assert not call.renegotiation.is_free and not call.renegotiation.offer(session(), peer.now)
    call.answer(session(), peer.now)
    assert statuses(peer.command()) == [200]
    assert not call.renegotiation.offer(session(), peer.now) and peer.command() == []


def test_their_next_offer_waits_until_our_200_to_the_first_is_acknowledged() -> None:
    peer = Peer()
    call, ok = up(peer)
    tag = ok.recipient.tag
    peer.send(peer.request("INVITE", cseq=2, to_tag=tag, body=HELD))
    (second,) = peer.send(peer.request("INVITE", cseq=3, to_tag=tag, body=HELD))
    assert statuses([second]) == [500] and second.headers["Retry-After"] == "1"
    call.accept_session(session(), peer.now)
    peer.command()
    assert statuses(peer.send(peer.request("INVITE", cseq=4, to_tag=tag, body=HELD))) == [491]
    peer.send(peer.request("ACK", cseq=2, to_tag=tag))
    assert peer.send(peer.request("INVITE", cseq=5, to_tag=tag, body=HELD)) == []


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_with_too_short_a_session_timer_is_refused_with_ours(method: str) -> None:
    peer = Peer()
    _, ok = up(peer)
    headers = {"Session-Expires": "89", "Supported": "timer"}
    (refused,) = peer.send(peer.request(method, cseq=2, to_tag=ok.recipient.tag, body=HELD, headers=headers))
    assert statuses([refused]) == [422] and refused.headers["Min-SE"] == "90"
    assert not peer.has(SessionOffered)


def test_what_comes_after_the_end_changes_nothing() -> None:
    peer = Peer()
    call, _ = up(peer)
    invite = reoffered(peer, call)
    call.bye(peer.now)
    assert statuses(peer.command()) == ["BYE"]
    assert statuses(peer.send(reply(peer, invite, 200, HELD))) == ["ACK"], "or it would be repeated"
    assert not peer.has(SessionAnswered) and not peer.has(SessionRefused)


def test_their_offer_that_is_not_answered_when_the_call_ends_gets_487() -> None:
    peer = Peer()
    call, ok = up(peer)
    peer.send(peer.request("INVITE", cseq=2, to_tag=ok.recipient.tag, body=HELD))
    call.bye(peer.now)
    assert sorted(map(str, statuses(peer.command()))) == ["487", "BYE"]


def test_an_offer_that_waits_is_not_made_when_the_call_has_ended() -> None:
    peer = Peer()
    call, _ = up(peer)
    peer.send(reply(peer, reoffered(peer, call), 491))
    call.bye(peer.now)
    peer.send(reply(peer, peer.command()[0], 200))
    assert peer.wait(10.0) == []
