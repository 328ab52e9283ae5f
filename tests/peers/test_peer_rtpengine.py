"""rtpengine between baresip and us, in user space: audio both ways, hold and resume, and the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from baresip_phone import NO_BARESIP, baresip, has_baresip
from free_port import free_ports
from media_engine import NO_RTPENGINE, RTPENGINE
from registrar import KAMAILIO, LOOPBACK, NO_KAMAILIO, kamailio_running
from rtpengine import RtpEngine, rtpengine_running
from talking_bot import Sink, talk, until
from talking_bot import loudest as loudest_of

from bench.recordings import ASTERISK, NO_RECORDINGS, has_asterisk
from voicebot.audio import PCMU
from voicebot.caller.wav import read_wav
from voicebot.legs import LegClosed
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_media import MediaOptions
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint

ENGINE_PORTS = free_ports(keep=True)

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(RTPENGINE is None, reason=NO_RTPENGINE),
    pytest.mark.skipif(KAMAILIO is None, reason=NO_KAMAILIO),
    pytest.mark.skipif(not has_baresip(), reason=NO_BARESIP),
    pytest.mark.skipif(not has_asterisk(), reason=NO_RECORDINGS),
]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[RtpEngine]:
    async with rtpengine_running(tmp_path, LOOPBACK, ENGINE_PORTS) as engine:
        yield engine


loudest = partial(loudest_of, PCMU)


async def test_audio_goes_both_ways_through_rtpengine(engine: RtpEngine, tmp_path: Path) -> None:
    clock, sink, legs = MediaClock(), Sink(), list[SipLeg]()
    answering: set[asyncio.Task[None]] = set()

    async def answer(leg: SipLeg) -> None:
        with contextlib.suppress(LegClosed):
            await leg.answer()
            talk(leg)

    def take(leg: SipLeg) -> None:
        legs.append(leg)
        leg.connect(sink)
        answering.add(asyncio.ensure_future(answer(leg)))

    media = MediaOptions(clock, PortRange(*free_ports(), LOOPBACK, rest_s=0.0))
    front = SipFrontEnd(SipEndpoint(ListenAt(port=0)), take, media)
    clock.start()
    await front.start()
    replaced = {"BOT": str(front.endpoint.port), "ENGINE": str(engine.port)}
    account = f"<sip:phone@{LOOPBACK}>;regint=0;audio_codecs=pcmu"
    try:
        with kamailio_running(tmp_path, "rtpengine.cfg", replaced) as proxy:
            async with baresip(tmp_path / "phone", account, source=f"aufile,{ASTERISK}/vm-options.wav") as phone:
                phone.tell("dial", f"sip:bot@{LOOPBACK}:{proxy}")
                await phone.hears_of("CALL_ESTABLISHED")
                leg = legs[0]
                await until(lambda: loudest(bytes(sink.heard)) > 2000)
                low, high = ENGINE_PORTS
                target = leg._session.rtp._path.source.target
                assert target is not None and low <= target[1] <= high, "the audio comes by way of rtpengine"
                phone.tell("sndcode", "7")
                await until(lambda: sink.keys == ["7"])
                phone.tell("hold")
                await asyncio.sleep(0.4)
                packets = sink.packets
                phone.tell("resume")
                await until(lambda: sink.packets > packets + 20)
                assert leg.quality().lost == 0
                await leg.hang_up()
                await phone.hears_of("CALL_CLOSED")
            assert sink.ends == ["bot"]
            assert loudest(read_wav(phone.recording(), PCMU)) > 2000, "the phone heard us"
    finally:
        await front.close()
        await clock.close()
