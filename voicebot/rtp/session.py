"""The driver of one call's media: connects the pure streams of both directions to the network and to the call.

Receiving: packets that the :class:`MediaPath` admits go to the :class:`IncomingStream`, and its frames and keys to the
sink. Sending: each tick of the clock pulls a frame from the playout, or sends an event packet while a key is sent.
Nothing here waits.

The audio format above the wire stays as the session was opened, even if the codec changes (:meth:`RtpSession.retune`),
so that recogniser, clips and recordings are not interrupted.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Final

from voicebot.audio import AudioFormat
from voicebot.audio.codecs import DEFAULT_PTIME_MS, MAX_PTIME_MS, MIN_PTIME_MS, Codec
from voicebot.rtp.clock import MediaClock
from voicebot.rtp.doubled_keys import DoubledKeys, Way
from voicebot.rtp.incoming import USUAL, IncomingStream
from voicebot.rtp.outgoing import OutgoingStream
from voicebot.rtp.packet import MalformedPacket, is_rtcp
from voicebot.rtp.path import MediaPath
from voicebot.rtp.playout import Playout
from voicebot.rtp.ports import PortRange
from voicebot.rtp.quality import MediaQuality, measured
from voicebot.rtp.reach import Stage
from voicebot.rtp.reporting import Reporting
from voicebot.rtp.sink import MediaSink
from voicebot.rtp.source import Latch, SocketAddress

logger = logging.getLogger(__name__)

SILENCE_TIMEOUT_S: Final = 30.0
"""If no packet comes for this long, the other side is considered gone."""


class RtpSession:
    """One call's media, from :meth:`open` to :meth:`close`. All methods are for the event loop's thread."""

    def __init__(
        self,
        *,
        clock: MediaClock,
        ports: PortRange,
        codec: Codec,
        audio: AudioFormat,
        sink: MediaSink,
        silence_timeout_s: float,
    ) -> None:
        """Not for callers: use :meth:`open`."""
        at = clock.now()
        self.audio = audio
        """The format of the frames above the wire, fixed for the call."""
        self.playout = Playout(audio)
        self._clock = clock
        self._sink = sink
        self._closed = False
        self._gives_up = False
        self._send = True
        self._keys = DoubledKeys()
        self._outgoing = OutgoingStream(audio, codec)
        self._reporting = Reporting(self._outgoing.ssrc, time.time() - at, at)
        self._incoming = IncomingStream(audio, codec, self._reporting, silence_timeout_s)
        incoming = self._incoming
        self._path = MediaPath(ports, self._rtp_received, self._rtcp_received, incoming.understands, incoming.continues)
        self.protection = self._path.protection
        """The encryption; the signalling sets it, before :meth:`set_remote`."""

    @classmethod
    def open(
        cls,
        *,
        clock: MediaClock,
        ports: PortRange,
        codec: Codec,
        payload_type: int | None = None,
        telephone_event: int | None = 101,
        sink: MediaSink,
        audio: AudioFormat | None = None,
        silence_timeout_s: float = SILENCE_TIMEOUT_S,
    ) -> RtpSession:
        """Bind a port pair and begin to tick. Raises :class:`PortsExhausted`.

        ``audio``: the format above the wire, by default the codec's. ``payload_type``: by default the codec's.
        ``silence_timeout_s``: 0 for no media timeout.

        Nothing is sent, and no frame is delivered, before the other side is known, by :meth:`set_remote` or by its
        first packet.
        """
        self = cls(
            clock=clock,
            ports=ports,
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
        clock.add(self)
        return self

    @property
    def audible(self) -> bool:
        """Whether audio can be sent, or the ration is used up (:mod:`voicebot.rtp.reach`)."""
        return self._path.answered or self._path.reach.left > 0

    @property
    def local_port(self) -> int:
        """Where RTP is received; RTCP is received on the next port."""
        return self._path.local_port

    def give_up(self) -> None:
        """Another process has the call: :meth:`close` says goodbye to nobody."""
        self._gives_up = True

    async def close(self) -> None:
        """Send RTCP BYE, close the sockets and return the ports; nothing is delivered afterwards. Twice has no
        effect."""
        if self._closed:
            return
        self._closed = True
        self._clock.remove(self)
        if self._outgoing.sent and not self._gives_up:
            self._report(self._clock.now(), goodbye=True)
        self._path.close()

    # --- set by the signalling ---------------------------------------------------------------------------------------

    def enter(self, stage: Stage) -> None:
        """The call has reached ``stage``, according to the signalling. This sets the ration (:mod:`voicebot.rtp.reach`)
        and restarts the silence timeout."""
        self._path.reach.enter(stage)
        self._incoming.last_packet_at = self._clock.now()

    def expect(self, host: str, latch: Latch) -> None:
        """Set where the signalling comes from, and which other sources are accepted (:mod:`voicebot.rtp.source`)."""
        self._path.source.latch = latch
        self._path.source.expect(host)

    def set_remote(self, host: str, port: int, *, rtcp_port: int | None = None) -> None:
        """Send to the IP address and port in the other side's SDP from now on.

        ``0.0.0.0``, ``::`` or port 0 stop sending until the next call of this method. Raises :class:`ValueError` for a
        host name, and for an address of another IP version than the local one.
        """
        at = self._clock.now()
        if self._path.set_remote(host, port, rtcp_port, at):
            self._incoming.activate(at)

    def set_direction(self, *, send: bool, receive: bool) -> None:
        """Set the directions, for hold and resume. Without ``receive`` the sink gets silence, and there is no media
        timeout, unless nothing has ever come from where we send; without ``send`` the playout stops where it is."""
        at = self._clock.now()
        if (send and not self._send) or (receive and not self._incoming.receiving):
            self._path.source.resume(at)
        self._send = send
        self._incoming.receive(receive, at)

    def announce(self, payloads: Mapping[int, Codec | int]) -> None:
        """Add what payload types mean in our own description, by which the other side should send: a codec, or the
        clock rate of telephone events."""
        self._incoming.announce(payloads)

    def retune(
        self,
        *,
        codec: Codec,
        payload_type: int,
        telephone_event: int | None,
        event_rate: int | None = None,
        ptime_ms: int = DEFAULT_PTIME_MS,
    ) -> None:
        """Change codec and payload types, which are those of the other side's description. The format above the wire
        stays the same.

        ``event_rate``: the clock rate of ``telephone_event``, by default the codec's.
        ``ptime_ms``: the length of the packets that we send, 10 to 60; if the codec does not have it, the next shorter
        one is used. Received packets may have any length. Raises ValueError if it is out of range.
        """
        if not MIN_PTIME_MS <= ptime_ms <= MAX_PTIME_MS:
            raise ValueError(f"the packet length must be {MIN_PTIME_MS} to {MAX_PTIME_MS} ms, not {ptime_ms}")
        event_rate = event_rate or codec.clock_rate
        if self._outgoing.tune(codec, payload_type, telephone_event, event_rate, ptime_ms):
            self._reporting.change_ssrc(self._outgoing.ssrc)
        self._incoming.tune(codec, payload_type, telephone_event, event_rate)
        self._reporting.clock_rate = codec.clock_rate

    def detect_keys(self, inband: bool) -> None:
        """Whether to detect keys by their tones in the audio, for a side that does not support telephone-event."""
        self._incoming.detect_tones(inband)

    def send_keys(self, keys: str) -> None:
        """Send keypad keys instead of audio: 100 ms each, 60 ms apart. Raises :class:`ValueError` for other characters.

        At most 64 keys wait; more are dropped with a warning, and so are all if the other side does not support
        telephone-event.
        """
        if self._outgoing.event_type is None:
            logger.warning(
                "port %d: keys dropped, because the other side does not support telephone-event", self.local_port
            )
            return
        accepted = self._outgoing.press(keys)
        if accepted < len(keys):
            logger.warning(
                "port %d: %d keys dropped, because too many are waiting", self.local_port, len(keys) - accepted
            )

    # --- receiving ---------------------------------------------------------------------------------------------------

    def _rtp_received(self, data: bytes, source: SocketAddress) -> None:
        at = self._clock.now()
        path, incoming = self._path, self._incoming
        if len(data) == USUAL and source == path.source.locked and self.protection.plain:
            usual = incoming.usual(data, at)
            if usual is not None:
                path.source.heard_at = at
                self._deliver(usual, at)
                return
        if not self.protection.plain and self.protection.wants(data):
            path.handshake(data, source, at)
            return
        if is_rtcp(data):  # the other side multiplexes (RFC 5761)
            self._rtcp_received(data, source)
            return
        packet = path.packet(data, source, at)
        if packet is None:
            return
        if incoming.buffer is None:  # the first packet shows where the other side is
            incoming.activate(at)
        for one in (*path.early(at), packet):
            frames, key = incoming.packet(one, at)
            self._deliver(frames, at)
            if key:
                self._press(key, "events", at)

    def _press(self, key: str, way: Way, at: float) -> None:
        if not self._closed and self._keys.is_new(key, way, at):
            self._sink.key(key, at)

    def _deliver(self, frames: Sequence[bytes], at: float) -> None:
        for frame in frames:
            if self._closed:
                return
            self._sink.frame(frame, at)
            for key in self._incoming.keys_in(frame):
                self._press(key, "tones", at)

    def _rtcp_received(self, data: bytes, source: SocketAddress) -> None:
        reports = self._path.reports(data, source)
        if reports is None:
            return
        at = self._clock.now()
        try:
            self._reporting.datagram(reports, at)
        except MalformedPacket:
            self._path.malformed += 1
            return
        self._incoming.last_packet_at = at
        self._path.answer_reports_to(source)

    # --- the tick ----------------------------------------------------------------------------------------------------

    def tick(self, at: float, skipped: int) -> None:
        """Called by the clock every 20 ms."""
        incoming, outgoing = self._incoming, self._outgoing
        outgoing.tick(skipped)
        target, rationed = self._path.ready(), False
        if target is not None and self._send and not (rationed := not self._path.may_send()):
            self._send_frame(target, at)
        else:
            outgoing.pause()  # the playout is not pulled, so nothing of it is lost
        if incoming.buffer is None or self._closed:
            return
        if frames := incoming.buffer.tick(at):
            self._deliver(frames, at)
        if at >= self._reporting.due:
            self._report(at)
        if incoming.is_silent(at, unanswered=rationed and self._path.reach.stage == "up"):
            self._sink.media_timeout(at)

    def _send_frame(self, target: SocketAddress, at: float) -> None:
        outgoing, path = self._outgoing, self._path
        datagrams, frame = outgoing.key(), self.audio.frame_of_silence
        if datagrams is None:
            frame = self.playout.next_frame(at)
            if self._closed:  # the playout's listener closed the session
                return
            datagrams = outgoing.frame(frame)
        for datagram in datagrams:
            path.send(datagram, target)
            outgoing.left(self._clock.now())
        self._sink.sent(frame, at)

    def _report(self, at: float, *, goodbye: bool = False) -> None:
        """Send our RTCP report, if possible."""
        if self._path.takes_reports():
            out, metrics = self._outgoing, self._incoming.metrics()
            self._path.send_reports(
                self._reporting.report(at, out.timestamp, out.packets, out.octets, metrics=metrics, goodbye=goodbye)
            )

    # --- figures -----------------------------------------------------------------------------------------------------

    def quality(self) -> MediaQuality:
        """Figures so far; also after :meth:`close`."""
        return measured(self._path, self._incoming, self._outgoing, self._reporting, self.playout.underruns)
