"""Kamailio is restarted in the middle of calls: their audio goes on, and both sides can hang up when it is back.

Kamailio keeps nothing of a call: what belongs to one carries its own way. Two callers are at their second question when
Kamailio stops, and answer on; the bot hangs up on one of them, the other hangs up. New calls
come through as soon as it is there. Told is how long there was no edge, and that the callers heard no hole.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from local_fleet import LocalFleet, caller_options, local_fleet, script_of
from trial import tried

from voicebot.caller import Phone

FINISHES = script_of("listen:", 'keys: "1"', "pause_s: 4", 'keys: "2"', 'keys: "3"', "expect_end: hangup")
HANGS_UP = script_of("listen:", 'keys: "1"', "pause_s: 4", 'keys: "2"')
NEW = script_of("listen:", 'keys: "1"')
UP_S = 3.0
AWAY_S = 2.0
MOST_LOST = 5
"""Packets, as a loaded machine may lose without any restart."""


async def run(folder: Path) -> bool:
    """Whether all went well."""
    async with local_fleet(folder, nodes=2) as fleet, Phone(fleet.edge, caller_options()) as phone:
        wrong = await restart_edge(fleet, phone)
    for why in wrong:
        print(f"WRONG: {why}")
    return not wrong


async def restart_edge(fleet: LocalFleet, phone: Phone) -> list[str]:
    """Restart Kamailio under two calls; what went wrong."""
    loop = asyncio.get_running_loop()
    calls = [asyncio.create_task(phone.call(fleet.edge, script)) for script in (FINISHES, HANGS_UP)]
    while len([call for node in fleet.nodes for call in await fleet.running(node)]) < len(calls):
        await asyncio.sleep(0.1)
    await asyncio.sleep(UP_S)
    assert fleet.kamailio.process is not None
    fleet.kamailio.process.terminate()
    await fleet.kamailio.ended()
    await asyncio.sleep(AWAY_S)
    await fleet.kamailio.start()
    began = loop.time()
    new = await phone.call(fleet.edge, NEW)
    while not new.ok and loop.time() - began < 10:
        new = await phone.call(fleet.edge, NEW)
    back_s = loop.time() - began - new.duration_s
    reports = await asyncio.gather(*calls)
    by_node = await fleet.served({report.call_id for report in reports})
    ends = sorted(record["end"]["reason"] for node in fleet.nodes for record in node.calls()
                  if record["call_id"] in {report.call_id for report in reports})  # fmt: skip
    lost = [report.quality.lost for report in reports if report.quality is not None]
    print(f"  Kamailio was away for {AWAY_S:g} s; a new call was answered {back_s:.1f} s after its start; the calls of "
          f"before: {'; '.join(report.reason for report in reports)}; they ended by {ends}; packets lost: {lost}",
          flush=True)  # fmt: skip
    wrong = [report.reason for report in [*reports, new] if not report.ok]
    wrong += [] if ends == ["bot", "caller"] else [f"the calls ended by {ends} at {by_node}"]
    return wrong + ([] if max(lost, default=0) <= MOST_LOST else [f"audio was lost: {lost} packets"])


if __name__ == "__main__":
    sys.exit(tried(run))
