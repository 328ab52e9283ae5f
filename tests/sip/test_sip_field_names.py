"""Cases of the field (tests/field/README.md) about names, NAT and registrars that need a core of their own."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from sip_peer import OFFER, Peer, reply, session, statuses

from voicebot.address import Address, Domain
from voicebot.sip.agent_options import AgentOptions
from voicebot.sip.hop import Hop, Listener
from voicebot.sip.message import SipRequest
from voicebot.sip.registration import Account
from voicebot.sip.trunks import Trunk, TrunkGate
from voicebot.sip.user_agent import UserAgent

SBC, TEAMS = "sbc.example.com", "sip.pstnhub.microsoft.com"
OUTBOUND = f"sip:{TEAMS}:5061;transport=tls"


class NamedPeer(Peer):
    """The service at Microsoft Teams Direct Routing: known by name, over TLS."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk("teams", (ip_network("52.112.0.0/14"),), outbound=OUTBOUND, from_domain=Domain.parse(SBC))
        ours = [Listener("UDP", SBC, 5060), Listener("TLS", SBC, 5061)]
        assert self.trunk.line is not None
        lines = {"teams": self.trunk.line}
        self.ua = UserAgent(ours, AgentOptions(), gate=TrunkGate([self.trunk]), lines=lines)
        self.addresses[TEAMS] = [Hop("52.114.75.24", 5061, "TLS", name=TEAMS)]


def test_a_trunk_that_goes_by_names_is_told_ours_in_every_header_of_an_options() -> None:
    """https://github.com/OpenSIPS/opensips/issues/1647, and Allow: https://github.com/siphon-project/siphon-sip/pull/68"""
    peer = NamedPeer()
    peer.ua.lines.probe("teams", OUTBOUND, 30.0, peer.now)
    request, *_ = peer.wait(1.0)
    assert isinstance(request, SipRequest) and request.method == "OPTIONS"
    assert request.contact[0].uri == f"sip:voicebot@{SBC}:5061;transport=tls"
    assert (request.via[0].transport, request.via[0].sent_by) == ("TLS", f"{SBC}:5061")
    assert request.sender.uri == f"sip:voicebot@{SBC}:5061"
    assert {"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REFER", "NOTIFY"} <= set(request.tokens("Allow"))


def test_a_call_to_it_has_its_name_as_the_target_and_ours_everywhere_else() -> None:
    """https://github.com/asterisk/asterisk/issues/610, https://github.com/pjsip/pjproject/issues/2367; the target:
    https://github.com/comcent-io/comcent-ce/pull/11"""
    peer = NamedPeer()
    line = peer.ua.lines.get("teams")
    assert line is not None
    peer.ua.invite(
        Address.parse("+15550177").at(line.domain), session(), peer.now, line=line, sender=Address("+15550100")
    )
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest)
    assert invite.uri == f"sip:+15550177@{TEAMS}:5061;transport=tls"
    assert invite.sender.uri == f"sip:+15550100@{SBC}"
    assert invite.contact[0].uri.endswith(f"@{SBC}:5061;transport=tls")
    assert peer.destinations[-1] == ("52.114.75.24", 5061)


def test_a_call_by_name_is_cancelled_at_the_server_that_it_was_sent_to() -> None:
    """https://github.com/pjsip/pjproject/issues/917"""
    peer = NamedPeer()
    call = peer.ua.invite(Address.parse(f"sip:+15550177@{TEAMS};transport=tls"), session(), peer.now)
    (invite,) = peer.command()
    peer.addresses[TEAMS] = [Hop("52.114.7.24", 5061, "TLS", name=TEAMS)]
    peer.send(reply(peer, invite, 180))
    call.bye(peer.now)
    (cancel,) = peer.command()
    assert statuses([cancel]) == ["CANCEL"] and peer.destinations[-1] == ("52.114.75.24", 5061)


@pytest.mark.parametrize(
    "contact",
    [
        "<sip:185.109.99.15:5061>",  # https://github.com/drachtio/drachtio-server/pull/486
        "<sip:52.114.75.24>",
        f"<sip:{TEAMS}>",
        "<sip:172.18.0.7:5061;transport=tls>",  # https://github.com/drachtio/drachtio-server/pull/490
    ],
)
def test_in_a_call_of_ours_over_tls_the_ack_goes_over_tls_wherever_contact_leads(contact: str) -> None:
    peer = NamedPeer()
    if "185." in contact:
        peer.addresses[TEAMS] = [Hop("185.109.99.15", 5061, "TLS", name=TEAMS)]
    peer.ua.invite(Address.parse(f"sip:+15550177@{TEAMS};transport=tls"), session(), peer.now)
    (invite,) = peer.command()
    sent_to = peer.destinations[-1]
    (ack,) = peer.send(reply(peer, invite, 200, OFFER, Contact=contact))
    assert isinstance(ack, SipRequest) and ack.method == "ACK" and ack.via[0].transport == "TLS"
    assert peer.destinations[-1] == sent_to


