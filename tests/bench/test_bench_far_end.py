"""The phones in C: they speak, press keys, and hear what another phone says."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from bench.far_end import FarEnd, NoCompiler, phones
from voicebot.audio import PCMU

DEADLINE_S = 20


class Reports:
    """What a phone has reported."""

    def __init__(self) -> None:
        self.all: list[tuple[str, tuple[float, ...]]] = []
        self._news = asyncio.Event()

    def __call__(self, what: str, times: tuple[float, ...]) -> None:
        self.all.append((what, times))
        self._news.set()

    async def until(self, what: str) -> tuple[float, ...]:
        async with asyncio.timeout(DEADLINE_S):
            while True:
                for said, times in self.all:
                    if said == what:
                        return times
                self._news.clear()
                await self._news.wait()


def tone(path: Path, frames: int, *, silent: int) -> Path:
    """Frames of a tone after ``silent`` of silence."""
    samples = np.sin(np.arange(frames * 160) * 0.3) * 5000
    path.write_bytes(PCMU.frame_of_silence * silent + PCMU.encode(samples.astype(np.int16)))
    return path


async def test_a_phone_hears_when_another_speaks_and_both_tell_the_same_times(tmp_path: Path) -> None:
    speaker, listener = Reports(), Reports()
    try:
        async with phones(2) as far_end:
            await _converse(far_end, speaker, listener, tmp_path)
    except NoCompiler as missing:
        pytest.skip(str(missing))


async def _converse(far_end: FarEnd, speaker: Reports, listener: Reports, folder: Path) -> None:
    far_end.clip(0, 5, 29, tone(folder / "tone.ulaw", 25, silent=5))
    far_end.call(0, far_end.ports[1], speaker)
    far_end.call(1, far_end.ports[0], listener)
    far_end.say(0, 0)
    onset, offset = await speaker.until("said")
    start, audible = await listener.until("speaks")
    (last,) = await listener.until("silent")
    assert onset <= start <= audible < offset <= last, "a packet is heard after it left"
    assert (listener.all[0][0], listener.all[-1][0]) == ("speaks", "silent")
    track = await far_end.track(1)
    (run,) = track.runs(DEADLINE_S)
    assert (run.start, run.end) == (pytest.approx(start), pytest.approx(last))
    assert sum(mark == 2 for mark in track.marks) == 25
    far_end.press(1, "12#")
    first, third = await listener.until("pressed")
    assert third - first >= 0.3, "two keys of 100 ms and two pauses of 60 ms"
    figures = await far_end.measure(0.5)
    assert figures["received"] > 0 and figures["lost"] == 0
