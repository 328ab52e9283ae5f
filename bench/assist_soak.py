"""Many calls between people at once, one after the other: does anything stay behind, does anything hang?

    python -m bench.assist_soak                     50 at once, 10 rounds of a minute
    python -m bench.assist_soak --calls 20 --rounds 2 --seconds 20

An hour of speech in less time: somebody says something short every three seconds, so that each round brings as many
lines as three minutes of a usual call. Two cores carry that, callers, viewers and the scripted service included.
Each call has a viewer by server-sent events. One recording client in ten vanishes without a BYE; a refresh of its
session has to find that.

What the service holds is taken when the latest calls that can still be read (`assist/roster.py`) are all of a soak's,
and its memory has settled, and at the end; its memory is told after each round. The status is 1 when anything grew, a
call was refused or had no lines, or one did not end in its time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import uvloop

from bench import people
from bench.service import Service
from bench.soak import SETTLE_S, footprint, grown, serving
from bench.timed_speech import NOW, sent_at, speaking_in_time
from voicebot.assist.roster import MOST_ENDED
from voicebot.audio import PCMU
from voicebot.log import configure_logging
from voicebot.speech import apology
from voicebot.web.assist_watch import BEAT_S

VANISH_EVERY = 10
SPEECH_S, PAUSE_S = 0.7, 2.3
SCRIPT: dict[str, Any] = {
    "texts": [f"where is my parcel {NOW}", f"it will come on Friday {NOW}", f"thank you very much {NOW}"],
    "cycle": True,
    "hypothesis_after_ms": 200,
    "segmentation_ms": 200,
}
WARMING_MB = 10.0
WARM_ROUNDS = 4
"""After so many, what is kept for the next call is there."""


class Lines:
    """Calls one after the other on many lines; ``outcomes`` says how they went."""

    def __init__(self, service: Service, http: aiohttp.ClientSession, settle_s: float) -> None:
        self.outcomes: Counter[str] = Counter()
        self.shown = 0
        """Lines."""
        self._service = service
        self._http = http
        self._settle_s = settle_s
        self._placed = 0

    async def round(self, calls: int, seconds: float) -> None:
        """So many calls at once."""
        first, self._placed = self._placed, self._placed + calls
        for outcome in await asyncio.gather(*(self._call(first + number, seconds) for number in range(calls))):
            self.outcomes[outcome] += 1

    async def _call(self, number: int, seconds: float) -> str:
        viewer = people.Viewer(self._http, self._service.console, people.agent(number))
        watching = asyncio.create_task(viewer.watch())
        speech = apology("wait", PCMU)[: round(SPEECH_S * 8000)]
        try:
            async with people.conversation(self._service.uri, speech, PAUSE_S) as conversation:
                await viewer.watching.wait()
                await conversation.begin(number)
                await conversation.talk(seconds)
                vanishes = number % VANISH_EVERY == 5 and self._settle_s >= SETTLE_S
                if not vanishes:
                    await conversation.end()
            await asyncio.sleep(self._settle_s)
        except (RuntimeError, TimeoutError, OSError, aiohttp.ClientError) as error:
            return f"failed: {type(error).__name__}: {error}"
        finally:
            watching.cancel()
            await asyncio.wait([watching])
        events = [event for _, event in viewer.events]
        finals = [event for event in events if event["EventType"] == "Utterance" and not event["IsPartial"]]
        self.shown += len(finals)
        if not any(sent_at(event["Content"]) for event in finals):
            return "failed: no line was shown"
        ended = next((event["Reason"] for event in events if event["EventType"] == "Ended"), "")
        wanted = "expired" if vanishes else "client"
        return ended if ended == wanted else f"failed: it ended as {ended or 'nothing'}, not as {wanted}"


async def run(calls: int, rounds: int, seconds: float, warm: int, settle_s: float) -> dict[str, Any]:
    """``rounds`` of so many calls at once, each for ``seconds``, after ``warm`` others."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(speaking_in_time(SCRIPT))
        service, process = await stack.enter_async_context(serving(url, people.SETTINGS))
        timeout, connector = aiohttp.ClientTimeout(total=None), aiohttp.TCPConnector(limit=0)
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout, connector=connector))
        lines = Lines(service, http, settle_s)
        began = time.monotonic()
        for _ in range(warm):
            await lines.round(calls, seconds)
            tell(await footprint(service, process), "warming")
        leaving_s = min(settle_s, BEAT_S + 1)
        await asyncio.sleep(leaving_s)
        before = await footprint(service, process)
        for number in range(rounds):
            await lines.round(calls, seconds)
            tell(await footprint(service, process), f"round {number + 1}")
        await asyncio.sleep(leaving_s)  # that a viewer has gone is noticed when nothing has been told for so long
        after = await footprint(service, process)
    failed = [f"{count} calls {outcome}" for outcome, count in lines.outcomes.items() if outcome.startswith("failed")]
    return {
        "calls": lines.outcomes.total(),
        "seconds": round(time.monotonic() - began, 1),
        "lines": lines.shown,
        "outcomes": dict(lines.outcomes),
        "before": before,
        "after": after,
        "wrong": failed + grown(before, after, calls * rounds, WARMING_MB),
    }


def tell(held: dict[str, dict[str, float]], when: str) -> None:
    memory = ", ".join(f"{process} {figures['rss_mb']:.0f} MB" for process, figures in held.items())
    print(f"{when}: {memory}", file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.assist_soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=50, help="at once")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60.0, help="of speech in each call")
    parser.add_argument("--warm", type=int, default=0, help="rounds before; 0: until all is warm")
    parser.add_argument("--settle", type=float, default=SETTLE_S, help="seconds after a call; if less, nobody vanishes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    configure_logging("WARNING")
    warm = options.warm or max(WARM_ROUNDS, -(-MOST_ENDED // options.calls))
    result = uvloop.run(run(options.calls, options.rounds, options.seconds, warm, options.settle))
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{result['calls']} calls in {result['seconds']} s, {result['lines']} lines: {result['outcomes']}")
        for name, after in result["after"].items():
            before = result["before"].get(name, {})
            print(f"{name:16}", ", ".join(f"{what} {before.get(what)} -> {after[what]}" for what in after))
        for fault in result["wrong"]:
            print("WRONG:", fault)
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
