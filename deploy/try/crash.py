"""A node is killed (kill -9) in the middle of its calls, and others go on with them; ``--pause``: it is only paused.

Three callers answer questions by keys. Their node is killed while each of them is at the second one. Told is after how
long each has audio again; the bot has to ask that question again, and to go on from there, and each call leaves one
record. ``--pause``: the node gets SIGSTOP for some seconds instead; no caller may get a packet of it when it is back.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local_fleet import POLL_S, LocalFleet, Node, caller_options, local_fleet, script_of
from trial import tried

from voicebot.address import Address
from voicebot.caller import CallReport, Phone

CALLS = 3
CALL = script_of("listen:", 'keys: "1"', "pause_s: 8", 'keys: "2"', 'keys: "3"', "expect_end: hangup")
PAUSE_S = 4.0
SAID_S = 4.0
SETTLE_S = 1.0
"""For records that must not come."""


async def run(folder: Path, *, pause: bool) -> bool:
    """Whether all went well."""
    async with local_fleet(folder) as fleet, Phone(fleet.edge, caller_options()) as phone:
        wrong = await strike(fleet, fleet.nodes[0], phone, pause=pause)
    for why in wrong:
        print(f"WRONG: {why}")
    return not wrong


async def strike(fleet: LocalFleet, node: Node, phone: Phone, *, pause: bool = False) -> list[str]:
    """Kill ``node`` while it has calls, or pause it; what went wrong."""
    wrong = list[str]()
    calls = await _calls_on(fleet, node, phone)
    while node.program.log().count("asked the bot: key") < len(calls):
        await asyncio.sleep(POLL_S)
    await asyncio.sleep(SAID_S)  # the second question has been asked, and is in what is kept of the record
    process = node.program.process
    assert process is not None
    process.send_signal(signal.SIGSTOP if pause else signal.SIGKILL)
    struck = datetime.now(UTC)
    print(f"  {node.name} with {len(calls)} calls is {'paused' if pause else 'killed'}", flush=True)
    if pause:
        await asyncio.sleep(PAUSE_S)
        process.send_signal(signal.SIGCONT)
    reports = await asyncio.gather(*calls)
    for report in reports:
        wrong += [] if report.ok else [report.reason]
        assert report.quality is not None
        if strays := report.quality.foreign_packets:
            wrong.append(f"a caller heard two nodes at once: {strays} packets")
    by_node = await fleet.served({report.call_id for report in reports})
    await asyncio.sleep(SETTLE_S)
    ours = {report.call_id for report in reports}
    records = [record for one in fleet.nodes for record in one.calls() if record["call_id"] in ours]
    print(f"  records: {', '.join(f'{name}: {len(ids)}' for name, ids in by_node.items())}")
    wrong += [] if len(records) == len(reports) else [f"{len(records)} records of {len(reports)} calls"]
    for record in records:
        wrong += _wrong_with(record, struck)
    return wrong


def _wrong_with(record: dict[str, Any], struck: datetime) -> list[str]:
    """What must not be in the record of a call whose node was struck then."""
    if not (taken := record.get("taken_over", [])):
        return ["the call stayed where it was"]
    media = datetime.fromisoformat(record["started"]) + timedelta(milliseconds=taken[0]["at_ms"])
    print(f"  a call went on after {(media - struck).total_seconds():.2f} s")
    said = " ".join(utterance["text"] for turn in record["turns"] for utterance in turn["bot"]["utterances"])
    asked = [said.count(f"Question {number}.") for number in ("one", "two", "three")]
    wrong = [] if asked == [1, 2, 1] else [f"the three questions were asked {asked} times"]
    keys = [key["key"] for key in record["keys"]]
    return wrong + ([] if keys == ["1", "2", "3"] else [f"the keys in the record are {keys}"])


async def _calls_on(fleet: LocalFleet, node: Node, phone: Phone) -> list[asyncio.Task[CallReport]]:
    """Calls that ``node`` has; others are ended."""
    kept = list[asyncio.Task[CallReport]]()
    number = 0
    while len(kept) < CALLS:
        number += 1
        options = replace(caller_options(), sender=Address(f"caller-{number}"))
        call = asyncio.create_task(phone.call(fleet.edge, CALL, options=options))
        if await fleet.serving(f"caller-{number}") is node:
            kept.append(call)
        else:
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
    return kept


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pause", action="store_true", help="pause the node instead")
    options = parser.parse_args()
    sys.exit(tried(lambda folder: run(folder, pause=options.pause)))
