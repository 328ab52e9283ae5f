"""What a turn costs us on the way to somebody else's bot, and how many calls wait side by side.

    python -m bench.channel

Each way talks to a bot on this machine over real sockets, in a process of its own. *Our share* is a turn's time less
what the bot itself took: it answers at once, so that all that is left is the way there and back. *Parallel*: 200 calls
ask a bot that thinks for 1 s; what each waited beyond that second is ours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from voicebot.bots import CallFacts, activities
from voicebot.bots.bot_framework import BotFrameworkSettings, BotFrameworkWay
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.copilot_studio import CopilotStudioOptions, copilot_studio_way
from voicebot.bots.direct_line import DirectLineOptions, DirectLineWay
from voicebot.bots.streaming import StreamingSettings, StreamingWay
from voicebot.bots.ways import BotWay
from voicebot.events import BotDone, BotFailed, BotMessage, Event
from voicebot.service.supervisor import ChildProcess

THINKS_S = 1.0
TURNS = 500
PARALLEL = 200
ROUNDS = 5
WAYS = ("bot-framework", "bot-framework-streaming", "direct-line", "copilot-studio")
DOUBLES = Path(__file__).resolve().parents[1] / "tests" / "doubles"


class Call:
    """One call that asks, and waits for the answer and for the end of the turn."""

    def __init__(self, way: BotWay, number: int) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self.conversation = way.conversation(CallFacts(f"call-{number}", f"+1555{number:04d}", "+1"), self._take)
        self._asked = 0

    def _take(self, event: Event) -> None:
        self._events.put_nowait(event)

    async def ask(self, text: str) -> float:
        """Seconds until the first words of the answer; returns when the turn is over. Raises when the bot failed."""
        began = time.perf_counter()
        self._asked += 1
        self.conversation.send(self._asked, activities.user_message(text))
        heard = 0.0
        while True:
            event = await self._events.get()
            if isinstance(event, BotMessage) and not heard:
                heard = time.perf_counter() - began
            elif isinstance(event, BotFailed):
                raise RuntimeError(event.reason)
            elif isinstance(event, BotDone):
                assert heard, "an answer was expected"
                return heard


@asynccontextmanager
async def bot_process() -> AsyncIterator[dict[str, Any]]:
    """The bot, over HTTP, streaming, Direct Line and as an agent of Copilot Studio: their addresses."""
    ready: dict[str, Any] = {}
    child = ChildProcess("bot", [sys.executable, "-m", "bench.channel", "--bot"], on_ready=ready.update)
    await child.start()
    try:
        yield ready
    finally:
        await child.stop()


async def be_the_bot() -> None:
    """The other process: answers at once, or after a second when told to think."""
    sys.path.insert(0, str(DOUBLES))
    from bot_double import BotDouble
    from copilot_studio_double import TOKEN, CopilotStudioDouble
    from direct_line_double import SECRET

    async def answer(activity: dict[str, Any], say: Any) -> None:
        if activity["type"] == "message":
            if activity["text"] == "think":
                await asyncio.sleep(THINKS_S)
            await say({"type": "message", "text": "Here you are.", "inputHint": "expectingInput"})

    async def behave(_: Any, activity: dict[str, Any], reply: Any) -> None:
        await answer(activity, lambda said: reply(**said))

    bot = BotDouble(behave)
    await bot.start()
    async with CopilotStudioDouble(answer) as line:
        ready = {"ready": True, "url": bot.url, "line": line.endpoint, "secret": SECRET}
        print(json.dumps(ready | {"agent": line.connection_url, "token": TOKEN}), flush=True)
        await asyncio.Event().wait()


@asynccontextmanager
async def way_to(kind: str, bot: dict[str, Any]) -> AsyncIterator[BotWay]:
    connector = ConnectorServer()
    way: BotWay
    if kind == "bot-framework":
        way = BotFrameworkWay("bench", BotFrameworkSettings(bot["url"]), connector)
    elif kind == "bot-framework-streaming":
        way = StreamingWay("bench", StreamingSettings(bot["url"]))
    elif kind == "copilot-studio":

        async def token(_: str) -> str:
            return str(bot["token"])

        way = copilot_studio_way(CopilotStudioOptions(connection_url=bot["agent"], token=token))
    else:
        way = DirectLineWay(DirectLineOptions(endpoint=bot["line"], secret=bot["secret"]))
    await way.start()
    try:
        yield way
    finally:
        await way.close()
        await connector.close()


def spread(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "p50": round(statistics.median(ordered) * 1000, 1),
        "p95": round(ordered[int(len(ordered) * 0.95)] * 1000, 1),
        "max": round(ordered[-1] * 1000, 1),
    }


async def measure(kind: str, bot: dict[str, Any]) -> dict[str, Any]:
    async with way_to(kind, bot) as way:
        one = Call(way, 0)
        await one.ask("warm")
        alone = [await one.ask("now") for _ in range(TURNS)]
        calls = [Call(way, number) for number in range(1, PARALLEL + 1)]
        await asyncio.gather(*(call.ask("warm") for call in calls))
        cpu, began = time.process_time(), time.perf_counter()
        for _ in range(ROUNDS):
            await asyncio.gather(*(call.ask("now") for call in calls))
        took_s = time.perf_counter() - began
        busy_s = time.process_time() - cpu
        waited = await asyncio.gather(*(call.ask("think") for call in calls))
        await asyncio.gather(*(call.conversation.close("caller") for call in [one, *calls]))
    turns = ROUNDS * PARALLEL
    return {
        "way": kind,
        "our_share_ms": spread(alone),
        "cpu_ms_a_turn": round(1000 * busy_s / turns, 2),
        "turns_a_second_a_core": round(turns / busy_s),
        "turns_a_second_here": round(turns / took_s),
        "parallel_ms": spread(list(waited)),
    }


async def run() -> list[dict[str, Any]]:
    async with bot_process() as bot:
        return [await measure(kind, bot) for kind in WAYS]


def line(result: dict[str, Any]) -> str:
    """One way as a row of the table."""
    share, parallel = result["our_share_ms"], result["parallel_ms"]
    return (
        f"{result['way']:24} our share p50/p95 {share['p50']:.1f} / {share['p95']:.1f} ms"
        f" | {result['cpu_ms_a_turn']:.2f} ms CPU a turn: {result['turns_a_second_a_core']} turns/s a core"
        f" | {PARALLEL} calls, bot takes {THINKS_S:g} s: p50 {parallel['p50']:.0f}, max {parallel['max']:.0f} ms"
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.channel", description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--bot", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.bot:
        uvloop.run(be_the_bot())
        return 0
    results = uvloop.run(run())
    print(json.dumps(results) if options.json else "\n".join(map(line, results)))
    return 0 if all(r["parallel_ms"]["max"] <= 1000 * (THINKS_S + 0.2) for r in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
