"""Session timers (RFC 4028): theirs, ours, too short ones, and refreshes that meet something else."""

from __future__ import annotations

import pytest
from sip_peer import OFFER, Peer, called_up, offered, reply, session, statuses, up

from voicebot.address import Address
from voicebot.sip.answering import CallOffered
from voicebot.sip.call import SipCall
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.outputs import CallConfirmed, CallEnded, SessionOffered
from voicebot.sip.sdp import SessionDescription


def test_the_caller_refreshes_when_it_can_and_is_missed_when_it_does_not() -> None:
    peer = Peer()
    _call, ok = up(peer, Session_Expires="120", Supported="timer")
    assert ok.headers["Session-Expires"] == "120;refresher=uac" and "timer" in ok.tokens("Require")
    peer.wait(80.0)
    update = peer.request("UPDATE", cseq=2, to_tag=ok.recipient.tag, headers={"Session-Expires": "120;refresher=uac"})
    (answer,) = peer.send(update)
    assert statuses([answer]) == [200] and answer.headers["Session-Expires"] == "120;refresher=uac"
    assert not peer.wait(80.0)
    assert statuses(peer.wait(10.0))[:1] == ["BYE"]
    assert peer.event(CallEnded).cause == "expired"


@pytest.mark.parametrize("allow", ["INVITE, UPDATE", "INVITE"])
def test_we_refresh_at_half_time_when_it_is_ours(allow: str) -> None:
    peer = Peer()
    call, _ok = up(peer, Session_Expires="200;refresher=uas", Supported="timer", Allow=allow)
    assert not peer.wait(99.0)
    refresh = peer.wait(2.0)[0]
    assert isinstance(refresh, SipRequest) and refresh.method == ("UPDATE" if "UPDATE" in allow else "INVITE")
    assert refresh.headers["Session-Expires"] == "200;refresher=uac"
    body = b"" if refresh.method == "UPDATE" else OFFER
    assert refresh.body == (b"" if refresh.method == "UPDATE" else bytes(session()))
    peer.send(reply(peer, refresh, 200, body, Session_Expires="200;refresher=uac"))
    assert not peer.wait(98.0)
    assert peer.wait(2.0) and call.is_up


@pytest.mark.parametrize("status", [481, 408])
def test_a_refresh_that_finds_no_call_ends_it(status: int) -> None:
    peer = Peer()
    call = called_up(peer, Session_Expires="90;refresher=uac", Allow="UPDATE")
    refresh = peer.wait(46.0)[0]
    assert statuses(peer.send(reply(peer, refresh, status))) == ["BYE"]
    assert peer.event(CallEnded).cause == "expired" and not call.is_up


def test_too_short_an_interval_is_refused_with_ours() -> None:
    peer = Peer()
    headers = {"Session-Expires": "30", "Supported": "timer"}
    (answer,) = peer.send(peer.request("INVITE", body=OFFER, headers=headers))
    assert statuses([answer]) == [422] and answer.headers["Min-SE"] == "90"
    call, _ok = up(Peer(), Session_Expires="30")  # without support for timers it has to be taken
    assert call.is_up


@pytest.mark.parametrize(
    ("written", "answered"),
    [
        ("Session-Expires: 1800", "1800;refresher=uac"),
        ("x: 1800", "1800;refresher=uac"),
        ("SESSION-EXPIRES :1800 ; Refresher = UAS", "1800;refresher=uas"),
        ('X:\t1800;foo="a;b";refresher="uas"', "1800;refresher=uas"),
        ("Session-Expires:\r\n 1800\r\n ;refresher=uac", "1800;refresher=uac"),
        ("Session-Expires: 1800;refresher=", "1800;refresher=uac"),
        ("Session-Expires: 1800;refresher=both", "1800;refresher=uac"),
        ("Session-Expires: 4294967295", "4294967295;refresher=uac"),
        ("Session-Expires: soon", None),
        ("Session-Expires:", None),
    ],
)
def test_a_timer_is_understood_however_it_is_written(written: str, answered: str | None) -> None:
    peer = Peer()
    invite = bytes(peer.request("INVITE", body=OFFER, headers={"Supported": "timer"}))
    peer.send(invite.replace(b"Max-Forwards", written.encode() + b"\r\nMax-Forwards"))
    call = peer.event(CallOffered).call
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    assert ok.headers.get("Session-Expires") == answered


