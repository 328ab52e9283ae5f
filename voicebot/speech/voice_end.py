"""When a voice ended, by its level. Voice activity notices the end of speech, but dates it badly: 10 to 50 ms late on
clean lines, 200 ms where a last sound dies away, as callers' voices and synthetic ones do.

The level tells better, where the line is clean: the voice ended with the last sound that was not far below it. It only
dates an end that voice activity has found. On a noisy line it does not tell when the voice ended; but what is much
fainter than the voice, and no louder than the noise was before it, is that noise, though it may sound like a voice.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import numpy as np

from voicebot.audio import Samples

_LOOK_BACK_S: Final = 0.2
"""How much earlier than voice activity says it may have been."""
_BELOW_VOICE_DB: Final = 27.0
_FADING_DB: Final = 12.0
"""So far below the voice is what is behind it, rather than in it."""
_FADED_DB: Final = 24.0
"""So far below it is hardly more than the echo of the room."""
_ABOVE_NOISE_DB: Final = 6.0
"""What is less above the noise may be noise."""
_PART_S: Final = 0.008
_LEAST_PARTS: Final = 2
"""A shorter sound is a click."""
_VOICE_RANK, _NOISE_RANK = 0.75, 0.1
_LINE_RANK: Final = 0.9
"""The noise of the line is as loud as nine in ten of the last windows, up to 3 s, in which nobody spoke."""
_LEAST_LINE: Final = 8
"""Windows from which it is known."""
_LOUDER_DB: Final = 2.0
"""What is hardly louder than that tells nothing of the level of a voice: the detector hears one in the noise behind a
short word for longer than the word was, whose level would soon be that of the noise."""
_BEHIND_WINDOWS: Final = 31
"""For 1 s behind a voice its level tells what is none; later, somebody may speak who is less loud."""
_VOICE_WINDOWS: Final = 24
"""The level of the voice is the upper quartile of its last 0.8 s."""
_NOISE_WINDOWS: Final = 96
"""The level of the noise is the lowest tenth of the last 3 s, words among them."""


class VoiceEnd:
    """That of one call's voice. ``rate``: samples a second."""

    def __init__(self, rate: int) -> None:
        self._part = round(rate * _PART_S)
        self._noise: deque[float] = deque(maxlen=_NOISE_WINDOWS)
        self._line: deque[float] = deque(maxlen=_NOISE_WINDOWS)
        self._voice: deque[float] = deque(maxlen=_VOICE_WINDOWS)
        self._windows: deque[Samples] = deque(maxlen=_VOICE_WINDOWS)
        self._spoken_over_dbfs = -math.inf  # the line, since somebody speaks: nothing is learnt of it meanwhile
        self._faded_dbfs = -math.inf  # of the voice that has ended
        self._behind = 0  # windows since then

    def window(self, samples: Samples, level_dbfs: float, *, voiced: bool, speaking: bool) -> None:
        """Take the next window. ``voiced``: it has voice, or continues one; ``speaking``: somebody speaks, or may have
        stopped."""
        self._noise.append(level_dbfs)
        if speaking:
            if not self._windows:
                self._spoken_over_dbfs = self._line_dbfs
            self._windows.append(samples.copy())
            if voiced and (not self._voice or level_dbfs > self._spoken_over_dbfs):
                self._voice.append(level_dbfs)
            return
        if self._windows:
            self._faded_dbfs, self._behind = self.fading_dbfs, 0
            self._windows.clear()
            self._voice.clear()
        self._behind += 1
        if not voiced:
            self._line.append(level_dbfs)

    @property
    def _line_dbfs(self) -> float:
        return _ranked(self._line, _LINE_RANK) + _LOUDER_DB if len(self._line) >= _LEAST_LINE else -math.inf

    @property
    def fading_dbfs(self) -> float:
        """A level at which a voice that was this loud dies away, or has ended; minus infinity if nobody speaks."""
        return _ranked(self._voice, _VOICE_RANK) - _FADING_DB if self._voice else -math.inf

    @property
    def faded_dbfs(self) -> float:
        """A level at which hardly anything is left of the voice that speaks, or no more than there is of the noise of
        the line; minus infinity if nobody speaks."""
        fading = self.fading_dbfs
        return max(fading + _FADING_DB - _FADED_DB, min(fading, self._spoken_over_dbfs)) if self._voice else fading

    @property
    def noise_dbfs(self) -> float:
        """A level below which a sound soon behind a voice is the noise of the line; minus infinity if nobody has just
        spoken, or the line is not known."""
        if self._windows:
            return min(self.fading_dbfs, self._spoken_over_dbfs)
        return min(self._faded_dbfs, self._line_dbfs) if self._behind <= _BEHIND_WINDOWS else -math.inf

    def date(self, offset: float, now: float) -> float:
        """The end of the voice that has ended by ``offset``, as voice activity says. ``now``: the end of the latest
        window. Never later than ``offset``."""
        if not self._voice or not self._windows:
            return offset
        least_db = _ranked(self._voice, _VOICE_RANK) - _BELOW_VOICE_DB
        if _ranked(self._noise, _NOISE_RANK) + _ABOVE_NOISE_DB > least_db:
            return offset
        latest = np.concatenate(self._windows)
        parts = latest[len(latest) % self._part :].reshape(-1, self._part)
        loud = np.einsum("ij,ij->i", parts, parts) > self._part * 10.0 ** (least_db / 10.0)
        sounds = np.flatnonzero(loud[1:] & loud[:-1]) + _LEAST_PARTS  # each counted by its end
        if not len(sounds):
            return offset
        ended = now - (len(parts) - int(sounds[-1])) * _PART_S
        return min(offset, max(ended, offset - _LOOK_BACK_S))


def _ranked(levels: deque[float], rank: float) -> float:
    return sorted(levels)[int(rank * (len(levels) - 1))]
