"""G.711 as tables (ITU-T G.711, 1972): to samples for whoever must look at them, and from law to law.

The 256 codes of each law decode to 14 bit (mu-law) or 13 bit (A-law) linear values, given here scaled to 16 bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicebot.events import Law

SILENCE: Final[dict[Law, bytes]] = {"PCMU": b"\xff", "PCMA": b"\xd5"}
"""The code of the smallest magnitude in each law."""


def _mu_law(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    return 0x84 - magnitude if code & 0x80 else magnitude - 0x84


def _a_law(code: int) -> int:
    code ^= 0x55
    exponent = (code & 0x70) >> 4
    magnitude = ((code & 0x0F) << 4) + 8
    if exponent:
        magnitude = (magnitude + 0x100) << (exponent - 1)
    return magnitude if code & 0x80 else -magnitude


LINEAR: Final[dict[Law, NDArray[np.int16]]] = {
    "PCMU": np.array([_mu_law(code) for code in range(256)], dtype=np.int16),
    "PCMA": np.array([_a_law(code) for code in range(256)], dtype=np.int16),
}
"""Code to 16 bit linear sample."""


def _nearest(source: Law, target: Law) -> bytes:
    values = LINEAR[target].astype(np.int32)
    return bytes(int(np.abs(values - int(sample)).argmin()) for sample in LINEAR[source])


_TRANSCODE: Final[dict[tuple[Law, Law], bytes]] = {
    ("PCMU", "PCMA"): _nearest("PCMU", "PCMA"),
    ("PCMA", "PCMU"): _nearest("PCMA", "PCMU"),
}


def to_linear(payload: bytes, law: Law) -> NDArray[np.int16]:
    """The 16 bit samples of ``payload``."""
    return LINEAR[law][np.frombuffer(payload, dtype=np.uint8)]


def transcode(payload: bytes, source: Law, target: Law) -> bytes:
    """``payload`` in the other law, each code to the nearest one (a few µs for 20 ms)."""
    return payload if source == target else payload.translate(_TRANSCODE[source, target])