@pytest.mark.parametrize(("interval", "first_s"), [(60, 30.0), (30, 15.0), (1, 15.0), (0, 15.0)])
def test_an_interval_below_the_minimum_is_kept_but_not_without_bound(interval: int, first_s: float) -> None:
    """Their session may end when they say, and we must have refreshed it by then."""
    peer = Peer()
    _, ok = up(peer, Session_Expires=str(interval), Allow="INVITE, UPDATE")  # knows no timers: it cannot get 422
    assert ok.headers["Session-Expires"] == f"{interval};refresher=uas"
    assert not peer.wait(first_s - 0.1) and statuses(peer.wait(0.2))[:1] == ["UPDATE"]
    peer = Peer()
    called_up(peer, Session_Expires=f"{interval};refresher=uac", Allow="UPDATE")
    assert not peer.wait(first_s - 0.1) and statuses(peer.wait(0.2))[:1] == ["UPDATE"]


def test_we_refresh_for_a_caller_in_whose_name_somebody_else_has_asked() -> None:
    """RFC 4028 9: who does not support timers cannot be the refresher, whatever the header says."""
    peer = Peer()
    _, ok = up(peer, Session_Expires="90;refresher=uac", Allow="INVITE, UPDATE")
    assert ok.headers["Session-Expires"] == "90;refresher=uas" and ok.headers.get("Require") is None
    assert statuses(peer.wait(46.0)[:1]) == ["UPDATE"]


# --- ours


def test_our_invite_asks_for_a_timer_and_their_choice_of_the_refresher_holds() -> None:
    peer = Peer(session_expires_s=1800)
    call = peer.ua.invite(Address.parse("sip:peer@127.0.0.1:5070"), session(), peer.now)
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest) and invite.headers["Session-Expires"] == "1800"
    assert "timer" in invite.tokens("Supported")
    headers = {"Session_Expires": "600;refresher=uac", "Require": "timer", "Allow": "UPDATE"}
    peer.send(reply(peer, invite, 200, OFFER, **headers))
    assert not peer.wait(299.0)
    assert statuses(peer.wait(2.0))[:1] == ["UPDATE"] and call.is_up


@pytest.mark.parametrize("wanted", [0, 1800])
def test_a_callee_without_timers_gets_none(wanted: int) -> None:
    peer = Peer(session_expires_s=wanted)
    call = called_up(peer)
    assert not peer.wait(4000.0) and call.is_up


def test_a_caller_who_knows_timers_gets_ours_and_we_refresh() -> None:
    peer = Peer(session_expires_s=1800)
    call, ok = up(peer, Supported="timer", Allow="INVITE, UPDATE", Min_SE="2000")
    assert ok.headers["Session-Expires"] == "2000;refresher=uas" and "timer" not in ok.tokens("Require")
    assert not peer.wait(999.0)
    refresh = peer.wait(2.0)[0]
    assert statuses([refresh]) == ["UPDATE"] and refresh.headers["Session-Expires"] == "2000;refresher=uac"
    peer.send(reply(peer, refresh, 200, Session_Expires="2000;refresher=uac"))
    assert call.is_up and not peer.wait(999.0)
    assert statuses(peer.wait(2.0))[:1] == ["UPDATE"]


def test_a_caller_who_does_not_know_timers_gets_none() -> None:
    peer = Peer(session_expires_s=1800)
    call, ok = up(peer)
    assert ok.headers.get("Session-Expires") is None
    assert not peer.wait(4000.0) and call.is_up


