"""Concealment of lost audio after ITU-T G.711 Appendix I: the last pitch period is repeated and faded out.

Simplified in ways that do not matter to a recogniser or a recording: audio that was released is not changed afterwards
(the appendix delays it for an overlap-add), and neither are the first samples after the hole.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from voicebot.audio.formats import AudioFormat

LONGEST_S: Final = 0.060
"""After this time repetition has faded to silence."""

HISTORY_S: Final = 0.035
"""Audio before the hole that is needed to find the pitch; with less, the hole is filled with silence."""

_SHORTEST_PERIOD_S, _LONGEST_PERIOD_S = 0.005, 0.015  # 200 Hz to 66 Hz


def conceal(history: bytes, samples: int, audio: AudioFormat) -> bytes:
    """``samples`` samples to follow ``history``, the audio before the hole; silence after :data:`LONGEST_S`."""
    rate = audio.rate
    known = round(HISTORY_S * rate)
    if len(history) < known * audio.width:
        return audio.silence(samples)
    made_up = min(samples, round(LONGEST_S * rate))
    past = audio.decode(history[-known * audio.width :]).astype(np.float32)
    period = _period(past, rate)
    cycle = past[-period:].copy()
    seam = period // 4
    weight = np.linspace(0, 1, seam, dtype=np.float32)  # cross-fade, so that repeating the cycle makes no click
    cycle[-seam:] = cycle[-seam:] * (1 - weight) + past[-period - seam : -period] * weight
    gain = np.clip(1.2 - np.arange(made_up) / (0.05 * rate), 0, 1)  # 10 ms unchanged, then 20 % less each 10 ms
    wave = np.resize(cycle, made_up) * gain
    return audio.encode(wave.astype(np.int16)) + audio.silence(samples - made_up)


def _period(past: np.ndarray[tuple[int], np.dtype[np.float32]], rate: int) -> int:
    """The lag, in samples, at which the last 20 ms best match what came before (normalised cross-correlation)."""
    shortest, longest = round(_SHORTEST_PERIOD_S * rate), round(_LONGEST_PERIOD_S * rate)
    window = len(past) - longest
    lagged = np.lib.stride_tricks.sliding_window_view(past[:-shortest], window)
    likeness = lagged @ past[-window:] / np.sqrt(np.einsum("ij,ij->i", lagged, lagged) + 1.0)
    return longest - int(np.argmax(likeness))
