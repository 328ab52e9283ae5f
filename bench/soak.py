"""Many short calls with mixed endings: does anything stay behind?

    python -m bench.soak --calls 1000

Against a service with a scripted speech service, so that calls are short. Each call ends in one of four ways: hung up
during the greeting, after a key, after a question, or (one in twenty) the caller vanishes without a BYE and the
silence timeout has to find that. Threads, sockets and memory of the call process and the dialog host are taken after a
tenth of the calls, when caches are full, and at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import time
from typing import Any

import psutil
import uvloop

from bench.service import Service, serving, speaking
from voicebot.caller.call import local_host
from voicebot.codecs import CODECS
from voicebot.events import Event
from voicebot.legs import LegClosed
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_media import MediaOptions
from voicebot.legs.sip_outgoing import dial
from voicebot.log import configure_logging
from voicebot.rtp import MediaClock, PortRange
from voicebot.sip.endpoint import SipEndpoint

SILENCE_TIMEOUT_S = 2.0
SETTLE_S = 12.0
"""After the last call: silence timeouts, SIP's timers and the records' writing come to their end."""


class Listener:
    """A caller who says nothing; what he hears is counted."""

    def __init__(self) -> None:
        self.frames = 0
        self.over = asyncio.Event()

    def frame(self, payload: bytes, at: float) -> None:
        self.frames += 1

    def sent(self, payload: bytes, at: float) -> None:
        pass

    def key(self, key: str, at: float) -> None:
        pass

    def fact(self, event: Event) -> None:
        pass

    def ended(self, reason: str, at: float) -> None:
        self.over.set()


async def one_call(endpoint: SipEndpoint, media: MediaOptions, uri: str, number: int) -> str:
    """Place one call; returns how it ended, or why it did not begin."""
    listener = Listener()
    try:
        leg: SipLeg = await dial(endpoint, media, uri, sink=listener, ring_timeout_s=20.0)
    except (LegClosed, OSError) as error:
        return f"failed: {error}"
    ending = "vanished" if number % 20 == 0 else ("greeting", "key", "question")[number % 3]
    await asyncio.sleep(random.uniform(0.2, 1.0))
    if ending == "key":
        leg.send_keys("1")
        await asyncio.sleep(0.5)
    elif ending == "question":
        await asyncio.sleep(1.5)
    if ending == "vanished":
        await leg._rtp.close()  # the phone fell into the water: neither packets nor a BYE
        return ending
    await leg.hang_up()
    return ending if listener.frames else "failed: nothing was heard"


def footprint(service: Service) -> dict[str, dict[str, float]]:
    """Threads, descriptors, resident megabytes of each process."""
    found = {}
    for name, process in service.processes().items():
        with contextlib.suppress(psutil.NoSuchProcess):
            found[name] = {
                "threads": process.num_threads(),
                "descriptors": process.num_fds(),
                "rss_mb": round(process.memory_info().rss / 1e6, 1),
            }
    return found


async def run(calls: int, concurrency: int) -> dict[str, Any]:
    """Place the calls; returns outcomes and what the service held at a tenth and at the end."""
    script = {"texts": ["Billing, please."], "cycle": True, "ms_per_word": 200}
    outcomes: dict[str, int] = {}
    async with speaking(script) as url:
        settings = {
            "VOICEBOT_SPEECH__SERVICE": "url",
            "VOICEBOT_SPEECH__URL": url,
            "VOICEBOT_SPEECH__PROMPT_CACHE_DIR": "",
            "VOICEBOT_RTP__SILENCE_TIMEOUT_S": str(SILENCE_TIMEOUT_S),
        }
        async with serving(settings) as service:
            host = local_host(service.uri)
            clock = MediaClock()
            clock.start()
            endpoint = SipEndpoint(host=host, port=0)
            await endpoint.start()
            media = MediaOptions(clock, PortRange(40000, 43999, host), host, (CODECS["PCMU"],), 30.0)
            numbers = iter(range(calls))
            began = time.monotonic()

            async def line() -> None:
                for number in numbers:
                    outcome = await one_call(endpoint, media, service.uri, number)
                    outcomes[outcome] = outcomes.get(outcome, 0) + 1

            async def some(count: int) -> None:
                nonlocal numbers
                numbers = iter(range(count))
                async with asyncio.TaskGroup() as group:
                    for _ in range(concurrency):
                        group.create_task(line())
                await asyncio.sleep(SETTLE_S)

            await some(calls // 10)
            before = footprint(service)
            await some(calls - calls // 10)
            after = footprint(service)
            await endpoint.close()
            await clock.close()
            return {
                "calls": calls,
                "seconds": round(time.monotonic() - began, 1),
                "outcomes": outcomes,
                "at_a_tenth": before,
                "at_the_end": after,
            }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--concurrency", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    configure_logging("WARNING")
    result = uvloop.run(run(options.calls, options.concurrency))
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{result['calls']} calls in {result['seconds']} s: {result['outcomes']}")
        for name, after in result["at_the_end"].items():
            before = result["at_a_tenth"][name]
            print(f"{name:15}", ", ".join(f"{what} {before[what]} -> {after[what]}" for what in after))
    grown = [
        name
        for name, after in result["at_the_end"].items()
        if after["threads"] > result["at_a_tenth"][name]["threads"] + 3
        or after["descriptors"] > result["at_a_tenth"][name]["descriptors"] + 5
    ]
    failed = [outcome for outcome in result["outcomes"] if outcome.startswith("failed")]
    return 1 if grown or failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