def test_a_422_to_our_invite_makes_it_ask_for_more_and_one_that_is_unreasonable_ends_it() -> None:
    peer = Peer(session_expires_s=90)
    peer.ua.invite(Address.parse("sip:peer@127.0.0.1:5070"), session(), peer.now)
    (invite,) = peer.command()
    ack, again = peer.send(reply(peer, invite, 422, Min_SE="3600"))
    assert statuses([ack, again]) == ["ACK", "INVITE"] and isinstance(again, SipRequest)
    assert (again.headers["Session-Expires"], again.headers["Min-SE"]) == ("3600", "3600")
    assert again.call_id == invite.call_id and again.cseq[0] == invite.cseq[0] + 1 and again.body == invite.body
    peer.send(reply(peer, again, 422, Min_SE="3600"))
    assert peer.event(CallEnded).status == 422, "the same once more would only come back again"
    peer = Peer(session_expires_s=90)
    peer.ua.invite(Address.parse("sip:peer@127.0.0.1:5070"), session(), peer.now)
    (invite,) = peer.command()
    assert statuses(peer.send(reply(peer, invite, 422, Min_SE="999999999"))) == ["ACK"]
    assert peer.event(CallEnded).status == 422


@pytest.mark.parametrize("allow", ["INVITE, UPDATE", "INVITE"])
def test_a_422_to_a_refresh_makes_it_ask_for_more(allow: str) -> None:
    peer = Peer()
    call = called_up(peer, Session_Expires="90;refresher=uac", Allow=allow)
    refresh = peer.wait(46.0)[0]
    again = peer.send(reply(peer, refresh, 422, Min_SE="300"))[-1]
    assert isinstance(again, SipRequest) and again.method == ("UPDATE" if "UPDATE" in allow else "INVITE")
    assert again.headers["Session-Expires"] == "300;refresher=uac" and again.headers["Min-SE"] == "300"
    body = b"" if again.method == "UPDATE" else OFFER
    peer.send(reply(peer, again, 200, body, Session_Expires="300;refresher=uac"))
    assert not peer.wait(149.0) and call.is_up
    assert peer.wait(2.0)


def test_a_refresh_that_meets_one_of_theirs_is_made_again() -> None:
    peer = Peer()
    call = called_up(peer, Session_Expires="90;refresher=uac", Allow="UPDATE")
    refresh = peer.wait(46.0)[0]
    assert peer.send(reply(peer, refresh, 491)) == []
    assert not peer.wait(2.0), "who made the call waits for 2.1 s at least"
    again = peer.wait(2.1)[0]
    assert statuses([again]) == ["UPDATE"]
    peer.send(reply(peer, again, 200, Session_Expires="90;refresher=uac"))
    assert call.is_up and not peer.wait(44.0)


def test_a_refresh_waits_while_an_offer_of_theirs_is_under_way() -> None:
    peer = Peer()
    call = called_up(peer, Session_Expires="90;refresher=uac", Allow="UPDATE")
    assert call.dialog is not None
    ids = {"call_id": call.dialog.call_id, "to_tag": call.dialog.local_tag, "from_tag": call.dialog.remote_tag}
    peer.wait(44.5)
    peer.send(peer.request("UPDATE", cseq=5, body=OFFER, **ids))  # type: ignore[arg-type]
    assert peer.has(SessionOffered)
    assert peer.wait(2.0) == [], "it is being answered"
    call.refuse_session(peer.now)
    assert statuses(peer.command()) == [488]
    assert statuses(peer.wait(3.0))[:1] == ["UPDATE"], "the refusal refreshed nothing"


# --- UPDATE before the call is answered (RFC 3311 5.2)


def early(peer: Peer, **headers: str) -> tuple[SipRequest, SipResponse]:
    """A call of ours that rings, with early media where there is 100rel; the INVITE and the callee's tag."""
    peer.ua.invite(Address.parse("sip:peer@127.0.0.1:5070"), session(), peer.now)
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest)
    ringing = reply(peer, invite, 183 if headers else 180, OFFER if headers else b"", **headers)
    peer.send(ringing)
    return invite, ringing


