"""Parsing and building RTP packets (RFC 3550 section 5.1). Every read is length-checked first."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

MAX_PAYLOAD: Final = 1600
"""Bytes: 200 ms of G.711, which is more than phones send in one packet."""
MAX_DROPOUT: Final = 3000
"""RFC 3550 A.1: a sequence number that is further ahead shows a sender who has started again, not loss."""

HEADER: Final = struct.Struct("!BBHII")
"""Flags, marker and payload type, sequence number, timestamp, SSRC."""
PLAIN: Final = 0x80
"""The flags of nearly every packet: version 2, no padding, no extension, no contributing sources."""

_EXTENSION: Final = struct.Struct("!HH")


class MalformedPacket(ValueError):
    """The datagram does not match its header, or is not RTP or RTCP at all."""


class RtpPacket(NamedTuple):
    """One RTP packet, without contributing sources and header extensions, which are not used here."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes

    def build(self) -> bytes:
        """The datagram."""
        return (
            HEADER.pack(
                PLAIN,
                self.payload_type | (0x80 if self.marker else 0),
                self.sequence,
                self.timestamp,
                self.ssrc,
            )
            + self.payload
        )


def is_rtcp(data: bytes) -> bool:
    """Whether a datagram on an RTP port is RTCP: types 192 to 223 (RFC 5761, section 4)."""
    return len(data) >= 8 and 192 <= data[1] <= 223 and data[0] >> 6 == 2


def parse(data: bytes) -> RtpPacket:
    """Parse one datagram. Raises :class:`MalformedPacket` and nothing else."""
    if len(data) < HEADER.size:
        raise MalformedPacket("shorter than an RTP header")
    flags, kind, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    payload = data[12:] if flags == PLAIN else _uncommon_payload(data, flags)
    if len(payload) > MAX_PAYLOAD:
        raise MalformedPacket("payload too long")
    return RtpPacket(kind & 0x7F, kind >= 0x80, sequence, timestamp, ssrc, payload)


def _uncommon_payload(data: bytes, flags: int) -> bytes:
    """The payload of a packet with padding, an extension or contributing sources."""
    if flags >> 6 != 2:
        raise MalformedPacket("not RTP version 2")
    start, end = HEADER.size + 4 * (flags & 0x0F), len(data)
    if flags & 0x10:
        if start + _EXTENSION.size > end:
            raise MalformedPacket("truncated before the header extension")
        start += _EXTENSION.size + 4 * _EXTENSION.unpack_from(data, start)[1]
    if start > end:
        raise MalformedPacket("truncated in the header")
    if flags & 0x20:
        padding = data[-1]
        if padding == 0 or start + padding > end:
            raise MalformedPacket("more padding than payload")
        end -= padding
    return data[start:end]
