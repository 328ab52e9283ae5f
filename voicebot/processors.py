"""How many processors this process may use: fewer than the machine has in most containers."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Final

GROUPS: Final = Path("/sys/fs/cgroup")
OWN_GROUP: Final = Path("/proc/self/cgroup")


def usable_cores() -> int:
    """Those that it may run on (taskset, a container's cpuset); fewer if its processor time is limited (a container's
    CPU limit), rounded up; at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = time_limit()
    return max(1, cores if math.isinf(limit) else min(cores, math.ceil(limit)))


def time_limit(groups: Path = GROUPS, own: Path = OWN_GROUP) -> float:
    """The processor time that this process may have, in processors: the least of its control groups' (``cpu.max``,
    cgroup v2). Infinite where none has a limit, or the system does not say."""
    limit = math.inf
    for line in _lines(own):
        hierarchy, _, path = line.partition("::")
        if hierarchy != "0":
            continue
        group = groups / path.lstrip("/")
        for folder in (group, *group.parents):
            if folder.is_relative_to(groups):
                limit = min(limit, *map(_in_processors, _lines(folder / "cpu.max")), math.inf)
    return limit


def _in_processors(line: str) -> float:
    """``line``: microseconds of processor time, or ``max``, in so many microseconds."""
    try:
        time_us, period_us = map(int, line.split())
        return time_us / period_us
    except (ValueError, ZeroDivisionError):
        return math.inf


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
