"""Runs the calls against one or two services, in turns, so that both have the same machine.

Both services run all the time, and only one of them has calls. A round is some calls of the one, then the same calls
of the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil

from bench.floor.calls import Records, Telephone
from bench.floor.cases import Plan
from bench.floor.scoring import SideResult
from bench.service import Service, serving

DIALOGS: Final = Path(__file__).parent / "dialogs"
CALLS_A_ROUND: Final = 4
"""For each of the lines."""
IDLE_SHARE: Final = 0.1
"""Of a core, below which services without calls have nothing to do."""
IDLE_WITHIN_S: Final = 180.0


@dataclass(slots=True)
class Side:
    """A service that is running."""

    name: str
    service: Service
    records: Records


@asynccontextmanager
async def side(name: str, tree: Path | None, settings: dict[str, str], kept: Path | None = None) -> AsyncIterator[Side]:
    """The service of ``tree``, or ours, with the dialogs of the bench. The records stay below ``kept``, if given."""
    with TemporaryDirectory(prefix="voicebot-bench-") as folder:
        records, prompts = (kept or Path(folder)).absolute() / f"records-{name}", Path(folder) / "prompts"
        own = {
            "VOICEBOT_CALLS__RECORDS": str(records),
            "VOICEBOT_BOT__DIALOGS": str(DIALOGS),
            "VOICEBOT_BOT__RELOAD": "false",
            "VOICEBOT_SPEECH__PROMPT_CACHE_DIR": str(prompts),
        }
        async with serving(own | settings, tree=tree) as service:
            yield Side(name, service, Records(records))


async def until_idle(sides: Sequence[Side]) -> None:
    """Wait until the services have rendered their prompts, which they do beside their first calls: the one that has
    calls would pay for the other's. Raises TimeoutError where there is no end of it."""
    async with asyncio.timeout(IDLE_WITHIN_S):
        while True:
            before = [one.service.usage() for one in sides]
            await asyncio.sleep(1.0)
            used = [sum(one.service.usage().since(then).values()) for one, then in zip(sides, before, strict=True)]
            if max(used) < IDLE_SHARE:
                return


async def run(
    sides: Sequence[Side], telephone: Telephone, plans: Sequence[Plan], lines: int, tell: Callable[[str], None]
) -> list[SideResult]:
    """Place all ``plans`` to each of ``sides``, ``lines`` calls at a time."""
    results = [SideResult(one.name) for one in sides]
    size = lines * CALLS_A_ROUND
    for first in range(0, len(plans), size):
        pairs = list(zip(sides, results, strict=True))
        for one, result in pairs if first // size % 2 == 0 else reversed(pairs):
            await _round(one, result, telephone, plans[first : first + size], lines)
        tell(f"{min(first + size, len(plans))} of {len(plans)} calls, {lines} at once")
    return results


async def _round(one: Side, result: SideResult, telephone: Telephone, plans: Sequence[Plan], lines: int) -> None:
    if not one.service.process.is_running():
        raise RuntimeError(f"the service of {one.name!r} has ended; its log is above")
    loop = asyncio.get_running_loop()
    began, before, machine, own = loop.time(), one.service.usage(), _busy_s(), _own_s()
    waiting = iter(plans)  # shared: each line takes the next one

    async def line() -> None:
        for plan in waiting:
            placed = await telephone.place(plan, one.service.uri, one.records)
            result.outcomes += placed.outcomes
            result.talked_s += placed.talked_s

    async with asyncio.TaskGroup() as group:
        for _ in range(lines):
            group.create_task(line())
    used = one.service.usage().since(before)
    for name, seconds in used.items():
        result.cpu_s[name] = result.cpu_s.get(name, 0.0) + seconds
    result.others_s += max(0.0, _busy_s() - machine - (_own_s() - own) - sum(used.values()))
    result.took_s += loop.time() - began


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice + getattr(times, "softirq", 0.0))


def _own_s() -> float:
    times = psutil.Process().cpu_times()
    return float(times.user + times.system)
