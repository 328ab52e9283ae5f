"""Cases of the field (tests/field/README.md) that need the time to pass quickly: in the core, on virtual time."""

from __future__ import annotations

import pytest
from sip_calls import calling, offered
from sip_peer import OFFER, SOURCE, Peer, called_up, reply, session, statuses, up

from voicebot.sip.message import SipRequest
from voicebot.sip.outputs import CallEnded, ReferProgress, SessionAnswered, SessionOffered, SessionRefused

# --- session timers


@pytest.mark.parametrize("status", [405, 501])
def test_a_session_is_refreshed_by_invite_where_update_is_allowed_but_not_implemented(status: int) -> None:
    """A B2BUA wrote the other side's Allow. https://github.com/AlticeLabsPublic/asterisk-i/issues/69"""
    peer = Peer(session_expires_s=1800)
    up(peer, Supported="timer", Session_Expires="90;refresher=uas", Allow="INVITE, ACK, BYE, UPDATE")
    update, *_ = peer.wait(50)
    assert statuses([update]) == ["UPDATE"]
    again = peer.send(reply(peer, update, status)) + peer.wait(10)
    assert statuses(again)[:1] == ["INVITE"]


def test_a_refresh_that_gets_503_is_tried_again_and_the_call_lives_on() -> None:
    """https://github.com/pjsip/pjproject/pull/2657"""
    peer = Peer()
    call = called_up(peer, Session_Expires="300;refresher=uac", Allow="INVITE")
    (refresh,) = peer.wait(150.1)
    assert statuses(peer.send(reply(peer, refresh, 503))) == ["ACK"]
    (again,) = peer.wait(59.1)
    peer.send(reply(peer, again, 200, OFFER, Session_Expires="300;refresher=uac"))
    assert peer.wait(140.0) == [] and call.is_up


def test_a_caller_that_names_no_refresher_gets_a_timer_nevertheless() -> None:
    """https://github.com/drachtio/drachtio-server/issues/284"""
    _, ok = up(Peer(), Supported="timer,ice,replaces,outbound", Session_Expires="90", Allow="INVITE,UPDATE")
    assert ok.headers["Session-Expires"] == "90;refresher=uac" and ok.tokens("Require") == ["timer"]


def test_a_timer_that_a_caller_asks_for_without_supporting_it_is_ours_to_refresh() -> None:
    """It sent one UPDATE and no more. https://github.com/drachtio/drachtio-server/issues/121"""
    peer = Peer()
    call, ok = up(peer, Session_Expires="90", Supported="", Allow="INVITE,ACK,BYE,UPDATE")
    update = peer.request("UPDATE", cseq=2, to_tag=ok.recipient.tag, headers={"Session-Expires": "90"})
    (answer,) = peer.send(update)
    assert answer.headers["Session-Expires"] == "90;refresher=uas"
    for _ in range(4):
        (refresh,) = peer.wait(45.1)
        peer.send(reply(peer, refresh, 200, Session_Expires="90;refresher=uac"))
    assert call.is_up


def test_the_least_interval_of_a_caller_holds_for_what_we_send_later() -> None:
    """https://github.com/pjsip/pjproject/issues/2120"""
    peer = Peer(session_expires_s=1800)
    call, _ = up(peer, Supported="timer", Min_SE="3600")
    assert call.renegotiation.offer(session(), peer.now)
    (hold,) = peer.command()
    assert hold.headers["Session-Expires"] == "3600;refresher=uac"
    *_, again = peer.send(reply(peer, hold, 422, Min_SE="7200"))
    assert isinstance(again, SipRequest) and again.headers["Session-Expires"] == "7200;refresher=uac"
    peer.send(reply(peer, again, 200, OFFER, Session_Expires="7200;refresher=uac"))
    assert peer.has(SessionAnswered) and call.is_up


def test_an_update_without_an_offer_is_answered_without_one() -> None:
    """Else the network ends the call after a quarter of an hour. https://github.com/DoubangoTelecom/doubango/issues/90"""
    peer = Peer()
    call, ok = up(peer, Supported="timer", Session_Expires="1800")
    tag = ok.recipient.tag
    peer.send(peer.request("UPDATE", cseq=2, to_tag=tag, body=OFFER))
    call.accept_session(session(), peer.now)
    assert peer.command()[0].body
    (answer,) = peer.send(peer.request("UPDATE", cseq=3, to_tag=tag))
    assert statuses([answer]) == [200] and not answer.body and answer.headers.get("Content-Type") is None


# --- branches, and the same request again


