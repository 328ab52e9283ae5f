"""The ringing tone that a caller hears while the target of a transfer is called (ITU-T E.180: 425 Hz, 1 s in 5 s)."""

from __future__ import annotations

import asyncio

import numpy as np

from voicebot.audio import AudioFormat
from voicebot.rtp import Clip, Playout

TONE = -1
"""The utterance number of tones; real utterances have positive ones."""
STEP_S = 0.2
"""So much is queued at a time, so that the tone ends soon after it was stopped."""
_FREQUENCY, _ON_S, _PERIOD_S, _PEAK = 425.0, 1.0, 5.0, 3000.0


def ringback(audio: AudioFormat) -> bytes:
    """One period, beginning with the tone."""
    samples = np.zeros(round(_PERIOD_S * audio.rate))
    times = np.arange(round(_ON_S * audio.rate)) / audio.rate
    edge = np.clip(np.minimum(times, _ON_S - times) / 0.01, 0.0, 1.0)  # no clicks
    samples[: len(times)] = np.sin(2 * np.pi * _FREQUENCY * times) * edge * _PEAK
    return audio.encode(samples.astype(np.int16))


class WaitingTone:
    """``async with WaitingTone(playout):`` plays the tone during the block, after what is queued already."""

    def __init__(self, playout: Playout) -> None:
        self._playout = playout
        self._clip = Clip(TONE, playout.audio)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._playout.append(self._clip)
        self._task = asyncio.create_task(self._feed())

    async def __aexit__(self, *_exc: object) -> None:
        task, self._task = self._task, None  # what was cancelled keeps its last frame, which has this tone
        assert task is not None
        task.cancel()
        await asyncio.wait([task])
        self._clip.finish()

    async def _feed(self) -> None:
        audio = self._playout.audio
        period, step, at = ringback(audio), round(STEP_S * audio.rate) * audio.width, 0
        while True:
            self._clip.feed(period[at : at + step])
            at = (at + step) % len(period)
            await asyncio.sleep(STEP_S * 0.9)
