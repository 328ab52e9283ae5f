"""Blind transfer, both ways, on virtual time."""

from __future__ import annotations

import pytest
from sip_calls import called_up, offered, up
from sip_peer import Peer, session, statuses

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


# --- in the words of RFC 3515


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (299, True), (300, False), (603, False)])
def test_the_outcome_is_what_the_target_answered_and_ends_the_transfer_whatever_the_subscription_says(
    status: int, accepted: bool
) -> None:
    peer = Peer()
    call, tag, refer = referring(peer)
    peer.send(peer.reply(refer, 200))  # older telephones say 200 for 202
    progress = peer.event(ReferProgress)
    assert (progress.status, progress.accepted, progress.final) == (200, True, False)
    assert statuses(peer.send(notify(peer, tag, 2, b"SIP/2.0 199 Early\r\n", "active"))) == [200]
    assert not peer.event(ReferProgress).final
    peer.send(notify(peer, tag, 3, f"SIP/2.0 {status} Said\r\n".encode(), "active;expires=60"))
    progress = peer.event(ReferProgress)
    assert (progress.status, progress.reason, progress.accepted, progress.final) == (status, "Said", accepted, True)
    assert call.referral.ask("sip:other@127.0.0.1", peer.now), "the next may begin"


@pytest.mark.parametrize(("kind", "status"), [("message/sipfrag;version=2.0", 200), ("text/plain", 415)])
def test_only_a_fragment_of_sip_tells_an_outcome(kind: str, status: int) -> None:
    peer = Peer()
    _, tag, _ = referring(peer)
    told = notify(peer, tag, 2, b"SIP/2.0 200 OK\r\n", "terminated")
    told.headers.set("Content-Type", kind)
    assert statuses(peer.send(told)) == [status]
    assert peer.has(ReferProgress) is (status == 200)


def test_a_body_that_need_not_be_understood_tells_no_outcome() -> None:
    peer = Peer()
    _, tag, _ = referring(peer)
    told = notify(peer, tag, 2, b"SIP/2.0 200 OK\r\n", "terminated")
    told.headers.set("Content-Type", "text/plain")
    told.headers.set("Content-Disposition", "render;handling=optional")
    assert statuses(peer.send(told)) == [200]
    progress = peer.event(ReferProgress)
    assert (progress.final, progress.accepted) == (True, False)


def test_a_subscription_that_ends_without_a_word_is_a_transfer_that_failed() -> None:
    peer = Peer()
    _, tag, _ = referring(peer)
    assert statuses(peer.send(notify(peer, tag, 2, b"", "terminated;reason=timeout"))) == [200]
    progress = peer.event(ReferProgress)
    assert (progress.final, progress.accepted) == (True, False)


@pytest.mark.parametrize("ends_by_bye", [True, False])
def test_who_ends_the_subscription_with_100_may_still_tell_by_bye_that_it_went_well(ends_by_bye: bool) -> None:
    peer = Peer()
    _, tag, refer = referring(peer)
    peer.send(peer.reply(refer, 202))
    told = notify(peer, tag, 2, b"SIP/2.0 100 Trying\r\n", "terminated;reason=noresource")
    assert statuses(peer.send(told)) == [200]
    assert not peer.event(ReferProgress).final, "accepted, and nothing more is known"
    if ends_by_bye:
        peer.send(peer.request("BYE", cseq=3, to_tag=tag))
    else:
        peer.wait(20.1)
    progress = peer.event(ReferProgress)
    assert (progress.final, progress.accepted) == (True, ends_by_bye)


@pytest.mark.parametrize(("status", "final"), [(100, False), (200, True), (503, True)])
def test_a_notify_need_not_say_how_its_subscription_is(status: int, final: bool) -> None:
    peer = Peer()
    _, tag, _ = referring(peer)
    told = notify(peer, tag, 2, f"SIP/2.0 {status} Said\r\n".encode(), "")
    told.headers.remove("Subscription-State")
    assert statuses(peer.send(told)) == [200]
    progress = peer.event(ReferProgress)
    assert (progress.status, progress.final) == (status, final)


@pytest.mark.parametrize(
    ("event", "status"), [("refer;id=93809823", 200), (" Refer ", 200), ("refers", 489), ("", 489)]
)
def test_a_notify_is_of_our_refer_whatever_its_number(event: str, status: int) -> None:
    peer = Peer()
    _, tag, _ = referring(peer)
    told = notify(peer, tag, 2, b"SIP/2.0 100 Trying\r\n", "active")
    told.headers.set("Event", event)
    assert statuses(peer.send(told)) == [status]