def update(peer: Peer, invite: SipRequest, cseq: int = 1, body: bytes = OFFER) -> list[SipRequest | SipResponse]:
    call_id, tag = invite.call_id, invite.sender.tag
    return peer.send(peer.request("UPDATE", cseq=cseq, body=body, call_id=call_id, to_tag=tag, from_tag="theirs"))


def test_a_callee_may_change_the_session_before_it_answers() -> None:
    peer = Peer()
    invite, _ = early(peer, Require="100rel", RSeq="7")
    update(peer, invite)
    call = peer.calls[SessionOffered]
    call.accept_session(session(), peer.now)
    (answer,) = peer.command()
    assert statuses([answer]) == [200] and answer.body == bytes(session())
    assert statuses(update(peer, invite, cseq=0)) == [500], "the early dialog counts"
    peer.send(reply(peer, invite, 200))
    assert peer.calls[CallConfirmed] is call and call.is_up
    call.bye(peer.now)
    peer.send(reply(peer, peer.command()[0], 200))
    assert not peer.ua.calls and statuses(update(peer, invite, cseq=9)) == [481], "nothing is left of the early dialog"


def test_a_callee_that_has_not_answered_our_offer_may_not_make_one() -> None:
    peer = Peer()
    invite, _ = early(peer)
    assert statuses(update(peer, invite)) == [491]
    assert statuses(update(peer, invite, cseq=2, body=b"")) == [200], "without an offer there is nothing in the way"
    assert not peer.has(SessionOffered)


def test_a_callee_does_not_end_a_call_with_bye_before_it_accepts() -> None:
    peer = Peer()
    invite, _ = early(peer)
    bye = peer.request("BYE", call_id=invite.call_id, to_tag=invite.sender.tag, from_tag="theirs")
    assert statuses(peer.send(bye)) == [481] and not peer.has(CallEnded)


def test_a_caller_may_change_the_session_before_we_answer_once_our_answer_is_acknowledged() -> None:
    peer = Peer()
    peer.send(peer.request("INVITE", body=OFFER, headers={"Require": "100rel"}))
    (call,) = peer.ua.calls
    call.progress(session(), peer.now)
    peer.command()
    tag = call.local_tag
    asked = peer.request("UPDATE", cseq=2, to_tag=tag, body=OFFER)
    assert statuses(peer.send(asked)) == [491], "our answer is still on its way"
    peer.send(peer.request("PRACK", cseq=3, to_tag=tag, headers={"RAck": "1 1 INVITE"}))
    peer.send(peer.request("UPDATE", cseq=4, to_tag=tag, body=OFFER))
    assert peer.calls[SessionOffered] is call
    changed = bytes(session()).replace(b"42000", b"42002")
    call.accept_session(type(session()).parse(changed), peer.now)
    assert statuses(peer.command()) == [200]
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    assert statuses([ok]) == [200] and ok.body == changed, "the 200 says what was agreed last"


def test_a_refresh_by_reinvite_says_what_was_said_last() -> None:
    peer = Peer()
    call = called_up(peer, Session_Expires="90;refresher=uac", Allow="INVITE")
    held = SessionDescription.parse(bytes(session()).replace(b"sendrecv", b"sendonly"))
    assert call.renegotiation.offer(held, peer.now)
    (invite,) = peer.command()
    assert invite.contact[0].uri == "sip:voicebot@127.0.0.1:5060"
    peer.send(reply(peer, invite, 200, OFFER, Session_Expires="90;refresher=uac"))
    refresh = peer.wait(46.0)[0]
    assert statuses([refresh]) == ["INVITE"] and refresh.body == bytes(held)


def test_a_call_that_is_over_is_not_ended_again_by_its_timer() -> None:
    peer = Peer()
    call = called_up(peer, Session_Expires="90;refresher=uas", Allow="UPDATE")
    call.bye(peer.now)
    peer.command()
    sent = [m for m in peer.wait(4000.0) if isinstance(m, SipRequest)]
    assert {m.cseq for m in sent} == {sent[0].cseq}, "the BYE that nobody answers, and nothing else"
    assert not peer.ua.calls and peer.ua.next_deadline() is None