def test_a_group_that_is_hunted_may_lead_to_us_again_with_the_same_call() -> None:
    """https://github.com/freeswitch/sofia-sip/pull/211, https://github.com/versatica/JsSIP/issues/617"""
    peer = Peer()
    for number in range(3):
        offered(peer, branch=f"z9hG4bKmember{number}")
        cancelled = peer.send(peer.request("CANCEL", branch=f"z9hG4bKmember{number}"))
        assert statuses(cancelled) == [200, 487]
        to_tag = cancelled[1].recipient.tag
        peer.send(peer.request("ACK", branch=f"z9hG4bKmember{number}", to_tag=to_tag))


def test_an_invite_that_a_proxy_has_forgotten_and_sends_anew_does_not_ring_twice() -> None:
    """Our 200 was lost behind it. https://github.com/pjsip/pjproject/issues/378"""
    peer = Peer()
    call = offered(peer)
    call.answer(session(), peer.now)
    peer.command()
    peer.wait(3.0)
    assert statuses(peer.send(peer.request("INVITE", body=OFFER))) == [482]
    assert len(peer.ua.calls) == 1 and not peer.has(CallEnded)


def test_a_cancel_with_a_fresh_branch_stops_the_ringing() -> None:
    """https://github.com/kbalt/ezk/issues/74, https://github.com/i-p-tel/sipdroid/issues/517"""
    peer = Peer()
    offered(peer)
    assert statuses(peer.send(peer.request("CANCEL"))) == [200, 487]
    assert peer.event(CallEnded).cause == "cancelled"


def test_a_refusal_is_acknowledged_also_by_an_ack_with_a_fresh_branch() -> None:
    """https://github.com/miconda/sipexer/issues/4"""
    peer = Peer()
    offered(peer).reject(404, peer.now)
    (refusal,) = peer.command()
    peer.send(peer.request("ACK", to_tag=refusal.recipient.tag))
    assert peer.wait(32.0) == []


def test_a_reinvite_right_after_an_ack_with_the_branch_of_the_invite_is_taken() -> None:
    """https://github.com/pjsip/pjproject/issues/113"""
    peer = Peer()
    call = offered(peer, branch="z9hG4bKinvite")
    call.answer(session(), peer.now)
    tag = peer.command()[0].recipient.tag
    peer.send(peer.request("ACK", branch="z9hG4bKinvite", to_tag=tag))
    assert peer.send(peer.request("INVITE", cseq=2, to_tag=tag, body=OFFER)) == []
    assert peer.has(SessionOffered)


@pytest.mark.parametrize("branch", ["z9hG4bKconstant", "z9hG4bK", "1"])
def test_an_invite_after_422_is_another_one_though_its_branch_is_the_same(branch: str) -> None:
    """https://github.com/kirm/sip.js/pull/161, https://github.com/pjsip/pjproject/pull/4765"""
    peer = Peer()
    short = {"Supported": "timer", "Session-Expires": "60"}
    (refusal,) = peer.send(peer.request("INVITE", body=OFFER, branch=branch, headers=short))
    assert statuses([refusal]) == [422]
    peer.send(peer.request("ACK", branch=branch, to_tag=refusal.recipient.tag))
    longer = {"Supported": "timer", "Session-Expires": "90", "Min-SE": "90"}
    assert statuses(peer.send(peer.request("INVITE", cseq=2, body=OFFER, branch=branch, headers=longer))) == [100]


def test_a_ping_that_never_changes_is_answered_each_time() -> None:
    """Branch, Call-ID and CSeq stay the same. https://github.com/OpenSIPS/opensips/issues/3536"""
    peer = Peer()
    for _ in range(10):
        assert statuses(peer.send(peer.request("OPTIONS", branch="z9hG4bKcydzigwkX"))) == [200]
        peer.wait(60.0)


def test_a_request_without_max_forwards_is_served() -> None:
    """https://github.com/baresip/re/pull/1217"""
    peer = Peer()
    invite, ack = peer.request("INVITE", body=OFFER), peer.request("ACK")
    invite.headers.remove("Max-Forwards")
    ack.headers.remove("Max-Forwards")
    assert statuses(peer.send(invite)) == [100]
    (call,) = peer.ua.calls
    call.answer(session(), peer.now)
    ack.headers.set("To", peer.command()[0].headers["To"])
    assert peer.send(ack) == [] and call.is_up


# --- ACKs, and sessions that are changed


def test_an_ack_that_is_repeated_is_not_the_one_of_the_reinvite_after_it() -> None:
    """https://github.com/pjsip/pjproject/issues/1391"""
    peer = Peer()
    call, ok = up(peer)
    tag = ok.recipient.tag
    peer.send(peer.request("INVITE", cseq=2, to_tag=tag))
    call.accept_session(session(), peer.now)
    peer.command()
    assert peer.send(peer.request("ACK", cseq=1, to_tag=tag)) == []
    assert not peer.has(SessionRefused) and statuses(peer.wait(0.6)) == [200], "it is still waited for"
    peer.send(peer.request("ACK", cseq=2, to_tag=tag, body=OFFER))
    assert peer.has(SessionAnswered) and call.is_up


