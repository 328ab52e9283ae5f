"""What nodes share: the limit of all is exact, also after a crash, and Redis may hang or come back empty.

Two nodes may have four calls together. Ten callers come at once: four are up, the others are refused. A node is killed:
its calls keep their places at the other, and all places are free when they have ended. When that node is there again,
Redis hangs for ten seconds while calls come in and a caller answers questions; later it is stopped for as long, and
started anew, empty. Each time no call is lost or moved, the nodes are healthy, and ready with a note; the limit holds
as soon as Redis is back.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from pathlib import Path

from local_fleet import LocalFleet, Node, caller_options, local_fleet, script_of
from program import POLL_S, READY_S
from trial import tried

from voicebot.caller import CallReport, Phone

MOST = 4
TOO_MANY = 6
MORE = 3
CALL = script_of("listen:", "pause_s: 600")
TALKS = script_of("listen:", 'keys: "1"', "pause_s: 4", 'keys: "2"', 'keys: "3"', "expect_end: hangup")
AWAY_S = 10.0
TRIES = 3


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
        """The same, when every call is up or refused, and none is up that has ended."""
        async with asyncio.timeout(READY_S):
            while sum((up := await self.up()).values()) != sum(not task.done() for task in self.tasks):
                await asyncio.sleep(POLL_S)
        return up

    def refused(self) -> Counter[str]:
        return Counter(task.result().reason for task in self.tasks if task.done())

    def told_of_redis(self) -> int:
        """How often nodes have said that Redis does not answer in time."""
        return sum(node.program.log().count("does not answer within") for node in self._fleet.nodes)

    async def end(self) -> None:
        """Hang up; returns when the nodes know."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()
        await self.settled()


async def run(folder: Path) -> bool:
    """Whether all went well."""
    wrong = list[str]()
    async with (
        local_fleet(folder, nodes=2, fleet__max_calls=MOST) as fleet,
        Phone(fleet.edge, caller_options()) as phone,
    ):
        callers = Callers(fleet, phone)
        wrong += await exact(callers, MOST)
        wrong += await _killed(fleet, fleet.nodes[0], callers)
        for wiped in (False, True):
            await fleet.all_agree()
            callers.call(MOST - 1)
            await callers.settled()
            wrong += await _without_redis(fleet, callers, phone, away_s=AWAY_S, wiped=wiped)
            await callers.end()
    for why in wrong:
        print(f"WRONG: {why}")
    return not wrong


async def exact(callers: Callers, most: int) -> list[str]:
    """Let more callers come at once than may be up, and end their calls. Again, if a node went by its own limits
    meanwhile, because the machine was so busy that Redis came too late."""
    for _ in range(TRIES):
        alone = callers.told_of_redis()
        callers.call(most + TOO_MANY)
        up = await callers.settled()
        others = dict(callers.refused())
        print(f"  {most + TOO_MANY} callers, and {most} may be up: {up}; the others: {others}", flush=True)
        await callers.end()
        if sum(up.values()) == most:
            return []
        if callers.told_of_redis() == alone:
            break
    return [f"{up} are up, and {most} may be"]


async def _killed(fleet: LocalFleet, node: Node, callers: Callers) -> list[str]:
    """Kill a node: its calls keep their places at the other one, and every place is free when they have ended."""
    callers.call(MOST)
    await callers.settled()
    assert node.program.process is not None
    node.program.process.kill()
    await node.program.ended()
    await fleet.until(lambda takes: not takes[node.number])
    callers.call(TOO_MANY)
    up = await callers.settled()
    print(f"  {node.name} was killed: {up}; refused: {dict(callers.refused())}", flush=True)
    await callers.end()
    wrong = [] if sum(up.values()) == MOST else [f"{up} are up, and {MOST} may be"]
    wrong += await exact(callers, MOST)
    await node.start()
    await fleet.until(lambda takes: takes[node.number])
    return wrong


async def _without_redis(fleet: LocalFleet, callers: Callers, phone: Phone, *, away_s: float, wiped: bool) -> list[str]:
    """Redis hangs, or is stopped and comes back empty, while calls are up and come in, and a caller answers."""
    redis = fleet.redis
    assert redis.process is not None
    before = await _ids(fleet)
    moved = await _moved(fleet)
    talking = asyncio.create_task(phone.call(fleet.edge, TALKS))
    while len(await _ids(fleet)) == len(before):
        await asyncio.sleep(POLL_S)
    redis.process.send_signal(signal.SIGKILL if wiped else signal.SIGSTOP)
    callers.call(MORE)
    await asyncio.sleep(away_s)
    during = await _ids(fleet)
    wrong = [why for node in fleet.nodes for why in await _wrong_without_redis(fleet, node)]
    if wiped:
        await redis.ended()
        await redis.start()
    else:
        redis.process.send_signal(signal.SIGCONT)
    told = callers.told_of_redis()
    report = await talking
    beyond = await _taken_beyond(fleet, callers)
    after = await _ids(fleet)
    print(f"  Redis {'was stopped' if wiped else 'hung'} for {away_s:g} s: {len(during) - len(before) - 1} of {MORE} "
          f"calls were taken by the nodes' own limits; a caller's answers: {report.reason}")  # fmt: skip
    print(f"  it is back{', empty' if wiped else ''}: {len(before & after)} of {len(before)} calls are still up, and "
          f"{beyond} of {MORE} more were taken", flush=True)  # fmt: skip
    wrong += [] if before < during and len(during) == len(before) + 1 + MORE else ["calls were refused without Redis"]
    wrong += [] if report.ok and before <= after else ["calls were lost because of Redis"]
    if taken := await _moved(fleet) - moved:
        late = callers.told_of_redis() - told
        wrong.append(f"{taken:g} calls were taken over though no node was gone; since Redis is back, nodes have said "
                     f"{late} times that it does not answer in time")  # fmt: skip
    return wrong + (["the limit did not hold when Redis was back"] if beyond else [])


async def _taken_beyond(fleet: LocalFleet, callers: Callers) -> int:
    """How many of more callers are taken when Redis is back, though there is no place for them. Again, as in
    :func:`exact`."""
    for _ in range(TRIES):
        await fleet.all_agree()
        alone, known = callers.told_of_redis(), await _ids(fleet)
        callers.call(MORE)
        await callers.settled()
        taken = len(await _ids(fleet) - known)
        if not taken or callers.told_of_redis() == alone:
            break
    return taken


async def _wrong_without_redis(fleet: LocalFleet, node: Node) -> list[str]:
    """What a node must not say while Redis is away."""
    health, (ready, told) = await fleet.asked(node, "/healthz"), await fleet.asked(node, "/readyz")
    wrong = [] if health[0] == ready == 200 else [f"{node.name} says {health[0]} at /healthz, {ready} at /readyz"]
    wrong += [] if "each node goes by its own limits" in told else [f"{node.name} has no note at /readyz: {told}"]
    up = await fleet.figure(node, "voicebot_fleet_up")
    return wrong + ([] if up == 0 else [f"{node.name} has voicebot_fleet_up {up:g}"])


async def _ids(fleet: LocalFleet) -> set[str]:
    return {call["id"] for node in fleet.nodes for call in await fleet.running(node)}


async def _moved(fleet: LocalFleet) -> float:
    return sum([await fleet.figure(node, "voicebot_fleet_calls_moved_total") for node in fleet.nodes])


if __name__ == "__main__":
    sys.exit(tried(run))
