"""The driver of one call's media: two sockets, and the pure parts between them and the call.

Receiving: a datagram is admitted by the :class:`SourceLock`, parsed, and goes to the receive buffer (audio) or to the
telephone-event receiver (keys). Sending: the clock's tick pulls one frame from the playout, or one event packet while a
key is sent. Nothing here waits, and nothing is allocated that outlives its packet.

What is above keeps the audio format that the session was opened with, whatever codec the wire has
(:meth:`RtpSession.retune`), so that recogniser, clips and recordings go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from voicebot.audio import AudioFormat
from voicebot.audio.codecs import MAX_PTIME_MS, MIN_PTIME_MS, Codec
from voicebot.rtp.clock import MediaClock
from voicebot.rtp.datagram import BoundPort
from voicebot.rtp.handshake import OutgoingDatagrams
from voicebot.rtp.histogram import Histogram
from voicebot.rtp.incoming import USUAL, IncomingStream
from voicebot.rtp.outgoing import OutgoingStream
from voicebot.rtp.packet import MalformedPacket, RtpPacket, is_rtcp, parse
from voicebot.rtp.playout import Playout
from voicebot.rtp.ports import PortRange
from voicebot.rtp.protection import Protection
from voicebot.rtp.quality import MediaQuality, estimated_mos, voip_metrics
from voicebot.rtp.reporting import Reporting
from voicebot.rtp.rtcp_xr import VoipMetrics
from voicebot.rtp.sink import MediaSink
from voicebot.rtp.source import Address, SourceLock, literal
from voicebot.rtp.srtp import NotAuthentic

logger = logging.getLogger(__name__)


class RtpSession:
    """One call's media, from :meth:`open` to :meth:`close`. All methods are for the event loop's thread."""

    def __init__(
        self,
        *,
        clock: MediaClock,
        ports: PortRange,
        port: int,
        codec: Codec,
        audio: AudioFormat,
        sink: MediaSink,
        silence_timeout_s: float,
    ) -> None:
        """Not for callers: use :meth:`open`."""
        self.local_port = port
        self.audio = audio
        """The format of the frames above the wire."""
        self.playout = Playout(audio)
        self._clock = clock
        self._ports = ports
        self._sink = sink
        self._silence_timeout_s = silence_timeout_s
        self._rtp: BoundPort | None = None
        self._rtcp: BoundPort | None = None
        self._closed = False

        self._source = SourceLock()
        self.protection = Protection()
        """Encryption, for the signalling to decide; before :meth:`set_remote`."""
        self._unreachable = False  # the other side named no address (0.0.0.0, port 0): nothing is sent
        self._rtcp_port: int | None = None
        self._rtcp_source: Address | None = None

        self._last_packet_at = 0.0
        self._timed_out = False

        self._send = True
        self._outgoing = OutgoingStream(audio, codec)
        self._sent_at: float | None = None
        self._deviation = Histogram()

        at = clock.now()
        self._reporting = Reporting(self._outgoing.ssrc, time.time() - at, at)
        self._incoming = IncomingStream(audio, codec, self._reporting)

        self._packets_sent = self._packets_received = 0
        self._foreign = self._malformed = self._not_authentic = 0
        self._skipped = self._socket_errors = 0

    @classmethod
    async def open(
        cls,
        *,
        clock: MediaClock,
        ports: PortRange,
        codec: Codec,
        payload_type: int | None = None,
        telephone_event: int | None = 101,
        sink: MediaSink,
        audio: AudioFormat | None = None,
        silence_timeout_s: float = 30.0,
    ) -> RtpSession:
        """Bind a port pair and begin to tick. Raises :class:`PortsExhausted`.

        ``audio``: the format above the wire, the codec's own if not given; ``payload_type``: the codec's usual one.

        Nothing is sent, and no silence is delivered, before the other side is known: by :meth:`set_remote`, or by its
        first packet. ``silence_timeout_s`` of 0: no media timeout.
        """
        pair = ports.acquire()
        self = cls(
            clock=clock,
            ports=ports,
            port=pair.port,
            codec=codec,
            audio=audio or codec.audio,
            sink=sink,
            silence_timeout_s=silence_timeout_s,
        )
        self.retune(
            codec=codec,
            payload_type=codec.payload_type if payload_type is None else payload_type,
            telephone_event=telephone_event,
        )
        self._rtp = BoundPort(pair.rtp, self._rtp_received, self._failed)
        self._rtcp = BoundPort(pair.rtcp, self._rtcp_datagram, self._failed)
        clock.add(self)
        return self

    async def close(self) -> None:
        """Say goodbye (RTCP BYE), close the sockets, return the ports; nothing is delivered after. Harmless twice."""
        if self._closed:
            return
        self._closed = True
        self._clock.remove(self)
        if self._packets_sent:
            self._send_report(self._clock.now(), goodbye=True)
        for port in (self._rtp, self._rtcp):
            if port is not None:
                port.close()
        self._ports.release(self.local_port)

    # --- what the signalling decides ---------------------------------------------------------------------------------

    def set_remote(self, host: str, port: int, *, rtcp_port: int | None = None) -> None:
        """Where the other side's SDP wants media: an IP address. Sending starts, if it had not.

        ``0.0.0.0``, ``::`` or port 0 stop it until the next call. Raises :class:`ValueError` for a host name, or an
        address of the other IP version than the local one.
        """
        host = literal(host)
        if (":" in host) != (":" in self._ports.host):
            raise ValueError(f"{host} cannot be reached from {self._ports.host}")
        if not 0 <= port <= 65535:
            raise ValueError(f"not a port: {port}")
        by_checks = self.protection.by_checks
        self._unreachable = not by_checks and (port == 0 or host in ("0.0.0.0", "::"))
        self._rtcp_port = rtcp_port
        if self._unreachable:
            return
        at = self._clock.now()
        if not by_checks and (host, port) != self._source.signalled:  # with it, media goes where they nominate
            self._source.signal((host, port), at)
            self._rtcp_source = None
        self._put(self.protection.signal((host, port)))
        self._activate(at)

    def set_direction(self, *, send: bool, receive: bool) -> None:
        """Hold and resume. Without ``receive`` the sink gets silence and there is no media timeout; without ``send``
        the playout stands still."""
        if receive and not self._incoming.receiving:
            self._last_packet_at = self._clock.now()
            self._timed_out = False
            self._incoming.resume()
        self._incoming.receiving, self._send = receive, send

    def retune(self, *, codec: Codec, payload_type: int, telephone_event: int | None, ptime_ms: int = 20) -> None:
        """The wire's codec and payload types from now on. Above, the format stays what :meth:`open` was told.

        ``ptime_ms``: the length of packets that we send, 10 to 60, where the codec has none of that length the next
        shorter one; whatever the other side sends is taken. Raises ValueError for a length that we do not send.
        """
        if not MIN_PTIME_MS <= ptime_ms <= MAX_PTIME_MS:
            raise ValueError(f"not a packet length that we send: {ptime_ms} ms")
        if self._outgoing.tune(codec, payload_type, telephone_event, ptime_ms):
            self._reporting.renamed(self._outgoing.ssrc)
        self._incoming.tune(codec, payload_type, telephone_event)
        self._reporting.clock_rate = codec.clock_rate

    def hear_keys(self, inband: bool) -> None:
        """Whether to find keys by their tones in the audio: for another side that has no telephone-event."""
        self._incoming.hear_tones(inband)

    def send_keys(self, keys: str) -> None:
        """Send keypad keys in place of audio: 100 ms each, 60 ms apart. Raises :class:`ValueError` on other characters.

        At most 64 keys wait; more are dropped with a warning, as are all when the other side takes no telephone-event.
        """
        if self._outgoing.event_type is None:
            logger.warning("port %d: the other side takes no telephone-event, keys dropped", self.local_port)
            return
        accepted = self._outgoing.press(keys)
        if accepted < len(keys):
            logger.warning("port %d: %d keys dropped, too many wait", self.local_port, len(keys) - accepted)

    # --- receiving ---------------------------------------------------------------------------------------------------

    def _rtp_received(self, data: bytes, source: Address) -> None:
        at = self._clock.now()
        if len(data) == USUAL and source == self._source.locked and self.protection.plain:
            frames = self._incoming.usual(data, at)
            if frames is not None:
                self._packets_received += 1
                self._last_packet_at = at
                self._timed_out = False
                self._deliver(frames, at)
                return
        if self.protection.wants(data):
            self._put(self.protection.receive(data, source))
            if (nominated := self.protection.nominated) is not None:
                self._source.signal(nominated, at)
            return
        if is_rtcp(data):  # the other side multiplexes (RFC 5761)
            self._rtcp_datagram(data, source)
            return
        try:
            packet = parse(self.protection.unprotect(data))
        except MalformedPacket:
            self._malformed += 1
            return
        except NotAuthentic:
            self._not_authentic += 1
            return
        if source != self._source.locked and not self._admit(packet, source, at):
            self._foreign += 1
            return
        self._packets_received += 1
        self._last_packet_at = at
        self._timed_out = False
        frames, key = self._incoming.packet(packet, at)
        self._deliver(frames, at)
        if key and not self._closed:
            self._sink.key(key, at)

    def _put(self, datagrams: OutgoingDatagrams) -> None:
        for data, target in datagrams:
            if self._rtp is not None:
                self._rtp.send(data, target)

    def _admit(self, packet: RtpPacket, source: Address, at: float) -> bool:
        if not self._incoming.understands(packet.payload_type) or not self._source.admits(source, at):
            return False
        self._activate(at)
        return True

    def _activate(self, at: float) -> None:
        """The other side is known: silence is owed to the sink from here on, and the timeout runs."""
        if self._incoming.activate(at):
            self._last_packet_at = at

    def _deliver(self, frames: Sequence[bytes], at: float) -> None:
        for frame in frames:
            if self._closed:
                return
            self._sink.frame(frame, at)
            for key in self._incoming.keys_in(frame):
                if not self._closed:
                    self._sink.key(key, at)

    # --- the tick ----------------------------------------------------------------------------------------------------

    def tick(self, at: float, skipped: int) -> None:
        """Called by the clock every 20 ms."""
        self._outgoing.tick(skipped)
        self._skipped += skipped
        target = self._source.locked or self._source.signalled
        if not self.protection.ready:
            self._put(self.protection.tick())
        if target is not None and self._send and not self._unreachable and self.protection.ready:
            self._send_frame(target, at)
        else:
            self._outgoing.pause()  # and the playout stands still: nothing of it is lost
            self._sent_at = None
        buffer = self._incoming.buffer
        if buffer is None or self._closed:
            return
        if frames := buffer.tick(at):
            self._deliver(frames, at)
        if at >= self._reporting.due:
            self._send_report(at)
        if (
            at - self._last_packet_at >= self._silence_timeout_s > 0
            and self._incoming.receiving
            and not self._timed_out
        ):
            self._timed_out = True
            self._sink.media_timeout(at)

    def _send_frame(self, target: Address, at: float) -> None:
        outgoing = self._outgoing
        datagrams, frame = outgoing.key(), self.audio.frame_of_silence
        if datagrams is None:
            frame = self.playout.next_frame(at)
            if self._closed:  # the playout's listener closed the session
                return
            datagrams = outgoing.frame(frame)
        if self._rtp is not None:
            for datagram in datagrams:
                self._rtp.send(self.protection.protect(datagram), target)
                now = self._clock.now()
                if self._sent_at is not None:
                    self._deviation.add(abs(now - self._sent_at - outgoing.interval_s))
                self._sent_at = now
                self._packets_sent += 1
        self._sink.sent(frame, at)

    # --- RTCP --------------------------------------------------------------------------------------------------------

    def _send_report(self, at: float, *, goodbye: bool = False) -> None:
        target = self._source.target
        if target is None or self._rtcp is None or self._unreachable or not self.protection.has_rtcp:
            return
        out = self._outgoing
        report = self._reporting.report(
            at, out.timestamp, out.packets, out.octets, metrics=self._metrics(), goodbye=goodbye
        )
        address = self._rtcp_source or (target[0], self._rtcp_port or min(target[1] + 1, 65535))
        if self.protection.muxes:
            self._put([(self.protection.protect_rtcp(report), target)])
        else:
            self._rtcp.send(self.protection.protect_rtcp(report), address)

    def _metrics(self) -> VoipMetrics | None:
        reports, buffer = self._reporting, self._incoming.buffer
        if reports.reception is None or buffer is None:
            return None
        ssrc, trip = reports.reception.ssrc, reports.round_trip_ms
        return voip_metrics(ssrc, self._packets_received, buffer.lost, buffer.late, buffer.losses(), trip)

    def _rtcp_datagram(self, data: bytes, source: Address) -> None:
        target = self._source.target
        if target is None or source[0] != target[0]:
            self._foreign += 1
            return
        at = self._clock.now()
        try:
            self._reporting.datagram(self.protection.unprotect_rtcp(data), at)
        except MalformedPacket:
            self._malformed += 1
            return
        except NotAuthentic:
            self._not_authentic += 1
            return
        self._last_packet_at = at
        if source != target:  # not multiplexed: answer where it came from, which passes a NAT
            self._rtcp_source = source

    # --- figures -----------------------------------------------------------------------------------------------------

    def quality(self) -> MediaQuality:
        """Figures so far; also after :meth:`close`."""
        incoming, deviation, reports = self._incoming, self._deviation, self._reporting
        buffer = incoming.buffer
        metrics = reports.remote_metrics
        missed = buffer.lost + buffer.late if buffer else 0
        return MediaQuality(
            packets_sent=self._packets_sent,
            packets_received=self._packets_received,
            lost=buffer.lost if buffer else 0,
            late=buffer.late if buffer else 0,
            duplicate=buffer.duplicate if buffer else 0,
            reordered=buffer.reordered if buffer else 0,
            concealed_frames=buffer.concealed_frames if buffer else 0,
            silence_frames=buffer.silence_frames if buffer else 0,
            discarded=incoming.discarded + (buffer.discarded if buffer else 0),
            foreign_packets=self._foreign + self.protection.refused,
            malformed=self._malformed + incoming.malformed,
            not_authentic=self._not_authentic,
            encrypted=self.protection.encrypted,
            jitter_ms=round(reports.reception.jitter_ms, 3) if reports.reception else 0.0,
            round_trip_ms=reports.round_trip_ms,
            remote_lost=reports.remote_lost,
            remote_jitter_ms=reports.remote_jitter_ms,
            remote_discarded_share=metrics.discarded if metrics else None,
            remote_mos=metrics.mos_cq if metrics else None,
            mos=estimated_mos(self._packets_received - (buffer.late if buffer else 0), missed, reports.round_trip_ms),
            send_deviation_p50_ms=deviation.percentile_ms(0.5),
            send_deviation_p99_ms=deviation.percentile_ms(0.99),
            send_deviation_max_ms=deviation.max_ms if deviation.count else None,
            send_skipped=self._skipped,
            socket_errors=self._socket_errors,
            underruns=self.playout.underruns,
            ssrc_changes=buffer.ssrc_changes if buffer else 0,
            rtcp_sent=reports.sent,
            rtcp_received=reports.received,
        )

    def _failed(self) -> None:
        self._socket_errors += 1
