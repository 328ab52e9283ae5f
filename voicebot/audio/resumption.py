"""Going on with speech that was interrupted: from the last word boundary, and without a click."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicebot.audio.formats import AudioFormat

_BLOCK_S: Final = 0.010
_DIP: Final = 3
"""Blocks that are quiet between two words, at the least; within words, only the closures of plosives are like this."""
_DEPTH: Final = 10 ** (-26 / 20)
"""The level of a dip, seen from the loudest block: that of an "s" or "f" is higher."""
_SILENCE: Final = 150.0
"""A level of about -46 dBFS, below which nothing can be heard."""
_LEAD: Final = 2
"""Blocks of the dip that are played again, so that the next word is whole when it has been faded in."""


def word_boundary(before: bytes | bytearray, audio: AudioFormat, *, whole: bool) -> int:
    """Where to go on, in bytes from the beginning of ``before``, what was played until it stopped: some hundred ms.

    That is at the end of the last short dip of the level; without a dip, at the beginning if ``before`` is the
    ``whole`` of what was played, and else in the quietest place. Takes some 0.1 ms for 500 ms.
    """
    size = round(_BLOCK_S * audio.rate)
    samples = audio.decode(before)
    count = len(samples) // size
    first = len(samples) - count * size
    levels = _levels(samples[first:], size)
    if count < _DIP or levels.max() < _SILENCE:
        return len(before)
    quiet = levels < levels.max() * _DEPTH
    dips = np.flatnonzero(np.convolve(quiet, np.ones(_DIP, np.int8), "valid") == _DIP)
    if len(dips):
        block = int(dips[-1]) + _DIP - _LEAD
    elif whole:
        return 0
    else:
        block = int(np.argmin(levels[:-1] + levels[1:]))
    return (first + block * size) * audio.width


def faded_in(frame: bytes, audio: AudioFormat) -> bytes:
    """``frame``, with a level that rises from nothing."""
    samples = audio.decode(frame)
    rise = np.arange(len(samples), dtype=np.float32) / max(len(samples), 1)
    return audio.encode(np.rint(samples * rise).astype(np.int16))


def _levels(samples: NDArray[np.int16], size: int) -> NDArray[np.float32]:
    """The root mean square of each ``size`` samples."""
    blocks = samples.reshape(-1, size).astype(np.float32)
    return np.asarray(np.sqrt(np.square(blocks).mean(axis=1)), np.float32)
