"""Which process has which core, and what each takes of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import psutil

CORES: Final = sorted(os.sched_getaffinity(0))
CALLS_CORE: Final = CORES[0]
OTHER_CORE: Final = CORES[-1]
CALLS: Final = "calls"
"""The name of the call process, which has a core of its own."""


def pin(processes: Mapping[str, psutil.Process]) -> bool:
    """Give the call process one core, and all others another; False: there is only one.

    This process is among them, and what it starts later has its core: :func:`unpin` it before.

    Each thread is told: only those that are started later take the cores of their parent.
    """
    if CALLS_CORE == OTHER_CORE:
        return False
    for name, process in processes.items():
        _give(process, {CALLS_CORE if name == CALLS else OTHER_CORE})
    return True


def unpin() -> None:
    """Give this process all cores back."""
    _give(psutil.Process(), set(CORES))


def _give(process: psutil.Process, cores: set[int]) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        for thread in process.threads():
            with contextlib.suppress(ProcessLookupError):  # it has ended
                os.sched_setaffinity(thread.id, cores)


@dataclass(slots=True)
class Reading:
    """CPU seconds since the start: of each process that runs, and of each core."""

    cpu_s: dict[str, float] = field(default_factory=dict)
    cores_s: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, processes: Mapping[str, psutil.Process]) -> Reading:
        reading = cls()
        for name, process in processes.items():
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended, and is being started again
                times = process.cpu_times()
                reading.cpu_s[name] = times.user + times.system
        for core in psutil.cpu_times(percpu=True):
            busy = core.user + core.nice + core.system + core.irq + core.softirq
            reading.cores_s.append(busy)
        return reading


@dataclass(frozen=True, slots=True)
class Shares:
    """Percent of a core: what each process took that ran all the time, how busy the two cores were, and what was taken
    by none of ours."""

    processes: dict[str, float]
    calls_core: float
    other_core: float
    others: float

    @classmethod
    def between(cls, before: Reading, after: Reading, seconds: float) -> Shares:
        lasted = [name for name in before.cpu_s if name in after.cpu_s]
        used = {name: 100 * (after.cpu_s[name] - before.cpu_s[name]) / seconds for name in lasted}
        cores = [100 * (late - soon) / seconds for soon, late in zip(before.cores_s, after.cores_s, strict=True)]
        others = max(0.0, sum(cores) - sum(used.values()))
        return cls(used, cores[CALLS_CORE], cores[OTHER_CORE], others)


def resident_mb(process: psutil.Process) -> float:
    return float(process.memory_info().rss / 1e6)
