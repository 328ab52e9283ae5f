"""How many calls there may be, of one trunk and of all."""

from __future__ import annotations

from sip_peer import OFFER, Peer, reply, session

from voicebot.address import Address
from voicebot.sip.call_table import SipLimits
from voicebot.sip.calling import OutgoingSipCall
from voicebot.sip.registration import Account


def call_by(peer: Peer, name: str) -> OutgoingSipCall:
    """A call of ours that is up, by the line of this name."""
    line = Account(name, "sip:127.0.0.1:5070", "7000").line
    call = peer.ua.invite(Address.parse("sip:peer@127.0.0.1:5070"), session(), peer.now, line=line)
    (invite,) = peer.command()
    peer.send(reply(peer, invite, 200, OFFER))
    assert call.is_up
    return call


def test_the_calls_of_one_trunk_leave_the_others_their_room() -> None:
    peer = Peer(limits=SipLimits(calls_of={"a": 1, "b": 1}))
    call_by(peer, "a")
    assert peer.ua.is_full("a") and not peer.ua.is_full("b") and not peer.ua.is_full("without a limit")


def test_a_call_whose_bye_is_not_answered_yet_makes_room_for_another() -> None:
    peer = Peer(limits=SipLimits(calls_of={"a": 1}))
    call = call_by(peer, "a")
    call.bye(peer.now)
    assert call in peer.ua.calls and not peer.ua.is_full("a")
