from __future__ import annotations

import asyncio
import threading
import wave
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from waiting import until

from voicebot.audio import LINEAR_16K, PCMA, PCMU
from voicebot.calls import recording as module
from voicebot.calls.recording import Recording

LOUD = b"\x90" * 160
QUIET = b"\xff" * 160


def stereo(path: Path, rate: int = 8000) -> np.ndarray[Any, Any]:
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, 2, rate)
        return np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)


async def test_both_sides_lie_where_their_times_say(tmp_path: Path) -> None:
    recording = Recording(PCMU, 50.0)
    for frame in range(100):
        recording.bot(LOUD, 50.0 + frame * 0.02)
    for frame in range(50):
        recording.caller(LOUD, 51.0 + frame * 0.02)
    samples = stereo(await recording.finish(tmp_path / "call.wav"))

    assert len(samples) == 2 * 8000
    caller, bot = samples[:, 0], samples[:, 1]
    assert not caller[:8000].any() and caller[8000:].all()
    assert bot.all()
    assert recording.dropped == 0


async def test_wideband_is_recorded_as_it_is(tmp_path: Path) -> None:
    recording = Recording(LINEAR_16K, 0.0)
    voice = LINEAR_16K.encode(np.arange(1, 321, dtype=np.int16))
    for frame in range(50):
        recording.caller(voice, 1.0 + frame * 0.02)
        recording.bot(voice, frame * 0.02)
    samples = stereo(await recording.finish(tmp_path / "call.wav"), 16_000)
    assert samples.shape == (32_000, 2)
    assert not samples[:16_000, 0].any() and not samples[16_000:, 1].any()
    assert (samples[16_000:, 0] == np.tile(np.arange(1, 321), 50)).all()
    assert (samples[:16_000, 1] == samples[16_000:, 0]).all()


async def test_jitter_moves_nothing_and_a_hole_becomes_silence(tmp_path: Path) -> None:
    recording = Recording(PCMU, 0.0)
    for frame in range(10):
        recording.caller(LOUD, frame * 0.02 + (0.015 if frame % 2 else 0.0))
    recording.caller(LOUD, 1.0)
    samples = stereo(await recording.finish(tmp_path / "call.wav"))[:, 0]

    assert samples[:1600].all() and not samples[1600:8000].any() and samples[8000:].all()


async def test_a_clock_that_runs_fast_is_held_to_ours_where_it_is_quiet(tmp_path: Path) -> None:
    recording = Recording(PCMU, 0.0)
    for frame in range(1000):
        recording.caller(LOUD if frame % 100 < 80 else QUIET, frame * 0.0198)
    samples = stereo(await recording.finish(tmp_path / "call.wav"))

    assert abs(len(samples) / 8000 - 19.8) <= module.SLACK_S + 0.04
    assert np.count_nonzero(samples[:, 0]) == 800 * 160
    assert recording.dropped == 0


async def test_what_is_far_too_much_is_dropped_and_counted(tmp_path: Path) -> None:
    recording = Recording(PCMU, 0.0)
    for _ in range(1000):
        recording.caller(LOUD, 0.0)
    assert len(stereo(await recording.finish(tmp_path / "call.wav"))) / 8000 == pytest.approx(
        module.MAX_AHEAD_S, abs=0.1
    )
    assert recording.dropped == pytest.approx(1000 - 50 * module.MAX_AHEAD_S, abs=2)


@pytest.mark.parametrize("stall_s", [0.1, 0.3, 0.48, 0.7, 1.5])
@pytest.mark.parametrize("silence", [True, False])
async def test_speech_that_comes_at_once_after_a_stall_is_kept(tmp_path: Path, stall_s: float, silence: bool) -> None:
    """``silence``: the network has stalled, and was waited for. Otherwise this process was not there to read."""
    recording, stalled = Recording(PCMU, 0.0), round(stall_s / 0.02)
    for frame in range(50):
        recording.caller(LOUD, frame * 0.02)
    for frame in range(stalled if silence else 0):
        recording.caller(QUIET, 1.0 + frame * 0.02)
    for _ in range(stalled):
        recording.caller(LOUD, 1.0 + stall_s)
    for frame in range(50):
        recording.caller(LOUD, 1.0 + stall_s + frame * 0.02)
    for frame in range(200):
        recording.caller(QUIET, 2.0 + stall_s + frame * 0.02)
    samples = stereo(await recording.finish(tmp_path / "call.wav"))[:, 0]
    assert np.count_nonzero(samples) == (100 + stalled) * 160
    assert recording.dropped == 0
    assert len(samples) / 8000 == pytest.approx(6.0 + stall_s, abs=module.SLACK_S + 0.04)
    if not silence and stall_s < module.STALL_S:
        assert samples[: (100 + stalled) * 160].all(), "what was only read late has no gap"