# --- refreshes of ours that are refused, lost, or not possible yet


def refreshing(peer: Peer) -> tuple[SipCall, SipRequest]:
    """A call of ours whose first refresh, an UPDATE, has just gone out; its session ends 28 s later."""
    call = called_up(peer, Session_Expires="120;refresher=uac", Allow="UPDATE")
    assert not peer.wait(59.5)
    (refresh,) = peer.wait(0.5)
    assert isinstance(refresh, SipRequest) and refresh.method == "UPDATE"
    return call, refresh


def test_a_refresh_says_where_we_are() -> None:
    _, refresh = refreshing(Peer())
    assert refresh.contact[0].uri == "sip:voicebot@127.0.0.1:5060" and not refresh.body


@pytest.mark.parametrize("status", [300, 403, 405, 415, 420, 422, 480, 488, 500, 501, 503, 603])
def test_where_update_is_refused_the_session_is_refreshed_by_reinvite_from_then_on(status: int) -> None:
    peer = Peer()
    call, refresh = refreshing(peer)
    for _ in range(3):
        if refresh.method == "UPDATE":
            (refresh,) = peer.send(reply(peer, refresh, status))  # type: ignore[assignment]
        assert refresh.method == "INVITE" and refresh.body == bytes(session())
        assert refresh.headers["Session-Expires"] == "120;refresher=uac"
        peer.send(reply(peer, refresh, 200, OFFER, Session_Expires="120;refresher=uac"))
        assert peer.wait(59.5) == [] and call.is_up
        (refresh,) = peer.wait(0.6)  # type: ignore[assignment]


def test_a_refresh_that_is_refused_in_both_ways_is_tried_again_before_the_interval_ends() -> None:
    peer = Peer()
    call, refresh = refreshing(peer)
    (again,) = peer.send(reply(peer, refresh, 501))
    assert statuses([again]) == ["INVITE"] and statuses(peer.send(reply(peer, again, 503))) == ["ACK"]
    assert call.renegotiation.is_free and peer.wait(13.9) == [] and call.is_up
    (again,) = peer.wait(0.2)  # after half of the 28 s that were left
    peer.send(reply(peer, again, 200, OFFER, Session_Expires="120;refresher=uac"))
    assert peer.wait(59.5) == [] and call.is_up, "the third was taken"


@pytest.mark.parametrize("interval", [90, 1800])
@pytest.mark.parametrize("status", [403, 488, 491, 501, 503])
def test_who_refuses_every_refresh_is_there_and_keeps_the_call(status: int, interval: int) -> None:
    peer = Peer()
    call = called_up(peer, Session_Expires=f"{interval};refresher=uac", Allow="INVITE")
    times, began = [], peer.now
    while peer.now < began + 4 * interval:
        for message in peer.wait(0.25):
            if isinstance(message, SipRequest) and message.method == "INVITE":
                peer.send(reply(peer, message, status))
                times.append(peer.now - began)
    assert call.is_up and not peer.has(CallEnded)
    assert times[0] == pytest.approx(interval / 2, abs=0.3) and 8 <= len(times) <= 200


def test_who_refuses_a_refresh_and_is_gone_at_the_next_is_not_waited_for() -> None:
    peer = Peer()
    call = called_up(peer, Session_Expires="90;refresher=uac", Allow="INVITE")
    (refresh,) = peer.wait(45.1)
    peer.send(reply(peer, refresh, 503))
    assert "BYE" in statuses(peer.wait(8.0 + 32.5)) and not call.is_up
    assert peer.event(CallEnded).cause == "expired"


@pytest.mark.parametrize(("status", "headers"), [(491, {}), (500, {"Retry-After": "2"})])
def test_a_refresh_that_could_not_be_taken_just_then_is_made_again(status: int, headers: dict[str, str]) -> None:
    peer = Peer()
    _, refresh = refreshing(peer)
    assert peer.send(reply(peer, refresh, status, **headers)) == []
    assert statuses(peer.wait(4.1))[:1] == ["UPDATE"]