def test_a_contact_in_another_network_of_the_same_kind_is_followed() -> None:
    """https://github.com/drachtio/drachtio-server/issues/162: containers, taken for a NAT where there was none."""
    peer = Peer()
    peer.ua.invite(Address.parse("sip:app@10.100.0.7"), session(), peer.now)
    (invite,) = peer.command()
    peer.send(reply(peer, invite, 200, OFFER, Contact="<sip:172.18.0.9:5060>"))
    assert peer.destinations[-1] == ("172.18.0.9", 5060)


def test_a_record_route_of_this_machine_alone_is_not_followed_from_another() -> None:
    """https://github.com/comcent-io/comcent-ce/pull/10: it was what a controller in a container took itself for."""
    peer = Peer()
    peer.ua.invite(Address.parse("sip:+15550177@203.0.113.20"), session(), peer.now)
    (invite,) = peer.command()
    route = "<sip:203.0.113.20;lr>, <sip:127.0.0.1:5065;lr>"
    (ack,) = peer.send(reply(peer, invite, 200, OFFER, Contact="<sip:203.0.113.9>", Record_Route=route))
    assert isinstance(ack, SipRequest)
    assert ack.values("Route")[0] == "<sip:127.0.0.1:5065;lr>" and peer.destinations[-1] == ("203.0.113.20", 5060)


def test_a_registrar_that_grants_a_second_less_each_time_is_asked_for_the_same_again() -> None:
    """https://github.com/asterisk/asterisk/issues/702"""
    peer = Peer()
    peer.ua.lines.register(Account("pbx", "sip:192.0.2.10", "7000", expires_s=180), peer.now, chance=lambda: 0.5)
    (request,) = peer.command()
    for granted in (179, 178, 177):
        assert request.headers["Expires"] == "180"
        response = peer.reply(request, 200)  # type: ignore[arg-type]
        response.headers.set("Contact", f"<sip:7000@127.0.0.1:5060>;expires={granted}")
        peer.send(response, ("192.0.2.10", 5060))
        request, *_ = peer.wait(170.0)


def test_a_registrar_that_is_away_for_a_day_finds_us_asking_still() -> None:
    """https://github.com/futel/asteriskserver/issues/514"""
    peer = Peer()
    registration = peer.ua.lines.register(Account("pbx", "sip:192.0.2.10", "7000"), peer.now)
    peer.command()
    peer.wait(86_400.0)
    while not (sent := peer.wait(0.4)):
        pass
    (request,) = sent
    assert isinstance(request, SipRequest)
    response = peer.reply(request, 200)
    response.headers.set("Contact", "<sip:7000@127.0.0.1:5060>;expires=600")
    peer.send(response, ("192.0.2.10", 5060))
    assert registration.registered(peer.now)


@pytest.mark.parametrize("via", ["198.51.100.7:1024", "198.51.100.7", "[2001:db8::1]:5060", "router.invalid"])
def test_a_response_in_whose_via_a_router_wrote_its_own_address_is_ours(via: str) -> None:
    """https://github.com/pjsip/pjproject/issues/352"""
    peer = Peer()
    registration = peer.ua.lines.register(Account("pbx", "sip:192.0.2.10", "7000"), peer.now)
    (request,) = peer.command()
    assert isinstance(request, SipRequest)
    response = peer.reply(request, 200)
    response.headers.set("Via", f"SIP/2.0/UDP {via};branch={request.via[0].branch};rport=1024")
    response.headers.set("Contact", "<sip:7000@198.51.100.7:1024>;expires=600")
    peer.send(response, ("192.0.2.10", 5060))
    assert registration.registered(peer.now)


@pytest.mark.parametrize("uri", ["sip:7000@pbx.example.com", "sip:7000@127.0.0.1", "sip:pbx.example.com"])
def test_a_call_is_taken_whatever_domain_its_target_has(uri: str) -> None:
    """https://github.com/jambonz/jambonz-feature-server/issues/179: the registrar's own."""
    peer = Peer()
    invite = peer.request("INVITE", body=OFFER)
    invite.uri = uri
    assert statuses(peer.send(invite)) == [100]
