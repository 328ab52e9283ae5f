"""How high a voice is, and how high this caller's is: it tells most other voices from a caller who speaks less loud.

The pitch of a window of 32 ms is the first high peak of its autocorrelation (Boersma 1993), from 70 to 400 Hz.
Telephones do not transmit the fundamental of most voices, but all harmonics repeat with it. A window takes about
0.01 ms.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from statistics import median
from typing import Final

import numpy as np

from voicebot.audio import Samples
from voicebot.audio.silero import WINDOW_S
from voicebot.speech.caller_level import least_active

_RATE: Final = 8000
_COUNT: Final = round(_RATE * WINDOW_S)
_SHORTEST, _LONGEST = _RATE // 400, _RATE // 70
_CLEAR: Final = 0.7
"""The least autocorrelation of a voice that has a pitch, relative to the energy."""
_AS_HIGH: Final = 0.9
"""The first peak that is as high as this share of the highest counts: at twice the period, there is another one."""
_WINDOW = np.hanning(_COUNT).astype(np.float32)
_LEAST: Final = 3
"""Windows with a pitch from which that of a voice is known."""
_KEPT: Final = 200
_NOTHING = np.zeros(_LONGEST, np.float32)


def _autocorrelation(samples: Samples) -> Samples:
    return np.correlate(np.concatenate((samples, _NOTHING)), samples)


_OF_WINDOW = _autocorrelation(_WINDOW)
_OF_WINDOW /= _OF_WINDOW[0]


def pitch(window: Samples) -> float | None:
    """The pitch of 32 ms at 8 or 16 kHz, in octaves above 1 Hz; None if there is none, or not clearly."""
    if len(window) > _COUNT:
        window = (window[::2] + window[1::2]) * np.float32(0.5)
    found = _autocorrelation(window * _WINDOW)
    if found[0] <= 0.0:
        return None
    found /= found[0] * _OF_WINDOW
    highest = float(found[_SHORTEST:].max())
    if highest < _CLEAR:
        return None
    inner = found[_SHORTEST:-1]
    peaks = (inner >= found[_SHORTEST - 1 : -2]) & (inner >= found[_SHORTEST + 1 :]) & (inner >= _AS_HIGH * highest)
    first = int(np.argmax(peaks))
    return float(np.log2(_RATE / (_SHORTEST + first))) if peaks[first] else None


def clear(pitches: Sequence[float | None], levels_dbfs: Sequence[float]) -> list[float]:
    """Those of the windows of a stretch of speech that can be relied upon: not where the voice is dying away."""
    least = least_active(levels_dbfs)
    return [each for each, level in zip(pitches, levels_dbfs, strict=False) if each is not None and level >= least]


def pitch_of(windows: Sequence[float]) -> float | None:
    """The pitch of a voice, from those of its windows, in octaves; None if they are too few."""
    return median(windows) if len(windows) >= _LEAST else None


class CallerPitch:
    """That of the caller in one call, learnt while the bot was silent."""

    def __init__(self) -> None:
        self._windows: deque[float] = deque(maxlen=_KEPT)

    def heard(self, pitches: Sequence[float | None], levels_dbfs: Sequence[float]) -> None:
        """Learn from the first windows of a stretch of speech."""
        self._windows += clear(pitches, levels_dbfs)

    @property
    def octaves(self) -> float | None:
        """In octaves above 1 Hz; None if it is not known."""
        return pitch_of(self._windows)