def test_a_provisional_response_to_a_refresh_is_no_answer() -> None:
    peer = Peer()
    call, refresh = refreshing(peer)
    for status in (100, 199):
        assert peer.send(reply(peer, refresh, status)) == []
    assert not call.renegotiation.is_free
    peer.send(reply(peer, refresh, 299, Session_Expires="120;refresher=uac"))
    assert call.renegotiation.is_free and peer.wait(59.9) == [] and call.is_up


def test_a_refresh_that_nobody_answers_ends_the_call() -> None:
    peer = Peer()
    call = called_up(peer, Session_Expires="600;refresher=uac", Allow="UPDATE")
    peer.wait(300.0)
    assert statuses(peer.wait(32.1))[-1] == "BYE"
    ended = peer.event(CallEnded)
    assert (ended.cause, ended.status) == ("expired", 481) and not call.is_up


@pytest.mark.parametrize("status", [408, 422, 481])
def test_what_is_answered_to_a_refresh_after_the_end_changes_nothing(status: int) -> None:
    peer = Peer()
    call, refresh = refreshing(peer)
    call.bye(peer.now)
    peer.command()
    assert peer.send(reply(peer, refresh, status, Min_SE="300")) == []
    assert [event.cause for event in peer.events if isinstance(event, CallEnded)] == ["local"]


def test_a_422_that_asks_for_no_more_than_we_offered_is_a_refusal() -> None:
    peer = Peer()
    call, refresh = refreshing(peer)
    (again,) = peer.send(reply(peer, refresh, 422, Min_SE="90"))
    assert statuses([again]) == ["INVITE"] and again.headers["Session-Expires"] == "120;refresher=uac"
    assert statuses(peer.send(reply(peer, again, 422, Min_SE="90"))) == ["ACK"]
    assert call.renegotiation.is_free and peer.wait(6.0) == []


def test_a_refresh_waits_while_an_offer_of_ours_is_under_way() -> None:
    peer = Peer()
    call = called_up(peer, Session_Expires="120;refresher=uac", Allow="UPDATE")
    peer.wait(59.0)
    assert call.renegotiation.offer(session(), peer.now)
    (invite,) = peer.command()
    peer.send(reply(peer, invite, 180))
    assert peer.wait(2.0) == []
    peer.send(reply(peer, invite, 488))
    assert statuses(peer.wait(3.0))[:1] == ["UPDATE"]


def test_before_its_200_is_acknowledged_a_call_is_not_refreshed() -> None:
    peer = Peer()
    call = offered(peer, Session_Expires="60", Allow="UPDATE")  # knows no timers: we refresh, after 30 s
    call.answer(session(), peer.now)
    peer.command()
    assert set(statuses(peer.wait(31.0))) == {200}
    peer.send(peer.request("ACK", to_tag=call.local_tag))
    assert statuses(peer.wait(2.5))[:1] == ["UPDATE"]


def test_a_200_to_a_refresh_by_reinvite_keeps_the_call_alive() -> None:
    peer = Peer()
    call = called_up(peer, Session_Expires="120;refresher=uac", Allow="INVITE")
    for _ in range(3):
        peer.wait(59.9)
        (refresh,) = peer.wait(0.2)
        assert statuses([refresh]) == ["INVITE"]
        peer.send(reply(peer, refresh, 200, OFFER, Session_Expires="120;refresher=uac"))
    assert call.is_up


def test_the_answer_to_an_offer_of_ours_may_begin_a_timer() -> None:
    peer = Peer()
    call = called_up(peer, Allow="INVITE, UPDATE")
    assert call.renegotiation.offer(session(), peer.now)
    (invite,) = peer.command()
    peer.send(reply(peer, invite, 200, OFFER, Session_Expires="120;refresher=uac"))
    assert not peer.wait(59.5)
    assert statuses(peer.wait(1.0))[:1] == ["UPDATE"]
