"""RTCP (RFC 3550 section 6): each side reports to the other on the stream that it receives.

Pure: reports are parsed and built here, and :class:`Reception` keeps the figures for them (loss A.3, jitter A.8,
highest sequence number A.1). The session decides when and where to send them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from voicebot.rtp.packet import MAX_DROPOUT, MalformedPacket
from voicebot.rtp.rtcp_xr import EXTENDED_REPORT, VoipMetrics, parse_blocks

MAX_DATAGRAM: Final = 1500
MAX_PACKETS: Final = 16
"""The most packets of one compound datagram that are parsed."""

SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION, GOODBYE = 200, 201, 202, 203

_HEADER: Final = struct.Struct("!BBHI")  # flags and count, type, length in words - 1, SSRC
_SENDER_INFO: Final = struct.Struct("!IIIII")
_BLOCK: Final = struct.Struct("!IIIIII")
_NTP_EPOCH: Final = 2_208_988_800  # seconds from 1900 to 1970
_CNAME: Final = 1
_FASTEST: Final = 100  # packets a second
_LONGEST_KEY_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """One side's report on the stream ``ssrc`` that it receives.

    ``lost``: cumulative; duplicates may make it negative. ``fraction_lost``: in 1/256, since the last report.
    ``jitter``: in timestamp units. ``last_sr``, ``delay``: in 1/65536 s; 0 if no sender report has come yet.
    """

    ssrc: int
    fraction_lost: int
    lost: int
    highest_sequence: int
    jitter: int
    last_sr: int
    delay: int

    def build(self) -> bytes:
        lost = max(-0x800000, min(0x7FFFFF, self.lost)) & 0xFFFFFF
        return _BLOCK.pack(
            self.ssrc,
            self.fraction_lost << 24 | lost,
            self.highest_sequence,
            self.jitter,
            self.last_sr,
            self.delay,
        )


@dataclass(frozen=True, slots=True)
class SenderReport:
    """``ntp``: the 64 bit NTP time at which the sender's RTP timestamp was ``timestamp``."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class Goodbye:
    ssrc: int


@dataclass(frozen=True, slots=True)
class ExtendedReport:
    """RTCP XR (RFC 3611), only its VoIP metrics blocks."""

    ssrc: int
    metrics: tuple[VoipMetrics, ...] = ()


RtcpReport = SenderReport | ReceiverReport | Goodbye | ExtendedReport


def ntp_time(unix_s: float) -> int:
    """The 64 bit NTP time for ``unix_s`` seconds since 1970."""
    return int((unix_s + _NTP_EPOCH) * 0x1_0000_0000) & 0xFFFF_FFFF_FFFF_FFFF


def middle(ntp: int) -> int:
    """The middle 32 bits of an NTP time, in 1/65536 s, as for ``last_sr``."""
    return ntp >> 16 & 0xFFFFFFFF


def round_trip_s(block: ReportBlock, ntp_now: int) -> float | None:
    """Round trip in seconds from a block on our stream received at ``ntp_now`` (RFC 3550, figure 2); None: unknown."""
    if block.last_sr == 0:
        return None
    units = (middle(ntp_now) - block.last_sr - block.delay) & 0xFFFFFFFF
    if units >= 0x8000_0000:  # negative: the other side has rounded its delay up, or reports a wrong one
        units = 0
    seconds = units / 65536
    return seconds if seconds < 60 else None


def build(
    report: SenderReport | ReceiverReport, cname: str, *, metrics: VoipMetrics | None = None, goodbye: bool = False
) -> bytes:
    """A compound datagram: the report, a source description with ``cname``, an extended report if there are
    ``metrics``, and a BYE if ``goodbye``."""
    blocks = b"".join(block.build() for block in report.blocks[:31])
    if isinstance(report, SenderReport):
        body = (
            _SENDER_INFO.pack(
                report.ntp >> 32,
                report.ntp & 0xFFFFFFFF,
                report.timestamp,
                report.packets & 0xFFFFFFFF,
                report.octets & 0xFFFFFFFF,
            )
            + blocks
        )
        kind = SENDER_REPORT
    else:
        body, kind = blocks, RECEIVER_REPORT
    name = cname.encode()[:255]
    item = bytes((_CNAME, len(name))) + name
    item += bytes(4 - len(item) % 4)  # the list ends with a zero byte, padded to a word boundary
    datagram = _packet(kind, len(report.blocks[:31]), report.ssrc, body) + _packet(
        SOURCE_DESCRIPTION, 1, report.ssrc, item
    )
    if metrics is not None:
        datagram += _packet(EXTENDED_REPORT, 0, report.ssrc, metrics.build())
    return datagram + _packet(GOODBYE, 1, report.ssrc, b"") if goodbye else datagram


