"""The edge of a fleet (deploy/kamailio) with audio through rtpengine: nodes that the trunk does not reach."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from free_port import free_ports
from local_fleet import CALLERS_HOST, EDGE_HOST, kamailio
from media_engine import NO_RTPENGINE, RTPENGINE
from program import connects, free_port
from rtpengine import RtpEngine, rtpengine_running
from talking_bot import Sink, talk, until
from talking_bot import loudest as loudest_of

from voicebot.address import Address
from voicebot.audio import PCMU
from voicebot.legs import LegClosed
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_media import MediaOptions
from voicebot.legs.sip_outgoing import OutgoingSipLeg, dial
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint

ENGINE_PORTS = free_ports(keep=True)
NODE_HOST = "127.0.0.11"
loudest = partial(loudest_of, PCMU)

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(RTPENGINE is None, reason=NO_RTPENGINE),
    pytest.mark.skipif(shutil.which("kamailio") is None, reason="not installed: apt-get install kamailio"),
]


class Node:
    """Answers calls, and talks and listens in them."""

    def __init__(self, clock: MediaClock) -> None:
        self.sink = Sink()
        self.legs: list[SipLeg] = []
        self._answering: set[asyncio.Task[None]] = set()
        media = MediaOptions(clock, PortRange(*free_ports(), NODE_HOST, rest_s=0.0))
        self.port = free_port(NODE_HOST)
        self.front = SipFrontEnd(SipEndpoint(ListenAt("UDP", NODE_HOST, self.port)), self._take, media)

    def _take(self, leg: SipLeg) -> None:
        self.legs.append(leg)
        leg.connect(self.sink)
        self._answering.add(asyncio.ensure_future(self._answer(leg)))

    async def _answer(self, leg: SipLeg) -> None:
        with contextlib.suppress(LegClosed):
            await leg.answer()
            talk(leg)


@pytest.fixture
async def clock() -> AsyncIterator[MediaClock]:
    clock = MediaClock()
    clock.start()
    yield clock
    await clock.close()


@pytest.fixture
async def node(clock: MediaClock) -> AsyncIterator[Node]:
    node = Node(clock)
    await node.front.start()
    yield node
    await node.front.close()


async def calls_in(engine: RtpEngine) -> int:
    """How many calls have audio in rtpengine."""
    return len(await asyncio.to_thread(engine.calls))


async def test_audio_goes_through_rtpengine_both_ways_and_nothing_of_the_call_stays_there(
    clock: MediaClock, node: Node, tmp_path: Path
) -> None:
    gone = free_port(NODE_HOST)
    async with rtpengine_running(tmp_path, EDGE_HOST, ENGINE_PORTS) as engine:
        port = free_port(EDGE_HOST)
        nodes = [f"sip:{NODE_HOST}:{gone}", f"sip:{NODE_HOST}:{node.port}"]  # the next one is tried, too
        edge = kamailio(tmp_path, port, free_port(EDGE_HOST), nodes, engine)
        await edge.start()
        await edge.answering(lambda: connects(EDGE_HOST, port))
        caller = SipEndpoint(ListenAt("UDP", CALLERS_HOST, 0))
        await caller.start()
        media = MediaOptions(clock, PortRange(*free_ports(), CALLERS_HOST, rest_s=0.0), CALLERS_HOST)
        try:
            for _ in nodes:
                async with asyncio.timeout(60):
                    await _call(engine, caller, media, f"sip:bot@{EDGE_HOST}:{port}", node)
        finally:
            await caller.close()
            await edge.end()


async def _call(engine: RtpEngine, caller: SipEndpoint, media: MediaOptions, to: str, node: Node) -> None:
    heard, node.sink = Sink(), Sink()
    leg: OutgoingSipLeg = await dial(caller, media, Address.parse(to), sink=heard)
    talk(leg)
    await until(lambda: loudest(bytes(heard.heard)) > 2000 and loudest(bytes(node.sink.heard)) > 2000)
    await until(lambda: all(_by_engine(each) for each in (leg, node.legs[-1])))
    assert await calls_in(engine) == 1
    await leg.hang_up()
    await until(lambda: node.sink.ends)
    async with asyncio.timeout(20):
        while await calls_in(engine):
            await asyncio.sleep(0.05)


def _by_engine(leg: SipLeg) -> bool:
    """Whether its audio comes by way of rtpengine."""
    target = leg._session.rtp._path.source.target
    low, high = ENGINE_PORTS
    return target is not None and low <= target[1] <= high