async def test_after_a_pause_frames_lie_where_their_times_say(tmp_path: Path) -> None:
    recording = Recording(PCMU, 0.0)
    for frame in range(50):
        recording.caller(LOUD, frame * 0.02)
    recording.pause()
    for frame in range(50):
        recording.caller(LOUD, 1.4 + frame * 0.02)
    samples = stereo(await recording.finish(tmp_path / "call.wav"))[:, 0]
    assert len(samples) == 2.4 * 8000 and not samples[8000:11_200].any()


async def test_a_disk_that_does_not_keep_up_costs_audio_never_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_S", 3)
    gate = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        executor.submit(gate.wait, 10)
        recording = Recording(PCMU, 0.0, executor=executor)
        for frame in range(500):
            recording.caller(LOUD, frame * 0.02)
        gate.set()
        samples = stereo(await recording.finish(tmp_path / "call.wav"))[:, 0]

    assert recording.dropped == 300  # 1 s was on its way to the disk, 3 s waited, 6 s found no room
    assert len(samples) == 80_000 and samples[:32_000].all() and not samples[32_000:].any()


class SlowDisk(ThreadPoolExecutor):
    """While ``gate`` is cleared, what is to be written waits on its thread."""

    def __init__(self) -> None:
        super().__init__(1)
        self.gate = threading.Event()
        self.gate.set()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        def work() -> Any:
            assert self.gate.wait(10)
            return fn(*args, **kwargs)

        return super().submit(work)


async def test_a_wav_that_its_caller_does_not_wait_for_is_completed_by_the_thread(tmp_path: Path) -> None:
    with SlowDisk() as disk:
        recording = Recording(PCMU, 0.0, executor=disk)
        for frame in range(60):
            recording.caller(LOUD, frame * 0.02)
        await until(lambda: recording._writing is None and recording._spools is not None)
        disk.gate.clear()
        finishing = asyncio.create_task(recording.finish(tmp_path / "call.wav"))
        await until(lambda: recording._writing is not None)
        finishing.cancel()
        discarding = asyncio.create_task(recording.discard())
        await asyncio.wait({finishing})
        discarding.cancel()
        await asyncio.wait({discarding})
        disk.gate.set()
        await until((tmp_path / "call.wav").exists)
        await until(lambda: recording._spools is None)
    assert len(stereo(tmp_path / "call.wav")) == 9600


async def test_a_wav_that_cannot_be_written_leaves_no_draft(tmp_path: Path) -> None:
    recording = Recording(PCMU, 0.0)
    recording.caller(LOUD, 0.0)
    (tmp_path / "call.wav").mkdir()
    with pytest.raises(OSError):
        await recording.finish(tmp_path / "call.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["call.wav"]  # noqa: ASYNC240
    assert recording._spools is None


class FullDisk(Executor):
    """An executor on a machine whose disk is full."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(OSError(28, "No space left on device"))
        return future


async def test_a_full_disk_ends_the_recording_not_the_call(tmp_path: Path) -> None:
    recording = Recording(PCMU, 0.0, executor=FullDisk())
    for frame in range(100):
        recording.caller(LOUD, frame * 0.02)
        await asyncio.sleep(0)
    assert recording.failed is not None
    with pytest.raises(OSError, match="No space left"):
        await recording.finish(tmp_path / "call.wav")
    assert not (tmp_path / "call.wav").exists()


async def test_a_recording_without_audio_is_an_empty_wav(tmp_path: Path) -> None:
    assert len(stereo(await Recording(PCMA, 0.0).finish(tmp_path / "call.wav"))) == 0


async def test_a_discarded_recording_takes_no_more_audio_and_leaves_nothing(tmp_path: Path) -> None:
    recording = Recording(PCMU, 0.0)
    for frame in range(60):
        recording.caller(LOUD, frame * 0.02)
    await recording.discard()
    recording.caller(LOUD, 2.0)
    await recording.discard()
    assert recording._spools is None


async def test_hours_of_nothing_cost_no_memory_and_the_end_is_bounded(tmp_path: Path) -> None:
    recording = Recording(PCMU, 0.0)
    recording.caller(QUIET, 0.0)
    recording.caller(LOUD, module.MAX_S + 1.0)
    recording.caller(LOUD, -1.0)
    assert len(stereo(await recording.finish(tmp_path / "call.wav"))) == 160
