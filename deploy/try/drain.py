"""A node is told to stop (SIGTERM) while calls come in: it gets no new calls, and ends the running ones in their time.

Calls come in all the while; one is up on the node that stops, in the middle of its questions. Nobody is refused, the
running call goes on to its goodbye, and the node's process ends by itself. With ``--all`` the nodes are restarted one
after another, as in an upgrade.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from local_fleet import LocalFleet, Node, caller_options, local_fleet, script_of
from trial import tried

from voicebot.address import Address
from voicebot.caller import CallReport, Phone

SHORT = script_of("listen:", "pause_s: 1")
LONG = script_of("listen:", 'keys: "1"', "pause_s: 6", 'keys: "2"', 'keys: "3"', "expect_end: hangup")
EVERY_S = 0.5
AWAY_WITHIN_S = 3.0


@dataclass
class Stream:
    """Calls that come in all the while."""

    fleet: LocalFleet
    phone: Phone
    calls: list[asyncio.Task[CallReport]] = field(default_factory=list)

    async def run(self) -> None:
        while True:
            self.calls.append(asyncio.create_task(self.phone.call(self.fleet.edge, SHORT)))
            await asyncio.sleep(EVERY_S)

    async def reports(self) -> list[CallReport]:
        return await asyncio.gather(*self.calls)


async def drain(fleet: LocalFleet, node: Node, phone: Phone, within_s: float) -> list[str]:
    """Stop ``node`` while a call is up on it; what went wrong. ``within_s``: new calls have to go elsewhere."""
    long = await _call_on(fleet, node, phone)
    assert node.program.process is not None
    node.program.process.terminate()
    try:
        away_s = await fleet.until(lambda takes: not takes[node.number])
    except TimeoutError:
        return [f"{node.name} is given new calls though it drains"]
    report = await long
    status = await node.program.ended()
    print(f"  {node.name} was told to stop: no new calls after {away_s:.1f} s; its call: {report.reason}; its exit "
          f"status: {status}", flush=True)  # fmt: skip
    wrong = [] if report.ok else [f"the running call of {node.name}: {report.reason}"]
    wrong += [] if away_s <= within_s else [f"{node.name} was given new calls for {away_s:.1f} s"]
    return wrong + ([f"{node.name} ended with {status}"] if status else [])


async def restart(fleet: LocalFleet, node: Node) -> None:
    await node.start()
    await fleet.until(lambda takes: takes[node.number])


async def run(folder: Path, *, every: bool) -> bool:
    """Whether all went well."""
    async with local_fleet(folder, calls__drain_s=40) as fleet, Phone(fleet.edge, caller_options()) as phone:
        print(f"three nodes behind Kamailio: {fleet.edge}; a call every {EVERY_S:g} s", flush=True)
        wrong = await drain_in_turn(fleet, phone, fleet.nodes if every else fleet.nodes[:1], starts_again=every)
    for why in wrong:
        print(f"WRONG: {why}")
    return not wrong


async def drain_in_turn(
    fleet: LocalFleet, phone: Phone, nodes: list[Node], *, starts_again: bool = False, within_s: float = AWAY_WITHIN_S
) -> list[str]:
    """Drain one node after another while calls come in; what went wrong."""
    stream = Stream(fleet, phone)
    coming = asyncio.create_task(stream.run())
    wrong = list[str]()
    for node in nodes:
        wrong += await drain(fleet, node, phone, within_s)
        if starts_again:
            await restart(fleet, node)
    coming.cancel()
    reports = await stream.reports()
    failed = [report.reason for report in reports if not report.ok]
    print(f"  calls that came in meanwhile: {len(reports)}, of which {len(failed)} were refused or lost")
    return wrong + failed


async def _call_on(fleet: LocalFleet, node: Node, phone: Phone) -> asyncio.Task[CallReport]:
    """A long call that ``node`` has: others are begun until one is, and go on, too."""
    number = 0
    while True:
        number += 1
        caller = f"long-{node.number}-{number}"
        options = replace(caller_options(), sender=Address(caller))
        call = asyncio.create_task(phone.call(fleet.edge, LONG, options=options))
        if await fleet.serving(caller, call) is node:
            return call


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", dest="every", help="restart one node after the other")
    options = parser.parse_args()
    sys.exit(tried(lambda folder: run(folder, every=options.every)))
