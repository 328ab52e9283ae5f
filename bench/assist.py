"""How soon an agent sees what is said, and what a call between people costs beside two calls of the bot.

    python -m bench.assist                  20 calls at once
    python -m bench.assist --calls 5 --seconds 10
    python -m bench.assist --calls 5 --viewers 1000 --no-bot

Recording clients fork calls of two people, who take turns without end, to the whole service. The speech service is a
scripted one that writes into each text when it was sent (`timed_speech.py`); when the text has come to the agent by
server-sent events, the difference is our share, the speech client's and the page's stream together. Before that, the
same service answers calls of the bot (`turns.py`). How late the packets of the people were is told, too: what else the
machine does spoils all of it. The status is 1 when a line is late, or a call has no lines.

With ``--viewers``, so many more look at the first call. They are served more seldom; the figures of the lines are then
those of the other calls, which must not be later for that.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from bench import people, turns
from bench.echo_calls import percentile
from bench.service import Service, serving
from bench.timed_speech import NOW, sent_at, speaking_in_time
from voicebot.log import configure_logging

LATE_MS = 300.0
"""95 of 100 lines may take so long."""
SAYINGS = (
    f"my parcel number has never arrived {NOW} and I am very angry about it",
    f"I am sorry to hear that {NOW} I will send you another one by Friday",
    f"could you please cancel my contract {NOW} because of the moving fee",
    f"thank you {NOW} that was a great help",
)
SCRIPT: dict[str, Any] = {"cycle": True, "hypothesis_after_ms": 200, "ms_per_word": 300}
BOT = SCRIPT | {"texts": turns.HEARD, "cycle": False, "segmentation_ms": 100}
PEOPLE = SCRIPT | {"texts": SAYINGS}
SETTLE_S = 3.0
ARRIVAL_S = 0.01
"""Between two viewers: who come faster are refused (:mod:`voicebot.listening.admission`)."""


async def follow(speech_url: str, script: dict[str, Any]) -> None:
    """The speech service follows ``script`` from now on."""
    url = speech_url.replace("ws:", "http:") + "/control"
    async with aiohttp.ClientSession() as http, http.post(url, json=script) as response:
        response.raise_for_status()


async def listened_to(service: Service, calls: int, seconds: float, more_viewers: int = 0) -> dict[str, Any]:
    """So many calls between people at once, for so long. ``more_viewers``: of the first."""
    async with AsyncExitStack() as stack:
        timeout, connector = aiohttp.ClientTimeout(total=None), aiohttp.TCPConnector(limit=0)
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout, connector=connector))
        viewers = [people.Viewer(http, service.console, people.agent(number)) for number in range(calls)]
        crowd = [people.Viewer(http, service.console, people.agent(0)) for _ in range(more_viewers)]
        watching = list[asyncio.Task[None]]()
        for viewer in (*viewers, *crowd):
            watching.append(asyncio.create_task(viewer.watch()))
            await asyncio.sleep(ARRIVAL_S if crowd else 0)
        await asyncio.gather(*(viewer.watching.wait() for viewer in (*viewers, *crowd)))
        made = [await stack.enter_async_context(people.conversation(service.uri)) for _ in viewers]
        for number, conversation in enumerate(made):
            await conversation.begin(number)
        before = service.usage()
        await asyncio.gather(*(conversation.talk(seconds) for conversation in made))
        after = service.usage()
        for conversation in made:
            await conversation.end()
        await asyncio.sleep(SETTLE_S)
        for task in watching:
            task.cancel()
        await asyncio.wait(watching)
    late = [figures(viewer) for viewer in (viewers[1:] if crowd else viewers)]
    finals = [ms for one in late for ms in one["final"]]
    lines = [ms for one in late for ms in (*one["final"], *one["partial"])]
    return {
        "calls": calls,
        "lines": len(lines),
        "finals": len(finals),
        "calls_without_lines": sum(not one["final"] for one in late),
        "crowd": crowded(crowd),
        "line_ms": spread(lines),
        "final_ms": spread(finals),
        "sentiments": sum(one["sentiments"] for one in late),
        "people_late_ms": spread([1000 * seconds for one in made for seconds in one.late]),
        "cpu_percent_a_call": {
            name: round(100 * taken / seconds / calls, 2) for name, taken in after.since(before).items()
        },
        "rss_mb": {name: round(value) for name, value in after.rss_mb.items()},
    }


def figures(viewer: people.Viewer) -> dict[str, Any]:
    """How late each line came to ``viewer``, in milliseconds. What is told again without having been sent again is no
    line."""
    late: dict[str, list[float]] = {"final": [], "partial": []}
    seen = set[float]()
    for at, event in viewer.events:
        sent = sent_at(event["Content"]) if event["EventType"] == "Utterance" else None
        if sent is not None and sent not in seen:
            seen.add(sent)
            late["partial" if event["IsPartial"] else "final"].append((at - sent) * 1000)
    return late | {"sentiments": sum(event["EventType"] == "Sentiment" for _, event in viewer.events)}


def crowded(viewers: Sequence[people.Viewer]) -> dict[str, Any] | None:
    """How late the final lines came to the many ``viewers`` of one call, and how many of them lack some."""
    finals = [figures(viewer)["final"] for viewer in viewers]
    if not finals:
        return None
    most = max(1, *map(len, finals))
    lacking = sum(len(one) < most for one in finals)
    return {"viewers": len(finals), "lacking": lacking, "final_ms": spread([ms for one in finals for ms in one])}


def spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {name: round(percentile(ordered, share), 1) for name, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))}


def worst(result: dict[str, Any]) -> list[str]:
    """What is not as it is to be, in words."""
    found = []
    if not result["line_ms"]["p95"] <= LATE_MS:
        found.append(f"lines come {result['line_ms']['p95']} ms after they were sent (p95)")
    if result["calls_without_lines"]:
        found.append(f"{result['calls_without_lines']} calls have no lines")
    if (crowd := result.get("crowd")) and crowd["lacking"]:
        found.append(f"{crowd['lacking']} of {crowd['viewers']} viewers of one call lack lines")
    return found


async def run(calls: int, seconds: float, *, bot: bool = True, more_viewers: int = 0) -> dict[str, Any]:
    """``bot``: call the bot first, as often at once. ``more_viewers``: of the first call."""
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as name:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(speaking_in_time(BOT if bot else PEOPLE))
            settings = {"VOICEBOT_SPEECH__SERVICE": "url", "VOICEBOT_SPEECH__URL": url}
            settings |= {f"VOICEBOT_TURNS__{wait.upper()}": str(turns.WAITED_MS) for wait in turns.WAITS}
            service = await stack.enter_async_context(serving(people.SETTINGS | settings))
            cost = None
            if bot:
                await turns.render(Path(name))
                await asyncio.sleep(SETTLE_S)
                cost = (await turns.measure(service, Path(name), calls))["cpu_percent_a_call"]
                await follow(url, PEOPLE)
            result = await listened_to(service, calls, seconds, more_viewers)
    result["cpu_percent_a_bot_call"] = cost
    return result | {"wrong": worst(result)}


def line(result: dict[str, Any]) -> str:
    def cost(of: dict[str, float]) -> str:
        return f"{sum(of.values()):.1f} ({', '.join(f'{name} {value:.1f}' for name, value in of.items())})"

    def ms(of: dict[str, float]) -> str:
        return " / ".join(f"{of[name]:.0f}" for name in ("p50", "p95", "max"))

    crowd = result["crowd"]
    own, bot = result["cpu_percent_a_call"], result["cpu_percent_a_bot_call"]
    return (
        f"{result['calls']} calls, {result['lines']} lines | shown after p50/p95/max {ms(result['line_ms'])} ms,"
        f" final ones {ms(result['final_ms'])} ms (the people's packets {ms(result['people_late_ms'])} ms late)"
        + (f" | to {crowd['viewers']} viewers of one {ms(crowd['final_ms'])} ms" if crowd else "")
        + f" | {result['sentiments']} moods | CPU % a call: {cost(own)}"
        + (f"; of the bot: {cost(bot)}: {sum(own.values()) / sum(bot.values()) / 2:.2f} of two" if bot else "")
        + f" | MB: {', '.join(f'{name} {value}' for name, value in result['rss_mb'].items())}"
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.assist", description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=20, help="at once")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--no-bot", action="store_true", help="no calls of the bot, to compare with")
    parser.add_argument("--viewers", type=int, default=0, help="more of them, of the first of several calls")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    if options.viewers and options.calls < 2:
        parser.error("--viewers: two calls or more")
    configure_logging("WARNING")
    result = uvloop.run(run(options.calls, options.seconds, bot=not options.no_bot, more_viewers=options.viewers))
    faults = [f"WRONG: {fault}" for fault in result["wrong"]]
    print(json.dumps(result) if options.json else "\n".join([line(result), *faults]))
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
