"""How many talking calls a core carries: one command, two cores.

    python -m bench.capacity                            25, 50, 100 and 150 calls at once
    python -m bench.capacity --beside ../old            each load to the service of another checkout, too
    python -m bench.capacity --calls 100 --seconds 120

The call process has one core. Callers, dialog host and what stands for speech share the other one. That is a double of
the speech client (speech_double.py): the SDK and a scripted service behind it would fill the core with 60 calls.
``--speech sdk`` takes them all the same; a checkout without a speech client has the SDK in the call process.

The
callers call again and again: a call talks over the menu to ask for the opening hours, interrupts the answer, keys an
account number, confirms it by voice and hangs up (the call of ``bench.turns``). Measured is a window in which all lines
are in calls: RTP by the kernel's time stamps at the phones, which are in C; gaps and barge-ins from the packets with
the last and first voiced sample. What callers say is cut off after its last voiced sample, and silence follows: the
voices fade for 80 ms below the level that counts, and when such a voice ended is a question of taste, not of capacity.
A scripted service recognises and speaks without delay, so what is left of the gap after the silence that the turn
policy waits for is our own share; how much of it went where is told by the records of the calls. It includes the wait
for the next packet, 10 ms on average. What the other core is at its limit with is told.

New calls are taken at any load, unless ``--governed``: then the service refuses calls that would make others suffer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import psutil
import uvloop

from bench.capacity.callers import Lines, clips_of
from bench.capacity.report import HEADINGS, complete, remarks, row
from bench.capacity.stages import records_in, stages
from bench.capacity.usage import CALLS, Reading, Shares, pin, resident_mb, unpin
from bench.far_end import NoCompiler, phones
from bench.service import Service, children_of, serving, speaking
from bench.turns import HEARD, SCRIPT, WAITED_MS, WAITS, render
from voicebot.caller import CallScript, parse_script
from voicebot.caller.measure import summary
from voicebot.log import configure_logging
from voicebot.sip import ListenAt, SipEndpoint

SCRIPTED: Final = {"texts": HEARD, "hypothesis_after_ms": 200, "segmentation_ms": 100, "ms_per_word": 300}
HERE: Final = Path(__file__).parent
SETTLE_S: Final = 3.0
"""After the ramp: the last lines are past their greeting."""
WARM_S: Final = 3.0
"""After ready: prompts are being rendered. ``bench.start`` has the figures of the first calls."""


def settings_of(speech_url: str, governed: bool, given: Mapping[str, str]) -> dict[str, str]:
    """The settings of the service."""
    settings = {f"TURNS__{name.upper()}": str(WAITED_MS) for name in WAITS}
    settings["SIP__REFUSE_WHEN_BUSY"] = str(governed).lower()
    settings |= {"SPEECH__SERVICE": "url", "SPEECH__URL": speech_url, "SPEECH__PROMPT_CACHE_DIR": ""}
    return {f"VOICEBOT_{name}": value for name, value in (settings | dict(given)).items()}


def processes_of(service: Service, far_end_pid: int) -> dict[str, psutil.Process]:
    """All that run, by what they are."""
    ours = psutil.Process()
    found = dict(service.processes())
    for child, command in children_of(ours):
        if "voicebot.localspeech" in command:
            found["scripted service"] = child
    return found | {"callers": ours, "phones": psutil.Process(far_end_pid)}


async def measure(
    service: Service, script: CallScript, folder: Path, calls: int, seconds: float, ramp_s: float
) -> dict[str, Any]:
    """One load on a running service."""
    async with phones(calls) as far_end:
        processes = processes_of(service, far_end.pid)
        pinned = pin(processes)
        endpoint = SipEndpoint(ListenAt(port=0))
        await endpoint.start()
        try:
            clips = await asyncio.to_thread(clips_of, far_end, script, folder)
            lines = Lines(endpoint, far_end, service.uri, script, clips)
            empty = resident_mb(service.process)
            lines.open(calls, ramp_s)
            await asyncio.sleep(ramp_s + SETTLE_S)
            lines.measure(time.time(), time.time() + seconds)
            before = Reading.of(processes)
            media = await far_end.measure(seconds)
            shares = Shares.between(before, Reading.of(processes), seconds)
            rss = resident_mb(service.process)
            await lines.close()
        finally:
            unpin()
            await endpoint.close()
    called = lines.called
    up = called.talked_s / seconds
    return {
        "calls": calls,
        "seconds": seconds,
        "calls_up": round(up, 1),
        "waited_ms": WAITED_MS,
        "pinned": pinned,
        "cpu_percent_a_call": round(shares.processes[CALLS] / up, 3) if up else float("nan"),
        "percent": {name: round(share, 1) for name, share in shares.processes.items()},
        "cores": {"calls": shares.calls_core, "other": shares.other_core, "others": shares.others},
        "rss_mb": round(rss, 1),
        "mb_a_call": round((rss - empty) / calls, 3),
        "media": media,
        "figures": summary(called.figures),
        "outcomes": dict(called.outcomes),
    }


async def run(options: argparse.Namespace, given: dict[str, str]) -> list[dict[str, Any]]:
    """All loads; prints the rows as they come."""
    trees: dict[str, Path | None] = {"this": None}
    if options.beside:
        trees[options.beside.resolve().name[:8]] = options.beside.resolve()
    results = []
    doubled = {name: options.speech == "double" and _has_client(tree) for name, tree in trees.items()}
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as name:
        folder = Path(name)
        await render(folder)
        script = parse_script(SCRIPT, folder=folder)
        for calls in options.calls:
            for checkout, tree in trees.items():
                start = [str(HERE / "serve.py"), str(HERE / "speech_double.py"), json.dumps(HEARD)]
                start = start if doubled[checkout] else []
                result = await _one(checkout, tree, script, folder, calls, options, given, start)
                results.append(result)
                if not options.json:
                    print("\n".join([row(result), *remarks(result)]), flush=True)
    return results


def _has_client(tree: Path | None) -> bool:
    return tree is None or (tree / "voicebot" / "service" / "speech_client.py").is_file()


async def _one(
    checkout: str,
    tree: Path | None,
    script: CallScript,
    folder: Path,
    calls: int,
    options: argparse.Namespace,
    given: Mapping[str, str],
    start: Sequence[str],
) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(speaking(SCRIPTED))
        records = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="voicebot-bench-")))
        settings = settings_of(url, options.governed, {**given, "CALLS__RECORDS": str(records)})
        service = await stack.enter_async_context(serving(settings, tree=tree, start=start))
        await asyncio.sleep(WARM_S)
        ramp_s = options.ramp or calls / 5
        result = await measure(service, script, folder, calls, options.seconds, ramp_s)
        return {
            "checkout": checkout,
            "speech": "double" if start else "sdk",
            "start_s": round(service.start_s, 1),
            **result,
            "stages_ms": stages(await asyncio.to_thread(records_in, records), WAITED_MS),
        }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, nargs="+", default=[25, 50, 100, 150], help="lines that are in calls")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each load is measured (default 60)")
    parser.add_argument(
        "--ramp", type=float, default=0.0, help="seconds until all lines call (default: 5 calls a second)"
    )
    parser.add_argument("--beside", type=Path, help="another checkout, whose service gets the same loads")
    parser.add_argument("--speech", choices=("double", "sdk"), default="double", help="what recognises and speaks")
    parser.add_argument("--governed", action="store_true", help="sip.refuse_when_busy: calls may be refused")
    parser.add_argument("--setting", nargs="+", default=[], help="settings of the service: SECTION__NAME=VALUE")
    parser.add_argument("--json", action="store_true", help="print one JSON list at the end")
    options = parser.parse_args(argv)
    configure_logging("WARNING")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4 * max(options.calls) + 1024, hard), hard))
    given = {name: value for name, _, value in (text.partition("=") for text in options.setting)}
    if not options.json:
        print(HEADINGS, flush=True)
    try:
        results = uvloop.run(run(options, given))
    except NoCompiler as missing:
        raise SystemExit(str(missing)) from missing
    if options.json:
        print(json.dumps(results))
    return 0 if all(map(complete, results)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
