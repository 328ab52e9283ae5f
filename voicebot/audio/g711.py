"""G.711 by table: mu-law and A-law bytes to 16 bit samples and back.

Speech passes through this program as the bytes that came from the wire; it is decoded only where samples are needed
(voice activity, concealment, recordings, models). Everything here is one table look-up per sample: decoding 20 ms takes
about a microsecond. The tables are computed from the segment formulas of ITU-T G.711.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Law = Literal["PCMU", "PCMA"]
"""The two encodings by their RFC 3551 names: mu-law and A-law."""

SAMPLE_RATE: Final = 8000
"""Samples per second, one byte each."""

SILENCE: Final[dict[Law, int]] = {"PCMU": 0xFF, "PCMA": 0xD5}
"""The byte that stands for the sample nearest to zero in each law (a zero byte is full scale noise)."""


def _mu_law_samples() -> NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.uint8)
    exponent = (code >> 4) & 7
    magnitude = (((code & 15).astype(np.int32) << 3) + 0x84 << exponent) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _a_law_samples() -> NDArray[np.int16]:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = ((code >> 4) & 7).astype(np.int32)
    mantissa = (code & 15).astype(np.int32) << 4
    magnitude = np.where(exponent == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _codes(samples: NDArray[np.int16], silence: int) -> NDArray[np.uint8]:
    """The code with the nearest sample, for each 16 bit value (indexed by the value as an unsigned number)."""
    order = np.argsort(samples, kind="stable")
    levels = samples[order].astype(np.int32)
    value = np.arange(-32768, 32768, dtype=np.int32)
    upper = np.clip(np.searchsorted(levels, value), 1, 255)
    nearest = np.where(value - levels[upper - 1] <= levels[upper] - value, upper - 1, upper)
    codes = order[nearest].astype(np.uint8)
    codes[value == 0] = silence  # mu-law has two codes for zero, A-law has two that are equally near to it
    return np.roll(codes, 32768)


_DECODE: Final[dict[Law, NDArray[np.int16]]] = {"PCMU": _mu_law_samples(), "PCMA": _a_law_samples()}
_ENCODE: Final[dict[Law, NDArray[np.uint8]]] = {law: _codes(_DECODE[law], SILENCE[law]) for law in _DECODE}


def decode(payload: bytes | bytearray | memoryview, law: Law) -> NDArray[np.int16]:
    """The samples of a payload, one for each byte; full scale is ±32124 (mu-law) or ±32256 (A-law)."""
    return _DECODE[law][np.frombuffer(payload, np.uint8)]


def encode(samples: NDArray[np.int16], law: Law) -> bytes:
    """The nearest code for each sample. ``encode(decode(x)) == x``, except for mu-law's second zero (0x7F)."""
    return _ENCODE[law][samples.astype(np.int16, copy=False).view(np.uint16)].tobytes()


QUIET: Final = 150
"""Mean absolute sample, about -46 dBFS: audio that is quieter can be dropped unnoticed."""
_LEVELS: Final[dict[Law, bytes]] = {
    law: bytes(np.minimum(np.abs(_DECODE[law].astype(np.int32)) // 8, 255).astype(np.uint8)) for law in _DECODE
}


def is_quiet(payload: bytes, law: Law) -> bool:
    """Whether it is quieter than :data:`QUIET`. Takes a microsecond a frame, because it makes no array."""
    return sum(payload.translate(_LEVELS[law])) * 8 < QUIET * len(payload)
