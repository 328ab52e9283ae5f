"""Our recording client: its metadata, and what it answers to the offers of a recording server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from free_port import LOOPBACK, free_ports
from recording_desk import Desk, desk
from waiting import until

from voicebot.address import Address
from voicebot.events.parties import Party, Role
from voicebot.legs import LegClosed
from voicebot.legs.sip_media import MediaOptions
from voicebot.legs.siprec import RecordingOptions
from voicebot.legs.siprec_client import fork, metadata
from voicebot.legs.siprec_metadata import parse
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint

ADA = Party("a", Role.CALLER, 'Ada <&> "Co"', Address.parse("sip:+15550101@people.example"))
BO = Party("b", Role.AGENT, "Bo", Address.parse("sip:7001@people.example"))


def test_the_metadata_says_who_sends_which_stream() -> None:
    found = parse(metadata([ADA, BO], datetime(2026, 11, 28, tzinfo=UTC)))
    people = list(found.participants.values())
    assert [(one.aors, one.name) for one in people] == [
        (("sip:+15550101@people.example",), 'Ada <&> "Co"'),
        (("sip:7001@people.example",), "Bo"),
    ]
    sent = [[found.streams[stream] for stream in found.sends[one.id]] for one in people]
    assert sent == [["1"], ["2"]] and not found.partial and found.session_id


def at(ours: Desk) -> Address:
    return Address.parse(f"sip:desk@{LOOPBACK}:{ours.front.endpoint.port}")


async def test_it_is_known_as_one_and_says_so_in_all_its_answers(clock: MediaClock) -> None:
    async with desk(clock) as (ours, _client):
        endpoint = SipEndpoint(ListenAt("UDP", LOOPBACK, 0))
        await endpoint.start()
        media = MediaOptions(clock, PortRange(*free_ports(20), LOOPBACK, rest_s=0.0), LOOPBACK)
        try:
            call = await fork(endpoint, media, at(ours), [ADA, BO])
            invite = ours.listener.call._call.request
            assert invite.tokens("Require") == ["siprec"] and "+sip.src" in invite.contact[0].params
            told = list[bool]()
            call.on_wanted = lambda: told.append(call.wanted)
            for _ in range(2):
                assert await ours.listener.call.pause()
                assert not call.wanted
                assert await ours.listener.call.resume()
                assert call.wanted
            assert (call.pauses, told) == (2, [False, True, False, True])
            assert {one.label for one in ours.listener.call.info.streams} == {"1", "2"}
            await call.hang_up()
            await until(lambda: ours.listener.ends == ["client"])
        finally:
            await endpoint.close()
        assert media.ports.in_use == 0


async def test_one_that_is_refused_leaves_nothing(clock: MediaClock) -> None:
    async with desk(clock, RecordingOptions(numbers=("another",))) as (ours, _client):
        endpoint = SipEndpoint(ListenAt("UDP", LOOPBACK, 0))
        await endpoint.start()
        media = MediaOptions(clock, PortRange(*free_ports(20), LOOPBACK, rest_s=0.0), LOOPBACK)
        with pytest.raises(LegClosed, match="420"):
            await fork(endpoint, media, at(ours), [ADA, BO])
        await endpoint.close()
        assert media.ports.in_use == 0
