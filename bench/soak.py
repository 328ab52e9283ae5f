"""Many short calls with mixed endings on a bad line: does anything stay behind, does anything hang?

    python -m bench.soak                    10,000 calls, some 20 minutes
    python -m bench.soak --calls 1000       a quick look
    python -m bench.soak --talking          all calls have three turns of speech

Against the whole service with a scripted speech service, so that calls are short. The callers lose one packet in a
hundred, SIP and RTP, each way, and one caller in a hundred vanishes without a BYE: the silence timeout has to find
that. The others end in one of six ways: given up while it rings, hung up during the greeting, after a key, after
something said, after waiting, or handed to an agent by the bot. With ``--talking`` they say something three times, each
time when the bot has finished, and want to hear it answer.

What the service holds is taken after a tenth of the calls, when caches are full, and at the end: threads, descriptors
and memory of its processes, and inside the call process the tasks, calls, ports and SIP transactions. The status is 1
when anything grew, a call failed, or one did not end in its time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import psutil
import uvloop

from bench.lossy import lose
from bench.service import SETTINGS, Service, speaking
from voicebot.address import Address
from voicebot.app import Application
from voicebot.assist.calls import AssistCalls
from voicebot.audio import PCMU
from voicebot.audio.codecs import CODECS
from voicebot.caller.call import local_host
from voicebot.events import Event
from voicebot.legs import LegClosed
from voicebot.legs.sip_media import MediaOptions, MediaPreferences
from voicebot.legs.sip_outgoing import OutgoingOptions, OutgoingSipLeg, dial
from voicebot.log import configure_logging
from voicebot.rtp import Clip, MediaClock, PortRange
from voicebot.settings import load_settings
from voicebot.settings_file import NO_FILE
from voicebot.sip import ListenAt, SipEndpoint
from voicebot.speech import apology

LOSS = 0.01
VANISH_EVERY = 100
ENDINGS = ("given up", "greeting", "key", "said", "waited", "agent")
SILENCE_TIMEOUT_S = 2.0
SETTLE_S = 40.0
"""After the last call: silence timeouts, SIP's timers (64 * T1) and the records' writing come to their end."""
HANGS_S = 60.0
"""No call of a soak takes so long, whatever was lost."""
SCRIPT = {"texts": ["Billing, please."], "cycle": True, "ms_per_word": 200}
AGENT = "0"
START_S = 180.0
"""A machine that does much else takes its time."""
TURNS = 3
"""Of a call that talks."""
PAUSE_S = 0.4
"""The bot has finished when it has been silent for so long."""
ANSWER_S = 20.0
LONGEST_PROMPT_S = 4.0
"""A prompt that is longer is interrupted."""

LEAST_GROWTH = {"threads": 3, "descriptors": 5, "rss_mb": 8.0, "tasks": 2}
"""What may be more at the end than at a tenth: threads of pools that come and go, the allocator's breath."""
RSS_PER_CALL_MB = 0.001
WARM_CALLS = 1000
WARMING_MB = 40.0
"""Memory grows over the first thousand calls (arenas, pools, connections that are kept), and then hardly."""
NOTHING_LEFT = ("calls", "sip_calls", "media_legs", "ports", "transactions", "assist_calls", "recognisers", "viewers")


class CountingSink:
    """Counts the frames that a caller hears, and notes the end of the leg."""

    def __init__(self) -> None:
        self.frames = 0
        self.audible_at = float("-inf")
        self.over = asyncio.Event()

    def frame(self, payload: bytes, at: float) -> None:
        self.frames += 1
        if payload.count(payload[:1]) < len(payload):
            self.audible_at = time.monotonic()

    def heard_after(self, at: float) -> bool:
        return self.audible_at > at

    @property
    def quiet_s(self) -> float:
        return time.monotonic() - self.audible_at

    def sent(self, payload: bytes, at: float) -> None:
        pass

    def key(self, key: str, at: float) -> None:
        pass

    def fact(self, event: Event) -> None:
        pass

    def ended(self, reason: str, at: float) -> None:
        self.over.set()


