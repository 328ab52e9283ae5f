"""Who is behind a NAT is answered to where it sends from, whatever it says of itself; the URIs stay as they are."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from sip_peer import OFFER, Peer, reply, session, statuses

from voicebot.address import Address
from voicebot.sip.agent_options import AgentOptions
from voicebot.sip.answering import CallOffered
from voicebot.sip.hop import Hop, Listener
from voicebot.sip.line import Line
from voicebot.sip.message import SipRequest
from voicebot.sip.outputs import Transmit
from voicebot.sip.symmetric import Symmetric, is_unreachable
from voicebot.sip.trunks import Trunk, TrunkGate
from voicebot.sip.user_agent import UserAgent

PUBLIC = ("198.51.100.7", 1024)
LAN = ("192.168.1.1", 1024)
INSIDE = "sip:7000@10.0.0.5:5062"


class NatPeer(Peer):
    """A caller that names ``contact``; ``symmetric`` is the setting of its trunk."""

    def __init__(self, contact: str = INSIDE, symmetric: Symmetric = "auto") -> None:
        super().__init__()
        options = AgentOptions(session_expires_s=0, symmetric={"sbc": symmetric})
        gate = TrunkGate([Trunk("sbc", (ip_network("192.168.1.1"), ip_network("198.51.100.7")))])
        self.ua = UserAgent([Listener("UDP", "127.0.0.1", 5060)], options, gate=gate)
        self.contact = contact

    def up(self, source: tuple[str, int], **headers: str) -> None:
        """A call of theirs that is up."""
        named = {"Contact": f"<{self.contact}>"} | {name.replace("_", "-"): text for name, text in headers.items()}
        self.send(self.request("INVITE", body=OFFER, headers=named), source)
        self.call = self.event(CallOffered).call
        self.call.answer(session(), self.now)
        self.command()
        self.send(self.request("ACK", to_tag=self.call.local_tag), source)

    def bye(self) -> tuple[str, tuple[str, int]]:
        """We hang up: the Request-URI of our BYE, and where it goes."""
        self.call.bye(self.now)
        (bye,) = self.command()
        assert isinstance(bye, SipRequest) and bye.method == "BYE"
        return bye.uri, self.destinations[-1]


@pytest.mark.parametrize(
    ("contact", "source", "symmetric", "goes_to"),
    [
        (INSIDE, PUBLIC, "auto", PUBLIC),
        ("sip:7000@192.168.1.5", PUBLIC, "auto", PUBLIC),
        ("sip:7000@100.97.128.27:5060", PUBLIC, "auto", PUBLIC),  # a mobile network
        ("sip:7000@127.0.0.1:5060", PUBLIC, "auto", PUBLIC),
        ("sip:7000@0.0.0.0:5060", LAN, "auto", LAN),
        ("sip:7000@x7f3.invalid;transport=ws", PUBLIC, "auto", PUBLIC),
        (INSIDE, LAN, "auto", ("10.0.0.5", 5062)),  # two networks of one company
        ("sip:7000@203.0.113.9:5062", PUBLIC, "auto", ("203.0.113.9", 5062)),
        ("sip:7000@203.0.113.9:5062", PUBLIC, "always", PUBLIC),
        (INSIDE, PUBLIC, "never", ("10.0.0.5", 5062)),
    ],
)
def test_a_bye_goes_where_the_caller_can_be_reached(
    contact: str, source: tuple[str, int], symmetric: Symmetric, goes_to: tuple[str, int]
) -> None:
    peer = NatPeer(contact, symmetric)
    peer.up(source)
    assert peer.bye() == (contact, goes_to)


def test_a_route_set_that_leads_into_the_network_of_a_proxy_behind_nat_is_kept_but_not_followed() -> None:
    peer = NatPeer()
    peer.up(PUBLIC, Record_Route="<sip:10.0.0.1;lr>")
    uri, goes_to = peer.bye()
    bye = peer.sent[-1]
    assert (uri, goes_to, bye.headers["Route"]) == (INSIDE, PUBLIC, "<sip:10.0.0.1;lr>")


def test_a_route_set_that_can_be_reached_is_followed_whatever_the_contact_is() -> None:
    peer = NatPeer()
    peer.up(PUBLIC, Record_Route="<sip:203.0.113.1;lr>")
    assert peer.bye() == (INSIDE, ("203.0.113.1", 5060))


def test_a_binding_that_changes_in_the_middle_of_a_call_is_followed() -> None:
    peer = NatPeer()
    peer.up(PUBLIC)
    moved = ("198.51.100.7", 2048)
    info = peer.request("INFO", cseq=2, to_tag=peer.call.local_tag)
    assert statuses(peer.send(info, moved)) == [200]
    assert peer.bye() == (INSIDE, moved)


def test_a_request_out_of_order_or_with_a_wrong_tag_moves_nothing() -> None:
    peer = NatPeer()
    peer.up(PUBLIC)
    elsewhere = ("203.0.113.66", 5060)
    assert statuses(peer.send(peer.request("INFO", cseq=0, to_tag=peer.call.local_tag), elsewhere)) == [500]
    assert statuses(peer.send(peer.request("INFO", cseq=3, to_tag="guessed"), elsewhere)) == [481]
    assert peer.bye() == (INSIDE, PUBLIC)


@pytest.mark.parametrize(
    ("sent_by", "source", "symmetric", "goes_to"),
    [
        ("10.0.0.5:5062", PUBLIC, "auto", PUBLIC),
        ("203.0.113.9:5062", PUBLIC, "auto", ("198.51.100.7", 5062)),  # RFC 3261 18.2.2
        ("203.0.113.9:5062", PUBLIC, "always", PUBLIC),
        ("192.168.1.1:5060", LAN, "auto", ("192.168.1.1", 5060)),  # sends from other ports than it listens at
        ("10.0.0.5:5062", PUBLIC, "never", ("198.51.100.7", 5062)),
        ("client.example.com", PUBLIC, "auto", ("198.51.100.7", 5060)),
    ],
)
def test_a_response_without_rport_goes_where_the_sender_can_be_reached(
    sent_by: str, source: tuple[str, int], symmetric: Symmetric, goes_to: tuple[str, int]
) -> None:
    peer = NatPeer(symmetric=symmetric)
    for request in (peer.request("OPTIONS"), peer.request("BYE", to_tag="gone", call_id="other")):
        request.headers.set("Via", f"SIP/2.0/UDP {sent_by};branch=z9hG4bK{request.method}")
        peer.send(request, source)
        assert peer.destinations[-1] == goes_to


def test_within_a_call_and_for_a_cancel_the_setting_of_its_trunk_holds() -> None:
    peer = NatPeer(symmetric="always")
    via = {"Via": "SIP/2.0/UDP 203.0.113.9:5062;branch=z9hG4bKinvite"}
    peer.send(peer.request("INVITE", body=OFFER, headers=via), PUBLIC)
    assert statuses(peer.send(peer.request("CANCEL", headers=via), PUBLIC)) == [200, 487]
    assert set(peer.destinations) == {PUBLIC}


@pytest.mark.parametrize(("symmetric", "goes_to"), [("auto", PUBLIC), ("never", ("10.0.0.5", 5062))])
def test_in_a_call_of_ours_a_private_contact_is_reached_where_the_invite_was(
    symmetric: Symmetric, goes_to: tuple[str, int]
) -> None:
    peer = NatPeer(symmetric=symmetric)
    line = Line.to("sip:198.51.100.7:1024", "sbc", "bot")
    call = peer.ua.invite(Address.parse("sip:7000@198.51.100.7:1024"), session(), peer.now, line=line)
    (invite,) = peer.command()
    (ack,) = peer.send(reply(peer, invite, 200, OFFER, Contact=f"<{INSIDE}>"), PUBLIC)
    assert isinstance(ack, SipRequest) and (ack.uri, peer.destinations[-1]) == (INSIDE, goes_to)
    call.bye(peer.now)
    (bye,) = peer.command()
    assert isinstance(bye, SipRequest) and (bye.uri, peer.destinations[-1]) == (INSIDE, goes_to)


@pytest.mark.parametrize("contact", ["sip:7000@203.0.113.9:5062", INSIDE])
def test_of_several_addresses_of_ours_a_call_uses_the_one_it_came_in_by(contact: str) -> None:
    ours = [
        Listener("UDP", "127.0.0.1", 5060),
        Listener("UDP", "192.0.2.1", 5060),
        Listener("UDP", "2001:db8::1", 5060),
    ]
    peer = NatPeer(contact)
    peer.ua = UserAgent(ours, AgentOptions(session_expires_s=0))
    for index, source in ((1, "198.51.100.7"), (2, "2001:db8::7")):
        hop = Hop(source, 1024, listener=index)
        request = peer.request("INVITE", body=OFFER, call_id=source, headers={"Contact": f"<{contact}>"})
        peer.take(peer.ua.receive(bytes(request), hop, peer.now))
        call = peer.event(CallOffered).call
        call.answer(session(), peer.now)
        peer.command()
        ack = peer.request("ACK", call_id=source, to_tag=call.local_tag)
        peer.take(peer.ua.receive(bytes(ack), hop, peer.now))
        call.bye(peer.now)
        bye = next(output for output in peer.ua.take() if isinstance(output, Transmit))
        by_the_same = index == 1 or contact == INSIDE  # an IPv4 Contact cannot be reached by IPv6
        assert (bye.hop.listener == index) == by_the_same


def test_ipv6_and_names_are_told_apart() -> None:
    public, local = Hop("2001:db8::7", 5060), Hop("fd00::7", 5060)
    assert is_unreachable("[fe80::1]", public) and is_unreachable("fd00::1", public) and is_unreachable("::1", public)
    assert not is_unreachable("2001:db8::1", public) and not is_unreachable("fd00::1", local)
    assert not is_unreachable("pbx.example.com", public) and is_unreachable("", public)
