"""Calls by Azure Communication Services beside calls by SIP: response gap, barge-in, pacing, and what a call costs.

    python -m bench.acs --calls 1 10

One service takes both, one kind after the other, at each load; the calls are those of :mod:`bench.turns`, with a
scripted speech service. ACS is the double of the tests, in this process: what it costs is not counted, and its way has
no delay, so that what is measured is ours. Barge-in: from the caller's first voiced sample to the last audible frame of
the prompt that the double played. How evenly frames are sent is measured in the service, as it is in the calls'
records: the median of the calls' p99. `--codec` is that of the calls by SIP; those by ACS have 16 kHz, as G722 has, and
a call with half as many samples costs less.

For each load, the last line is what calls by ACS have of each of these, in parts of what calls by SIP have: 1.20 is
20 % more, with which it ends if any is more than that.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
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
RECORDS_S = 20.0
"""How long the service has to write the records of calls that have ended."""
MOST = 1.2
"""What calls by ACS may have of a figure, in parts of what calls by SIP have."""


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


async def send_deviation_ms(records: Path, front_end: str, calls: int) -> float:
    """How unevenly the service has sent its frames: the median of the p99 of the calls by ``front_end``."""

    def read() -> list[float]:
        found = [json.loads(file.read_text()) for file in records.glob("*.json")]
        return [one["quality"]["send_deviation_p99_ms"] for one in found if one["front_end"] == front_end]

    found: list[float] = []
    for _ in range(round(RECORDS_S / 0.2)):
        await asyncio.sleep(0.2)
        if len(found := await asyncio.to_thread(read)) >= calls:
            break
    return round(statistics.median(found), 2) if found else float("nan")


def compared(by_sip: dict[str, Any], by_acs: dict[str, Any]) -> dict[str, float]:
    """The parts of the second in the first, by figure."""

    def of(result: dict[str, Any]) -> dict[str, float]:
        cpu = result["cpu_percent_a_call"]
        return {
            "gap": result["figures"]["gap_ms"]["p50"],
            "barge-in": result["figures"]["barge_in_ms"]["p50"],
            "deviation": result["send_deviation_ms"],
            "CPU": sum(cpu.values()),
            **{f"CPU of {name}": value for name, value in cpu.items()},
        }

    sip, acs = of(by_sip), of(by_acs)
    return {name: round(acs[name] / part, 2) for name, part in sip.items() if part}


def verdict(parts: dict[str, float]) -> str:
    whole = {name: part for name, part in parts.items() if not name.startswith("CPU of")}
    more = [name for name, part in whole.items() if not part <= MOST]
    shown = ", ".join(f"{name} {part:.2f}" for name, part in parts.items())
    return f"ACS / SIP: {shown} | {'more than it may: ' + ', '.join(more) if more else 'within 20 %'}"


def told(results: list[dict[str, Any]]) -> list[str]:
    """The results in pairs, by SIP and by ACS, as lines."""
    lines = []
    for by_sip, by_acs in zip(results[::2], results[1::2], strict=True):
        for one in (by_sip, by_acs):
            lines.append(f"{one['by']:9} {line(one)} | sent p99 {one['send_deviation_ms']:.2f} ms")
        lines.append(verdict(compared(by_sip, by_acs)))
    return lines


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
            records = folder / f"records-{concurrency}"
            async with AcsService() as acs, speaking(SPEECH) as speech:
                settings = {
                    "VOICEBOT_CALLS__RECORDS": str(records),
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
                    pair = await side_by_side(service, acs, AcsPhone, grid, folder, concurrency, codec)
                    for one, front_end in zip(pair, ("sip", "acs"), strict=True):
                        one["send_deviation_ms"] = await send_deviation_ms(records, front_end, one["calls"])
                    results += pair
    return results


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.acs", description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, nargs="+", default=[1])
    parser.add_argument("--codec", choices=("PCMU", "PCMA", "G722"), default="G722")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    configure_logging("WARNING")
    results = uvloop.run(run(options.calls, options.codec))
    print(json.dumps(results) if options.json else "\n".join(told(results)))
    return 0 if all(one["outcomes"].get("completed") == one["calls"] for one in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
