"""An echo as a linear system: where a copy of what was sent is in what came back, and how it differs from that.

Pure arithmetic on samples; :mod:`~voicebot.speech.echo` keeps the audio and decides.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from voicebot.audio import Samples

TAPS: Final = 32
"""Length of the response: 4 ms at 8 kHz, 2 ms at 16 kHz."""
_BLOCK: Final = 160
"""Columns of a product of matrices: few enough for the BLAS library not to use several threads."""
_FORGET: Final = 0.93
"""How much what was learnt counts after each frame: the response is that of the last third of a second."""
_RIDGE: Final = 1e-4
"""Relative to the mean power: keeps the response finite where nothing was sent at some frequencies."""
_AVERAGE: Final = 0.05
_MOST_TIMES: Final = 2.5
_FLOOR: Final = 1e-6
"""-60 dBFS, as mean square."""


class Match(NamedTuple):
    """``likeness``: normalised cross-correlation, 0 to 1. ``delay``: in samples. ``energy``: that of the part that was
    sent; ``gain``: by which it would have come back as an echo."""

    likeness: float
    delay: int
    energy: float
    gain: float


def best_match(sent: Samples, came: Samples) -> Match:
    """Where ``came`` is most like a part of ``sent``, which is longer. ``delay`` counts from the end of ``sent``.

    Parts of ``sent`` below -60 dBFS have no echo that could be told from other sounds.
    """
    count = len(came)
    power = float(np.dot(came, came))
    if power <= 0.0:
        return Match(0.0, 0, 0.0, 0.0)
    size = 1 << (len(sent) - 1).bit_length()  # what wraps around is beyond the part that is looked at
    size = size * 3 // 4 if len(sent) <= size * 3 // 4 else size
    spectrum = np.fft.rfft(sent, size) * np.conj(np.fft.rfft(came, size))
    products = np.fft.irfft(spectrum, size)[: len(sent) - count + 1]
    energy = np.cumsum(sent * sent, dtype=np.float64)
    energy[count:] -= energy[:-count].copy()
    energy = energy[count - 1 :]
    energy = np.maximum(energy, _FLOOR * count)
    likeness = products / np.sqrt(energy * power)
    best = int(np.argmax(likeness))
    return Match(
        float(likeness[best]), len(sent) - count - best, float(energy[best]), float(products[best] / energy[best])
    )


class Rest(NamedTuple):
    """What remains of a frame without its echo. ``copy`` and ``rest``: the energy of the echo and of what remains."""

    samples: Samples
    copy: float
    rest: float


class EchoPath:
    """The response of one path, learnt from frames that are nothing but its echo (recursive least squares).

    A frame of ``n`` samples goes with the ``n + TAPS - 1`` samples that were sent in its time: the last of them is that
    of the smallest delay.
    """

    def __init__(self, sent: Samples, came: Samples) -> None:
        self._products = np.zeros((TAPS, TAPS))
        self._cross = np.zeros(TAPS)
        self._add(sent, came)
        self._solve()
        self.left = min(1.0, 2.0 * self.without(sent, came).rest / max(float(np.dot(came, came)), 1e-12))
        """The share of an echo's energy that is not explained, on average; at first twice that of the frames learnt
        from, which are explained best."""
        self._energy = float(np.dot(came, came))

    def without(self, sent: Samples, came: Samples) -> Rest:
        """``came`` without the echo of ``sent``, whose gain may have changed."""
        copy = np.correlate(sent, self._response)
        power = float(np.dot(copy, copy))
        gain = max(0.0, float(np.dot(copy, came)) / power) if power > 0.0 else 0.0
        rest = came - np.float32(gain) * copy
        return Rest(rest, gain * gain * power, float(np.dot(rest, rest)))

    def learn(self, sent: Samples, came: Samples, rest: Rest) -> None:
        """``came`` was an echo of ``sent``, except for ``rest``."""
        self._products *= _FORGET
        self._cross *= _FORGET
        self._add(sent, came)
        self._solve()
        # by energy, because of a faint echo noise is left; and slowly upwards, because what is left may be a caller
        left = min(rest.rest / max(rest.copy, 1e-12), _MOST_TIMES * self.left)
        self._energy += _AVERAGE * (rest.copy - self._energy)
        self.left += _AVERAGE * min(1.0, rest.copy / max(self._energy, 1e-12)) * (left - self.left)

    def _add(self, sent: Samples, came: Samples) -> None:
        for at in range(0, len(came), _BLOCK):
            count = min(_BLOCK, len(came) - at)
            shifted = np.array(as_strided(sent[at:], (TAPS, count), sent.strides * 2))
            self._products += shifted @ shifted.T
            self._cross += shifted @ came[at : at + count]

    def _solve(self) -> None:
        ridged = self._products.copy()
        diagonal = ridged.reshape(-1)[:: TAPS + 1]
        diagonal += _RIDGE * float(diagonal.sum()) / TAPS + 1e-12
        self._response: NDArray[np.float32] = np.linalg.solve(ridged, self._cross).astype(np.float32)
