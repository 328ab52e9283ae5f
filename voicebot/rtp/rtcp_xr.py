"""VoIP metrics in RTCP XR (RFC 3611 section 4.7): each side's report on the quality of what it receives.

From the other side's metrics we learn what is heard there: how much its jitter buffer discards, and its estimate of the
quality.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from voicebot.rtp.burst import GMIN
from voicebot.rtp.packet import MalformedPacket

EXTENDED_REPORT: Final = 207

_BLOCK_HEADER: Final = struct.Struct("!BBH")  # type, specific, length in words
_VOIP_METRICS: Final = 7
_METRICS: Final = struct.Struct("!IBBBBHHHHbbBBBBBBBBHHH")
_MAX_BLOCKS: Final = 16
_UNAVAILABLE: Final = 127
_RECEIVER: Final = 0b10_11_0000  # standard concealment, an adaptive jitter buffer
_MAX_WAIT_MS: Final = 60


@dataclass(frozen=True, slots=True)
class VoipMetrics:
    """One block, on the stream ``ssrc``. Shares are 0 to 1, delays in milliseconds; None: not available.

    ``discarded``: packets that came too late for the jitter buffer. ``end_system_delay_ms``: of the reporting side,
    codec and buffer together. ``mos_lq``/``mos_cq``: its estimate of listening and conversational quality.
    """

    ssrc: int
    lost: float
    discarded: float
    burst_density: float
    gap_density: float
    burst_ms: int
    gap_ms: int
    round_trip_ms: int
    end_system_delay_ms: int
    r_factor: int | None
    mos_lq: float | None
    mos_cq: float | None

    def build(self) -> bytes:
        """The report block. We do not measure levels and echo; our jitter buffer only waits at gaps."""
        return _BLOCK_HEADER.pack(_VOIP_METRICS, 0, _METRICS.size // 4) + _METRICS.pack(
            self.ssrc,
            *(_share(value) for value in (self.lost, self.discarded, self.burst_density, self.gap_density)),
            *(min(0xFFFF, ms) for ms in (self.burst_ms, self.gap_ms, self.round_trip_ms, self.end_system_delay_ms)),
            *(_UNAVAILABLE, _UNAVAILABLE, _UNAVAILABLE, GMIN),
            _UNAVAILABLE if self.r_factor is None else self.r_factor,
            _UNAVAILABLE,
            *(_UNAVAILABLE if score is None else round(score * 10) for score in (self.mos_lq, self.mos_cq)),
            *(_RECEIVER, 0),
            *(0, _MAX_WAIT_MS, _MAX_WAIT_MS),
        )


def parse_blocks(body: bytes) -> list[VoipMetrics]:
    """The VoIP metrics among the report blocks of an XR packet (the part after its SSRC); other blocks are skipped.

    Raises :class:`MalformedPacket` and nothing else.
    """
    metrics = []
    offset = 0
    for _ in range(_MAX_BLOCKS):
        if offset == len(body):
            break
        if len(body) - offset < _BLOCK_HEADER.size:
            raise MalformedPacket("truncated XR block")
        kind, _, words = _BLOCK_HEADER.unpack_from(body, offset)
        start = offset + _BLOCK_HEADER.size
        offset = start + 4 * words
        if offset > len(body):
            raise MalformedPacket("XR block longer than its packet")
        if kind == _VOIP_METRICS:
            if 4 * words != _METRICS.size:
                raise MalformedPacket("VoIP metrics of another length")
            metrics.append(_metrics(body, start))
    return metrics


def _metrics(body: bytes, offset: int) -> VoipMetrics:
    fields = _METRICS.unpack_from(body, offset)
    ssrc, lost, discarded, burst_density, gap_density, burst_ms, gap_ms, round_trip_ms, end_system_ms = fields[:9]
    r_factor, _, mos_lq, mos_cq = fields[13:17]
    return VoipMetrics(
        ssrc,
        lost / 256,
        discarded / 256,
        burst_density / 256,
        gap_density / 256,
        burst_ms,
        gap_ms,
        round_trip_ms,
        end_system_ms,
        r_factor if r_factor <= 100 else None,
        _score(mos_lq),
        _score(mos_cq),
    )


def _share(value: float) -> int:
    return min(255, max(0, int(value * 256)))


def _score(tenths: int) -> float | None:
    return tenths / 10 if 10 <= tenths <= 50 else None
