"""A front end that takes recording sessions, a client of it, and what comes of its calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from free_port import LOOPBACK, free_ports
from recording_client import RecordingClient
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
from voicebot.sip.offer_answer import Srtp

DESK = RecordingOptions(numbers=("desk",))


class Listener:
    """The sink of one call."""

    def __init__(self, call: SiprecCall) -> None:
        self.call = call
        self.told: list[RecordedInfo] = [call.info]
        self.heard: defaultdict[int, set[int]] = defaultdict(set)
        """By stream: the bytes that its frames are made of, but for silence."""
        self.audio: defaultdict[int, bytearray] = defaultdict(bytearray)
        self.frames = 0
        self.ends: list[str] = []
        call.connect(self)

    def frame(self, stream: int, payload: bytes, at: float) -> None:
        assert not self.ends
        self.frames += 1
        self.audio[stream] += payload
        if len(set(payload)) == 1 and payload[0] != 0xFF:
            self.heard[stream].add(payload[0])

    def changed(self, info: RecordedInfo, at: float) -> None:
        assert not self.ends
        assert info != self.told[-1] and info == self.call.info
        self.told.append(info)

    def ended(self, reason: str, at: float) -> None:
        self.ends.append(reason)

    @property
    def who(self) -> dict[int, tuple[str, str, bool]]:
        return self.who_in(self.call.info)

    @staticmethod
    def who_in(info: RecordedInfo) -> dict[int, tuple[str, str, bool]]:
        """By stream: who speaks in it, in which role, and whether anything is to be heard."""
        people = {party.key: (party.name, str(party.role)) for party in info.parties}
        return {one.number: (*people.get(one.party, ("", "")), one.active) for one in info.streams}


class Desk:
    """``listeners``: the sinks of recording sessions; ``legs``: calls that are none."""

    def __init__(self, recordings: RecordingOptions, media: MediaOptions, limit: int) -> None:
        self.listeners: list[Listener] = []
        self.legs: list[IncomingSipLeg] = []
        endpoint = SipEndpoint(ListenAt(port=0), options=AgentOptions(records=recordings.takes))
        self.front = SipFrontEnd(
            endpoint, self._leg, media, on_recorded=self._recorded, recordings=recordings, limit=limit
        )

    @property
    def listener(self) -> Listener:
        """The only one."""
        (listener,) = self.listeners
        return listener

    def _leg(self, leg: IncomingSipLeg) -> None:
        self.legs.append(leg)
        leg.reject(486, "Busy Here")

    def _recorded(self, call: SiprecCall) -> None:
        self.listeners.append(Listener(call))


@asynccontextmanager
async def desk(
    clock: MediaClock,
    recordings: RecordingOptions = DESK,
    *,
    ports: int = 100,
    silence_timeout_s: float = 30.0,
    srtp: Srtp = "allowed",
    limit: int = 100,
) -> AsyncIterator[tuple[Desk, RecordingClient]]:
    """A front end that takes recording sessions, and a client."""
    everything = MediaPreferences(codecs=all_named(["PCMU", "PCMA", "G722", "opus"]), srtp=srtp)
    media = MediaOptions(
        clock,
        PortRange(*free_ports(ports), LOOPBACK, rest_s=0.0),
        preferences=everything,
        silence_timeout_s=silence_timeout_s,
    )
    made = Desk(recordings, media, limit)
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
