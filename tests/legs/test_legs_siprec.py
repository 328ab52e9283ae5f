"""Recording sessions: the requests of real recording clients, what they are answered, and who is heard in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from free_port import free_ports
from leg_ends import LOOPBACK
from recording_client import SAMPLES, RecordingClient
from waiting import until

from voicebot.audio.codecs import all_named
from voicebot.legs.recorded import RecordedInfo
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_incoming import IncomingSipLeg
from voicebot.legs.sip_media import MediaOptions, MediaPreferences
from voicebot.legs.siprec import RecordingOptions, SiprecCall
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip import AgentOptions, ListenAt, SipEndpoint, SipResponse
from voicebot.sip.body import session_in

DESK = RecordingOptions(numbers=("desk",))


class Listener:
    """The sink of one call."""

    def __init__(self, call: SiprecCall) -> None:
        self.call = call
        self.told: list[RecordedInfo] = [call.info]
        self.heard: defaultdict[int, set[int]] = defaultdict(set)
        """By stream: the bytes that its frames are made of."""
        self.frames = 0
        self.ends: list[str] = []
        call.connect(self)

    def frame(self, stream: int, payload: bytes, at: float) -> None:
        assert not self.ends
        self.frames += 1
        if len(set(payload)) == 1:
            self.heard[stream].add(payload[0])

    def changed(self, info: RecordedInfo, at: float) -> None:
        assert not self.ends
        assert info != self.told[-1] and info == self.call.info
        self.told.append(info)

    def ended(self, reason: str, at: float) -> None:
        self.ends.append(reason)

    @property
    def who(self) -> dict[int, tuple[str, str, bool]]:
        """By stream: who speaks in it, in which role, and whether anything is to be heard."""
        info = self.call.info
        people = {party.key: party for party in info.parties}
        return {
            one.number: (people[one.party].name, people[one.party].role, one.active)
            if one.party
            else ("", "", one.active)
            for one in info.streams
        }


class Desk:
    def __init__(self, clock: MediaClock, recordings: RecordingOptions, media: MediaOptions) -> None:
        self.listeners: list[Listener] = []
        self.legs: list[IncomingSipLeg] = []
        self.ports = media.ports
        endpoint = SipEndpoint(ListenAt(port=0), options=AgentOptions(records=recordings.takes))
        self.front = SipFrontEnd(endpoint, self.legs.append, media, on_recorded=self.recorded, recordings=recordings)

    def recorded(self, call: SiprecCall) -> None:
        self.listeners.append(Listener(call))


@asynccontextmanager
async def desk(
    clock: MediaClock, recordings: RecordingOptions = DESK, *, ports: int = 100, silence_timeout_s: float = 30.0
) -> AsyncIterator[tuple[Desk, RecordingClient]]:
    """A front end that takes recording sessions, and a client."""
    everything = MediaPreferences(codecs=all_named(["PCMU", "PCMA", "G722", "opus"]))
    media = MediaOptions(
        clock,
        PortRange(*free_ports(ports), LOOPBACK, rest_s=0.0),
        preferences=everything,
        silence_timeout_s=silence_timeout_s,
    )
    made = Desk(clock, recordings, media)
    await made.front.start()
    async with RecordingClient((LOOPBACK, made.front.endpoint.port)) as client:
        yield made, client
    await made.front.close()
    await until(lambda: media.ports.in_use == 0)
    assert all(len(one.ends) == 1 for one in made.listeners)


def answered(response: SipResponse) -> list[tuple[bool, str, str, str]]:
    """Each media line of an answer: whether it is served, its formats, direction and label."""
    session = session_in(response)
    assert session is not None
    return [(bool(one.port), " ".join(one.formats), one.direction or "", one.label) for one in session.media]


def ports_of(response: SipResponse) -> list[int]:
    """Our ports in an answer."""
    session = session_in(response)
    assert session is not None
    return [one.port for one in session.media]


ALL = "0 8 101"
ADA, BO, CY = ("Ada Caller", "caller"), ("Bo Agent", "agent"), ("Cy Agent", "agent")
FIRST = {
    "as_the_rfc_says": ([(True, ALL, "recvonly", "96"), (True, ALL, "recvonly", "98")], [ADA, BO]),
    "without_require": ([(True, ALL, "recvonly", "96"), (True, ALL, "recvonly", "98")], [ADA, BO]),
    "oracle": (
        [(True, "0", "recvonly", "16777227"), (True, "0", "recvonly", "16777228")],
        [("+15550101", "caller"), ("7001", "agent")],
    ),
    "cisco_cube": ([(True, "0 101", "recvonly", "96"), (True, "0 101", "recvonly", "98")], [ADA, ("", "agent")]),
    "cisco_network_based": (
        [(True, ALL, "recvonly", ""), (True, ALL, "recvonly", "")],
        [("", "caller"), ("", "agent")],
    ),
    "ribbon": ([(True, ALL, "recvonly", "96"), (True, ALL, "recvonly", "98")], [ADA, BO]),
    "broadworks": ([(True, ALL, "recvonly", "1"), (True, ALL, "recvonly", "2")], [("", "agent"), ("", "caller")]),
    "audiocodes": ([(True, ALL, "recvonly", "1"), (True, ALL, "recvonly", "2")], [("", "caller"), ("", "agent")]),
    "opensips": ([(True, "8 101", "recvonly", "0"), (True, "8 101", "recvonly", "1")], [ADA, BO]),
    "begins_inactive": ([(True, ALL, "inactive", "96"), (True, ALL, "inactive", "98")], [ADA, BO]),
    "sdes": ([(True, ALL, "recvonly", "96"), (True, ALL, "recvonly", "98")], [ADA, BO]),
    "one_mixed_stream": ([(True, ALL, "recvonly", "96")], [("", "")]),
}
"""What each client begins with: the lines of our answer, and who speaks in which stream."""
THEN = {
    "then_metadata_only": (None, {0: (*ADA, True), 1: (*CY, True)}),
    "then_hold": (
        [(True, ALL, "inactive", "96"), (True, ALL, "inactive", "98")],
        {0: (*ADA, False), 1: (*BO, False)},
    ),
    "then_hold_by_zeros": (
        [(True, ALL, "inactive", "96"), (True, ALL, "inactive", "98")],
        {0: (*ADA, False), 1: (*BO, False)},
    ),
    "then_another_agent": (
        [(True, ALL, "recvonly", "96"), (True, ALL, "recvonly", "98")],
        {0: (*ADA, True), 1: (*CY, True)},
    ),
    "then_a_third_stream": (
        [(True, ALL, "recvonly", "96"), (False, "0", "", ""), (True, ALL, "recvonly", "99")],
        {0: (*ADA, True), 2: (*BO, True)},
    ),
}
"""What follows: the lines of our answer, None if it is to have none, and who speaks in which stream from then on."""


def test_each_sample_is_in_a_table() -> None:
    assert {path.stem for path in SAMPLES.glob("*.sip")} == {*FIRST, *THEN}


@pytest.mark.parametrize("sample", FIRST)
async def test_each_client_is_answered_at_once_and_its_voices_are_told_apart(clock: MediaClock, sample: str) -> None:
    lines, people = FIRST[sample]
    async with desk(clock) as (ours, client):
        response = await client.send(sample)
        assert (response.status, answered(response)) == (200, lines)
        assert response.contact[0].params == {"+sip.srs": None}
        (listener,) = ours.listeners
        active = "inactive" not in {direction for _served, _formats, direction, _label in lines}
        assert listener.who == {number: (*person, active) for number, person in enumerate(people)}
        assert (await client.bye()).status == 200
        assert listener.ends == ["client"] and not ours.legs


@pytest.mark.parametrize("sample", THEN)
async def test_what_follows_is_answered_anew(clock: MediaClock, sample: str) -> None:
    lines, who = THEN[sample]
    async with desk(clock) as (ours, client):
        await client.send("as_the_rfc_says")
        response = await client.send(sample)
        assert response.status == 200 and (answered(response) if response.body else None) == lines
        (listener,) = ours.listeners
        await until(lambda: listener.who == who)
        await client.bye()


async def test_each_voice_comes_as_that_of_its_party(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        ports = ports_of(await client.send("broadworks"))
        await client.speak(ports, [0x11, 0x22])
        (listener,) = ours.listeners
        await until(lambda: listener.heard == {0: {0x11}, 1: {0x22}})
        assert [quality.packets_received for quality in listener.call.quality()] == [25, 25]
        await client.bye()
