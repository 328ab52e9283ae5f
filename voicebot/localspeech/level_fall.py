"""Where the level of a voice falls: the first sign that a phrase may have ended.

Voice activity takes 170 ms to notice the end of a voice, and 300 ms in noise; the level tells in 70. It cannot tell an
end from the gap before the next word, so that it says where it is worth while to begin work, and never ends anything.

    state      on                                          goes to    and says
    -------    ----------------------------------------    -------    --------
    LOUD       quiet in two frames (more where asked)      FALLEN     FELL
    FALLEN     the level is back, or quiet for too long    LOUD       ROSE

Quiet is what is far below the voice or close to the noise, whichever is louder, but always below the voice. Last sounds
such as the "s" of "six" are far above the noise of a clean line, and are not quiet.
"""

from __future__ import annotations

import math
from collections import deque
from enum import Enum

import numpy as np

from voicebot.audio import Samples

_VOICE_FRAMES, _VOICE_RANK = 24, 0.75
"""The level of the voice is the upper quartile of its last 0.8 s."""
_NOISE_FRAMES, _NOISE_RANK = 90, 0.1
"""The level of the noise is the lowest tenth of the last 3 s, words among them."""
_BELOW_VOICE_DB = 30.0
_ABOVE_NOISE_DB = 6.0
_LEAST_FALL_DB = 11.0
"""Where the noise is louder than that below the voice, the level says nothing."""
_BACK_DB = 3.0
_FAINT_DB = 10.0
"""What is above the noise, and not so far below quiet, may be the faint end of a word."""
_LEAST_FRAMES = 2
_LONGEST = 20
"""Frames after which voice activity would have agreed: somebody speaks much more softly than before."""


class Change(Enum):
    """What :meth:`LevelFall.feed` says."""

    FELL = "fell"
    ROSE = "rose"


class LevelFall:
    """See the table above. ``clean``: since the level fell, there was nothing that could belong to a word; ``noisy``:
    where it fell is told by the noise, in which such a thing could not be heard."""

    def __init__(self) -> None:
        self._heard: deque[float] = deque(maxlen=_NOISE_FRAMES)
        self._voice: deque[float] = deque(maxlen=_VOICE_FRAMES)
        self._quiet_db = self._faint_db = -math.inf  # below the one is quiet, above the other may be words
        self.quiet_frames = 0  # in a row; and since the level fell
        self._fallen = False
        self.clean = True
        self.noisy = False

    def begin(self, frames: int) -> None:
        """A phrase has begun with the last so many frames: the voice is a new one."""
        self._voice.clear()
        self._voice.extend(list(self._heard)[-frames:])
        self.quiet_frames, self._fallen = 0, False
        self._quiet_db = -math.inf

    def is_quiet(self, level: float) -> bool:
        """Whether ``level`` is what it is behind the latest voice, rather than in it."""
        return level <= self._quiet_db

    def feed(self, level: float, *, voiced: bool, more: int = 0) -> Change | None:
        """Take the level of the next frame. ``voiced``: voice activity hears a voice in it; ``more``: frames by which
        the level must have been low for longer than usual."""
        self._heard.append(level)
        if self._fallen:
            return self._after_fall(level)
        if voiced:
            self._voice.append(level)
        if len(self._voice) <= _LEAST_FRAMES:
            return None
        voice, noise = _ranked(self._voice, _VOICE_RANK), _ranked(self._heard, _NOISE_RANK)
        self._quiet_db = max(voice - _BELOW_VOICE_DB, min(noise + _ABOVE_NOISE_DB, voice - _LEAST_FALL_DB))
        self.noisy = self._quiet_db > voice - _BELOW_VOICE_DB
        self._faint_db = max(noise + _ABOVE_NOISE_DB, voice - _BELOW_VOICE_DB - _FAINT_DB)
        self.quiet_frames = self.quiet_frames + 1 if level <= self._quiet_db else 0
        if self.quiet_frames < _LEAST_FRAMES + more:
            return None
        self._fallen, self.clean = True, True
        return Change.FELL

    def _after_fall(self, level: float) -> Change | None:
        self.quiet_frames += 1
        if level <= self._quiet_db + _BACK_DB and self.quiet_frames <= _LONGEST:
            self.clean = self.clean and level <= self._faint_db
            return None
        if self.quiet_frames > _LONGEST:
            self._voice.clear()
        self.quiet_frames, self._fallen = 0, False
        return Change.ROSE


def level_db(frame: Samples) -> float:
    """The RMS level of ``frame`` in dBFS, -100 for silence."""
    return 10 * math.log10(float(np.dot(frame, frame)) / len(frame) + 1e-10)


def _ranked(levels: deque[float], rank: float) -> float:
    """The level that a share ``rank`` of them is below."""
    return sorted(levels)[int(rank * (len(levels) - 1))]
