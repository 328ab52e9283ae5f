"""What the process that carries calls does without, with the settings as they are: each takes memory, and time to
load."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest

from voicebot.service import call_process

MADE = """
import asyncio, json, os, sys
from voicebot.app import Application
from voicebot.audio import FORMATS
from voicebot.commands import serve
from voicebot.settings import Settings
from voicebot.speech import VoiceActivity

async def main():
    Application(Settings())
    VoiceActivity.warm(FORMATS)

asyncio.run(main())
print(json.dumps({"modules": list(sys.modules), "threads": len(os.listdir("/proc/self/task"))}))
"""


UNLOADED = ("azure", "botbuilder", "onnxruntime", "opentelemetry", "phonenumbers", "redis", "rich", "soxr")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What is there in a process that has made the application and used what is used in calls."""
    folder: Path = tmp_path_factory.mktemp("made")
    ended = subprocess.run([sys.executable, "-c", MADE], cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(ended.stdout)


@pytest.mark.parametrize(
    "package", ["azure", "botbuilder", "onnxruntime", "opentelemetry", "phonenumbers", "redis", "soxr"]
)
def test_it_loads_nothing_of(package: str, made: Any) -> None:
    assert [name for name in made["modules"] if name.partition(".")[0] == package] == []


def test_it_has_no_thread_that_nobody_started(made: Any) -> None:
    assert made["threads"] == 1


def test_a_thread_that_computes_gives_way_to_the_event_loop_ten_times_as_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []
    monkeypatch.setattr(sys, "setswitchinterval", told.append)
    call_process.prepare()
    assert told == [sys.getswitchinterval() / 10]


def test_what_lives_as_long_as_the_process_is_not_looked_at_again() -> None:
    before, usual = gc.get_freeze_count(), gc.get_threshold()
    kept: list[list[int]] = [[] for _ in range(1000)]
    call_process.settle()
    try:
        assert gc.get_freeze_count() >= before + len(kept)
        assert gc.get_threshold() == call_process.COLLECT
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


class Left:
    """In a circle."""

    def __init__(self) -> None:
        self.own = self


async def test_what_many_calls_have_left_is_collected_when_none_runs() -> None:
    running = 1
    pauses = call_process.Pauses(lambda: running)
    left = weakref.ref(Left())
    usual = gc.get_threshold()
    gc.set_threshold(0)
    try:
        for _ in range(call_process.PAUSE_AFTER):
            pauses.call_ended({})
        await asyncio.sleep(0)
        assert left() is not None, "packets of another call would wait"
        running = 0
        pauses.call_ended({})
        await asyncio.sleep(0)
        assert left() is None
        left = weakref.ref(Left())
        pauses.call_ended({})
        await asyncio.sleep(0)
        assert left() is not None, "not after each call"
    finally:
        gc.set_threshold(*usual)
