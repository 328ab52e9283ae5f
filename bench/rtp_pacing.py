"""How evenly the media engine sends, and what a call costs it: measured on the wire.

A child process runs the engine as the call process does (uvloop, one clock, N sessions that play speech). This process
is the far end of all of them: it sends each leg a packet every 20 ms, and takes the kernel's time stamp of each packet
that comes back. So what is printed is what a phone would see, the sender's system calls included.

    python bench/rtp_pacing.py --legs 100 --seconds 10 [--codec g722]

The far end shares the machine's cores with the engine: its own lateness in sending is printed too, and what other
processes used of the machine meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import time
from array import array
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import uvloop
from numpy.typing import NDArray

from voicebot.audio.codecs import Codec, named, prepare
from voicebot.rtp import Clip, MediaClock, PortRange, RtpSession

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


async def engine(legs: int, seconds: float, far_end: int, codec: Codec) -> dict[str, object]:
    """The child: ``legs`` sessions that talk to port ``far_end``; measured between two lines on standard input."""
    prepare([codec])
    clock = MediaClock()
    ports = PortRange(FIRST_PORT, FIRST_PORT + 2 * legs + 200, "127.0.0.1")
    audio = codec.audio
    speech = audio.encode(voice(audio.rate, 10))
    sessions = []
    for _ in range(legs):
        session = RtpSession.open(clock=clock, ports=ports, codec=codec, sink=Recogniser())
        for utterance in range(int(seconds / 10) + 2):
            clip = Clip(utterance, audio)
            clip.feed(speech)
            clip.finish()
            session.playout.append(clip)
        session.set_remote("127.0.0.1", far_end)
        sessions.append(session)
    gc.collect()
    gc.freeze()
    clock.start()
    print(json.dumps([session.local_port for session in sessions]), flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.monotonic()
    await loop.run_in_executor(None, sys.stdin.readline)
    after = resource.getrusage(resource.RUSAGE_SELF)
    took = time.monotonic() - began
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    qualities = [session.quality() for session in sessions]
    result = {
        "cpu_percent_of_a_core": 100 * (user + system) / took,
        "cpu_percent_per_leg": 100 * (user + system) / took / legs,
        "cpu_system_share": system / (user + system),
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


class Gateway:
    """The far end: all phones behind one address, as behind a gateway. Each sends every 20 ms; arrivals are timed by
    the kernel's clock.

    There is one socket for all, so that this side leaves the machine to the engine that is measured.
    """

    def __init__(self, kind: int) -> None:
        """``kind``: the payload type of what is counted."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.arrivals: dict[int, array[float]] = {}  # by the leg's port
        self.late: array[float] = array("d")
        self.kind = kind
        self._count = 0  # packets sent

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def run(self, targets: list[int], seconds: float, codec: Codec, payloads: list[bytes], *, keep: bool) -> None:
        """Send and receive for ``seconds``; arrivals are kept if asked. Leg n of N is sent to at n/N of each 20 ms."""
        legs = len(targets)
        if not self.arrivals:
            self.arrivals = {port: array("d") for port in targets}
        first, began = self._count, time.monotonic()
        while (now := time.monotonic()) < began + seconds:
            while (due := began + (self._count - first) / legs * 0.02) <= now:
                sequence, index = divmod(self._count, legs)
                kind, at = codec.payload_type, sequence * (codec.clock_rate // 50)
                header = struct.pack("!BBHII", 0x80, kind, sequence & 0xFFFF, at, index + 1)
                payload = payloads[sequence % len(payloads)]
                self.socket.sendto(header + payload, ("127.0.0.1", targets[index]))
                self._count += 1
                if keep:
                    self.late.append(now - due)
            self._read(keep)
            time.sleep(max(0.0, min(0.001, due - time.monotonic())))

    def _read(self, keep: bool) -> None:
        receive, arrivals = self.socket.recvmsg, self.arrivals
        while True:
            try:
                data, ancillary, _, source = receive(2048, 64)
            except BlockingIOError:
                return
            if keep and data[1] & 0x7F == self.kind:
                seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2])
                arrivals[source[1]].append(seconds + nanoseconds / 1e9)


