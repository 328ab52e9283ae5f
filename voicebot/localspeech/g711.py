"""G.711 (ITU-T G.711, RFC 3551 4.5.14) between payload bytes and 16 bit samples, by table.

Both laws are 8 bit floating point: sign, 3 bits of exponent, 4 of mantissa; mu-law on 14 bit samples with a bias of
33, A-law on 13 bits. Decoding is a table of 256; encoding is a table of 65,536 made by finding the nearest code, so
that decode(encode(x)) is the best the law can do.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

Law = Literal["mulaw", "alaw"]
Int16 = npt.NDArray[np.int16]

_SILENCE = {"mulaw": 0xFF, "alaw": 0xD5}


def silence(law: Law, count: int) -> bytes:
    """``count`` payload bytes of digital silence."""
    return bytes([_SILENCE[law]]) * count


@cache
def _decoding(law: Law) -> Int16:
    code = np.arange(256, dtype=np.int32)
    if law == "mulaw":
        code = ~code & 0xFF
        exponent, mantissa = (code >> 4) & 7, code & 15
        magnitude = (((mantissa << 3) + 132) << exponent) - 132
        positive = (code & 0x80) == 0
    else:
        code = code ^ 0x55
        exponent, mantissa = (code >> 4) & 7, code & 15
        magnitude = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 264) << np.maximum(exponent - 1, 0))
        positive = (code & 0x80) != 0
    return np.where(positive, magnitude, -magnitude).astype(np.int16)


@cache
def _encoding(law: Law) -> npt.NDArray[np.uint8]:
    levels = _decoding(law).astype(np.int32)
    codes = np.argsort(levels, kind="stable").astype(np.uint8)
    ordered = levels[codes]
    wanted = np.arange(-32768, 32768)
    boundaries = (ordered[:-1] + ordered[1:]) / 2
    nearest = np.searchsorted(boundaries, wanted, side="right")
    table = codes[nearest]
    if law == "mulaw":
        table[wanted == 0] = 0xFF  # of the two codes for zero, the one that is silence
    return table


def decode(payload: bytes, law: Law) -> Int16:
    """Payload bytes to 16 bit samples, one each."""
    return _decoding(law)[np.frombuffer(payload, np.uint8)]


def encode(samples: Int16, law: Law) -> bytes:
    """16 bit samples to payload bytes, one each."""
    return _encoding(law)[samples.astype(np.int32) + 32768].tobytes()


def warm() -> None:
    """Make the tables now rather than in somebody's first call."""
    for law in ("mulaw", "alaw"):
        _encoding(law)
