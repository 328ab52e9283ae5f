"""What the media of one call was like, as it stands in the call's record."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from voicebot.rtp.estimate import estimated_mos
from voicebot.rtp.incoming import IncomingStream
from voicebot.rtp.outgoing import OutgoingStream
from voicebot.rtp.path import MediaPath
from voicebot.rtp.reporting import Reporting


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


def measured(
    path: MediaPath, incoming: IncomingStream, outgoing: OutgoingStream, reporting: Reporting, underruns: int
) -> MediaQuality:
    """The figures of one call's parts so far."""
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
        rtcp_sent=reporting.sent,
        rtcp_received=reporting.received,
    )
