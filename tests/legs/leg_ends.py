"""The two ends of a SIP call on loopback: a front end that answers, and a caller's endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from free_port import free_ports

from voicebot.address import Address
from voicebot.audio import PCMU
from voicebot.audio.codecs import all_named
from voicebot.events import Event
from voicebot.legs import Claim
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_incoming import IncomingSipLeg
from voicebot.legs.sip_media import MediaOptions, MediaPreferences
from voicebot.legs.siprec import RecordingOptions
from voicebot.rtp import Clip, MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint
from voicebot.sip.offer_answer import Srtp

LOOPBACK = "127.0.0.1"
DEADLINE_S = 20.0
NOBODY, _ = free_ports(2, keep=True)
"""A port that is in an offer, and where nobody is."""


class Sink:
    """Collects what a leg delivers; ``heard`` becomes true with the first frame that is not silence."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.facts: list[Event] = []
        self.frames = 0
        self.after_end = 0
        self.heard = asyncio.Event()
        self.pressed = asyncio.Event()
        self.over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.silences = {bytes([b]) * 160 for b in (0xFF, 0xD5, 0x7F, 0x55)}
        self.sounds: list[bytes] = []

    def frame(self, payload: bytes, at: float) -> None:
        self.frames += 1
        self.after_end += self.over.done()
        if payload not in self.silences and payload.strip(b"\0"):
            self.sounds.append(payload)
            self.heard.set()

    def sent(self, payload: bytes, at: float) -> None:
        self.after_end += self.over.done()

    def key(self, key: str, at: float) -> None:
        self.keys.append(key)
        self.pressed.set()

    def fact(self, event: Event) -> None:
        self.facts.append(event)

    def ended(self, reason: str, at: float) -> None:
        self.over.set_result(reason)

    async def reason(self) -> str:
        async with asyncio.timeout(DEADLINE_S):
            return await asyncio.shield(self.over)


class Answerer:
    """A front end whose legs are answered at once; ``legs`` and ``sinks`` in the order of the calls."""

    def __init__(
        self,
        clock: MediaClock,
        preferences: MediaPreferences | None = None,
        *,
        ports: PortRange | None = None,
        silence_timeout_s: float = 30.0,
        trunks: Mapping[str, MediaPreferences] | None = None,
        recordings: RecordingOptions | None = None,
        limit: int = 100,
        admits: Callable[[int], bool] = lambda _: True,
        share: Callable[[str], Awaitable[Claim | None]] | None = None,
        endpoint: SipEndpoint | None = None,
    ) -> None:
        self.legs: list[IncomingSipLeg] = []
        self.sinks: list[Sink] = []
        self.answer = True
        self.came = asyncio.Event()
        self.ports = ports or PortRange(*free_ports(), LOOPBACK, rest_s=0.0)
        self.tasks: set[asyncio.Task[None]] = set()
        media = MediaOptions(
            clock, self.ports, preferences=preferences or MediaPreferences(), silence_timeout_s=silence_timeout_s
        )
        self.front = SipFrontEnd(
            endpoint or SipEndpoint(ListenAt(port=0)),
            self.take,
            media,
            trunks=trunks,
            recordings=recordings,
            limit=limit,
            admits=admits,
            share=share,
        )

    def take(self, leg: IncomingSipLeg) -> None:
        sink = Sink()
        leg.connect(sink)
        self.legs.append(leg)
        self.sinks.append(sink)
        leg.ring()
        if self.answer:
            task = asyncio.get_running_loop().create_task(leg.answer())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
            task.add_done_callback(lambda done: done.exception())
        self.came.set()

    @property
    def uri(self) -> str:
        return f"sip:bot@{LOOPBACK}:{self.front.endpoint.port}"

    @property
    def address(self) -> Address:
        return Address.parse(self.uri)


class Line:
    """A caller's endpoint and its media."""

    def __init__(self, clock: MediaClock, endpoint: SipEndpoint | None = None) -> None:
        self.clock = clock
        self.ports = PortRange(*free_ports(), LOOPBACK, rest_s=0.0)
        self.endpoint = endpoint or SipEndpoint(ListenAt(port=0))
        self.media = MediaOptions(clock, self.ports, LOOPBACK)

    def codecs(self, *names: str) -> MediaOptions:
        return replace(self.media, preferences=MediaPreferences(codecs=all_named(names)))

    def srtp(self, srtp: Srtp) -> MediaOptions:
        return replace(self.media, preferences=MediaPreferences(srtp=srtp))


def tone(leg: SipLeg) -> None:
    clip = Clip(1, PCMU)
    clip.feed(bytes(range(160)) * 10)
    clip.finish()
    leg.playout.append(clip)
