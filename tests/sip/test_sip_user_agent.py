"""The user agent core as a server and as a client: RFC 3261 behaviour, on virtual time."""

from __future__ import annotations

import pytest
from sip_peer import OFFER, SOURCE, Peer, session, statuses

from voicebot.sip.answering import CallOffered
from voicebot.sip.call import SipCall
from voicebot.sip.call_table import SipLimits
from voicebot.sip.inspection import METHODS
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.outputs import (
    CallConfirmed,
    CallEnded,
    CallProgress,
    KeyReceived,
    ReferProgress,
    ReferReceived,
    SessionAnswered,
    SessionOffered,
)


def offered(peer: Peer, **options: object) -> SipCall:
    """An INVITE has come."""
    body = options.pop("body", OFFER)
    assert statuses(peer.send(peer.request("INVITE", body=body, **options))) == [100]  # type: ignore[arg-type]
    return peer.event(CallOffered).call


def up(peer: Peer, **options: object) -> tuple[SipCall, str]:
    """A call that is up, and our tag."""
    call = offered(peer, **options)
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    tag = ok.recipient.tag
    assert peer.send(peer.request("ACK", to_tag=tag)) == []
    assert peer.has(CallConfirmed)
    return call, tag


def calling(peer: Peer) -> tuple[SipCall, SipRequest]:
    """We call the peer."""
    call = peer.ua.invite("sip:peer@127.0.0.1:5070", session(), peer.now)
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest)
    return call, invite


def called_up(peer: Peer) -> tuple[SipCall, SipRequest]:
    call, invite = calling(peer)
    (ack,) = peer.send(peer.reply(invite, 200, to_tag="theirs", body=OFFER))
    assert statuses([ack]) == ["ACK"]
    return call, invite


# --- an incoming call


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


def test_the_same_request_by_another_way_is_a_loop() -> None:
    peer = Peer()
    offered(peer)
    assert statuses(peer.send(peer.request("INVITE", body=OFFER))) == [482]


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


def test_options_tells_what_we_can() -> None:
    peer = Peer()
    (answer,) = peer.send(peer.request("OPTIONS"))
    assert statuses([answer]) == [200]
    assert set(answer.tokens("Allow")) == set(METHODS)
    assert "application/sdp" in answer.tokens("Accept")
    assert answer.headers.get("Supported") is not None


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


# --- within a call


def test_a_reinvite_is_offered_up_answered_and_its_200_repeated() -> None:
    peer = Peer()
    call, tag = up(peer)
    hold = OFFER.replace(b"sendrecv", b"sendonly").replace(b"40000", b"40008")
    moved = {"Contact": "<sip:peer@127.0.0.1:5999>"}
    assert peer.send(peer.request("INVITE", cseq=2, to_tag=tag, body=hold, headers=moved)) == []
    event = peer.event(SessionOffered)
    assert event.offer is not None and event.offer.media[0].port == 40008
    call.accept_session(session(), peer.now)
    assert statuses(peer.command()) == [200]
    assert statuses(peer.wait(0.5)) == [200]
    peer.send(peer.request("ACK", cseq=2, to_tag=tag))
    assert peer.wait(30.0) == []
    call.bye(peer.now)
    (bye,) = peer.command()
    assert isinstance(bye, SipRequest) and bye.uri == "sip:peer@127.0.0.1:5999"


def test_a_refused_reinvite_leaves_the_call_up() -> None:
    peer = Peer()
    call, tag = up(peer)
    peer.send(peer.request("INVITE", cseq=2, to_tag=tag, body=OFFER))
    call.refuse_session(peer.now)
    assert statuses(peer.command()) == [488]
    assert not peer.has(CallEnded)


def test_a_reinvite_without_an_offer_brings_its_answer_in_the_ack() -> None:
    peer = Peer()
    call, tag = up(peer)
    peer.send(peer.request("INVITE", cseq=2, to_tag=tag))
    assert peer.event(SessionOffered).offer is None
    call.accept_session(session(), peer.now)
    peer.command()
    peer.send(peer.request("ACK", cseq=2, to_tag=tag, body=OFFER))
    assert peer.event(SessionAnswered).answer.media[0].port == 40000


def test_a_reinvite_before_the_ack_gets_491_and_one_during_another_500() -> None:
    peer = Peer()
    call = offered(peer)
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    tag = ok.recipient.tag
    assert statuses(peer.send(peer.request("INVITE", cseq=2, to_tag=tag, body=OFFER))) == [491]
    peer.send(peer.request("ACK", to_tag=tag))
    peer.send(peer.request("INVITE", cseq=3, to_tag=tag, body=OFFER))
    (answer,) = peer.send(peer.request("INVITE", cseq=4, to_tag=tag, body=OFFER))
    assert statuses([answer]) == [500] and answer.headers["Retry-After"]


def test_update_changes_the_session_at_once() -> None:
    peer = Peer()
    call, tag = up(peer)
    peer.send(peer.request("UPDATE", cseq=2, to_tag=tag, body=OFFER))
    call.accept_session(session(), peer.now)
    (answer,) = peer.command()
    assert statuses([answer]) == [200] and answer.body == bytes(session())
    assert statuses(peer.send(peer.request("UPDATE", cseq=3, to_tag=tag))) == [200]


