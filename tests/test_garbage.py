"""What every process that serves for long does with its garbage."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from voicebot.garbage import SERVING, settle
from voicebot.host.collecting import THRESHOLDS

DEADLINE_S: Final = 60.0
SAMPLE: Final = Path(__file__).parent.parent / "dialogs"

TELLING = """
import gc, json, os, runpy, sys, threading

def tell():
    for _ in sys.stdin:
        os.write(2, (json.dumps({"frozen": gc.get_freeze_count(), "thresholds": gc.get_threshold()}) + "\\n").encode())

threading.Thread(target=tell, daemon=True).start()
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""
"""Runs a module, and tells of its garbage for each line of standard input."""


@pytest.fixture
def unfrozen() -> Iterator[None]:
    usual = gc.get_threshold()
    yield
    gc.set_threshold(*usual)
    gc.unfreeze()


class Left:
    """In a circle."""

    def __init__(self) -> None:
        self.own = self


@pytest.mark.usefixtures("unfrozen")
def test_what_was_there_is_left_out_and_what_comes_is_collected() -> None:
    before, there = gc.get_freeze_count(), [Left() for _ in range(1000)]
    settle()
    assert gc.get_freeze_count() >= before + len(there)
    assert gc.get_threshold() == SERVING
    left = weakref.ref(Left())
    kept: list[list[int]] = [[] for _ in range(SERVING[0] + 1)]
    assert left() is None, f"after {len(kept)} new objects"


@pytest.mark.usefixtures("unfrozen")
def test_a_full_collection_does_not_wait_for_a_quarter_of_what_was_there_at_the_start() -> None:
    full = 0

    def told(phase: str, info: dict[str, int]) -> None:
        nonlocal full
        full += phase == "stop" and info["generation"] == 2

    process = len(gc.get_objects())
    settle((100, 5, 5))
    gc.callbacks.append(told)
    try:
        made: list[list[int]] = [[] for _ in range(8000)]
    finally:
        gc.callbacks.remove(told)
    assert full > 0 and len(made) < process / 4


def processes(folder: Path) -> dict[str, tuple[list[str], tuple[int, int, int]]]:
    """All that the call process starts, and what they are to have set."""
    (script := folder / "script.json").write_text('{"texts": []}')
    (records := folder / "records").mkdir()
    socket = str(folder / "socket")
    return {
        "archive": (["voicebot.archive", "--records", str(records), "--socket", socket], SERVING),
        "host": (["voicebot.host", "--dialogs", str(SAMPLE), "--socket", socket], THRESHOLDS),
        "locallanguage": (["voicebot.locallanguage"], SERVING),
        "localspeech": (["voicebot.localspeech", "--scripted", str(script)], SERVING),
        "speechsdk": (["voicebot.speechsdk", "--socket", socket], SERVING),
    }


@pytest.mark.parametrize("name", ["archive", "host", "locallanguage", "localspeech", "speechsdk"])
def test_every_process_beside_the_calls_leaves_out_what_it_was_started_with(name: str, tmp_path: Path) -> None:
    argv, thresholds = processes(tmp_path)[name]
    process = subprocess.Popen(
        [sys.executable, "-c", TELLING, *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert process.stdin and process.stdout and process.stderr
    try:
        assert json.loads(process.stdout.readline())["ready"]
        told = {"frozen": 0}
        until = time.monotonic() + DEADLINE_S
        while not told["frozen"] and time.monotonic() < until:  # some settle when they have said that they are ready
            process.stdin.write("\n")
            process.stdin.flush()
            line = process.stderr.readline()
            told = json.loads(line) if line.startswith('{"frozen"') else told
        assert told["frozen"] > 10_000
        assert told["thresholds"] == list(thresholds)
    finally:
        process.kill()
        process.communicate()
