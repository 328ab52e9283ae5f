"""Calls with the agent under test, as far as a test needs them."""

from __future__ import annotations

from sip_peer import OFFER, Peer, session, statuses

from voicebot.address import Address
from voicebot.sip.answering import CallOffered
from voicebot.sip.call import SipCall
from voicebot.sip.message import SipRequest
from voicebot.sip.outputs import (
    CallConfirmed,
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
    call = peer.ua.invite(Address.parse("sip:peer@127.0.0.1:5070"), session(), peer.now)
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest)
    return call, invite


def called_up(peer: Peer) -> tuple[SipCall, SipRequest]:
    call, invite = calling(peer)
    (ack,) = peer.send(peer.reply(invite, 200, to_tag="theirs", body=OFFER))
    assert statuses([ack]) == ["ACK"]
    return call, invite
