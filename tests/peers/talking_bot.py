"""Our side of calls with real phones: a bot that answers and talks, and a sink that keeps what a leg delivers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from voicebot.audio import AudioFormat
from voicebot.certificate import self_signed_pem
from voicebot.events import Event
from voicebot.legs import LegClosed
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_incoming import IncomingSipLeg
from voicebot.legs.sip_media import MediaOptions, MediaPreferences
from voicebot.rtp import Clip, MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint, TlsOptions
from voicebot.speech import apology


class Sink:
    """What a leg delivers."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.packets = 0
        self.keys: list[str] = []
        self.facts: list[type[Event]] = []
        self.ends: list[str] = []

    def frame(self, payload: bytes, at: float) -> None:
        self.heard += payload

    def sent(self, payload: bytes, at: float) -> None:
        self.packets += 1

    def key(self, key: str, at: float) -> None:
        self.keys.append(key)

    def fact(self, event: Event) -> None:
        self.facts.append(type(event))

    def ended(self, reason: str, at: float) -> None:
        self.ends.append(reason)


class Bot:
    """Answers each call at once, and talks."""

    def __init__(self, listen: Sequence[ListenAt], ports: PortRange, certificate: Path) -> None:
        self.clock = MediaClock()
        self.sinks: list[Sink] = []
        self.legs: list[IncomingSipLeg] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.front = SipFrontEnd(
            SipEndpoint(*listen, tls=TlsOptions(certificate=certificate)),
            self.take,
            MediaOptions(self.clock, ports, preferences=MediaPreferences(srtp="allowed")),
        )

    def take(self, leg: IncomingSipLeg) -> None:
        self.legs.append(leg)
        self.sinks.append(Sink())
        leg.connect(self.sinks[-1])
        leg.ring()
        task = asyncio.ensure_future(self._answer(leg))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, leg: IncomingSipLeg) -> None:
        with contextlib.suppress(LegClosed):
            await leg.answer()
            talk(leg)


@asynccontextmanager
async def bot_at(listen: Sequence[ListenAt], ports: PortRange, certificate: Path) -> AsyncIterator[Bot]:
    """A running bot, whose self-signed certificate is in the file ``certificate`` then."""
    await asyncio.to_thread(certificate.write_bytes, self_signed_pem(listen[0].host))
    bot = Bot(listen, ports, certificate)
    bot.clock.start()
    await bot.front.start()
    yield bot
    await bot.front.close()
    await bot.clock.close()


def talk(leg: IncomingSipLeg) -> None:
    """Say something for longer than any test lasts."""
    clip = Clip(1, leg.info.audio)
    clip.feed(apology("speech-service", leg.info.audio) * 4)
    clip.finish()
    leg.playout.append(clip)


def loudest(audio: AudioFormat, heard: bytes) -> int:
    return int(np.abs(audio.decode(heard).astype(int)).max(initial=0))


async def until(holds: Callable[[], object], within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.01)
