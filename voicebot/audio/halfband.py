"""Resampling between 8 and 16 kHz with a half-band filter.

A stream may be cut anywhere, and comes out as if it had been filtered whole; each piece gives exactly twice, or half,
its samples. The filter (63 taps, Kaiser window) is flat within 0.1 dB up to 3.4 kHz, attenuates by 60 dB above 4.6 kHz,
and delays by 31 samples of the higher rate, 2 ms.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_TAPS: Final = 63
_MIDDLE: Final = _TAPS // 2


def _filter() -> NDArray[np.float32]:
    n = np.arange(_TAPS) - _MIDDLE
    taps = 0.5 * np.sinc(n / 2) * np.kaiser(_TAPS, 5.65)
    return np.asarray(taps / taps.sum(), np.float32)


_FILTER: Final = _filter()
_PHASES: Final = (2 * _FILTER[0::2], 2 * _FILTER[1::2])  # polyphase: each sample becomes two, one by each half


class Upsampler:
    """8 kHz to 16 kHz, for one stream."""

    __slots__ = ("_past",)

    def __init__(self) -> None:
        self._past: NDArray[np.float32] = np.zeros(len(_PHASES[0]) - 1, np.float32)

    def __call__(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        """The resampled stream so far: twice as many samples as this piece has."""
        if not len(samples):
            return samples
        whole = np.concatenate((self._past, samples.astype(np.float32)))
        self._past = whole[len(samples) :]
        out = np.empty((len(samples), 2), np.float32)
        out[:, 0] = np.convolve(whole, _PHASES[0], "valid")
        out[:, 1] = np.convolve(whole[1:], _PHASES[1], "valid")
        return _rounded(out.reshape(-1))


class Downsampler:
    """16 kHz to 8 kHz, for one stream. Each piece must have an even number of samples."""

    __slots__ = ("_past",)

    def __init__(self) -> None:
        self._past: NDArray[np.float32] = np.zeros(_TAPS - 1, np.float32)

    def __call__(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        """The resampled stream so far: half as many samples as this piece has."""
        if not len(samples):
            return samples
        whole = np.concatenate((self._past, samples.astype(np.float32)))
        self._past = whole[len(samples) :]
        return _rounded(np.convolve(whole, _FILTER, "valid")[::2])


def upsample(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """A whole piece at twice the rate, without the filter's delay."""
    delay = _MIDDLE // 2 + 1
    out = Upsampler()(np.concatenate((samples, np.zeros(delay, np.int16))))
    return out[_MIDDLE : _MIDDLE + 2 * len(samples)]


def downsample(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """A whole piece at half the rate (an odd last sample is left out), without the filter's delay."""
    count = len(samples) // 2
    delayed = np.concatenate((samples[1 : 2 * count], np.zeros(_MIDDLE, np.int16)))
    return Downsampler()(delayed)[_MIDDLE // 2 : _MIDDLE // 2 + count]


def _rounded(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
