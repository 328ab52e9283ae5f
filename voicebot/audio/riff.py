"""WAV files (RIFF, ``WAVE``) from the outside: which samples are in them. Pure, without any library.

PCM of 8 to 32 bits, mu-law and A-law are understood, of any rate, with up to eight channels.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

PCM, A_LAW, MU_LAW, EXTENSIBLE = 1, 6, 7, 0xFFFE
PCM_BITS = (8, 16, 24, 32)


@dataclass(frozen=True, slots=True)
class Wave:
    """``kind``: the format's number; ``rate`` in samples a second; ``data``: the samples, channels interleaved."""

    kind: int
    channels: int
    rate: int
    bits: int
    data: bytes

    @property
    def seconds(self) -> float:
        return len(self.data) / (self.rate * self.channels * self.bits // 8)


def read_wave(content: bytes) -> Wave:
    """What is in ``content``. Raises ValueError for what is no WAV file, or none that is understood."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError("not a WAV file")
    position, form = 12, None
    while position + 8 <= len(content):
        name = content[position : position + 4]
        (size,) = struct.unpack_from("<I", content, position + 4)
        body = content[position + 8 : position + 8 + size]
        if name == b"fmt " and len(body) >= 16:
            form = _form(body)
        elif name == b"data" and form is not None:
            return Wave(*form, body)
        position += 8 + size + size % 2
    raise ValueError("a WAV file without samples")


def _form(body: bytes) -> tuple[int, int, int, int]:
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if kind == EXTENSIBLE and len(body) >= 26:
        (kind,) = struct.unpack_from("<H", body, 24)
    if not (1 <= channels <= 8 and 4000 <= rate <= 192_000):
        raise ValueError(f"{channels} channels of {rate} Hz are not understood")
    if kind not in (PCM, A_LAW, MU_LAW):
        raise ValueError(f"WAV of format {kind} is not understood: PCM, mu-law or A-law is")
    if bits not in (PCM_BITS if kind == PCM else (8,)):
        raise ValueError(f"WAV of {bits} bits is not understood")
    return kind, channels, rate, bits
