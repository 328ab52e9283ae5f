"""Attended transfer: who takes whose place (RFC 3891)."""

from __future__ import annotations

import pytest
from sip_peer import OFFER, Peer, called_up, session, statuses, up

from voicebot.sip.answering import CallOffered
from voicebot.sip.refer import Replaces


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


@pytest.mark.parametrize("value", ["call-1;to-tag", 'call-1;to-tag="', "", "call-1;from-tag=peer"])
def test_replaces_that_names_no_call_gets_481(value: str) -> None:
    peer = Peer()
    up(peer)
    invite = peer.request("INVITE", body=OFFER, call_id="new", from_tag="agent", headers={"Replaces": value})
    assert statuses(peer.send(invite)) == [481]


def test_a_replaces_header_names_call_our_tag_and_theirs() -> None:
    def named(value: str) -> Replaces | None:
        return Replaces.of(Peer().request("INVITE", headers={"Replaces": value}))

    assert named(" a@b ;from-tag=theirs;to-tag=ours;Early-Only") == (("a@b", "ours", "theirs"), True)
    assert named("a@b;from-tag=theirs;to-tag=ours") == (("a@b", "ours", "theirs"), False)
    assert named("a@b;=") == (("", "", ""), False)
    assert Replaces.of(Peer().request("INVITE")) is None


def test_a_call_that_is_up_is_not_replaced_by_who_wants_an_early_one_only() -> None:
    peer = Peer()
    call, _ = up(peer)
    replaces = {"Replaces": f"call-1;to-tag={call.local_tag};from-tag=peer;early-only"}
    invite = peer.request("INVITE", body=OFFER, call_id="new", from_tag="agent", headers=replaces)
    assert statuses(peer.send(invite)) == [486] and call.is_up
