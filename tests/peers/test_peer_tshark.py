"""Wireshark's RTP analysis of a capture on loopback, beside our own figures of the same call."""

from __future__ import annotations

import asyncio
import random
import shutil
import socket
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from free_port import free_ports

from voicebot.audio import PCMU
from voicebot.audio.codecs import CODECS
from voicebot.rtp import Clip, MediaClock, PortRange, RtpSession
from voicebot.rtp.packet import RtpPacket
from voicebot.rtp.rtcp import Reception

TSHARK = shutil.which("tshark")
LOOPBACK = "127.0.0.1"
DEADLINE_S = 20.0
PACKETS = 250
LOST = {40, 41, 99, 180, 181, 182}
JITTER_S = (0.0, 0.0, 0.0, 0.004, 0.008)


pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(TSHARK is None, reason="tshark is not installed: apt-get install tshark"),
]


class Listener:
    """A sink that needs nothing of what it is given."""

    def frame(self, payload: bytes, at: float) -> None:
        pass

    def sent(self, payload: bytes, at: float) -> None:
        pass

    def key(self, key: str, at: float) -> None:
        pass

    def media_timeout(self, at: float) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Stream:
    """One line of ``tshark -z rtp,streams``; times in milliseconds."""

    packets: int
    lost: int
    min_delta: float
    mean_delta: float
    max_delta: float
    min_jitter: float
    mean_jitter: float
    max_jitter: float


def tshark(capture: Path, *arguments: str) -> list[list[str]]:
    """What tshark prints about a capture: lines of fields."""
    assert TSHARK is not None
    argv = [TSHARK, "-r", str(capture), *arguments]
    text = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30).stdout
    return [line.split() for line in text.splitlines()]


def streams(capture: Path, *ports: int) -> dict[int, Stream]:
    """By the destination's port."""
    found = {}
    for fields in tshark(capture, "-q", *_as_rtp(ports), "-z", "rtp,streams"):
        if len(fields) < 17 or fields[2] != LOOPBACK:
            continue
        # start, end, source and port, destination and port, SSRC, codec, packets, lost and its share, delta, jitter
        times = [float(field) for field in fields[11:17]]
        found[int(fields[5])] = Stream(int(fields[8]), int(fields[9]), *times)
    return found


def arrivals(capture: Path, port: int) -> list[tuple[int, int, float]]:
    """Sequence number, timestamp and time of each RTP packet to ``port``."""
    fields = ["rtp.seq", "rtp.timestamp", "frame.time_epoch"]
    wanted = [argument for field in fields for argument in ("-e", field)]
    lines = tshark(capture, *_as_rtp([port]), "-Y", f"rtp && udp.dstport=={port}", "-T", "fields", *wanted)
    return [(int(sequence), int(timestamp), float(at)) for sequence, timestamp, at in lines]


def _as_rtp(ports: Sequence[int]) -> list[str]:
    return [argument for port in ports for argument in ("-d", f"udp.port=={port},rtp")]


class Tap:
    """A running capture on loopback. ``packets`` have been written by now, and ``probes`` to the port ``probed``."""

    def __init__(self, process: asyncio.subprocess.Process, probed: int) -> None:
        self.packets = self.probes = 0
        self._probed = f" {probed} ".encode()
        self._process = process
        self._counting = asyncio.create_task(self._count())

    async def _count(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            if self._probed in line:
                self.probes += 1
            else:
                self.packets += 1

    async def until(self, packets: int) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while self.packets < packets:
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()
        await self._counting


async def tap(capture: Path, condition: str) -> Tap:
    """Begin to capture what ``condition`` (a capture filter) lets through; returns when it really does."""
    assert TSHARK is not None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, 0))
        probe.connect(probe.getsockname())
        probed = probe.getsockname()[1]
        condition = f"({condition}) or udp port {probed}"
        process = await asyncio.create_subprocess_exec(
            TSHARK, "-i", "lo", "-f", condition, "-w", str(capture), "-P", "-l", "-n",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stderr is not None
        while b"Capturing" not in (line := await asyncio.wait_for(process.stderr.readline(), DEADLINE_S)):
            if not line:
                pytest.skip("tshark may not capture on lo: run as root or with CAP_NET_RAW")
        running = Tap(process, probed)
        async with asyncio.timeout(DEADLINE_S):
            while not running.probes:  # it says so a little before it does
                probe.send(b"")
                await asyncio.sleep(0.05)
        return running


async def _sender(target: tuple[str, int], sock: socket.socket) -> None:
    """A phone with some jitter that loses some packets on the way."""
    chance, loop = random.Random(4), asyncio.get_running_loop()
    began = loop.time()
    for number in range(PACKETS):
        await asyncio.sleep(max(0.0, began + number * 0.02 + chance.choice(JITTER_S) - loop.time()))
        if number not in LOST:
            sock.sendto(RtpPacket(0, number == 0, number, 160 * number, 9, bytes([number]) * 160).build(), target)


async def test_tshark_counts_and_times_as_we_do(tmp_path: Path) -> None:
    clock = MediaClock()
    clock.start()
    session = RtpSession.open(
        clock=clock, ports=PortRange(*free_ports(), LOOPBACK), codec=CODECS["PCMU"], payload_type=0, sink=Listener()
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind((LOOPBACK, 0))
        far, near = phone.getsockname()[1], session.local_port
        capture = tmp_path / "call.pcap"
        running = await tap(capture, f"udp port {near} and udp port {far}")
        try:
            clip = Clip(1, PCMU)
            clip.feed(random.randbytes(8000 * 10))
            clip.finish()
            session.playout.append(clip)
            session.set_remote(LOOPBACK, far)
            await _sender((LOOPBACK, near), phone)
            async with asyncio.timeout(DEADLINE_S):
                while session.quality().packets_received < PACKETS - len(LOST):
                    await asyncio.sleep(0.02)
            await session.close()
            await running.until(PACKETS - len(LOST) + session.quality().packets_sent)
        finally:
            await running.close()
            await session.close()
            await clock.close()
    ours = session.quality()
    found = await asyncio.to_thread(streams, capture, near, far)
    heard, said = found[near], found[far]
    assert (heard.packets, heard.lost) == (ours.packets_received, ours.lost) == (PACKETS - len(LOST), len(LOST))
    assert said.packets == ours.packets_sent
    assert said.lost == 0
    assert abs(said.mean_delta - 20) < 0.5
    came = await asyncio.to_thread(arrivals, capture, near)
    reception = Reception(9, 0)
    jitters_ms = []
    for sequence, timestamp, at in came:
        reception.packet(sequence, timestamp, at)
        jitters_ms.append(reception.jitter_ms)
    assert max(jitters_ms) == pytest.approx(heard.max_jitter, abs=0.01)
    assert statistics.mean(jitters_ms) == pytest.approx(heard.mean_jitter, abs=0.05)
    left = [at for _, _, at in await asyncio.to_thread(arrivals, capture, far)]
    deviations_ms = [abs(after - before - 0.02) * 1000 for before, after in pairwise(left)]
    assert ours.send_deviation_p50_ms == pytest.approx(statistics.median(deviations_ms), abs=1)
