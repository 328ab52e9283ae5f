"""What nodes share: the limit of all is exact, a killed node's calls count no more, and Redis may hang or be wiped.

Two nodes may have four calls together. Ten callers come at once: four are up, the others are refused. The node that has
more of them is killed: its places are free some seconds later. Then Redis hangs for some seconds while calls come in,
and is started anew, empty: no running call is lost, and a second later the limit holds again.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from pathlib import Path

from local_fleet import POLL_S, LocalFleet, Node, caller_options, local_fleet, script_of
from trial import tried

from voicebot.caller import CallReport, Phone

MOST = 4
CALL = script_of("listen:", "pause_s: 600")
HANGS_S = 5.0


class Callers:
    """Calls that stay, until they are ended; those that are refused or lost end by themselves."""

    def __init__(self, fleet: LocalFleet, phone: Phone) -> None:
        self._fleet = fleet
        self._phone = phone
        self.tasks: set[asyncio.Task[CallReport]] = set()

    def call(self, number: int) -> None:
        for _ in range(number):
            self.tasks.add(asyncio.create_task(self._phone.call(self._fleet.edge, CALL)))

    async def up(self) -> dict[str, int]:
        """How many each node has."""
        return {node.name: len(await self._fleet.running(node)) for node in self._fleet.nodes}

    async def settled(self) -> dict[str, int]:
        """The same, when every call is up or refused."""
        while sum((up := await self.up()).values()) < sum(not task.done() for task in self.tasks):
            await asyncio.sleep(POLL_S)
        return up

    def refused(self) -> Counter[str]:
        return Counter(task.result().reason for task in self.tasks if task.done())

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()


async def run(folder: Path) -> bool:
    """Whether all went well."""
    wrong = list[str]()
    async with (
        local_fleet(folder, nodes=2, fleet__max_calls=MOST) as fleet,
        Phone(fleet.edge, caller_options()) as phone,
    ):
        callers = Callers(fleet, phone)
        callers.call(10)
        up = await callers.settled()
        print(f"  ten callers, and {MOST} may be up: {up}; the others: {dict(callers.refused())}", flush=True)
        wrong += [] if sum(up.values()) == MOST else [f"{up} are up"]
        wrong += await _killed(fleet, max(fleet.nodes, key=lambda node: up[node.name]), callers)
        wrong += await _without_redis(fleet, callers)
        await callers.end()
    for why in wrong:
        print(f"WRONG: {why}")
    return not wrong


async def _killed(fleet: LocalFleet, node: Node, callers: Callers) -> list[str]:
    """Kill a node: its places are free, and no more than these."""
    assert node.program.process is not None
    node.program.process.kill()
    await node.program.ended()
    began = asyncio.get_running_loop().time()
    await fleet.until(lambda takes: not takes[node.number])
    (other,) = (one for one in fleet.nodes if one is not node)
    before = len(await fleet.running(other))
    while len(await fleet.running(other)) == before:
        callers.call(1)
        await asyncio.sleep(0.5)
    free_s = asyncio.get_running_loop().time() - began
    callers.call(10)
    await asyncio.sleep(3)
    up = len(await fleet.running(other))
    print(f"  {node.name} was killed: a place was free after {free_s:.1f} s; now {other.name} has {up}", flush=True)
    return [] if up == MOST else [f"{other.name} has {up} calls, not {MOST}"]


async def _without_redis(fleet: LocalFleet, callers: Callers) -> list[str]:
    """Redis hangs, and is then started anew and empty, while calls are up and come in."""
    (node,) = (one for one in fleet.nodes if one.program.process and one.program.process.returncode is None)
    before = {call["id"] for call in await fleet.running(node)}
    assert fleet.redis.process is not None
    fleet.redis.process.send_signal(signal.SIGSTOP)
    callers.call(3)
    await asyncio.sleep(HANGS_S)
    during = len(await fleet.running(node)) - len(before)
    fleet.redis.process.kill()
    await fleet.redis.ended()
    await fleet.redis.start()
    await asyncio.sleep(3)
    known = {call["id"] for call in await fleet.running(node)}
    callers.call(5)
    await asyncio.sleep(3)
    after = {call["id"] for call in await fleet.running(node)}
    print(f"  Redis hung for {HANGS_S:g} s: {during} of 3 calls were taken by the node's own limits", flush=True)
    kept, more = len(before & after), len(after - known)
    print(f"  it came back empty: {kept} of {len(before)} calls are still up, and {more} of 5 more were taken")
    wrong = [] if during == 3 else ["calls were refused because of Redis"]
    wrong += [] if before <= after else ["calls were lost because of Redis"]
    return wrong + ([] if after == known else ["the limit did not hold when Redis was back"])


if __name__ == "__main__":
    sys.exit(tried(run))
