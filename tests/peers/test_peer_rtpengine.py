"""rtpengine between baresip and us, in user space: audio both ways, hold and resume, and the end."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from baresip_phone import NO_BARESIP, baresip, has_baresip
from free_port import free_port, free_ports
from registrar import KAMAILIO, LOOPBACK, NO_KAMAILIO, kamailio_running
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

RTPENGINE = shutil.which("rtpengine")
ENGINE_PORTS = free_ports(keep=True)
DEADLINE_S = 20.0

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(RTPENGINE is None, reason="rtpengine is not installed: apt-get install rtpengine-daemon"),
    pytest.mark.skipif(KAMAILIO is None, reason=NO_KAMAILIO),
    pytest.mark.skipif(not has_baresip(), reason=NO_BARESIP),
    pytest.mark.skipif(not has_asterisk(), reason=NO_RECORDINGS),
]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[int]:
    """A running rtpengine; the port of its control protocol."""
    assert RTPENGINE is not None
    port, (low, high) = free_port(), ENGINE_PORTS
    argv = [RTPENGINE, "--foreground", "--table=-1", f"--interface={LOOPBACK}", f"--listen-ng={LOOPBACK}:{port}"]
    argv += [f"--port-min={low}", f"--port-max={high}", "--log-stderr", "--log-level=4", "--num-threads=1"]
    with (tmp_path / "rtpengine.log").open("wb") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log, cwd=tmp_path)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            control.settimeout(0.1)
            control.connect((LOOPBACK, port))
            until = time.monotonic() + DEADLINE_S
            while True:
                try:
                    control.send(b"1 d7:command4:pinge")
                    assert b"pong" in control.recv(200)
                    break
                except OSError:
                    assert process.poll() is None and time.monotonic() < until, (tmp_path / "rtpengine.log").read_text()
                    time.sleep(0.05)
        yield port
        assert process.poll() is None, (tmp_path / "rtpengine.log").read_text()[-2000:]
    finally:
        process.terminate()
        process.wait(10)


loudest = partial(loudest_of, PCMU)


async def test_audio_goes_both_ways_through_rtpengine(engine: int, tmp_path: Path) -> None:
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
    replaced = {"BOT": str(front.endpoint.port), "ENGINE": str(engine)}
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
