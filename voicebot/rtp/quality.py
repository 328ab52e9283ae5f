"""The media figures of one call, as in its record."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from voicebot.rtp.estimate import estimated_mos
from voicebot.rtp.incoming import IncomingStream
from voicebot.rtp.outgoing import OutgoingStream
from voicebot.rtp.path import MediaPath
from voicebot.rtp.reporting import Reporting


@dataclass(frozen=True, slots=True)
class MediaQuality:
    """Counts are of packets, unless the name says frames; times are in milliseconds.

    ``None``: the other side did not report it (no RTCP), or there was nothing to measure.
    """

    packets_sent: int = 0
    packets_received: int = 0
    """Valid RTP from the other side, used or not."""
    lost: int = 0
    """Never received."""
    late: int = 0
    """Received after they had been concealed."""
    duplicate: int = 0
    reordered: int = 0
    """Received out of order, but in time."""
    concealed_frames: int = 0
    """20 ms frames that conceal lost packets, in whole or in part."""
    silence_frames: int = 0
    """20 ms frames of silence, inserted because the other side sent nothing (silence suppression, hold, an outage)."""
    dropped_frames: int = 0
    """20 ms frames of quiet that were left out, because more audio had come than time had passed (after a stall of the
    network, or from a fast clock)."""
    discarded: int = 0
    """Valid but not used: unknown payload type, on hold, or more audio than time has passed."""
    foreign_packets: int = 0
    """Received from another source than the other side."""
    malformed: int = 0
    not_authentic: int = 0
    """In an encrypted call: packets that were not encrypted with its key (plain ones too), or were replayed."""
    encrypted: bool = False
    """Whether SRTP was in use at the end of the call."""
    jitter_ms: float = 0.0
    """Interarrival jitter, RFC 3550 A.8."""
    round_trip_ms: float | None = None
    remote_lost: int | None = None
    """Packets of ours that the other side has lost (cumulative, from its last report)."""
    remote_jitter_ms: float | None = None
    remote_discarded_share: float | None = None
    """Share (0 to 1) of our packets that were too late for the other side's jitter buffer (its RTCP XR)."""
    remote_mos: float | None = None
    """The other side's estimate of the conversational quality there, 1 to 5 (its RTCP XR)."""
    mos: float | None = None
    """The quality of the audio that we receive as a person would rate it, 1 to 4.4: estimated by the E-model (G.107)
    from loss, and from delay if the round trip is known. None before any audio."""
    send_deviation_p50_ms: float | None = None
    """How far the time between two packets of ours was from the packet length, measured when the kernel got them."""
    send_deviation_p99_ms: float | None = None
    send_deviation_max_ms: float | None = None
    send_skipped: int = 0
    """Frames that were not sent because the process stalled for too long to make up for them."""
    socket_errors: int = 0
    """Packets that could not be sent, or whose handler failed because of a defect (logged once)."""
    underruns: int = 0
    """Frames of silence in the middle of an utterance because its audio was late."""
    ssrc_changes: int = 0
    sequence_restarts: int = 0
    """How often the other side began with another sequence number, without another SSRC."""
    rtcp_sent: int = 0
    rtcp_received: int = 0

    def as_dict(self) -> dict[str, int | float | None]:
        """All figures by name, for JSON."""
        return asdict(self)


def measured(
    path: MediaPath, incoming: IncomingStream, outgoing: OutgoingStream, reporting: Reporting, underruns: int
) -> MediaQuality:
    """The figures so far, collected from the parts of one call's media."""
    buffer, deviation, metrics = incoming.buffer, outgoing.deviation, reporting.remote_metrics
    late = buffer.late if buffer else 0
    missed = buffer.lost + late if buffer else 0
    return MediaQuality(
        packets_sent=outgoing.sent,
        packets_received=incoming.received,
        lost=buffer.lost if buffer else 0,
        late=late,
        duplicate=buffer.duplicate if buffer else 0,
        reordered=buffer.reordered if buffer else 0,
        concealed_frames=buffer.concealed_frames if buffer else 0,
        silence_frames=buffer.silence_frames if buffer else 0,
        dropped_frames=buffer.dropped_frames if buffer else 0,
        discarded=incoming.discarded + (buffer.discarded if buffer else 0),
        foreign_packets=path.foreign + path.protection.refused,
        malformed=path.malformed + incoming.malformed,
        not_authentic=path.not_authentic,
        encrypted=path.protection.encrypted,
        jitter_ms=round(reporting.reception.jitter_ms, 3) if reporting.reception else 0.0,
        round_trip_ms=reporting.round_trip_ms,
        remote_lost=reporting.remote_lost,
        remote_jitter_ms=reporting.remote_jitter_ms,
        remote_discarded_share=metrics.discarded if metrics else None,
        remote_mos=metrics.mos_cq if metrics else None,
        mos=estimated_mos(incoming.received - late, missed, reporting.round_trip_ms),
        send_deviation_p50_ms=deviation.percentile_ms(0.5),
        send_deviation_p99_ms=deviation.percentile_ms(0.99),
        send_deviation_max_ms=deviation.max_ms if deviation.count else None,
        send_skipped=outgoing.skipped,
        socket_errors=path.errors,
        underruns=underruns,
        ssrc_changes=buffer.ssrc_changes if buffer else 0,
        sequence_restarts=buffer.sequence_restarts if buffer else 0,
        rtcp_sent=reporting.sent,
        rtcp_received=reporting.received,
    )