class CallLines:
    """Places calls one after the other on many lines; ``outcomes`` says how they ended."""

    def __init__(self, endpoint: SipEndpoint, media: MediaOptions, uri: str) -> None:
        self.outcomes: Counter[str] = Counter()
        self._endpoint, self._media, self._uri = endpoint, media, uri

    async def place(self, count: int, lines: int, endings: Sequence[str] = ENDINGS) -> None:
        numbers = iter(range(count))
        async with asyncio.TaskGroup() as group:
            for _ in range(lines):
                group.create_task(self._line(numbers, endings))

    async def _line(self, numbers: Iterator[int], endings: Sequence[str]) -> None:
        for number in numbers:
            vanishes = number % VANISH_EVERY == 5
            ending = "vanished" if vanishes else endings[number % len(endings)]
            try:
                async with asyncio.timeout(HANGS_S):
                    self.outcomes[await self._call(ending)] += 1
            except TimeoutError:
                self.outcomes[f"hung: {ending}"] += 1
            except (LegClosed, OSError) as error:
                self.outcomes[f"failed: {error}"] += 1

    async def _call(self, ending: str) -> str:
        listener = CountingSink()
        calling = asyncio.ensure_future(
            dial(
                self._endpoint,
                self._media,
                Address.parse(self._uri),
                OutgoingOptions(ring_timeout_s=HANGS_S / 2),
                sink=listener,
            )
        )
        if ending == "given up":
            await asyncio.wait({calling}, timeout=random.uniform(0.0, 0.03))
            if calling.cancel():
                with contextlib.suppress(asyncio.CancelledError):
                    await calling
                return ending
        leg = await calling
        await asyncio.sleep(random.uniform(0.2, 1.0))
        if ending == "vanished":
            await leg._session.rtp.close()  # the phone fell into the water: neither packets nor a BYE
            return ending
        if ending in ("key", "agent"):
            leg.on_transfer_asked = lambda target: self._take_over(leg)
            leg.send_keys(AGENT if ending == "agent" else "1")
            await asyncio.sleep(0.5)
        elif ending == "said":
            _say(leg, 1)
            await asyncio.sleep(2.5)
        elif ending == "talked" and not await self._talk(leg, listener):
            ending = "failed: no answer"
        elif ending == "waited":
            await asyncio.sleep(1.5)
        if ending == "agent":
            with contextlib.suppress(TimeoutError):  # the key may be lost, as any packet; it is sent three times
                await asyncio.wait_for(listener.over.wait(), 15)
            ending = "agent" if listener.over.is_set() else "agent not reached"
        await leg.hang_up()
        return ending if listener.frames else "failed: nothing was heard"

    async def _talk(self, leg: OutgoingSipLeg, listener: CountingSink) -> bool:
        """Three turns of speech. False: the bot did not answer one of them."""
        for turn in range(TURNS):
            await _until(lambda: listener.quiet_s > PAUSE_S, LONGEST_PROMPT_S)
            said_at = time.monotonic() + _say(leg, turn + 1)
            if not await _until(partial(listener.heard_after, said_at), ANSWER_S):
                return False
        return True

    def _take_over(self, leg: OutgoingSipLeg) -> bool:
        asyncio.get_running_loop().call_soon(leg.transfer_result, 200)
        return True


def _say(leg: OutgoingSipLeg, number: int) -> float:
    """Say something; returns how many seconds it takes."""
    audio = apology("wait", PCMU)
    clip = Clip(number, PCMU)
    clip.feed(audio)
    clip.finish()
    leg.playout.append(clip)
    return len(audio) / PCMU.byte_rate


async def _until(condition: Callable[[], bool], deadline_s: float) -> bool:
    """Wait for ``condition``; whether it came true in time."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.1)
    return True


# --- the service, and what it holds


async def serve() -> None:
    """The child: ``voicebot serve`` that answers each line on standard input with what is inside; prints its URI."""
    settings = load_settings(NO_FILE)
    configure_logging(settings.log.level)
    async with Application(settings) as app:
        uri = f"sip:bot@{settings.sip.host}:{app.front_end.endpoint.port}"
        print(json.dumps({"sip": uri, "speech": app.speech.url, "console_port": app.console.port}), flush=True)
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            print(json.dumps(inside(app)), flush=True)


def inside(app: Application) -> dict[str, int]:
    """What the call process holds."""
    gc.collect()
    agent = app.front_end.endpoint._core
    return {
        "tasks": len(asyncio.all_tasks()),
        "calls": len(app.calls),
        "sip_calls": app.front_end.active,
        "media_legs": len(app.front_end.media.clock),
        "ports": app.front_end.media.ports.in_use,
        "transactions": agent.transactions,
        "objects": len(gc.get_objects()),
        **({} if app.assistance is None else between_people(app, app.assistance.calls)),
    }


def between_people(app: Application, calls: AssistCalls) -> dict[str, int]:
    """What it holds of calls between people."""
    return {"assist_calls": len(calls), "recognisers": calls.recognisers, "viewers": len(app.viewers.api.streams)}


@asynccontextmanager
async def serving(
    speech_url: str, settings: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Service, asyncio.subprocess.Process]]:
    """The service in a process that tells what is inside."""
    with tempfile.TemporaryDirectory(prefix="voicebot-soak-") as folder:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("VOICEBOT_")}
        environment = kept | SETTINGS | {
            "VOICEBOT_CALLS__RECORDS": f"{folder}/records",
            "VOICEBOT_SPEECH__SERVICE": "url",
            "VOICEBOT_SPEECH__URL": speech_url,
            "VOICEBOT_SPEECH__PROMPT_CACHE_DIR": "",
            "VOICEBOT_RTP__SILENCE_TIMEOUT_S": str(SILENCE_TIMEOUT_S),
            "VOICEBOT_CALLS__TRANSFER_ALLOW": '["*", "*@*", "*@*:*"]',
        } | dict(settings or {})  # fmt: skip
        pipe = asyncio.subprocess.PIPE
        argv = [sys.executable, "-m", "bench.soak", "--serve"]
        process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, env=environment)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_S)
            if not line:
                raise SystemExit("the service did not start")
            yield Service(json.loads(line), process.pid, 0.0), process
        finally:
            process.stdin.close()
            await process.wait()


async def footprint(service: Service, process: asyncio.subprocess.Process) -> dict[str, dict[str, float]]:
    """Threads, descriptors and resident megabytes of each process; of the call process, also what is inside."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"\n")
    held = json.loads(await asyncio.wait_for(process.stdout.readline(), HANGS_S))
    found: dict[str, dict[str, float]] = {}
    for name, each in service.processes().items():
        with contextlib.suppress(psutil.NoSuchProcess):
            found[name] = {
                "threads": each.num_threads(),
                "descriptors": each.num_fds(),
                "rss_mb": round(each.memory_info().rss / 1e6, 1),
            }
    found["calls"] |= held
    return found


