"""Recording sessions: the requests of real recording clients, what they are answered, and who is heard in them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from conftest import settle
from free_port import free_ports
from leg_ends import LOOPBACK
from recording_client import RecordingClient

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
    await settle()
    assert media.ports.in_use == 0
    assert all(len(one.ends) == 1 for one in made.listeners)


def answered(response: SipResponse) -> list[tuple[bool, str, str, str]]:
    """Each media line of an answer: whether it is served, its formats, direction and label."""
    session = session_in(response)
    assert session is not None
    return [(bool(one.port), " ".join(one.formats), one.direction or "", one.label) for one in session.media]


ALL = "0 8 101"


@pytest.mark.parametrize(
    ("sample", "lines", "who"),
    [
        ("as_the_rfc_says", [(True, ALL, "recvonly", "96"), (True, ALL, "recvonly", "98")], {}),
    ],
)
async def test_it_is_answered_at_once(
    clock: MediaClock, sample: str, lines: list[tuple[bool, str, str, str]], who: dict[int, tuple[str, str, bool]]
) -> None:
    async with desk(clock) as (ours, client):
        response = await client.send(sample)
        assert response.status == 200
        print(bytes(response).decode())
        assert answered(response) == lines
        (listener,) = ours.listeners
        print(listener.who)
        ports = [one.port for one in session_in(response).media]
        await client.speak(ports, [0x11, 0x22])
        print(listener.heard, listener.frames)
        pausing = asyncio.ensure_future(listener.call.pause())
        print(await pausing, client.offered, client.asked)
        print(await listener.call.resume(), client.offered, client.asked)
        await client.speak(ports, [0x33, 0x44])
        print(listener.heard, listener.frames)
        r = await client.send("then_metadata_only")
        print(r.status, listener.who)
        await client.bye()
        print(listener.ends)
    assert 0
