"""The bench of agent assist in short: each call has its lines, timed from their sending, and a soak finds nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.assist import LATE_MS, worst
from bench.timed_speech import sent_at, stamp

ROOT = Path(__file__).resolve().parents[2]


def ran(*argv: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", *argv, "--json"], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.stdout, done.stderr[-2000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@given(st.integers(0, 10**12))
def test_the_time_of_sending_is_read_from_the_text_as_it_was_written(milliseconds: int) -> None:
    text = f"my parcel {stamp(milliseconds)} never came"
    assert sent_at(text) == sent_at(text.upper()) == milliseconds / 1000
    assert sent_at("my parcel never came") is None


def test_what_is_late_or_missing_is_told() -> None:
    fine = {"line_ms": {"p95": LATE_MS}, "calls_without_lines": 0}
    assert worst(fine) == []
    assert len(worst({"line_ms": {"p95": LATE_MS + 1}, "calls_without_lines": 3})) == 2
    assert len(worst({"line_ms": {"p95": float("nan")}, "calls_without_lines": 0})) == 1
    assert worst(fine | {"crowd": {"viewers": 9, "lacking": 0}}) == []
    assert len(worst(fine | {"crowd": {"viewers": 9, "lacking": 1}})) == 1


@pytest.mark.slow
def test_lines_of_all_calls_are_timed_from_their_sending_also_beside_many_viewers_of_one() -> None:
    result = ran("bench.assist", "--calls", "3", "--seconds", "15", "--no-bot", "--viewers", "60")
    assert result["calls_without_lines"] == 0 and result["lines"] > result["finals"] >= 4
    assert (result["crowd"]["viewers"], result["crowd"]["lacking"]) == (60, 0)
    assert 0 < result["line_ms"]["p50"] <= result["line_ms"]["p95"] <= result["line_ms"]["max"]
    assert result["sentiments"] > 0
    assert result["cpu_percent_a_call"]["calls"] > 0 and result["cpu_percent_a_call"]["speech client"] > 0


SLOWER = ("rss_mb", "threads", "transactions", "viewers", "tasks")
"""What takes longer than this: caches are filled, timers of transactions run for 32 s; that a viewer has gone is
noticed within 15 s."""


@pytest.mark.slow
def test_calls_between_people_leave_nothing_behind() -> None:
    argv = ("--calls", "4", "--warm", "1", "--rounds", "1", "--seconds", "6", "--settle", "4")
    result = ran("bench.assist_soak", *argv)
    assert result["outcomes"] == {"client": 8} and result["lines"] >= 8
    assert not [fault for fault in result["wrong"] if not any(slower in fault for slower in SLOWER)], result
