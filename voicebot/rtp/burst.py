"""Whether losses come in bursts or singly, as RTCP XR reports it (RFC 3611, section 4.7.2). Pure.

A burst begins and ends with a lost packet, and has fewer than :data:`GMIN` received packets in a row. Between bursts
are gaps; a single loss belongs to a gap.
"""

from __future__ import annotations

from typing import Final, NamedTuple

GMIN: Final = 16
"""The value that RFC 3611 recommends: concealment can hide one loss in 16 packets."""


class BurstsAndGaps(NamedTuple):
    """Densities: the share of lost packets, 0 to 1. Lengths: the mean, in packets."""

    burst_density: float
    gap_density: float
    burst_packets: float
    gap_packets: float


class LossPattern:
    """The losses of one stream so far."""

    __slots__ = ("_alone", "_burst_lost", "_burst_packets", "_bursts", "_gap_packets", "_group", "_group_lost")

    def __init__(self) -> None:
        self._bursts = self._burst_packets = self._burst_lost = 0
        self._gap_packets = self._alone = 0  # packets between bursts, and the lost ones of them
        self._group = self._group_lost = 0  # packets, and lost ones, of what may be a burst

    def lost(self, received: int, count: int) -> None:
        """``count`` packets in a row were lost, after ``received`` packets since the last loss."""
        if self._group and received < GMIN:
            self._group += received + count
            self._group_lost += count
            return
        self._end_group()
        self._gap_packets += received
        self._group = self._group_lost = count

    def _end_group(self) -> None:
        if self._group_lost > 1:
            self._bursts += 1
            self._burst_packets += self._group
            self._burst_lost += self._group_lost
        else:
            self._gap_packets += self._group
            self._alone += self._group_lost
        self._group = self._group_lost = 0

    def summary(self, received: int) -> BurstsAndGaps:
        """The figures so far. ``received``: packets since the last loss."""
        bursts, burst_packets, burst_lost = self._bursts, self._burst_packets, self._burst_lost
        gap_packets, alone = self._gap_packets + received, self._alone
        if self._group_lost > 1:
            bursts, burst_packets = bursts + 1, burst_packets + self._group
            burst_lost += self._group_lost
        else:
            gap_packets, alone = gap_packets + self._group, alone + self._group_lost
        return BurstsAndGaps(
            burst_lost / burst_packets if burst_packets else 0.0,
            alone / gap_packets if gap_packets else 0.0,
            burst_packets / bursts if bursts else 0.0,
            gap_packets / (bursts + 1),
        )
