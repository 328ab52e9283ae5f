"""How many calls a core carries when speech is left out: SIP set-up, two-way G.711, everything echoed.

    python -m bench.echo_calls                      steps of calls until the p99 deviation from 20 ms passes 5 ms
    python -m bench.echo_calls --steps 500          one step
    python -m bench.echo_calls --peer sipp          the same against ``sipp -rtp_echo`` (C, not paced by a clock)

The service's front end runs in a process of its own, on a core of its own where there are two; callers (our own user
agent) and their phones (far_end.c) have the other. Set-up is from INVITE to 200 OK as the caller sees it, media is
timed by the kernel's stamps at the phones. What other processes took of the machine is printed: much of it spoils all.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import psutil
import uvloop

from bench.far_end import FarEnd, NoCompiler, phones
from voicebot.address import Address
from voicebot.audio import PCMU
from voicebot.audio.codecs import CODECS
from voicebot.events import Event
from voicebot.legs import Leg
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_media import MediaOptions
from voicebot.rtp import Clip, MediaClock, PortRange
from voicebot.sip import Account, CallClosed, ListenAt, OutgoingCall, SipEndpoint, offer_answer

LATE_MS = 5.0
SETTLE_S = 2.0


class Echo:
    """Says what it hears."""

    def __init__(self, leg: Leg) -> None:
        self._playout = leg.playout
        self._said = 0

    def frame(self, payload: bytes, at: float) -> None:
        self._said += 1
        clip = Clip(self._said, PCMU)
        clip.feed(payload)
        clip.finish()
        self._playout.append(clip)

    def sent(self, payload: bytes, at: float) -> None:
        pass

    def key(self, key: str, at: float) -> None:
        pass

    def fact(self, event: Event) -> None:
        pass

    def ended(self, reason: str, at: float) -> None:
        pass


async def serve(calls: int) -> None:
    """The child: answers up to ``calls`` calls until standard input ends; prints its SIP port."""
    clock = MediaClock()
    answering: set[asyncio.Task[None]] = set()

    def take(leg: Leg) -> None:
        leg.connect(Echo(leg))
        task = asyncio.ensure_future(leg.answer())
        answering.add(task)
        task.add_done_callback(answering.discard)

    media = MediaOptions(clock, PortRange(20000, 20000 + 2 * calls + 200, "127.0.0.1"))
    front = SipFrontEnd(SipEndpoint(ListenAt(port=0)), take, media, limit=calls + 10)
    await front.start()
    clock.start()
    gc.collect()
    gc.freeze()
    print(front.endpoint.port, flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.read)
    await front.close()
    await clock.close()


@asynccontextmanager
async def ourselves(calls: int) -> AsyncIterator[tuple[str, int]]:
    """What to call, and the process id, of our front end."""
    pipe = asyncio.subprocess.PIPE
    argv = [sys.executable, "-m", "bench.echo_calls", "--serve", str(calls)]
    process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield f"sip:echo@127.0.0.1:{int(await process.stdout.readline())}", process.pid
    finally:
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def sipp(_calls: int) -> AsyncIterator[tuple[str, int]]:
    """What to call, and the process id, of SIPp, which sends each packet back where it came from."""
    program = shutil.which("sipp")
    if program is None:
        raise SystemExit("sipp is not installed (Debian: apt-get install sip-tester)")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as folder:
        argv = [program, "-sn", "uas", "-i", "127.0.0.1", "-p", str(port), "-rtp_echo", "-mp", "36000", "-nostdin"]
        null = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*argv, stdout=null, stderr=null, cwd=folder)
        try:
            await asyncio.sleep(0.5)
            yield f"sip:echo@127.0.0.1:{port}", process.pid
        finally:
            process.terminate()
            await process.wait()


class PhoneCalls:
    """Places calls at a given rate, each to a phone of the far end."""

    def __init__(self, endpoint: SipEndpoint, far_end: FarEnd, uri: str, account: str = "") -> None:
        self._endpoint, self._far_end, self._uri, self._account = endpoint, far_end, uri, account
        self.calls: list[OutgoingCall] = []
        self.setup_ms: list[float] = []
        self.refused: list[str] = []

    async def grow(self, count: int, rate: float) -> None:
        """Place calls, ``rate`` a second, until ``count`` were placed; returns when all were answered or refused."""
        self.setup_ms.clear()
        began, first = time.monotonic(), len(self.calls)
        waiting = []
        for number in range(first, count):
            await asyncio.sleep(max(0.0, began + (number - first) / rate - time.monotonic()))
            offer = offer_answer.offer(
                "127.0.0.1", self._far_end.ports[number], codecs=[CODECS["PCMU"]], session_id=number + 1
            )
            call = self._endpoint.invite(Address.parse(self._uri), offer, line=self._account)
            self.calls.append(call)
            waiting.append(asyncio.ensure_future(self._answered(number, call, time.monotonic())))
        await asyncio.gather(*waiting)

    async def _answered(self, number: int, call: OutgoingCall, began: float) -> None:
        try:
            answer = await call.established(timeout_s=20)
        except CallClosed as closed:
            self.refused.append(str(closed))
            return
        self.setup_ms.append((time.monotonic() - began) * 1000)
        self._far_end.talk(number, answer.media[0].port)

    async def end(self) -> None:
        for number, call in enumerate(self.calls):
            self._far_end.quiet(number)
            call.bye()
            if number % 10 == 0:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def pin(pid: int, core: int) -> None:
    if (os.cpu_count() or 1) > 1:
        psutil.Process(pid).cpu_affinity([core])


async def measure(
    serving: Callable[[int], AbstractAsyncContextManager[tuple[str, int]]],
    steps: list[int],
    rate: float,
    seconds: float,
    accounts: Sequence[Account] = (),
    late_ms: float = LATE_MS,
) -> list[dict[str, float]]:
    """One row for each step that was reached. The last one is the first whose p99 deviation passed ``late_ms``.

    ``serving`` starts what is measured, for so many calls; callers call as the first of ``accounts``, if there is one.
    """
    rows: list[dict[str, float]] = []
    async with phones(max(steps)) as far_end, serving(max(steps)) as (uri, pid):
        pin(pid, 0)
        pin(far_end.pid, 1)
        pin(os.getpid(), 1)
        process = psutil.Process(pid)
        empty = process.memory_info().rss
        endpoint = SipEndpoint(ListenAt(port=0), accounts=accounts)
        await endpoint.start()
        callers = PhoneCalls(endpoint, far_end, uri, accounts[0].name if accounts else "")
        try:
            for count in steps:
                await callers.grow(count, rate)
                await asyncio.sleep(SETTLE_S)
                cpu, machine = process.cpu_times(), psutil.cpu_times()
                own = psutil.Process().cpu_times(), psutil.Process(far_end.pid).cpu_times()
                media = await far_end.measure(seconds)
                used = _spent(process.cpu_times(), cpu)
                mine = _spent(psutil.Process().cpu_times(), own[0]) + _spent(
                    psutil.Process(far_end.pid).cpu_times(), own[1]
                )
                after = psutil.cpu_times()
                busy = _spent(after, machine) + after.softirq - machine.softirq + after.nice - machine.nice
                rss = process.memory_info().rss
                row = {
                    "calls": count,
                    "refused": len(callers.refused),
                    "setup_p50_ms": percentile(callers.setup_ms, 0.5),
                    "setup_p99_ms": percentile(callers.setup_ms, 0.99),
                    **media,
                    "cpu_percent": 100 * used / seconds,
                    "cpu_percent_per_call": 100 * used / seconds / count,
                    "rss_mb": rss / 1e6,
                    "kb_per_call": (rss - empty) / 1000 / count,
                    "others_percent": max(0.0, 100 * (busy - used - mine) / seconds),
                }
                rows.append(row)
                print_row(row)
                if row["deviation_p99_ms"] > late_ms:
                    break
            await callers.end()
        finally:
            await endpoint.close()
    return rows


def _spent(after: object, before: object) -> float:
    return float(sum(getattr(after, name) - getattr(before, name) for name in ("user", "system")))


HEADINGS = (
    "calls  set-up p50/p99 ms  deviation p50/p99/max ms  lost    CPU   a call  memory  a call  others  far end late p99"
)


def print_row(row: dict[str, float]) -> None:
    print(
        f"{row['calls']:5.0f}  {row['setup_p50_ms']:8.1f} /{row['setup_p99_ms']:6.1f}"
        f"  {row['deviation_p50_ms']:9.2f} /{row['deviation_p99_ms']:5.2f} /{row['deviation_max_ms']:6.2f}"
        f"  {row['lost']:4.0f}  {row['cpu_percent']:4.0f} %  {row['cpu_percent_per_call']:.3f} %"
        f"  {row['rss_mb']:3.0f} MB  {row['kb_per_call']:3.0f} kB  {row['others_percent']:4.0f} %"
        f"  {row['far_end_late_p99_ms']:.2f} ms" + (f"  {row['refused']:.0f} refused" if row["refused"] else ""),
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, nargs="+", default=list(range(100, 1601, 100)), help="numbers of calls")
    parser.add_argument("--rate", type=float, default=50.0, help="calls set up a second (default 50)")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long to measure each step (default 8)")
    parser.add_argument("--peer", choices=("voicebot", "sipp"), default="voicebot")
    parser.add_argument("--json", action="store_true", help="print the rows as one JSON list at the end")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * max([options.serve or 0, *options.steps]) + 1024
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    if options.serve:
        uvloop.run(serve(options.serve))
        return
    print(HEADINGS, flush=True)
    try:
        serving = ourselves if options.peer == "voicebot" else sipp
        rows = uvloop.run(measure(serving, sorted(options.steps), options.rate, options.seconds))
    except NoCompiler as missing:
        raise SystemExit(str(missing)) from missing
    if options.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
