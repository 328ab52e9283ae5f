"""The quality of the stream that we receive, estimated by the E-model (ITU-T G.107), for RTCP XR and records."""

from __future__ import annotations

from typing import Final

from voicebot.rtp.burst import BurstsAndGaps
from voicebot.rtp.e_model import mean_opinion_score, rating
from voicebot.rtp.rtcp_xr import VoipMetrics

_PACKET_MS: Final = 20
_END_SYSTEM_MS: Final = 40  # a packet is filled for 20 ms, and waits for our clock for up to 20
_OWN_DELAY_MS: Final = 60.0  # 20 ms to fill the packet, 20 at our clock, 20 in the other side's buffer at least


def voip_metrics(
    ssrc: int, received: int, lost: int, late: int, pattern: BurstsAndGaps, round_trip_ms: float | None
) -> VoipMetrics | None:
    """The RTCP XR metrics of a stream of 20 ms packets; None before any packet was received."""
    expected = received + lost
    if received <= 0:
        return None
    missed = (lost + late) / expected
    trip = round_trip_ms or 0.0
    return VoipMetrics(
        ssrc,
        lost / expected,
        late / expected,
        pattern.burst_density,
        pattern.gap_density,
        round(pattern.burst_packets * _PACKET_MS),
        round(pattern.gap_packets * _PACKET_MS),
        round(trip),
        _END_SYSTEM_MS,
        max(0, round(rating(trip / 2 + _OWN_DELAY_MS, missed))),
        round(mean_opinion_score(rating(0.0, missed)), 1),
        round(mean_opinion_score(rating(trip / 2 + _OWN_DELAY_MS, missed)), 1),
    )


def estimated_mos(received: int, missed: int, round_trip_ms: float | None) -> float | None:
    """The E-model's MOS for a G.711 stream of which ``received`` packets came in time and ``missed`` did not.

    The mouth-to-ear delay is half the round trip and the minimum of packets and buffers. If the round trip is unknown,
    the delay counts as zero, which gives the listening quality.
    """
    if received <= 0:
        return None
    delay_ms = 0.0 if round_trip_ms is None else round_trip_ms / 2 + _OWN_DELAY_MS
    return round(mean_opinion_score(rating(delay_ms, missed / (received + missed))), 2)
