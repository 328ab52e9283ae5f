"""What it costs to be one of several: keeping what others need to go on with a call, and Kamailio in front.

    python -m bench.fleet --calls 10

One run, on loopback (`deploy/try/local_fleet.py`; it needs Kamailio and Redis). The same calls, answered by keys, go to
a node by itself, whose conversations are in a file; to one that keeps all in Redis; and by way of Kamailio to the same
node, in turn with the latter. A turn is from the key to the first packet of the answer, at the caller; set-up is from
INVITE to 200. Redis operations are commands that Redis has counted, those of scripts among them: those of a call are
what is left without the beats of an idle node.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import uvloop

from voicebot.address import Address
from voicebot.caller import CallScript, LoadReport, Phone, parse_script
from voicebot.caller.measure import Spread
from voicebot.log import configure_logging
from voicebot.redis_server import RedisAddress, RedisServer

TRY = Path(__file__).resolve().parents[1] / "deploy" / "try"
ALONE: dict[str, Any] = {"fleet__url": "", "bot__state_url": ""}
SCRIPT = "quiet_s: 0.4\nsteps:\n" + "".join(
    f"  - {step}\n" for step in ("listen:", 'keys: "1"', 'keys: "2"', 'keys: "3"', "expect_end: hangup")
)
TURNS = 3
IDLE_S = 5.0
RAMP_S = 2.0
WARM_CALLS = 2


@dataclass(frozen=True)
class Usage:
    """What Redis has counted: commands, and the seconds of the loop's clock since when."""

    commands: int
    at: float


async def run(calls: int, rounds: int) -> dict[str, Any]:
    """The figures by their names. Raises what :func:`local_fleet` raises."""
    sys.path.append(str(TRY))
    from local_fleet import EDGE_HOST, caller_options, local_fleet

    script = parse_script(SCRIPT)
    # Kamailio's address is the one that a node takes calls from.
    direct = replace(caller_options(), host=EDGE_HOST)
    figures: dict[str, Any] = {"calls": calls}
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as name:
        folder = Path(name)
        (folder / "alone").mkdir()
        async with local_fleet(folder / "alone", nodes=1, **ALONE) as fleet:
            to = Address.parse(fleet.nodes[0].ready["sip"])
            async with Phone(to, direct) as phone:
                await place(phone, to, script, WARM_CALLS)
                alone = [await place(phone, to, script, calls) for _ in range(rounds)]
        (folder / "kept").mkdir()
        async with local_fleet(folder / "kept", nodes=1) as fleet:
            redis = RedisServer(RedisAddress.parse(fleet.redis_url))
            to = Address.parse(fleet.nodes[0].ready["sip"])
            async with Phone(to, direct) as near, Phone(fleet.edge, caller_options()) as far:
                await place(near, to, script, WARM_CALLS)
                idle = await used(redis), await after(IDLE_S, redis)
                kept, through = list[LoadReport](), list[LoadReport]()
                began = await used(redis)
                for _ in range(rounds):
                    kept.append(await place(near, to, script, calls))
                    through.append(await place(far, fleet.edge, script, calls))
                ended = await used(redis)
            await redis.close()
    of_beats = rate(*idle)
    made = sum(len(one.calls) for one in [*kept, *through])
    figures["commands_idle_s"] = round(of_beats, 1)
    figures["commands_call"] = round((ended.commands - began.commands - of_beats * (ended.at - began.at)) / made, 1)
    for way, reports in {"alone": alone, "kept": kept, "kamailio": through}.items():
        every = [call for one in reports for call in one.calls]
        figures[way] = {
            "outcomes": [call.outcome for call in every].count("completed"),
            "calls": len(every),
            "turn": Spread.of([gap for call in every for gap in call.figures.key_gaps_ms]),
            "set_up": Spread.of([call.figures.answer_ms for call in every if call.figures.answer_ms is not None]),
        }
    return figures


async def place(phone: Phone, to: Address, script: CallScript, calls: int) -> LoadReport:
    """``calls`` calls at once, which begin within :data:`RAMP_S`."""
    report = LoadReport()

    async def one(number: int) -> None:
        await asyncio.sleep(RAMP_S * number / calls)
        report.calls.append(await phone.call(to, script))

    async with asyncio.TaskGroup() as group:
        for number in range(calls):
            group.create_task(one(number))
    return report


async def used(redis: RedisServer) -> Usage:
    told: dict[str, dict[str, Any]] = await redis.redis.info("commandstats")
    return Usage(sum(int(one["calls"]) for one in told.values()), asyncio.get_running_loop().time())


async def after(seconds: float, redis: RedisServer) -> Usage:
    await asyncio.sleep(seconds)
    return await used(redis)


def rate(began: Usage, ended: Usage) -> float:
    """Commands a second."""
    return (ended.commands - began.commands) / (ended.at - began.at)


def shown(figures: dict[str, Any]) -> list[str]:
    """The figures as lines."""
    names = {"alone": "by itself", "kept": "in a fleet", "kamailio": "... by Kamailio"}
    rows = [
        f"{name:16} set-up p50 {figures[way]['set_up'].p50} p95 {figures[way]['set_up'].p95} ms; turn p50 "
        f"{figures[way]['turn'].p50} p99 {figures[way]['turn'].p99} ms; {figures[way]['outcomes']} of "
        f"{figures[way]['calls']} calls"
        for way, name in names.items()
    ]
    return [
        f"{figures['calls']} calls at a time, {TURNS} turns each",
        *rows,
        f"Redis commands: {figures['commands_call']} a call, and {figures['commands_idle_s']} a second for the node",
    ]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.fleet", description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=10, help="at a time (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of each kind (default: %(default)s)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    configure_logging("WARNING")
    figures = uvloop.run(run(options.calls, options.rounds))
    print(json.dumps(figures, default=asdict) if options.json else "\n".join(shown(figures)))
    ways = [figures[way] for way in ("alone", "kept", "kamailio")]
    return 0 if all(way["outcomes"] == way["calls"] for way in ways) else 1


if __name__ == "__main__":
    raise SystemExit(main())
