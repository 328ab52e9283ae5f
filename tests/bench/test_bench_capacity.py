"""The parts of the capacity bench: the caller that follows a script, and what stands for speech."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from waiting import until

from bench.capacity.callers import clips_of
from bench.capacity.report import complete, remarks
from bench.capacity.speech_double import ScriptedRecogniser, ScriptedSynthesiser
from bench.capacity.stages import stages
from bench.capacity.talk import Failed, Talk
from bench.capacity.usage import CALLS, Reading, Shares, pin, unpin
from bench.turns import write_wav
from voicebot.audio import PCMU
from voicebot.caller import CallFigures, parse_script
from voicebot.caller.ear import Mark, Track
from voicebot.speechsdk.drivers import RecognitionReport, RecognitionSignal, SynthesisReport, SynthesisSignal

SCRIPT = """
steps:
  - listen:
  - barge_in: {after_s: 0, say: "Hours"}
  - keys: "12"
"""
LOUD = PCMU.encode((np.sin(np.arange(160) * 0.3) * 3000).astype(np.int16))
QUIET = PCMU.frame_of_silence


class Phones:
    """Stands for the far end: one phone, whose reports the test makes up."""

    def __init__(self) -> None:
        self.orders: list[str] = []
        self.told: Callable[[str, tuple[float, ...]], None] = lambda what, times: None
        self.heard = Track()

    def call(self, phone: int, port: int, told: Callable[[str, tuple[float, ...]], None]) -> None:
        self.told = told

    def say(self, phone: int, clip: int) -> None:
        self.orders.append(f"say {clip}")

    def press(self, phone: int, keys: str) -> None:
        self.orders.append(f"press {keys}")

    async def track(self, phone: int) -> Track:
        return self.heard

    def hear(self, begin: float, end: float) -> None:
        """The bot is audible from ``begin`` to ``end``."""
        for at in np.arange(begin, end, 0.02):
            self.heard.add(float(at), Mark.AUDIBLE)


async def test_a_caller_interrupts_presses_keys_and_is_measured_on_what_was_heard() -> None:
    phones = Phones()
    t = time.time() - 104.2  # the caller is in the middle of it
    script = parse_script(SCRIPT)
    talk = Talk(phones, 0, script, {step.line: 7 for step in script.steps})  # type: ignore[arg-type]
    running = asyncio.ensure_future(talk.run(9, answered=t + 100.0))
    await asyncio.sleep(0)
    phones.told("speaks", (t + 100.1, t + 100.1))
    await until(lambda: phones.orders == ["say 7"])
    phones.told("pauses", (t + 103.08,))
    phones.told("said", (t + 103.0, t + 104.0))
    phones.told("silent", (t + 103.08,))
    await asyncio.sleep(0)
    phones.told("speaks", (t + 104.5, t + 104.5))
    phones.told("pauses", (t + 105.5,))
    phones.told("silent", (t + 105.5,))
    await until(lambda: phones.orders == ["say 7", "press 12"])
    phones.told("pressed", (t + 107.0, t + 107.16))
    await asyncio.sleep(0)
    phones.told("speaks", (t + 107.5, t + 107.5))
    phones.told("pauses", (t + 108.0,))
    phones.told("silent", (t + 108.0,))
    await running
    for begin, end in ((t + 100.1, t + 103.1), (t + 104.5, t + 105.52), (t + 107.5, t + 108.0)):
        phones.hear(begin, end)
    figures = CallFigures()
    await talk.measure(figures, t + 100.0, t + 200)
    assert figures.greeting_ms == pytest.approx(100, abs=1)
    assert figures.barge_ins_ms == [pytest.approx(80, abs=1)]
    assert figures.gaps_ms == [pytest.approx(500, abs=1)]
    assert figures.key_gaps_ms == [pytest.approx(340, abs=1)]
    outside = CallFigures()
    await talk.measure(outside, t + 106.0, t + 200)
    assert (outside.greeting_ms, outside.gaps_ms, len(outside.key_gaps_ms)) == (None, [], 1)


async def test_a_call_that_ends_too_soon_fails_and_says_why() -> None:
    talk = Talk(Phones(), 0, parse_script(SCRIPT), {})  # type: ignore[arg-type]
    running = asyncio.ensure_future(talk.run(9, answered=100.0))
    await asyncio.sleep(0)
    talk.ended("bye")
    with pytest.raises(Failed, match="the call ended"):
        await running


def test_the_double_hears_phrases_by_their_level_and_says_the_texts_in_order() -> None:
    reports: list[RecognitionReport] = []
    recogniser = ScriptedRecogniser(["Opening hours.", "Yes."], reports.append)
    recogniser.write(QUIET * 10 + LOUD * 15 + QUIET * 5)
    signals = [report.signal for report in reports]
    assert signals == [RecognitionSignal.SPEECH_DETECTED, RecognitionSignal.HYPOTHESIS, RecognitionSignal.FINAL]
    assert (reports[1].text, reports[2].text) == ("opening hours", "Opening hours.")
    assert (reports[2].offset, reports[2].duration) == (10 * 200_000, 15 * 200_000)
    for piece in (LOUD * 3, QUIET[:80]):
        recogniser.write(piece)
    recogniser.write(QUIET[80:])
    recogniser.commit()
    assert reports[-1].signal is RecognitionSignal.FINAL and reports[-1].text == "Yes."
    recogniser.write(LOUD * 3 + QUIET * 5)
    assert reports[-1].signal is RecognitionSignal.NO_MATCH


async def test_the_double_speaks_words_as_tones_at_the_speed_that_was_asked_for() -> None:
    reports: list[SynthesisReport] = []
    synthesiser = ScriptedSynthesiser(PCMU, reports.append)
    await synthesiser.begin('<speak version="1.0" xml:lang="en-US"><voice name="x">two words</voice></speak>')
    assert [r.signal for r in reports] == [SynthesisSignal.STARTED, SynthesisSignal.CHUNK, SynthesisSignal.COMPLETED]
    assert len(reports[1].audio) == 2 * 0.3 * 8000


def test_what_a_caller_says_is_over_with_its_last_voiced_sample(tmp_path: Path) -> None:
    loud, fading = LOUD * 10, PCMU.encode((np.sin(np.arange(640) * 0.3) * 150).astype(np.int16))
    write_wav(tmp_path / "hours.wav", QUIET * 5 + loud + fading + QUIET * 5)
    said = []

    class FarEnd:
        def clip(self, number: int, first: int, last: int, file: Path) -> None:
            said.append((number, first, last, len(file.read_bytes())))

    script = parse_script('steps: [{wav: "hours.wav"}]', folder=tmp_path)
    assert list(clips_of(FarEnd(), script, tmp_path).values()) == [0]  # type: ignore[arg-type]
    assert said == [(0, 5, 14, 15 * len(QUIET))]


def test_our_own_share_of_a_gap_is_told_in_stages_for_turns_that_were_spoken_and_answered() -> None:
    def turn(kind: str, end: float, *bot: float | None, keys: str = "") -> dict[str, Any]:
        names = ("asked_ms", "first_message_ms", "first_audio_ms", "first_packet_ms")
        return {"kind": kind, "caller": {"speech_end_ms": end, "keys": keys}, "bot": dict(zip(names, bot, strict=True))}

    whole = turn("speech", 1000, 1352, 1355, 1356, 1370)
    others = [turn("speech", 1000, 1350, 1354, None, None), turn("key", 0, 1, 2, 3, 4, keys="1")]
    told = stages([{"turns": [whole, *others]}, {"turns": []}], 350)
    assert [(name, spread["count"], spread["p50"]) for name, spread in told.items()] == [
        ("asked after it was due", 1, 2.0),
        ("the bot", 1, 3.0),
        ("its audio", 1, 1.0),
        ("the next packet", 1, 14.0),
    ]


def test_a_process_that_ends_meanwhile_is_left_out() -> None:
    """The service starts it again, as another one."""
    ended = psutil.Popen([sys.executable, "-c", ""], stdout=subprocess.DEVNULL)
    ended.wait()
    processes = {CALLS: psutil.Process(), "dialog host": ended}
    pin({"dialog host": ended})
    unpin()
    reading = Reading.of(processes)
    assert list(reading.cpu_s) == [CALLS]
    lasted = Reading({**reading.cpu_s, "dialog host": 1.0}, reading.cores_s)
    assert list(Shares.between(lasted, reading, 1.0).processes) == [CALLS]


def test_what_each_process_took_and_what_was_at_its_limit_is_told() -> None:
    before = Reading({CALLS: 1.0, "phones": 0.0}, [10.0, 10.0])
    after = Reading({CALLS: 8.0, "phones": 9.5}, [17.5, 20.0])
    shares = Shares.between(before, after, 10.0)
    assert (shares.processes[CALLS], shares.others) == (pytest.approx(70), pytest.approx(10))
    result = {
        "percent": shares.processes,
        "cores": {"calls": 75.0, "other": 100.0, "others": shares.others},
        "pinned": True,
        "media": {"far_end_late_p99_ms": 3.0},
        "figures": {"cut_ins": 0, "missed_barge_ins": 0},
        "outcomes": {"completed": 5, "rejected 503": 1},
        "stages_ms": {"the bot": {"count": 3, "p50": 4.0, "p95": 9.0}, "its audio": {"count": 0}},
    }
    told = "\n".join(remarks(result))
    assert "THE OTHER CORE IS FULL, most of it phones" in told and "3.0 ms late" in told
    assert "p50/p95 ms: the bot 4/9, its audio -" in told
    assert not complete(result)
