"""How many calls there may be, of one trunk and of all; and which are one."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Literal

import pytest
from sip_peer import OFFER, Peer, reply, session, statuses

from voicebot.address import Address
from voicebot.sip.answering import CallOffered
from voicebot.sip.call_table import SipLimits
from voicebot.sip.calling import OutgoingSipCall
from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.registration import Account
from voicebot.sip.trunks import Trunk, TrunkGate


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


# --- Replaces: who may take a call over

SBC = Trunk("sbc", (ip_network("192.0.2.0/28"),))
OTHER = Trunk("other", (ip_network("203.0.113.0/28"),))


def taking_over(peer: Peer, *, of: Hop, by: Hop) -> list[int | str]:
    """The answer to an INVITE from ``by`` that replaces a call that came from ``of``."""

    def send(message: SipRequest, source: Hop) -> list[SipRequest | SipResponse]:
        return peer.take(peer.ua.receive(bytes(message), source, peer.now))

    send(peer.request("INVITE", body=OFFER), of)
    call = peer.event(CallOffered).call
    call.answer(session(), peer.now)
    peer.command()
    send(peer.request("ACK", to_tag=call.local_tag), of)
    assert call.is_up
    replaces = {"Replaces": f"call-1;to-tag={call.local_tag};from-tag=peer"}
    return statuses(send(peer.request("INVITE", body=OFFER, call_id="new", from_tag="agent", headers=replaces), by))


@pytest.mark.parametrize(
    ("of", "by", "answer"),
    [
        ("192.0.2.1", "192.0.2.9", 100),  # one trunk
        ("192.0.2.1", "203.0.113.1", 481),  # two trunks
        ("192.0.2.1", "198.51.100.7", 481),  # a stranger takes a trunk's
        ("198.51.100.7", "192.0.2.1", 481),  # and a trunk a stranger's
        ("198.51.100.7", "198.51.100.7", 100),
        ("198.51.100.7", "198.51.100.8", 481),  # two strangers
    ],
)
def test_a_call_is_taken_over_by_its_own_trunk_only(of: str, by: str, answer: int) -> None:
    peer = Peer(gate=TrunkGate([SBC, OTHER]))
    assert taking_over(peer, of=Hop(of, 5060), by=Hop(by, 5070)) == [answer]


@pytest.mark.parametrize(("of", "by", "answer"), [("TLS", "UDP", 481), ("TLS", "TLS", 100), ("UDP", "TLS", 100)])
def test_a_call_over_tls_is_taken_over_by_tls_only(
    of: Literal["TLS", "UDP"], by: Literal["TLS", "UDP"], answer: int
) -> None:
    peer = Peer(gate=TrunkGate([SBC]))
    assert taking_over(peer, of=Hop("192.0.2.1", 5061, of), by=Hop("192.0.2.1", 5061, by)) == [answer]


def test_a_call_id_is_known_as_long_as_a_call_has_it() -> None:
    peer = Peer()
    tags = []
    for number in range(2):
        peer.send(peer.request("INVITE", body=OFFER, call_id="shared", from_tag=f"t{number}"))
        tags.append(peer.event(CallOffered).call.local_tag)
    assert len(set(tags)) == 2 and len(peer.ua.calls) == 2, "each is a call of its own"
    table = peer.ua._table
    for call in list(peer.ua.calls):
        assert table.runs("shared")
        call.bye(peer.now)
        peer.command()
    peer.wait(40.0)
    assert not table.runs("shared") and not table._ids