def test_an_ack_with_an_answer_that_comes_twice_is_one_answer() -> None:
    """https://github.com/versatica/JsSIP/issues/367"""
    peer = Peer()
    call = offered(peer, body=b"")
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    peer.wait(0.6)
    events = []
    for _ in range(2):
        peer.send(peer.request("ACK", to_tag=ok.recipient.tag, body=OFFER))
        events.append(len(peer.events))
    assert events[0] == events[1] and call.is_up


def test_a_200_that_is_repeated_while_a_reinvite_of_ours_is_under_way_is_acknowledged() -> None:
    """https://github.com/pjsip/pjproject/issues/1725"""
    peer = Peer()
    call, invite = calling(peer)
    ok = peer.reply(invite, 200, to_tag="theirs", body=OFFER)
    (ack,) = peer.send(ok)
    assert call.renegotiation.offer(session(), peer.now)
    assert statuses(peer.command()) == ["INVITE"]
    (again,) = peer.send(ok)
    assert statuses([again]) == ["ACK"] and again.cseq == ack.cseq


def test_a_bye_that_overtakes_the_ack_ends_the_call() -> None:
    """https://github.com/livekit/sip/issues/280"""
    peer = Peer()
    call = offered(peer)
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    assert statuses(peer.send(peer.request("BYE", cseq=2, to_tag=ok.recipient.tag))) == [200]
    assert peer.event(CallEnded).cause == "bye"
    peer.send(peer.request("ACK", to_tag=ok.recipient.tag))
    assert peer.wait(40.0) == [] and not peer.ua.calls


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_who_moves_in_mid_call_gets_our_bye_at_its_new_place(method: str) -> None:
    """https://github.com/drachtio/drachtio-srf/issues/193, https://github.com/OpenSIPS/opensips/issues/964"""
    peer = Peer()
    call, ok = up(peer)
    moved = {"Contact": "<sip:peer@127.0.0.7:5099>"}
    peer.send(peer.request(method, cseq=2, to_tag=ok.recipient.tag, body=OFFER, headers=moved))
    call.accept_session(session(), peer.now)
    peer.command()
    peer.send(peer.request("ACK", cseq=2, to_tag=ok.recipient.tag))
    call.bye(peer.now)
    (bye,) = peer.command()
    assert isinstance(bye, SipRequest) and bye.uri == "sip:peer@127.0.0.7:5099"
    assert peer.destinations[-1] == ("127.0.0.7", 5099)


def test_who_names_port_0_gets_our_requests_where_its_own_come_from() -> None:
    """https://github.com/SIPp/sipp/issues/362, https://github.com/nils-ohlmeier/sipsak/issues/71"""
    peer = Peer()
    call, _ = up(peer, Contact="<sip:peer@127.0.0.1:0;transport=UDP>")
    call.bye(peer.now)
    (bye,) = peer.command()
    assert isinstance(bye, SipRequest) and bye.uri == "sip:peer@127.0.0.1:0;transport=UDP"
    assert peer.destinations[-1] == SOURCE


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_that_meets_our_refresh_by_update_gets_491(method: str) -> None:
    """https://github.com/pjsip/pjproject/issues/1166"""
    peer = Peer()
    _, ok = up(peer, Session_Expires="90;refresher=uas", Supported="timer", Allow="INVITE, UPDATE")
    assert statuses(peer.wait(45.1)) == ["UPDATE"]
    assert statuses(peer.send(peer.request(method, cseq=2, to_tag=ok.recipient.tag, body=OFFER))) == [491]


# --- transfers


def test_a_transfer_whose_subscription_ends_with_100_has_not_failed_yet() -> None:
    """Who wants to keep no subscription ends it with the first NOTIFY. https://github.com/livekit/sip/pull/807"""
    peer = Peer()
    call, ok = up(peer)
    assert call.referral.ask("sip:agent@127.0.0.1", peer.now)
    (refer,) = peer.command()
    peer.send(reply(peer, refer, 202))
    head = {"Event": "refer", "Subscription-State": "terminated;reason=noresource"}
    fragment = {"body": b"SIP/2.0 100 Trying\r\n", "content_type": "message/sipfrag", "headers": head}
    assert statuses(peer.send(peer.request("NOTIFY", cseq=2, to_tag=ok.recipient.tag, **fragment))) == [200]  # type: ignore[arg-type]
    assert not peer.event(ReferProgress).final
    peer.send(peer.request("BYE", cseq=3, to_tag=ok.recipient.tag))
    assert peer.event(ReferProgress).accepted