def busy_seconds() -> float:
    """CPU seconds that the whole machine has spent, since it started."""
    user, nice, system, _, _, *others = (
        int(ticks) for ticks in Path("/proc/stat").read_text().split("\n")[0].split()[1:]
    )
    return (user + nice + system + sum(others[:3])) / os.sysconf("SC_CLK_TCK")


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def voice(rate: int, seconds: float) -> NDArray[np.int16]:
    """A voiced sound, which costs a codec what speech does."""
    at = np.arange(round(rate * seconds)) / rate
    phase = 2 * np.pi * np.cumsum(130 + 20 * np.sin(2 * np.pi * 1.5 * at)) / rate
    tone: NDArray[np.float64] = np.sum([np.sin(n * phase) / n for n in range(1, 14)], axis=0)
    return (tone * 5000).astype(np.int16)


def encoded(codec: Codec) -> list[bytes]:
    """Two seconds of packets."""
    encode, audio = codec.encoder(codec.audio), codec.audio
    sound = audio.encode(voice(audio.rate, 2))
    frames = [sound[at : at + audio.frame_bytes] for at in range(0, len(sound), audio.frame_bytes)]
    return frames if encode is None else [encode(frame) for frame in frames]


def measure(legs: int, seconds: float, codec: Codec) -> dict[str, Any]:
    far_end, payloads = Gateway(codec.payload_type), encoded(codec)
    child = subprocess.Popen(
        [
            *(sys.executable, __file__, "--engine", str(far_end.port), "--codec", codec.name),
            *("--legs", str(legs), "--seconds", str(seconds)),
        ],
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
        far_end.run(targets, 1.0, codec, payloads, keep=False)  # both sides settle
        child.stdin.write("begin\n")
        child.stdin.flush()
        busy, own = busy_seconds(), time.process_time()
        far_end.run(targets, seconds, codec, payloads, keep=True)
        busy, own = busy_seconds() - busy, time.process_time() - own
        child.stdin.write("end\n")
        child.stdin.flush()
        result: dict[str, object] = json.loads(child.stdout.readline())
        child.wait(30)
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            child.wait()
    deviations, packets = [], 0
    for arrivals in far_end.arrivals.values():
        packets += len(arrivals)
        deviations += [abs(later - sooner - 0.02) * 1000 for sooner, later in pairwise(arrivals)]
    return {
        "codec": codec.name,
        "legs": legs,
        "seconds": seconds,
        "cores": os.cpu_count(),
        "packets": packets,
        "packets_expected": int(legs * seconds * 50),
        "deviation_p50_ms": percentile(deviations, 0.5),
        "deviation_p99_ms": percentile(deviations, 0.99),
        "deviation_max_ms": max(deviations),
        "others_percent_of_a_core": max(
            0.0, 100 * (busy - own) / seconds - float(str(result["cpu_percent_of_a_core"]))
        ),
        "far_end_late_p99_ms": percentile(list(far_end.late), 0.99) * 1000,
        **result,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--legs", type=int, default=100, help="concurrent legs (default 100)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to measure (default 10)")
    parser.add_argument("--codec", type=named, default=named("PCMU"), help="of all legs (default PCMU)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--engine", type=int, help=argparse.SUPPRESS)  # the child: the far end's port
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2 * options.legs + 1024, hard), hard))
    if options.engine:
        print(json.dumps(uvloop.run(engine(options.legs, options.seconds, options.engine, options.codec))), flush=True)
        return
    result = measure(options.legs, options.seconds, options.codec)
    if options.json:
        print(json.dumps(result))
        return
    print(f"{options.codec.name}, {options.legs} legs, {options.seconds:g} s, {result['cores']} cores")
    print(f"packets            {result['packets']} of {result['packets_expected']}")
    print(
        f"deviation of 20 ms p50 {result['deviation_p50_ms']:.2f} ms   p99 {result['deviation_p99_ms']:.2f} ms"
        f"   max {result['deviation_max_ms']:.2f} ms"
    )
    print(
        f"engine CPU         {result['cpu_percent_of_a_core']:.1f} % of a core,"
        f" {result['cpu_percent_per_leg']:.3f} % a leg, {100 * result['cpu_system_share']:.0f} % of it in the kernel"
    )
    print(f"engine memory      {result['rss_mb']:.0f} MB")
    print(f"clock              {result['clock']}")
    print(f"received           {result['lost']} lost, {result['silence_frames']} frames of silence, the start included")
    print(f"other processes    {result['others_percent_of_a_core']:.0f} % of a core (much of it spoils these figures)")
    print(f"far end sent late  p99 {result['far_end_late_p99_ms']:.2f} ms")


if __name__ == "__main__":
    main()
