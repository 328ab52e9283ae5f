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

from voicebot.audio import LINEAR_8K, LINEAR_16K, PCMA, PCMU, AudioFormat
from voicebot.records import Recording
from voicebot.records import recording as module

LOUD = b"\x90" * 160
QUIET = b"\xff" * 160


class Sides(Recording):
    """With two tracks: of a caller on the left, whose network may stall, and of a bot on the right."""

    def __init__(self, audio: AudioFormat, started_at: float, **others: Any) -> None:
        super().__init__(started_at, **others)
        self.tracks = [self.track(audio, left=True), self.track(audio, left=False, stalls=False)]

    def caller(self, payload: bytes, at: float) -> None:
        self.frame(self.tracks[0], payload, at)

    def bot(self, payload: bytes, at: float) -> None:
        self.frame(self.tracks[1], payload, at)

    @property
    def has_spools(self) -> bool:
        return any(track.spool is not None for track in self.tracks)


def stereo(path: Path, rate: int = 8000) -> np.ndarray[Any, Any]:
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, 2, rate)
        return np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)


async def test_both_sides_lie_where_their_times_say(tmp_path: Path) -> None:
    recording = Sides(PCMU, 50.0)
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
    recording = Sides(LINEAR_16K, 0.0)
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
    recording = Sides(PCMU, 0.0)
    for frame in range(10):
        recording.caller(LOUD, frame * 0.02 + (0.015 if frame % 2 else 0.0))
    recording.caller(LOUD, 1.0)
    samples = stereo(await recording.finish(tmp_path / "call.wav"))[:, 0]

    assert samples[:1600].all() and not samples[1600:8000].any() and samples[8000:].all()


async def test_a_clock_that_runs_fast_is_held_to_ours_where_it_is_quiet(tmp_path: Path) -> None:
    recording = Sides(PCMU, 0.0)
    for frame in range(1000):
        recording.caller(LOUD if frame % 100 < 80 else QUIET, frame * 0.0198)
    samples = stereo(await recording.finish(tmp_path / "call.wav"))

    assert abs(len(samples) / 8000 - 19.8) <= module.SLACK_S + 0.04
    assert np.count_nonzero(samples[:, 0]) == 800 * 160
    assert recording.dropped == 0


async def test_what_is_far_too_much_is_dropped_and_counted(tmp_path: Path) -> None:
    recording = Sides(PCMU, 0.0)
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
    recording, stalled = Sides(PCMU, 0.0), round(stall_s / 0.02)
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
    recording = Sides(PCMU, 0.0)
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
        recording = Sides(PCMU, 0.0, executor=executor)
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
        recording = Sides(PCMU, 0.0, executor=disk)
        for frame in range(60):
            recording.caller(LOUD, frame * 0.02)
        await until(lambda: recording._writing is None and recording.has_spools)
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
        await until(lambda: not recording.has_spools)
    assert len(stereo(tmp_path / "call.wav")) == 9600


