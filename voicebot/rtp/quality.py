"""What the media of one call was like, as it stands in the call's record."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from voicebot.rtp.burst import BurstsAndGaps
from voicebot.rtp.e_model import mean_opinion_score, rating
from voicebot.rtp.rtcp_xr import VoipMetrics

_PACKET_MS: Final = 20
_END_SYSTEM_MS: Final = 40  # a packet is filled for 20 ms, and waits for our clock for up to 20
_OWN_DELAY_MS: Final = 60.0  # 20 ms to fill the packet, 20 at our clock, 20 in the other side's buffer at least


@dataclass(frozen=True, slots=True)
class MediaQuality:
    """Counts are packets unless the name says frames; times are milliseconds.

    ``None`` means that the other side never reported it (no RTCP), or that there was nothing to measure.
    """

    packets_sent: int = 0
    packets_received: int = 0
    """Valid RTP from the locked source, whatever became of it."""
    lost: int = 0
    """Never came."""
    late: int = 0
    """Came after their place had been concealed."""
    duplicate: int = 0
    reordered: int = 0
    """Came out of order, but in time."""
    concealed_frames: int = 0
    """20 ms frames that were made up, in whole or in part, for lost packets."""
    silence_frames: int = 0
    """20 ms frames of silence put in because the other side sent nothing (silence suppression, hold, a dead path)."""
    discarded: int = 0
    """Understood but not used: unknown payload type, on hold, or more audio than time had passed."""
    foreign_packets: int = 0
    """From another source than the locked one."""
    malformed: int = 0
    not_authentic: int = 0
    """Packets to an encrypted call that were not made with its key (plain ones too), or were played again."""
    encrypted: bool = False
    """SRTP, at the end of the call."""
    jitter_ms: float = 0.0
    """Interarrival jitter, RFC 3550 A.8."""
    round_trip_ms: float | None = None
    remote_lost: int | None = None
    """What the other side says it missed of ours (cumulative, from its last report)."""
    remote_jitter_ms: float | None = None
    remote_discarded_share: float | None = None
    """Share (0 to 1) of our packets that came too late for the other side's jitter buffer (its RTCP XR)."""
    remote_mos: float | None = None
    """How the other side rates what it hears of us in conversation, 1 to 5 (its RTCP XR)."""
    mos: float | None = None
    """How a person would rate what we hear from the other side: 1 to 4.4, estimated by the E-model (G.107) from loss,
    and from delay where the round trip is known. None before anything was heard."""
    send_deviation_p50_ms: float | None = None
    """How far the time between two packets of ours was from 20 ms, measured when they were handed to the kernel."""
    send_deviation_p99_ms: float | None = None
    send_deviation_max_ms: float | None = None
    send_skipped: int = 0
    """Packets that were not sent because the process was stalled for longer than can be made up for."""
    socket_errors: int = 0
    """Packets that could not be sent, or not be handled because of a defect above (logged once)."""
    underruns: int = 0
    """Frames of silence in the middle of an utterance because its audio was not there in time."""
    ssrc_changes: int = 0
    rtcp_sent: int = 0
    rtcp_received: int = 0

    def as_dict(self) -> dict[str, int | float | None]:
        """All figures by name, ready for JSON."""
        return asdict(self)


def voip_metrics(
    ssrc: int, received: int, lost: int, late: int, pattern: BurstsAndGaps, round_trip_ms: float | None
) -> VoipMetrics | None:
    """What RTCP XR says of a stream of 20 ms packets; None before anything was heard."""
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
    """The E-model's score for a G.711 stream of which ``received`` packets came and ``missed`` did not (in time).

    The delay from mouth to ear is half the round trip, and what packets and buffers take at the least;
    without a known round trip it counts as none, which is right for listening.
    """
    if received <= 0:
        return None
    delay_ms = 0.0 if round_trip_ms is None else round_trip_ms / 2 + _OWN_DELAY_MS
    return round(mean_opinion_score(rating(delay_ms, missed / (received + missed))), 2)