def test_a_request_out_of_order_gets_500() -> None:
    peer = Peer()
    _, tag = up(peer, cseq=1)
    assert statuses(peer.send(peer.request("INFO", cseq=5, to_tag=tag))) == [200]
    assert statuses(peer.send(peer.request("INFO", cseq=4, to_tag=tag))) == [500]


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", b"Signal= #\r\nDuration= 250\r\n", "#"),
        ("application/dtmf-relay", b"Signal=10\nDuration=160\n", "*"),
        ("application/dtmf", b"a", "A"),
    ],
)
def test_keys_come_by_info(kind: str, body: bytes, key: str) -> None:
    peer = Peer()
    _, tag = up(peer)
    assert statuses(peer.send(peer.request("INFO", cseq=2, to_tag=tag, body=body, content_type=kind))) == [200]
    assert peer.event(KeyReceived).key == key


def test_an_info_that_is_not_understood_is_refused() -> None:
    peer = Peer()
    _, tag = up(peer)
    wrong = peer.request("INFO", cseq=2, to_tag=tag, body=b"Signal=55\r\n", content_type="application/dtmf-relay")
    assert statuses(peer.send(wrong)) == [400]
    other = peer.request("INFO", cseq=3, to_tag=tag, body=b"x", content_type="application/vnd.nortelnetworks.digits")
    assert statuses(peer.send(other)) == [415]
    assert not peer.has(KeyReceived)


# --- blind transfer


def referring(peer: Peer) -> tuple[SipCall, str, SipRequest]:
    call, tag = up(peer)
    assert call.referral.ask("sip:agent@127.0.0.1", peer.now, timeout_s=20.0)
    (refer,) = peer.command()
    assert isinstance(refer, SipRequest) and refer.method == "REFER"
    assert refer.headers["Refer-To"] == "<sip:agent@127.0.0.1>"
    return call, tag, refer


def notify(peer: Peer, tag: str, cseq: int, fragment: bytes, state: str) -> SipRequest:
    return peer.request(
        "NOTIFY",
        cseq=cseq,
        to_tag=tag,
        body=fragment,
        content_type="message/sipfrag",
        headers={"Event": "refer", "Subscription-State": state},
    )


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (486, False)])
def test_a_transfer_is_told_its_outcome_by_notify(status: int, accepted: bool) -> None:
    peer = Peer()
    _, tag, refer = referring(peer)
    peer.send(peer.reply(refer, 202))
    assert not peer.event(ReferProgress).final
    assert statuses(peer.send(notify(peer, tag, 2, b"SIP/2.0 100 Trying\r\n", "active;expires=60"))) == [200]
    final = notify(peer, tag, 3, f"SIP/2.0 {status} Whatever\r\n".encode(), "terminated;reason=noresource")
    assert statuses(peer.send(final)) == [200]
    progress = peer.event(ReferProgress)
    assert (progress.final, progress.accepted, progress.status) == (True, accepted, status)
    assert not peer.has(CallEnded)


def test_a_refused_refer_is_the_end_of_the_transfer() -> None:
    peer = Peer()
    _, _, refer = referring(peer)
    peer.send(peer.reply(refer, 405))
    progress = peer.event(ReferProgress)
    assert (progress.final, progress.accepted, progress.status) == (True, False, 405)


def test_a_transfer_without_news_ends_at_its_deadline() -> None:
    peer = Peer()
    _, _, refer = referring(peer)
    peer.send(peer.reply(refer, 202))
    peer.wait(20.1)
    progress = peer.event(ReferProgress)
    assert progress.final and not progress.accepted


def test_a_bye_after_the_refer_was_taken_is_a_transfer_that_went_well() -> None:
    peer = Peer()
    _, tag, refer = referring(peer)
    peer.send(peer.reply(refer, 202))
    peer.send(peer.request("BYE", cseq=2, to_tag=tag))
    assert peer.event(ReferProgress).accepted
    assert isinstance(peer.events[-1], CallEnded)


def test_a_notify_that_nobody_asked_for_is_refused() -> None:
    peer = Peer()
    _, tag = up(peer)
    assert statuses(peer.send(notify(peer, tag, 2, b"SIP/2.0 200 OK", "terminated"))) == [481]
    other = peer.request("NOTIFY", cseq=3, to_tag=tag, headers={"Event": "presence"})
    assert statuses(peer.send(other)) == [489]


def test_a_refer_to_us_is_followed_with_notifies() -> None:
    peer = Peer()
    call, _ = called_up(peer)
    dialog = call.dialog
    assert dialog is not None
    refer = peer.request(
        "REFER",
        cseq=7,
        to_tag=dialog.local_tag,
        from_tag="theirs",
        call_id=dialog.call_id,
        headers={"Refer-To": "<sip:agent@127.0.0.1>"},
    )
    assert peer.send(refer) == []
    assert peer.event(ReferReceived).target == "sip:agent@127.0.0.1"
    call.referral.accept(peer.now)
    accepted, trying = peer.command()
    assert statuses([accepted, trying]) == [202, "NOTIFY"]
    assert trying.body.startswith(b"SIP/2.0 100") and trying.headers["Subscription-State"].startswith("active")
    call.referral.notify(200, peer.now)
    (done,) = peer.command()
    assert done.body.startswith(b"SIP/2.0 200") and done.headers["Subscription-State"].startswith("terminated")


def test_a_refer_out_of_the_blue_is_forbidden() -> None:
    peer = Peer()
    assert statuses(peer.send(peer.request("REFER", headers={"Refer-To": "<sip:x@y>"}))) == [403]


# --- an outgoing call


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


@pytest.mark.parametrize("headers", [{"X-A": "b\r\nEvil: 1"}, {"X A": "b"}, {"X:": "b"}])
def test_headers_that_would_break_the_message_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header"):
        Peer().ua.invite("sip:a@127.0.0.1", session(), 0.0, headers=headers)


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
    assert not (table._by_dialog or table._by_invite or layer._keys or layer._taken or layer._on_response)
