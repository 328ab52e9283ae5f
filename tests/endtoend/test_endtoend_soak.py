"""The soak in short: that it finds nothing here, and that it would tell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.soak import grown

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("calls", "options", "outcomes"),
    [
        pytest.param(40, ["--lines", "30"], {"said", "agent", "vanished"}, marks=pytest.mark.long),
        (6, ["--lines", "6", "--talking"], {"talked", "vanished"}),
    ],
    ids=["short", "talking"],
)
def test_calls_on_a_bad_line_leave_nothing_behind(calls: int, options: list[str], outcomes: set[str]) -> None:
    argv = [sys.executable, "-m", "bench.soak", "--calls", str(calls), *options, "--settle", "3", "--json"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.stdout, done.stderr[-2000:]
    result = json.loads(done.stdout)
    assert sum(result["outcomes"].values()) == calls and result["datagrams"]["lost"] > 0
    assert outcomes <= set(result["outcomes"])
    wrong = [
        fault for fault in result["wrong"] if "rss_mb" not in fault and "threads" not in fault
    ]  # caches fill still
    assert not [fault for fault in wrong if "transactions" not in fault], result  # their timers run for 32 s


def test_what_stays_behind_is_told() -> None:
    before = {"calls": {"threads": 20, "rss_mb": 100.0, "tasks": 7, "ports": 0, "objects": 5}}
    fine = {"calls": {"threads": 21, "rss_mb": 104.0, "tasks": 7, "ports": 0, "objects": 5000}}
    assert grown(before, fine, 10_000) == []
    leaky = {"calls": {"threads": 29, "rss_mb": 130.0, "tasks": 11, "ports": 1, "objects": 5}}
    assert grown(before, leaky, 10_000) == [
        "calls: threads 20 -> 29",
        "calls: rss_mb 100.0 -> 130.0",
        "calls: tasks 7 -> 11",
        "calls: 1 ports are left",
    ]
    warming = {"calls": {"threads": 20, "rss_mb": 130.0, "tasks": 7, "ports": 0, "objects": 5}}
    assert grown(before, warming, 1_000) == []
