"""Making up for lost audio, after ITU-T G.711 Appendix I: repeat the last pitch period, and fade it out.

Simplified where it does not matter to a recogniser or a recording: there is no delay for overlap-adding with what was
already released, and the first good samples after the hole are left as they came.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from voicebot.events import Law
from voicebot.g711 import SILENCE, decode, encode

LONGEST: Final = 480
"""Samples (60 ms) after which repetition has faded to silence."""

HISTORY: Final = 280
"""Samples that must be known before the hole to find a pitch; with fewer, the hole is silence."""

_SHORTEST_PERIOD, _LONGEST_PERIOD = 40, 120  # samples: 200 Hz to 66 Hz
_WINDOW: Final = HISTORY - _LONGEST_PERIOD
_GAIN: Final = np.clip(1.2 - np.arange(LONGEST) / 400, 0, 1).astype(np.float32)  # 10 ms as it is, then -20 % in 10 ms


def conceal(history: bytes, samples: int, law: Law) -> bytes:
    """Up to :data:`LONGEST` samples to follow ``history`` (the G.711 bytes released last); silence after that."""
    quiet = SILENCE[law]
    if len(history) < HISTORY:
        return bytes([quiet]) * samples
    made_up = min(samples, LONGEST)
    past = decode(history[-HISTORY:], law).astype(np.float32)
    period = _period(past)
    cycle = past[-period:].copy()
    seam = period // 4
    weight = np.linspace(0, 1, seam, dtype=np.float32)  # lead the end of the cycle over to its own beginning
    cycle[-seam:] = cycle[-seam:] * (1 - weight) + past[-period - seam : -period] * weight
    wave = np.resize(cycle, made_up) * _GAIN[:made_up]
    return encode(wave.astype(np.int16), law) + bytes([quiet]) * (samples - made_up)


def _period(past: np.ndarray[tuple[int], np.dtype[np.float32]]) -> int:
    """The lag at which the last 20 ms are most like what came before (normalised cross-correlation)."""
    recent = past[-_WINDOW:]
    lagged = np.lib.stride_tricks.sliding_window_view(past[:-_SHORTEST_PERIOD], _WINDOW)
    likeness = lagged @ recent / np.sqrt(np.einsum("ij,ij->i", lagged, lagged) + 1.0)
    return _LONGEST_PERIOD - int(np.argmax(likeness))
