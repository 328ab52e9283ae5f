"""Callers behind a NAT, and callers over connections: that our messages reach them (README.md).

In all of them it is us who hang up: the bot does when it hears 9.
"""

from __future__ import annotations

import pytest
from field_phone import SDP, Phone, header
from field_service import LOOPBACK, Field

PRIVATE = {
    "https://github.com/emiago/sipgo/pull/174": "<sip:+15550111@10.1.33.103>",
    "https://github.com/RestComm/restcomm-android-sdk/issues/172": "<sip:alice@100.97.128.27:5080>",
    "https://github.com/signalwire/freeswitch/issues/651": "<sip:100002@192.168.1.138:36161;transport=udp>",
    "https://github.com/versatica/JsSIP/issues/544": "<sip:qpmoidnb@iq9g3n3qsjuc.invalid;transport=ws>",
}


async def hung_up_on(phone: Phone) -> None:
    """Press 9, and wait for the BYE."""
    await phone.talk(0.2)
    await phone.press("9")
    await phone.requested("BYE")


@pytest.mark.parametrize("source", PRIVATE)
async def test_a_bye_reaches_a_caller_whose_contact_is_an_address_behind_its_nat(field: Field, source: str) -> None:
    async with Phone((LOOPBACK, field.service.port)) as phone:
        phone.contact = PRIVATE[source]
        assert (await phone.invite()).status == 200
        await hung_up_on(phone)
        assert f"<{phone.requests[0].uri}>" == phone.contact, "the phone knows itself by it"


async def test_responses_reach_a_caller_behind_a_nat_who_does_not_ask_for_rport(field: Field) -> None:
    """https://github.com/livekit/sip/issues/388"""
    async with Phone((LOOPBACK, field.service.port)) as phone:
        assert (await phone.invite(via="SIP/2.0/UDP 192.168.1.5:5062")).status == 200
        await phone.bye()


async def test_who_sends_from_other_ports_than_it_listens_at_is_answered_where_it_listens(field: Field) -> None:
    """https://github.com/drachtio/drachtio-server/issues/374: a telephone exchange in the same network, no NAT."""
    async with Phone((LOOPBACK, field.service.port)) as phone:
        listening = await phone.listen()
        phone.contact = f"<sip:tester@{LOOPBACK}:{listening.port}>"
        assert (await phone.invite(via=f"SIP/2.0/UDP {LOOPBACK}:{listening.port}")).status == 200
        await hung_up_on(phone)
        assert listening.received > 1
        listening.close()


async def test_a_bye_takes_the_route_of_the_call_and_not_the_contact(field: Field) -> None:
    """https://github.com/BelledonneCommunications/linphone-sdk/issues/297"""
    async with Phone((LOOPBACK, field.service.port)) as phone:
        phone.contact = "<sip:9843@203.0.113.10:5060;user=phone;transport=TCP>"
        route = f"<sip:{LOOPBACK}:{phone.port};lr>"
        assert (await phone.invite(headers=f"Record-Route: {route}\r\n{SDP}")).status == 200
        await hung_up_on(phone)
        assert header(phone.requests[0], "Route") == route


CONNECTED = {
    "https://github.com/signalwire/freeswitch/issues/2615": ("<sip:tester@127.0.0.1:5060>", ""),
    "https://github.com/baresip/re/issues/143": ("<sip:tester@127.0.0.1>", ""),
    "https://github.com/emiago/sipgo/issues/361": (
        "<sip:tester@127.0.0.1:9;transport=tcp>",
        "Record-Route: <sip:127.0.0.1:9;transport=tcp;lr>\r\n",
    ),
}


@pytest.mark.parametrize("source", CONNECTED)
async def test_a_bye_takes_the_connection_of_the_call_whatever_contact_and_route_say_of_ports(
    field: Field, source: str
) -> None:
    async with Phone((LOOPBACK, field.tcp), tcp=True) as phone:
        phone.contact, route = CONNECTED[source]
        assert (await phone.invite(headers=route + SDP)).status == 200
        await hung_up_on(phone)


async def test_a_caller_who_connects_anew_in_the_middle_of_a_call_is_reached_by_the_new_connection(
    field: Field,
) -> None:
    """https://github.com/siphon-project/siphon-sip/pull/101"""
    async with Phone((LOOPBACK, field.tcp), tcp=True) as phone:
        assert (await phone.invite()).status == 200
        phone.disconnect()
        await phone.connect()
        update = phone.request("UPDATE", headers="")
        assert (await phone.response(update, "UPDATE")).status == 200
        await hung_up_on(phone)


async def test_our_contact_over_a_connection_names_its_transport_and_the_port_where_we_listen_for_it(
    field: Field,
) -> None:
    """https://github.com/thevoiceguy/siphon-ai/pull/156"""
    async with Phone((LOOPBACK, field.tcp), tcp=True) as phone:
        ok = await phone.invite()
        assert ok.contact[0].uri == f"sip:voicebot@{LOOPBACK}:{field.tcp};transport=tcp"
        await phone.bye()
