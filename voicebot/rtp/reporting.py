"""The RTCP of one call: makes our reports and evaluates the other side's. Pure."""

from __future__ import annotations

import random
from typing import Final

from voicebot.rtp import rtcp
from voicebot.rtp.rtcp_xr import VoipMetrics

_MEAN_S: Final = 5.0


class Reporting:
    """The RTCP state of one call. ``ssrc``: ours. ``unix_epoch``: added to ``at``, it gives seconds since 1970.

    The epoch is fixed for the call, so that a step of the wall clock does not falsify round trip times.
    """

    __slots__ = (
        "_cname",
        "_epoch",
        "_ssrc",
        "clock_rate",
        "due",
        "received",
        "reception",
        "remote_jitter_ms",
        "remote_lost",
        "remote_metrics",
        "round_trip_ms",
        "sent",
    )

    def __init__(self, ssrc: int, unix_epoch: float, at: float) -> None:
        self._ssrc = ssrc
        self.clock_rate = 8000
        """Of our RTP timestamps."""
        self._epoch = unix_epoch
        self._cname = rtcp.cname(random.getrandbits(32))
        self.due = at + interval_s(random.random(), first=True)
        """When the next report is to be sent."""
        self.reception: rtcp.Reception | None = None
        """The figures of the stream that is received now."""
        self.round_trip_ms: float | None = None
        self.remote_lost: int | None = None
        self.remote_jitter_ms: float | None = None
        self.remote_metrics: VoipMetrics | None = None
        self.sent = self.received = 0

    def change_ssrc(self, ssrc: int) -> None:
        """Our stream has another SSRC from now on."""
        self._ssrc = ssrc

    def receive(self, ssrc: int, sequence: int, clock_rate: int) -> rtcp.Reception:
        """A new stream begins with the packet ``sequence``. Returns its figures."""
        self.reception = rtcp.Reception(ssrc, sequence, clock_rate)
        return self.reception

    def report(
        self,
        at: float,
        timestamp: int,
        packets: int,
        octets: int,
        *,
        metrics: VoipMetrics | None = None,
        goodbye: bool = False,
    ) -> bytes:
        """The datagram to send now. ``timestamp``: our RTP timestamp at ``at``. ``packets``, ``octets``: sent so far.
        ``metrics``: of the stream that we receive. ``goodbye``: add a BYE."""
        self.due = at + interval_s(random.random())
        self.sent += 1
        blocks = () if self.reception is None else (self.reception.report(at),)
        report: rtcp.SenderReport | rtcp.ReceiverReport
        if packets:
            report = rtcp.SenderReport(self._ssrc, rtcp.ntp_time(self._epoch + at), timestamp, packets, octets, blocks)
        else:
            report = rtcp.ReceiverReport(self._ssrc, blocks)
        return rtcp.build(report, self._cname, metrics=metrics, goodbye=goodbye)

    def datagram(self, data: bytes, at: float) -> None:
        """Evaluate a datagram from the other side. Raises :class:`~voicebot.rtp.packet.MalformedPacket`."""
        reports = rtcp.parse(data)
        self.received += 1
        for report in reports:
            if isinstance(report, rtcp.Goodbye):
                continue
            if isinstance(report, rtcp.ExtendedReport):
                about_us = [metrics for metrics in report.metrics if metrics.ssrc == self._ssrc]
                self.remote_metrics = about_us[-1] if about_us else self.remote_metrics
                continue
            reception = self.reception
            if isinstance(report, rtcp.SenderReport) and reception is not None and report.ssrc == reception.ssrc:
                reception.sender_report(report.ntp, at)
            for block in report.blocks:
                if block.ssrc == self._ssrc:
                    self._about_us(block, at)

    def _about_us(self, block: rtcp.ReportBlock, at: float) -> None:
        self.remote_lost = block.lost
        self.remote_jitter_ms = block.jitter * 1000 / self.clock_rate
        trip = rtcp.round_trip_s(block, rtcp.ntp_time(self._epoch + at))
        if trip is not None:
            self.round_trip_ms = trip * 1000


def interval_s(chance: float, *, first: bool = False) -> float:
    """Seconds to the next report: 5 on average, half of it for the first (RFC 3550, 6.2). ``chance``: 0 to 1."""
    return (_MEAN_S / 2 if first else _MEAN_S) * (0.5 + chance)
