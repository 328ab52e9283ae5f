"""For all tests: hypothesis judges what the code does, never this machine's speed; what was skipped is told at last."""

from __future__ import annotations

import asyncio
import gc
import os
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings
from virtual_time import VirtualTimeLoop

import voicebot  # noqa: F401  # before numpy, to which it gives one thread: those of a second wait by spinning

FUZZING = "FUZZ_S" in os.environ

settings.register_profile(
    "machine-independent",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=not FUZZING,  # the suite holds every time; new finds are for `make fuzz`
    max_examples=400 if FUZZING else 50,  # the same each time, of which more find no more
)
settings.load_profile("machine-independent")

# Tests start some hundred processes of ours; each would compile the whole package anew (a quarter of its start).
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


WAITING = ("endtoend", "peers", "fuzz")
"""Rooms whose tests mostly wait, and take longest."""
OVER_BY = 0.8
"""Their last is handed out when so much of the others is done: no long one is left for the end."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is imported and collected stays: collections of garbage, of which some tests ask for many, pass it by."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side (``make test``) files are handed out in this order, whole: those of :data:`WAITING` among the
    others, which compute while they wait; in both, those with something slow first."""
    for item in items:
        if item.get_closest_marker("alone") and "endtoend" not in item.path.parts:
            raise pytest.UsageError(f"{item.nodeid}: `make test` looks for tests marked alone in tests/endtoend only")
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    files = sorted(dict.fromkeys(item.path for item in items), key=lambda file: file not in slow)
    waiting = [file for file in files if any(room in file.parts for room in WAITING)]
    others = [file for file in files if file not in waiting]
    at = {file: OVER_BY * number / len(waiting) for number, file in enumerate(waiting)}
    at |= {file: number / len(others) for number, file in enumerate(others)}
    items.sort(key=lambda item: (at[item.path], item.path))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was not tested, and why: one line a reason, however many tests it took away."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", ()))
    if reasons:
        terminalreporter.section("not tested")
        for reason, count in reasons.most_common():
            terminalreporter.line(f"{count:4}  {reason}")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    *_, reason = report.longrepr if isinstance(report.longrepr, tuple) else (str(report.longrepr),)
    return str(reason).removeprefix("Skipped: ")


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of an asynchronous test: one whose time is the machine's, or jumps (``virtual_time``)."""
    virtual = item.get_closest_marker("virtual_time") is not None
    return {"virtual": VirtualTimeLoop} if virtual else {"real": asyncio.new_event_loop}