def test_a_bye_after_a_notify_is_a_transfer_that_went_well_though_the_202_was_lost() -> None:
    peer = Peer()
    _, tag, _ = referring(peer)
    peer.send(notify(peer, tag, 2, b"SIP/2.0 180 Ringing\r\n", "active"))
    peer.send(peer.request("BYE", cseq=3, to_tag=tag))
    progress = peer.event(ReferProgress)
    assert (progress.final, progress.accepted, progress.status) == (True, True, 180)


@pytest.mark.parametrize("status", [101, 199])
def test_a_provisional_answer_to_the_refer_is_no_news(status: int) -> None:
    peer = Peer()
    _, _, refer = referring(peer)
    assert peer.send(peer.reply(refer, status)) == [] and not peer.has(ReferProgress)


def test_a_transfer_has_half_a_minute_where_nothing_else_is_said() -> None:
    peer = Peer()
    call, tag = up(peer)
    peer.wait(60.0)  # nothing else of the call is due
    assert call.referral.ask("sip:agent@127.0.0.1", peer.now)
    (refer,) = peer.command()
    peer.send(peer.reply(refer, 202))  # type: ignore[arg-type]
    peer.wait(29.5)
    assert not peer.event(ReferProgress).final
    peer.wait(0.5)
    progress = peer.event(ReferProgress)
    assert (progress.final, progress.accepted, progress.reason) == (True, False, "no outcome in time")
    assert statuses(peer.send(notify(peer, tag, 2, b"SIP/2.0 200 OK", "terminated"))) == [481], "too late"


def test_our_refer_says_who_asks_and_where_we_are() -> None:
    peer = Peer()
    call, _, refer = referring(peer)
    assert call.dialog is not None
    assert refer.headers["Referred-By"] == "<sip:bot@127.0.0.1>"
    assert refer.contact[0].uri == "sip:voicebot@127.0.0.1:5060"


def test_before_a_call_is_up_there_is_no_transfer_either_way() -> None:
    peer = Peer()
    call = offered(peer)
    assert not call.referral.ask("sip:agent@127.0.0.1", peer.now)
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    refer = peer.request("REFER", cseq=2, to_tag=ok.recipient.tag, headers={"Refer-To": "<sip:agent@127.0.0.1>"})
    assert statuses(peer.send(refer)) == [491] and not peer.has(ReferReceived)
    assert not call.referral.ask("sip:agent@127.0.0.1", peer.now), "its ACK has not come"


def asked_of_us(peer: Peer, tag: str, cseq: int) -> list[int | str]:
    headers = {"Refer-To": "<sip:agent@127.0.0.1>", "Referred-By": "<sip:peer@127.0.0.1>"}
    return statuses(peer.send(peer.request("REFER", cseq=cseq, to_tag=tag, headers=headers)))


def test_a_refer_to_us_that_is_refused_gets_603_and_the_next_may_come() -> None:
    peer = Peer()
    call, tag = up(peer)
    assert asked_of_us(peer, tag, 2) == []
    assert peer.event(ReferReceived).referred_by == "<sip:peer@127.0.0.1>"
    call.referral.refuse(peer.now)
    assert statuses(peer.command()) == [603]
    call.referral.refuse(peer.now)
    call.referral.notify(200, peer.now)
    assert peer.command() == [], "there is nothing to refuse, and nobody to notify"
    assert asked_of_us(peer, tag, 3) == []


def test_who_asked_is_told_what_the_target_says_until_its_final_answer() -> None:
    peer = Peer()
    call, tag = up(peer)
    asked_of_us(peer, tag, 7)
    call.referral.accept(peer.now)
    accepted, trying = peer.command()
    assert accepted.headers["Contact"] and trying.body == b"SIP/2.0 100 Trying\r\n"
    assert trying.headers["Event"] == "refer;id=7" and trying.content_type == "message/sipfrag"
    assert trying.headers["Contact"] == "<sip:voicebot@127.0.0.1:5060>"
    assert asked_of_us(peer, tag, 8) == [491], "one at a time"
    call.referral.notify(199, peer.now)
    (early,) = peer.command()
    assert early.headers["Subscription-State"] == "active;expires=60"
    call.referral.notify(486, peer.now, "Busy Elsewhere")
    (final,) = peer.command()
    assert final.body == b"SIP/2.0 486 Busy Elsewhere\r\n"
    assert final.headers["Subscription-State"] == "terminated;reason=noresource"
    call.referral.notify(200, peer.now)
    assert peer.command() == [], "the subscription has ended"
    assert asked_of_us(peer, tag, 9) == [], "and the next may begin"


def test_when_the_call_is_over_nobody_is_notified() -> None:
    peer = Peer()
    call, tag = up(peer)
    asked_of_us(peer, tag, 2)
    call.referral.accept(peer.now)
    peer.command()
    peer.send(peer.request("BYE", cseq=3, to_tag=tag))
    call.referral.notify(200, peer.now)
    assert peer.command() == []