def _packet(kind: int, count: int, ssrc: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | count, kind, len(body) // 4 + 1, ssrc) + body


def parse(data: bytes) -> list[RtcpReport]:
    """The reports in a compound datagram; other packet types are skipped.

    Raises :class:`MalformedPacket` and nothing else, if the length of any part is wrong, or the first packet is not a
    report (section 6.1 requires one).
    """
    if len(data) > MAX_DATAGRAM:
        raise MalformedPacket("RTCP datagram too long")
    reports: list[RtcpReport] = []
    offset = 0
    for _ in range(MAX_PACKETS):
        if offset >= len(data):
            break
        if len(data) - offset < 4:
            raise MalformedPacket("shorter than an RTCP header")
        flags, kind, words = struct.unpack_from("!BBH", data, offset)
        end = offset + 4 * (words + 1)
        if flags >> 6 != 2 or end > len(data):
            raise MalformedPacket("not RTCP version 2, or truncated")
        if offset == 0 and kind not in (SENDER_REPORT, RECEIVER_REPORT):
            raise MalformedPacket("does not begin with a report")
        report = _report(kind, flags & 0x1F, data[offset + 4 : end])
        if report is not None:
            reports.append(report)
        offset = end
    if not reports:
        raise MalformedPacket("empty")
    return reports


def _report(kind: int, count: int, body: bytes) -> RtcpReport | None:
    if kind == EXTENDED_REPORT:
        if len(body) < 4:
            raise MalformedPacket("extended report without its source")
        return ExtendedReport(int.from_bytes(body[:4]), tuple(parse_blocks(body[4:])))
    if kind not in (SENDER_REPORT, RECEIVER_REPORT, GOODBYE):
        return None
    info = _SENDER_INFO.size if kind == SENDER_REPORT else 0
    needed = 4 * count if kind == GOODBYE else 4 + info + _BLOCK.size * count
    if len(body) < needed:
        raise MalformedPacket("report shorter than its count")
    if kind == GOODBYE and count == 0:
        return None
    (ssrc,) = struct.unpack_from("!I", body)
    if kind == GOODBYE:
        return Goodbye(ssrc)
    blocks = tuple(_block(body, 4 + info + _BLOCK.size * index) for index in range(count))
    if kind == RECEIVER_REPORT:
        return ReceiverReport(ssrc, blocks)
    seconds, fraction, timestamp, packets, octets = _SENDER_INFO.unpack_from(body, 4)
    return SenderReport(ssrc, seconds << 32 | fraction, timestamp, packets, octets, blocks)


def _block(body: bytes, offset: int) -> ReportBlock:
    ssrc, loss, highest, jitter, last_sr, delay = _BLOCK.unpack_from(body, offset)
    lost = loss & 0xFFFFFF
    return ReportBlock(ssrc, loss >> 24, lost - 0x1000000 if lost & 0x800000 else lost, highest, jitter, last_sr, delay)


class Reception:
    """The figures of one received stream (one SSRC) for our reports."""

    __slots__ = (
        "_base",
        "_clock_rate",
        "_expected_prior",
        "_highest",
        "_jitter",
        "_last_sr",
        "_last_sr_at",
        "_received",
        "_received_prior",
        "_transit",
        "ssrc",
    )

    def __init__(self, ssrc: int, sequence: int, clock_rate: int = 8000) -> None:
        self.ssrc = ssrc
        self._clock_rate = clock_rate
        self._base = self._highest = sequence  # extended by the number of wraps
        self._received = self._received_prior = self._expected_prior = 0
        self._jitter = 0.0  # timestamp units
        self._transit: float | None = None
        self._last_sr = 0
        self._last_sr_at = 0.0

    def packet(self, sequence: int, timestamp: int, at: float, *, timed: bool = True) -> None:
        """Count a packet. ``timed``: its timestamp says when it was sent (a keypad event's does not)."""
        self._received += 1
        step = (sequence - self._highest) & 0xFFFF
        if step < 0x8000:
            self._highest += step
        if not timed:
            return
        transit = at * self._clock_rate - timestamp
        if self._transit is not None:
            # A difference of seconds is not jitter: the timestamp has wrapped (after 149 hours), or restarted.
            difference = abs(transit - self._transit)
            if difference < 2 * self._clock_rate:
                self._jitter += (difference - self._jitter) / 16
        self._transit = transit

    def restart(self, sequence: int) -> None:
        """The sender numbers anew (RFC 3550 A.1, init_seq), and has got as far as this packet."""
        self._base = self._highest = sequence
        self._received, self._received_prior, self._expected_prior = 1, 0, 0

    def continues(self, sequence: int, timestamp: int, at: float, silent_s: float) -> bool:
        """Whether these may be the numbers of the next packet, after ``silent_s`` seconds without one.

        The timestamp may stand still, count twice as fast as it should, or be that of a key that is held down. Few
        numbers pass, since some phones have an SSRC that is guessed easily.
        """
        if self._transit is None:
            return False
        if not 0 < (sequence - self._highest) & 0xFFFF <= min(_FASTEST * (silent_s + 1.0), MAX_DROPOUT):
            return False
        margin = int(self._clock_rate * (2 * (silent_s + 1.0) + _LONGEST_KEY_S))
        expected = int(at * self._clock_rate - self._transit)
        return (timestamp - expected + margin) & 0xFFFFFFFF <= 2 * margin

    def sender_report(self, ntp: int, at: float) -> None:
        """A sender report came; our next report echoes its time and says how long ago it came."""
        self._last_sr = middle(ntp)
        self._last_sr_at = at

    @property
    def jitter_ms(self) -> float:
        return self._jitter * 1000 / self._clock_rate

    @property
    def lost(self) -> int:
        """Expected minus received packets so far; duplicates may make it negative."""
        return self._highest - self._base + 1 - self._received

    def report(self, at: float) -> ReportBlock:
        """The block on this stream; its ``fraction_lost`` is since the last call of this method."""
        expected = self._highest - self._base + 1
        interval = expected - self._expected_prior
        lost = interval - (self._received - self._received_prior)
        self._expected_prior, self._received_prior = expected, self._received
        return ReportBlock(
            ssrc=self.ssrc,
            fraction_lost=min(255, (lost << 8) // interval) if interval > 0 and lost > 0 else 0,
            lost=self.lost,
            highest_sequence=self._highest & 0xFFFFFFFF,
            jitter=int(self._jitter) & 0xFFFFFFFF,
            last_sr=self._last_sr,
            delay=int((at - self._last_sr_at) * 65536) & 0xFFFFFFFF if self._last_sr else 0,
        )


def cname(ssrc: int) -> str:
    """A canonical name that reveals nothing about the machine (RFC 7022, section 4.2: random per session)."""
    return f"{ssrc:08x}@voicebot"
