"""How evenly the media engine sends, and what a call costs it: measured on the wire.

A child process runs the engine as the call process does (uvloop, one clock, N sessions that play speech). This process
is the far end of all of them: it sends each leg a packet every 20 ms, and takes the kernel's time stamp of each packet
that comes back. So what is printed is what a phone would see, the sender's system calls included.

    python bench/rtp_pacing.py --legs 100 --seconds 10

The far end shares the machine's cores with the engine; its own lateness in sending is printed too.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import resource
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from array import array
from itertools import pairwise

import uvloop

from voicebot.rtp import Clip, MediaClock, PortRange, RtpSession
from voicebot.rtp.packet import RtpPacket

FIRST_PORT = 20000
SO_TIMESTAMPNS = 35  # Linux; the socket module does not name it
TIMESPEC = struct.Struct("@ll")


class Recogniser:
    """Takes frames as the speech client would, at no cost: the engine alone is measured."""

    __slots__ = ("frames",)

    def __init__(self) -> None:
        self.frames = 0

    def frame(self, payload: bytes, at: float) -> None:
        self.frames += 1

    def sent(self, payload: bytes, at: float) -> None:
        pass

    def key(self, key: str, at: float) -> None:
        pass

    def media_timeout(self, at: float) -> None:
        pass


async def engine(legs: int, seconds: float, far_end: list[int]) -> dict[str, object]:
    """The child: ``legs`` sessions that talk to the ports ``far_end`` until a line comes on standard input."""
    clock = MediaClock()
    clock.start()
    ports = PortRange(FIRST_PORT, FIRST_PORT + 2 * legs + 200, "127.0.0.1")
    speech = random.randbytes(8000 * 10)
    sessions = []
    for port in far_end:
        session = await RtpSession.open(clock=clock, ports=ports, law="PCMU", payload_type=0, sink=Recogniser())
        for utterance in range(int(seconds / 10) + 2):
            clip = Clip(utterance)
            clip.feed(speech)
            clip.finish()
            session.playout.append(clip)
        session.set_remote("127.0.0.1", port)
        sessions.append(session)
    gc.collect()
    gc.freeze()
    print(json.dumps([session.local_port for session in sessions]), flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.monotonic()
    await loop.run_in_executor(None, sys.stdin.readline)
    after = resource.getrusage(resource.RUSAGE_SELF)
    took = time.monotonic() - began
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    qualities = [session.quality() for session in sessions]
    result = {
        "cpu_percent_of_a_core": 100 * cpu / took,
        "cpu_percent_per_leg": 100 * cpu / took / legs,
        "rss_mb": after.ru_maxrss / 1024,
        "clock": clock.lateness(),
        "lost": sum(quality.lost for quality in qualities),
        "silence_frames": sum(quality.silence_frames for quality in qualities),
        "skipped": sum(quality.send_skipped for quality in qualities),
    }
    for session in sessions:
        await session.close()
    await clock.close()
    return result


class FarEnd:
    """All phones: one socket a leg, a packet each every 20 ms, arrivals by the kernel's clock."""

    def __init__(self, legs: int) -> None:
        self.sockets = []
        for _ in range(legs):
            phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            phone.bind(("127.0.0.1", 0))
            phone.setblocking(False)
            phone.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self.sockets.append(phone)
        self.arrivals = [array("d") for _ in range(legs)]
        self.sequence = [0] * legs
        self.late = array("d")

    @property
    def ports(self) -> list[int]:
        return [phone.getsockname()[1] for phone in self.sockets]

    def run(self, targets: list[int], seconds: float, *, keep: bool) -> None:
        """Send and receive for ``seconds``; arrivals are kept if asked."""
        selector = selectors.DefaultSelector()
        for index, phone in enumerate(self.sockets):
            selector.register(phone, selectors.EVENT_READ, index)
        legs, began = len(self.sockets), time.monotonic()
        count = 0  # packets sent; leg n is due at n/legs of each 20 ms
        while (now := time.monotonic()) < began + seconds:
            while (due := began + count / legs * 0.02) <= now:
                index = count % legs
                sequence = self.sequence[index] = self.sequence[index] + 1
                packet = RtpPacket(0, False, sequence & 0xFFFF, sequence * 160, index + 1, b"\x55" * 160)
                self.sockets[index].sendto(packet.build(), ("127.0.0.1", targets[index]))
                count += 1
                if keep:
                    self.late.append(now - due)
            for key, _ in selector.select(max(0.0005, min(0.002, due - time.monotonic()))):
                self._read(key.data, keep)
        selector.close()

    def _read(self, index: int, keep: bool) -> None:
        while True:
            try:
                data, ancillary, _, _ = self.sockets[index].recvmsg(2048, 64)
            except BlockingIOError:
                return
            if keep and len(data) == 172:
                seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2])
                self.arrivals[index].append(seconds + nanoseconds / 1e9)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure(legs: int, seconds: float) -> dict[str, object]:
    far_end = FarEnd(legs)
    child = subprocess.Popen(
        [sys.executable, __file__, "--engine", json.dumps(far_end.ports), "--seconds", str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        targets = json.loads(child.stdout.readline())
        gc.collect()
        gc.disable()
        far_end.run(targets, 1.0, keep=False)  # both sides settle
        child.stdin.write("begin\n")
        child.stdin.flush()
        far_end.run(targets, seconds, keep=True)
        child.stdin.write("end\n")
        child.stdin.flush()
        result: dict[str, object] = json.loads(child.stdout.readline())
        child.wait(30)
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            child.wait()
    deviations, packets = [], 0
    for arrivals in far_end.arrivals:
        packets += len(arrivals)
        deviations += [abs(later - sooner - 0.02) * 1000 for sooner, later in pairwise(arrivals)]
    return {
        "legs": legs,
        "seconds": seconds,
        "cores": os.cpu_count(),
        "packets": packets,
        "packets_expected": int(legs * seconds * 50),
        "deviation_p50_ms": percentile(deviations, 0.5),
        "deviation_p99_ms": percentile(deviations, 0.99),
        "deviation_max_ms": max(deviations),
        "far_end_late_p99_ms": percentile(list(far_end.late), 0.99) * 1000,
        **result,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--legs", type=int, default=100, help="concurrent legs (default 100)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to measure (default 10)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--engine", help=argparse.SUPPRESS)  # the child's far-end ports
    options = parser.parse_args()
    wanted = 2 * options.legs + 64
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(wanted, 1024), hard), hard))
    if options.engine:
        far_end = json.loads(options.engine)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(2 * len(far_end) + 1024, hard), hard))
        print(json.dumps(uvloop.run(engine(len(far_end), options.seconds, far_end))), flush=True)
        return
    result = measure(options.legs, options.seconds)
    if options.json:
        print(json.dumps(result))
        return
    print(f"{options.legs} legs, {options.seconds:g} s, {result['cores']} cores")
    print(f"packets            {result['packets']} of {result['packets_expected']}")
    print(
        f"deviation of 20 ms p50 {result['deviation_p50_ms']:.2f} ms   p99 {result['deviation_p99_ms']:.2f} ms"
        f"   max {result['deviation_max_ms']:.2f} ms"
    )
    print(
        f"engine CPU         {result['cpu_percent_of_a_core']:.1f} % of a core,"
        f" {result['cpu_percent_per_leg']:.3f} % a leg"
    )
    print(f"engine memory      {result['rss_mb']:.0f} MB")
    print(f"clock              {result['clock']}")
    print(f"lost on the way in {result['lost']}, silence filled in {result['silence_frames']} frames")
    print(f"far end sent late  p99 {result['far_end_late_p99_ms']:.2f} ms")


if __name__ == "__main__":
    main()