def grown(
    before: dict[str, dict[str, float]], after: dict[str, dict[str, float]], calls: int, warming_mb: float | None = None
) -> list[str]:
    """What is more at the end than it may be, in words. ``warming_mb``: what memory may grow by until all is warm."""
    if warming_mb is None:
        warming_mb = WARMING_MB if calls // 10 < WARM_CALLS else 0.0
    found = []
    for process, figures in after.items():
        for what, value in figures.items():
            least = LEAST_GROWTH.get(what, 0.0)
            if what == "rss_mb":
                least += RSS_PER_CALL_MB * calls + warming_mb
            if what in NOTHING_LEFT and value:
                found.append(f"{process}: {value} {what} are left")
            elif what in LEAST_GROWTH and value > before[process][what] + least:
                found.append(f"{process}: {what} {before[process][what]} -> {value}")
    return found


async def run(calls: int, lines: int, settle_s: float = SETTLE_S, endings: Sequence[str] = ENDINGS) -> dict[str, Any]:
    """Place calls with these ``endings``; returns outcomes, what the service held at a tenth and at the end, and what
    is wrong."""
    loss = lose(LOSS)
    async with speaking(SCRIPT) as url, serving(url) as (service, process):
        host = local_host(Address.parse(service.uri))
        clock = MediaClock()
        clock.start()
        endpoint = SipEndpoint(ListenAt(host=host, port=0))
        await endpoint.start()
        callers = CallLines(
            endpoint,
            MediaOptions(clock, PortRange(40000, 43999, host), host, MediaPreferences(codecs=(CODECS["PCMU"],))),
            service.uri,
        )
        began = time.monotonic()
        await callers.place(calls // 10, lines, endings)
        await asyncio.sleep(settle_s)
        before = await footprint(service, process)
        await callers.place(calls - calls // 10, lines, endings)
        await asyncio.sleep(settle_s)
        after = await footprint(service, process)
        seconds = time.monotonic() - began
        await endpoint.close()
        await clock.close()
    wrong = [f"{count} calls {outcome}" for outcome, count in callers.outcomes.items() if ":" in outcome]
    return {
        "calls": calls,
        "seconds": round(seconds, 1),
        "datagrams": {"passed": loss.passed, "lost": loss.lost},
        "outcomes": dict(callers.outcomes),
        "at_a_tenth": before,
        "at_the_end": after,
        "wrong": wrong + grown(before, after, calls),
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--lines", type=int, default=20, help="calls at once")
    parser.add_argument("--talking", action="store_true", help="all calls have three turns of speech")
    parser.add_argument("--settle", type=float, default=SETTLE_S, help="seconds after the last call")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.serve:
        uvloop.run(serve())
        return 0
    configure_logging("WARNING")
    endings = ("talked",) if options.talking else ENDINGS
    result = uvloop.run(run(options.calls, options.lines, options.settle, endings))
    if options.json:
        print(json.dumps(result))
    else:
        lost = result["datagrams"]
        print(f"{result['calls']} calls in {result['seconds']} s: {result['outcomes']}")
        print(f"packets lost: {lost['lost']} of {lost['lost'] + lost['passed']}")
        for name, after in result["at_the_end"].items():
            before = result["at_a_tenth"][name]
            print(f"{name:15}", ", ".join(f"{what} {before[what]} -> {after[what]}" for what in after))
        for fault in result["wrong"]:
            print("WRONG:", fault)
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