async def test_a_wav_that_cannot_be_written_leaves_no_draft(tmp_path: Path) -> None:
    recording = Sides(PCMU, 0.0)
    recording.caller(LOUD, 0.0)
    (tmp_path / "call.wav").mkdir()
    with pytest.raises(OSError):
        await recording.finish(tmp_path / "call.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["call.wav"]  # noqa: ASYNC240
    assert not recording.has_spools


class FullDisk(Executor):
    """An executor on a machine whose disk is full."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(OSError(28, "No space left on device"))
        return future


async def test_a_full_disk_ends_the_recording_not_the_call(tmp_path: Path) -> None:
    recording = Sides(PCMU, 0.0, executor=FullDisk())
    for frame in range(100):
        recording.caller(LOUD, frame * 0.02)
        await asyncio.sleep(0)
    assert recording.failed is not None
    with pytest.raises(OSError, match="No space left"):
        await recording.finish(tmp_path / "call.wav")
    assert not (tmp_path / "call.wav").exists()


async def test_a_recording_without_audio_is_an_empty_wav(tmp_path: Path) -> None:
    assert len(stereo(await Sides(PCMA, 0.0).finish(tmp_path / "call.wav"))) == 0


async def test_a_discarded_recording_takes_no_more_audio_and_leaves_nothing(tmp_path: Path) -> None:
    recording = Sides(PCMU, 0.0)
    for frame in range(60):
        recording.caller(LOUD, frame * 0.02)
    await recording.discard()
    recording.caller(LOUD, 2.0)
    await recording.discard()
    assert not recording.has_spools


async def test_hours_of_nothing_cost_no_memory_and_the_end_is_bounded(tmp_path: Path) -> None:
    recording = Sides(PCMU, 0.0)
    recording.caller(QUIET, 0.0)
    recording.caller(LOUD, module.MAX_S + 1.0)
    recording.caller(LOUD, -1.0)
    assert len(stereo(await recording.finish(tmp_path / "call.wav"))) == 160


async def test_tracks_on_one_side_are_mixed_whatever_their_formats(tmp_path: Path) -> None:
    recording = Recording(0.0)
    caller, agent, other = (recording.track(audio, left=left) for audio, left in
                            ((PCMU, True), (LINEAR_16K, False), (PCMA, False)))  # fmt: skip
    loud, quieter = LINEAR_16K.encode(np.full(320, 30_000, np.int16)), PCMA.encode(np.full(160, 8_000, np.int16))
    for frame in range(100):
        recording.frame(caller, LOUD, frame * 0.02)
        if frame >= 50:
            recording.frame(agent, loud, frame * 0.02)
        if frame < 75:
            recording.frame(other, quieter, frame * 0.02)
    samples = stereo(await recording.finish(tmp_path / "call.wav"), 16_000)
    assert samples.shape == (32_000, 2)
    assert np.allclose(samples[100:-100, 0], PCMU.decode(LOUD)[0], rtol=0.01)
    assert samples[8_000, 1] == pytest.approx(8_000, rel=0.05)
    assert samples[20_000, 1] == 32_767
    assert samples[28_000, 1] == pytest.approx(30_000, abs=100)


async def test_a_track_may_change_its_side_until_the_file_is_written(tmp_path: Path) -> None:
    recording = Recording(0.0)
    track = recording.track(PCMU, left=True)
    recording.frame(track, LOUD, 0.0)
    track.left = False
    samples = stereo(await recording.finish(tmp_path / "call.wav"))
    assert not samples[:, 0].any() and samples[:, 1].all()


@pytest.mark.parametrize("audio", [PCMU, LINEAR_8K])
async def test_what_nobody_is_to_hear_is_silent_in_its_track_alone(tmp_path: Path, audio: AudioFormat) -> None:
    recording = Sides(audio, 10.0)
    voice = audio.encode(np.full(160, 8_000, np.int16))
    for frame in range(200):
        recording.caller(voice, 10.0 + frame * 0.02)
        recording.bot(voice, 10.0 + frame * 0.02)
    recording.silence(recording.tracks[0], 11.0, 12.5)
    recording.silence(recording.tracks[0], 13.9, 20.0)
    recording.silence(recording.tracks[0], 5.0, 10.1)
    caller, bot = stereo(await recording.finish(tmp_path / "call.wav")).T
    quiet = np.flatnonzero(caller == 0)
    expected = [*range(800), *range(8_000, 20_000), *range(31_200, 32_000)]
    assert quiet.tolist() == expected
    assert bot.all()


async def test_the_number_of_tracks_is_bounded(tmp_path: Path) -> None:
    recording = Recording(0.0)
    tracks = {recording.track(PCMU, left=True) for _ in range(2 * module.MAX_TRACKS)}
    assert len(tracks) == module.MAX_TRACKS
    await recording.discard()
