"""Wireshark's RTP analysis of a capture on loopback, beside our own figures of the same call."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from voicebot.audio import PCMU
from voicebot.audio.codecs import CODECS
from voicebot.rtp import Clip, MediaClock, PortRange, RtpSession
from voicebot.rtp.packet import RtpPacket

TSHARK = shutil.which("tshark")
LOOPBACK = "127.0.0.1"
PACKETS = 250
LOST = {40, 41, 99, 180, 181, 182}
JITTER_S = (0.0, 0.0, 0.0, 0.004, 0.008)


pytestmark = [
    pytest.mark.peer,
    pytest.mark.alone,
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


def streams(capture: Path, *ports: int) -> dict[int, Stream]:
    """By the destination's port."""
    assert TSHARK is not None
    decode = [argument for port in ports for argument in ("-d", f"udp.port=={port},rtp")]
    argv = [TSHARK, "-r", str(capture), "-q", *decode, "-z", "rtp,streams"]
    text = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30).stdout
    found = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 17 or fields[2] != LOOPBACK:
            continue
        # start, end, source and port, destination and port, SSRC, codec, packets, lost and its share, delta, jitter
        times = [float(field) for field in fields[11:17]]
        found[int(fields[5])] = Stream(int(fields[8]), int(fields[9]), *times)
    return found


async def _sender(target: tuple[str, int], sock: socket.socket) -> None:
    """A phone with some jitter that loses some packets on the way."""
    chance, loop = random.Random(4), asyncio.get_running_loop()
    began = loop.time()
    for number in range(PACKETS):
        await asyncio.sleep(max(0.0, began + number * 0.02 + chance.choice(JITTER_S) - loop.time()))
        if number not in LOST:
            sock.sendto(RtpPacket(0, number == 0, number, 160 * number, 9, bytes([number]) * 160).build(), target)


async def test_tshark_counts_and_times_as_we_do(tmp_path: Path) -> None:
    assert TSHARK is not None
    clock = MediaClock()
    clock.start()
    first = 24000 + os.getpid() % 100 * 20
    session = await RtpSession.open(
        clock=clock, ports=PortRange(first, first + 19, LOOPBACK), codec=CODECS["PCMU"], payload_type=0, sink=Listener()
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind((LOOPBACK, 0))
        far, near = phone.getsockname()[1], session.local_port
        capture = tmp_path / "call.pcap"
        tap = await asyncio.create_subprocess_exec(
            TSHARK, "-q", "-i", "lo", "-f", f"udp port {near} and udp port {far}", "-w", str(capture),
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            assert tap.stderr is not None
            while b"Capturing" not in (line := await asyncio.wait_for(tap.stderr.readline(), 20)):
                if not line:
                    pytest.skip("tshark may not capture on lo: run as root or with CAP_NET_RAW")
            await asyncio.sleep(1.0)  # "Capturing" is said a little before it is so
            clip = Clip(1, PCMU)
            clip.feed(random.randbytes(8000 * 10))
            clip.finish()
            session.playout.append(clip)
            session.set_remote(LOOPBACK, far)
            await _sender((LOOPBACK, near), phone)
            await asyncio.sleep(0.2)
            await session.close()
            await asyncio.sleep(1.0)  # what the kernel holds back for the capture
        finally:
            if tap.returncode is None:
                tap.terminate()
            await tap.wait()
            await session.close()
            await clock.close()
    ours = session.quality()
    found = await asyncio.to_thread(streams, capture, near, far)
    heard, said = found[near], found[far]
    assert (heard.packets, heard.lost) == (ours.packets_received, ours.lost) == (PACKETS - len(LOST), len(LOST))
    assert said.packets == ours.packets_sent
    assert said.lost == 0
    # RFC 3550's jitter moves with each packet: the last value lies near the mean, and never above the greatest.
    assert heard.mean_jitter / 3 < ours.jitter_ms < heard.max_jitter + 1
    assert ours.send_deviation_max_ms is not None
    assert abs(max(said.max_delta - 20, 20 - said.min_delta) - ours.send_deviation_max_ms) < 5
    assert abs(said.mean_delta - 20) < 0.2
