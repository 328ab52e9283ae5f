"""What a turn with somebody else's bot costs us, and how many calls wait side by side.

    python -m bench.channel

Each channel talks to a bot on this machine over real sockets, in a process of its own. *Our share* is a turn's time
less what the bot itself took: it answers at once, so that all that is left is the way there and back. *Parallel*: 200
calls ask a bot that thinks for 1 s; what each waited beyond that second is ours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from voicebot.bots import CallFacts, activities
from voicebot.bots.bot_framework import BotFrameworkBot
from voicebot.bots.channel import BotChannel
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.copilot_studio import AgentChannel
from voicebot.bots.direct_line import DirectLineBot
from voicebot.bots.streaming import StreamingBot
from voicebot.events import BotDone, BotFailed, BotMessage, Event
from voicebot.service.supervisor import ChildProcess

THINKS_S = 1.0
TURNS = 500
PARALLEL = 200
ROUNDS = 5
KINDS = ("bot-framework", "bot-framework-streaming", "direct-line", "copilot-studio")
DOUBLES = Path(__file__).resolve().parents[1] / "tests" / "doubles"


class Call:
    """One call that asks, and waits for the answer and for the end of the turn."""

    def __init__(self, channel: BotChannel, number: int) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self.conversation = channel.conversation(CallFacts(f"call-{number}", f"+1555{number:04d}", "+1"), self._take)
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


class FixedToken:
    """The agent's one token, which is never refused."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        return self._token

    def forget(self, token: str) -> None: ...

    async def close(self) -> None: ...


@asynccontextmanager
async def channel_to(kind: str, bot: dict[str, Any]) -> AsyncIterator[BotChannel]:
    connector = ConnectorServer()
    channel: BotChannel
    if kind == "bot-framework":
        channel = BotFrameworkBot(name="bench", url=bot["url"]).channel(connector)
    elif kind == "bot-framework-streaming":
        channel = StreamingBot(name="bench", url=bot["url"]).channel(connector)
    elif kind == "copilot-studio":
        channel = AgentChannel(bot["agent"], FixedToken(bot["token"]), turn_timeout_s=10.0)
    else:
        os.environ["BENCH_SECRET"] = bot["secret"]
        channel = DirectLineBot(name="bench", url=bot["line"], secret_env="BENCH_SECRET").channel(connector)
    await channel.start()
    try:
        yield channel
    finally:
        await channel.close()
        await connector.close()


def spread(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "p50": round(statistics.median(ordered) * 1000, 1),
        "p95": round(ordered[int(len(ordered) * 0.95)] * 1000, 1),
        "max": round(ordered[-1] * 1000, 1),
    }


async def measure(kind: str, bot: dict[str, Any]) -> dict[str, Any]:
    async with channel_to(kind, bot) as channel:
        one = Call(channel, 0)
        await one.ask("warm")
        alone = [await one.ask("now") for _ in range(TURNS)]
        calls = [Call(channel, number) for number in range(1, PARALLEL + 1)]
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
        "channel": kind,
        "our_share_ms": spread(alone),
        "cpu_ms_a_turn": round(1000 * busy_s / turns, 2),
        "turns_a_second_a_core": round(turns / busy_s),
        "turns_a_second_here": round(turns / took_s),
        "parallel_ms": spread(list(waited)),
    }


async def run() -> list[dict[str, Any]]:
    async with bot_process() as bot:
        return [await measure(kind, bot) for kind in KINDS]


def line(result: dict[str, Any]) -> str:
    """One channel as a row of the table."""
    share, parallel = result["our_share_ms"], result["parallel_ms"]
    return (
        f"{result['channel']:24} our share p50/p95 {share['p50']:.1f} / {share['p95']:.1f} ms"
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
