"""What pages cost the calls, and how soon a page is there.

    python -m bench.pages                       100 calls, 20 pages, 100,000 calls in the archive: some 20 minutes
    python -m bench.pages --searches 0 --times 0 --archive 0    what pages cost, and nothing else: 7 minutes
    python -m bench.pages --short               10 calls, 5 pages, 500 calls: does it work?

Lines call again and again and talk, as in ``bench.capacity``: the call process has one core, what calls has the other.
Short windows take turns in one run: in peace, with people at pages, in peace, with them, and so on; then the same with
searches of the archive. What they cost is the processor time of the call process in each window, less what it is in the
two windows in peace around it: so what the machine, or the calls, do differently from minute to minute is in both. The
mean is told with its standard error. Then each page is opened in Chromium, while the calls go on: the time from the
navigation to the first state in which it can be used, with an empty cache. Chromium runs on the same two cores.

The bars: pages cost less than 5 % of a core of the call process; neither they nor searches change the p99 of the sent
RTP by more than it varies by itself; a page is there in a second (the median). Status 1: one of them is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import uvloop

from bench.capacity.__main__ import SCRIPTED, SETTLE_S, WARM_S, processes_of, settings_of
from bench.capacity.callers import Lines, clips_of
from bench.capacity.usage import CALLS, Reading, Shares, pin, unpin
from bench.far_end import FarEnd, NoCompiler, phones
from bench.pages import opening
from bench.search import SWEPT_S, records
from bench.service import Service, children_of, serving, speaking
from bench.turns import HEARD, SCRIPT, render
from voicebot.archive.upkeep import Upkeep
from voicebot.caller import parse_script
from voicebot.log import configure_logging
from voicebot.sip import ListenAt, SipEndpoint

COST_PERCENT: Final = 5.0
READY_MS: Final = 1000.0
VARIES_MS: Final = 0.5
"""The least that the p99 of a window may differ from that of another."""
ROWS_SHARE: Final = 0.8
"""Of the lines, so many are in a call at any time."""
PEACE: Final = "in peace"
CAPACITY: Final = Path(__file__).parents[1] / "capacity"
SETTLED_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Window:
    """``kind``: what went on beside the calls. Percent of a core; milliseconds."""

    kind: str
    calls_percent: float
    archive_percent: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    others_percent: float

    def row(self) -> str:
        return (
            f"{self.kind:24} {self.calls_percent:6.1f} % of a core   RTP p50/p99/max"
            f" {self.p50_ms:5.2f} /{self.p99_ms:6.2f} /{self.max_ms:7.2f} ms"
            f"   archive {self.archive_percent:5.1f} %, others {self.others_percent:5.1f} %"
        )


def archive_of(count: int, folder: Path) -> None:
    """Records of ``count`` calls in ``folder``, with their index."""
    folder.mkdir()
    for record in records(count):
        (folder / f"{record['id']}.json").write_text(json.dumps(record))
    upkeep = Upkeep(folder)
    upkeep.sweep()
    upkeep.close()


@asynccontextmanager
async def people(url: str, *options: str) -> AsyncIterator[None]:
    """Somebody is at the pages of ``url`` (:mod:`bench.pages.watchers`)."""
    pipe = asyncio.subprocess.PIPE
    argv = [sys.executable, "-m", "bench.pages.watchers", url, *options]
    process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe)
    assert process.stdin is not None and process.stdout is not None
    try:
        if not await process.stdout.readline():
            raise RuntimeError("nobody can watch")
        await asyncio.sleep(SETTLED_S)
        yield
    finally:
        process.stdin.close()
        if await process.wait():
            raise RuntimeError("who watched has ended")


@dataclass(frozen=True, slots=True)
class Cost:
    """Percent of a core of the call process: the mean, and its standard error. ``windows``: of how many."""

    mean: float
    error: float
    windows: int

    def __str__(self) -> str:
        return f"{self.mean:.1f} % of a core more (standard error {self.error:.1f}, {self.windows} windows)"


def cost_of(kind: str, found: Sequence[Window]) -> Cost:
    """``found``: in the order in which they were; before and after each of ``kind`` there is one in peace."""
    more = [
        one.calls_percent - (found[at - 1].calls_percent + found[at + 1].calls_percent) / 2
        for at, one in enumerate(found)
        if one.kind == kind
    ]
    error = statistics.stdev(more) / math.sqrt(len(more)) if len(more) > 1 else math.nan
    return Cost(statistics.fmean(more), error, len(more))


def running(service: Service, far_end: FarEnd) -> dict[str, psutil.Process]:
    """All that run now: one that has ended is another process when it is back."""
    found = processes_of(service, far_end.pid)
    for child, command in children_of(service.process):
        if "voicebot.archive" in command:
            found["archive"] = child
    return found


async def window(kind: str, far_end: FarEnd, service: Service, seconds: float) -> Window:
    """Prints its row."""
    processes = running(service, far_end)
    pin(processes)
    before = Reading.of(processes)
    media = await far_end.measure(seconds)
    shares = Shares.between(before, Reading.of(processes), seconds)
    if CALLS not in shares.processes:
        raise RuntimeError("the service has ended")
    of = media["deviation_p50_ms"], media["deviation_p99_ms"], media["deviation_max_ms"]
    archive = shares.processes.get("archive", 0.0)
    made = Window(kind, shares.processes[CALLS], archive, *of, shares.others)
    print(made.row(), flush=True)
    for name in processes.keys() - shares.processes.keys():
        print(f"    {name} has ended in this window, and what it took is not told", flush=True)
    return made


async def windows(service: Service, far_end: FarEnd, options: argparse.Namespace) -> list[Window]:
    """All of them; prints the rows as they come."""
    kinds = [(f"{options.pages} pages", ("--pages", str(options.pages)))] if options.pages else []
    if options.searches:
        kinds.append((f"{options.searches:g} searches a second", ("--searches", str(options.searches))))
    found = [await window(PEACE, far_end, service, options.seconds)]
    for kind, given in kinds:
        for _ in range(options.rounds):
            async with people(service.console, *given):
                found.append(await window(kind, far_end, service, options.seconds))
            await asyncio.sleep(SETTLED_S)
            found.append(await window(PEACE, far_end, service, options.seconds))
    return found


def verdict(found: Sequence[Window], ready: dict[str, dict[str, float]]) -> list[str]:
    """Which bars are missed, in words."""
    peace = [one for one in found if one.kind == PEACE]
    usual = statistics.median(one.p99_ms for one in peace)
    varies = max(VARIES_MS, max(one.p99_ms for one in peace) - min(one.p99_ms for one in peace))
    missed = []
    for kind in dict.fromkeys(one.kind for one in found if one.kind != PEACE):
        cost = cost_of(kind, found)
        p99 = statistics.median(one.p99_ms for one in found if one.kind == kind)
        print(f"{kind}: {cost}; RTP p99 {usual:.2f} -> {p99:.2f} ms (in peace within {varies:.2f})")
        if "pages" in kind and cost.mean >= COST_PERCENT:
            missed.append(f"{kind} cost {cost.mean:.1f} % of a core, not less than {COST_PERCENT:.0f}")
        if p99 - usual > varies:
            missed.append(f"{kind}: RTP p99 is {p99:.2f} ms, in peace {usual:.2f}")
    late = {name: times["median_ms"] for name, times in ready.items() if times["median_ms"] >= READY_MS}
    return missed + [f"{name} is there after {took:.0f} ms" for name, took in late.items()]


async def run(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as name:
        folder = Path(name)
        began = time.monotonic()
        await asyncio.to_thread(archive_of, options.archive, folder / "records")
        print(f"{options.archive} calls are in the archive, after {time.monotonic() - began:.0f} s", flush=True)
        await render(folder)
        script = parse_script(SCRIPT, folder=folder)
        start = [str(CAPACITY / "serve.py"), str(CAPACITY / "speech_double.py"), json.dumps(HEARD)]
        async with speaking(SCRIPTED) as speech, phones(options.calls) as far_end:
            settings = settings_of(speech, False, {"CALLS__RECORDS": str(folder / "records")})
            async with serving(settings, start=start) as service:
                await asyncio.sleep(WARM_S + SWEPT_S)
                pinned = pin(running(service, far_end))
                endpoint = SipEndpoint(ListenAt(port=0))
                await endpoint.start()
                try:
                    clips = await asyncio.to_thread(clips_of, far_end, script, folder)
                    lines = Lines(endpoint, far_end, service.uri, script, clips)
                    try:
                        lines.open(options.calls, ramp_s := options.calls / 5)
                        await asyncio.sleep(ramp_s + SETTLE_S)
                        found = await windows(service, far_end, options)
                        rows, record = int(options.calls * ROWS_SHARE), f"{options.archive // 2:032x}"
                        unpin()  # a browser that we start has both cores
                        ready: dict[str, dict[str, float]] = {}
                        if options.times:
                            ready = await opening.measure(service.console, rows, record, options.times)
                    finally:
                        await lines.close()
                finally:
                    unpin()
                    await endpoint.close()
    for page, times in ready.items():
        took = f"after {times['median_ms']:4.0f} ms, at the longest {times['longest_ms']:4.0f} ms"
        print(f"{page:24} is there {took}; {times['requests']:.0f} requests, {times['kb']:.0f} kB")
    missed = verdict(found, ready)
    return {"windows": found, "ready": ready, "missed": missed, "pinned": pinned}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.pages", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=100, help="lines that are in calls")
    parser.add_argument("--pages", type=int, default=20, help="people at pages; 0: no such windows")
    parser.add_argument("--searches", type=float, default=4.0, help="of the archive, a second; 0: no such windows")
    parser.add_argument("--archive", type=int, default=100_000, help="calls that were")
    parser.add_argument("--seconds", type=float, default=10.0, help="of a window")
    parser.add_argument("--rounds", type=int, default=12, help="of two windows of a kind")
    parser.add_argument("--times", type=int, default=7, help="how often each page is opened; 0: not at all")
    parser.add_argument("--short", action="store_true", help="10 calls, 5 pages, 500 calls that were, 2 s, once")
    options = parser.parse_args(argv)
    if options.short:
        short = {"calls": 10, "pages": 5, "archive": 500, "seconds": 2.0, "rounds": 1, "times": 1}
        options = argparse.Namespace(**(vars(options) | short))
    configure_logging("WARNING")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4 * options.calls + 1024, hard), hard))
    try:
        result = uvloop.run(run(options))
    except NoCompiler as missing:
        raise SystemExit(str(missing)) from missing
    if not result["pinned"]:
        print("there is one core only: all of it is shared")
    for missed in result["missed"]:
        print(f"MISSED: {missed}")
    return 1 if result["missed"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
