"""Blind transfer, both ways, on virtual time."""

from __future__ import annotations

import pytest
from sip_calls import called_up, up
from sip_peer import OFFER, Peer, statuses

from voicebot.sip.call import SipCall
from voicebot.sip.message import SipRequest
from voicebot.sip.outputs import (
    CallEnded,
    ReferProgress,
    ReferReceived,
)


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


@pytest.mark.parametrize("status", [300, 603])
def test_any_final_answer_but_2xx_refuses_the_transfer(status: int) -> None:
    peer = Peer()
    _, _, refer = referring(peer)
    assert peer.send(peer.reply(refer, 100)) == [] and not peer.has(ReferProgress)
    peer.send(peer.reply(refer, status))
    progress = peer.event(ReferProgress)
    assert (progress.final, progress.accepted, progress.status) == (True, False, status)


def test_a_refer_that_nobody_answers_ends_the_transfer_with_408() -> None:
    peer = Peer()
    call, _ = up(peer)
    assert call.referral.ask("sip:agent@127.0.0.1", peer.now, timeout_s=100.0)
    assert not call.referral.ask("sip:agent@127.0.0.1", peer.now), "one at a time"
    peer.command()
    peer.wait(33.0)
    progress = peer.event(ReferProgress)
    assert (progress.final, progress.accepted, progress.status) == (True, False, 408)


def test_what_the_target_says_on_the_way_is_told_and_is_no_outcome() -> None:
    peer = Peer()
    _, tag, refer = referring(peer)
    peer.send(notify(peer, tag, 2, b"SIP/2.0 180 Ringing\r\n", "active"))  # it may overtake the 202
    progress = peer.event(ReferProgress)
    assert (progress.status, progress.reason, progress.accepted, progress.final) == (180, "Ringing", True, False)
    assert (
        peer.send(peer.reply(refer, 202)) == [] and len([e for e in peer.events if isinstance(e, ReferProgress)]) == 1
    )
    peer.send(notify(peer, tag, 3, b"nonsense", "terminated"))
    progress = peer.event(ReferProgress)
    assert (progress.final, progress.accepted) == (True, False), "a subscription that ends without an outcome"


@pytest.mark.parametrize("taken", [True, False])
def test_our_own_bye_is_the_end_of_a_transfer_without_an_outcome(taken: bool) -> None:
    peer = Peer()
    call, tag, refer = referring(peer)
    if taken:
        peer.send(peer.reply(refer, 202))
        call.bye(peer.now)
    else:
        peer.send(peer.request("BYE", cseq=2, to_tag=tag))
    peer.command()
    progress = peer.event(ReferProgress)
    assert (progress.final, progress.accepted) == (True, False)


def test_a_refer_to_us_that_is_not_answered_before_the_bye_gets_487() -> None:
    peer = Peer()
    call, tag = up(peer)
    headers = {"Refer-To": "<sip:agent@127.0.0.1>"}
    peer.send(peer.request("REFER", cseq=2, to_tag=tag, headers=headers))
    assert statuses(peer.send(peer.request("REFER", cseq=3, to_tag=tag, headers=headers))) == [491]
    assert statuses(peer.send(peer.request("BYE", cseq=4, to_tag=tag))) == [200, 487]
    call.referral.accept(peer.now)
    assert peer.command() == []


def test_a_refer_to_nobody_is_refused() -> None:
    peer = Peer()
    _, tag = up(peer)
    assert statuses(peer.send(peer.request("REFER", cseq=2, to_tag=tag, headers={"Refer-To": "nobody"}))) == [400]


@pytest.mark.parametrize("value", ["call-1;to-tag", 'call-1;to-tag="', "", "call-1;from-tag=peer"])
def test_replaces_that_names_no_call_gets_481(value: str) -> None:
    peer = Peer()
    up(peer)
    invite = peer.request("INVITE", body=OFFER, call_id="new", from_tag="agent", headers={"Replaces": value})
    assert statuses(peer.send(invite)) == [481]
