"""Calls by Azure Communication Services beside calls by SIP: response gap, barge-in, pacing, and what a call costs.

    python -m bench.acs --calls 1 10

One service takes both, one kind after the other, at each load; the calls are those of :mod:`bench.turns`, with a
scripted speech service. ACS is the double of the tests, in this process: what it costs is not counted, and its way has
no delay, so that what is measured is ours. Barge-in: from the caller's first voiced sample to the last audible frame of
the prompt that the double played. `--codec` is that of the calls by SIP; those by ACS have 16 kHz, as G722 has.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import uvloop

from bench.service import Service, serving, speaking
from bench.turns import LEAST_CALLS, RAMP_S, SCRIPT, SPEECH, line, measured, render, scripted
from voicebot.address import Address
from voicebot.audio import LINEAR_16K
from voicebot.audio.codecs import CODECS
from voicebot.caller import CallOptions, CallScript, LoadReport, follow, parse_script, place_many
from voicebot.caller.voice import Voice
from voicebot.log import configure_logging

DOUBLES = Path(__file__).resolve().parents[1] / "tests" / "doubles"
EVENTS_KEY = "known-to-the-bench-only"
WARMING_S = 5.0
"""Prompts are being warmed, in both formats: a caller in the first seconds is another figure."""


async def many_by_acs(acs: Any, phone: Any, grid: str, script: CallScript, calls: int, concurrency: int) -> LoadReport:
    """As :func:`voicebot.caller.place_many`, by the double ``acs``, whose telephones are ``phone``."""
    voice = Voice(None)
    audio = await voice.prepare(script, LINEAR_16K)
    report, waiting = LoadReport(), iter(range(calls))

    async def line(delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        for _ in waiting:  # shared: each of the lines takes the next call
            call = await follow(
                "acs",
                script,
                audio,
                lambda sink: phone.dial(acs, grid, sink),
                CallOptions(transcribe=False),
                form=LINEAR_16K,
                codec=LINEAR_16K.name,
            )
            report.calls.append(call)

    lines = min(calls, concurrency)
    async with asyncio.TaskGroup() as group:
        for number in range(lines):
            group.create_task(line(RAMP_S * number / lines))
    return report


async def side_by_side(service: Service, acs: Any, phone: Any, grid: str, folder: Path, concurrency: int,
                       codec: str) -> list[dict[str, Any]]:  # fmt: skip
    """One load of each kind."""
    script, calls = parse_script(SCRIPT, folder=folder), max(LEAST_CALLS, concurrency)
    options = CallOptions(transcribe=False, codec=CODECS[codec])
    by_sip = place_many(
        Address.parse(service.uri), script, calls=calls, concurrency=concurrency, ramp_s=RAMP_S, options=options
    )
    results = [{"speech": "scripted", "by": f"SIP {codec}", **await measured(service, concurrency, by_sip)}]
    by_acs = many_by_acs(acs, phone, grid, script, calls, concurrency)
    results.append({"speech": "scripted", "by": "ACS", **await measured(service, concurrency, by_acs)})
    return results


async def run(loads: list[int], codec: str) -> list[dict[str, Any]]:
    """Each load, of both kinds, on a service of its own."""
    sys.path.append(str(DOUBLES))
    from acs import ACCESS_KEY, RESOURCE, AcsService
    from acs.phone import AcsPhone
    from free_port import free_port

    results = []
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as name:
        folder = Path(name)
        await render(folder)
        for concurrency in loads:
            port = free_port()
            url = f"http://127.0.0.1:{port}"
            async with AcsService() as acs, speaking(SPEECH) as speech:
                settings = {
                    "VOICEBOT_ACS__ENDPOINT": acs.url,
                    "VOICEBOT_ACS__KEY": ACCESS_KEY,
                    "VOICEBOT_ACS__RESOURCE_ID": RESOURCE,
                    "VOICEBOT_ACS__PORT": str(port),
                    "VOICEBOT_ACS__PUBLIC_URL": url,
                    "VOICEBOT_ACS__EVENTS_KEY": EVENTS_KEY,
                    "VOICEBOT_ACS__MAX_CALLS": "1000",
                    "VOICEBOT_ACS__METADATA_URL": acs.sending.metadata_url,
                    "VOICEBOT_SIP__CODECS": json.dumps([codec]),
                }
                async with serving(scripted(speech) | settings) as service:
                    await asyncio.sleep(WARMING_S)
                    grid = f"{url}/acs/events/{EVENTS_KEY}"
                    results += await side_by_side(service, acs, AcsPhone, grid, folder, concurrency, codec)
    return results


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.acs", description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, nargs="+", default=[1])
    parser.add_argument("--codec", choices=("PCMU", "PCMA", "G722"), default="PCMU")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    configure_logging("WARNING")
    results = uvloop.run(run(options.calls, options.codec))
    print(json.dumps(results) if options.json else "\n".join(f"{one['by']:9} {line(one)}" for one in results))
    return 0 if all(one["outcomes"].get("completed") == one["calls"] for one in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
