"""The RTP stream that we receive: packets and ticks in, frames in the leg's format and keypad keys out. Pure.

Audio goes through the receive buffer, which orders and decodes it and fills holes. Keys come as telephone events, or as
tones in the audio if the other side does not support those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from voicebot.audio import AudioFormat
from voicebot.audio.codecs import CODECS, FIRST_DYNAMIC, Codec, Decoder
from voicebot.rtp.estimate import voip_metrics
from voicebot.rtp.inband_dtmf import InbandDtmfReceiver
from voicebot.rtp.packet import HEADER, PLAIN, MalformedPacket, RtpPacket
from voicebot.rtp.reorder import ReceiveBuffer
from voicebot.rtp.reporting import Reporting
from voicebot.rtp.rtcp import Reception
from voicebot.rtp.rtcp_xr import VoipMetrics
from voicebot.rtp.telephone_event import TelephoneEventReceiver, is_plain_event

USUAL: Final = 12 + 160
"""Bytes of a datagram with 20 ms of G.711."""

_UNKNOWN: Final = object()
_COMFORT_NOISE: Final = (13, 19)  # RFC 3389, and its drafts: replaced by silence, like any pause
_ALWAYS: Final = (CODECS["PCMU"], CODECS["PCMA"])  # their payload types are static, so we accept them without agreement


class IncomingStream:
    """One call's incoming stream. It delivers frames from :meth:`activate` on.

    ``receiving``: whether packets are used; false during hold. ``received``, ``discarded`` and ``malformed`` count
    packets. ``last_packet_at``: when the other side's last packet came.
    """

    __slots__ = (
        "_announced",
        "_audio",
        "_codec",
        "_codecs",
        "_coders",
        "_decoders",
        "_event_frames",
        "_events",
        "_inband",
        "_reporting",
        "_restarts",
        "_silence_timeout_s",
        "_theirs",
        "_told_of",
        "buffer",
        "discarded",
        "last_packet_at",
        "malformed",
        "received",
        "receiving",
    )

    def __init__(self, audio: AudioFormat, codec: Codec, reporting: Reporting, silence_timeout_s: float) -> None:
        """``silence_timeout_s``: see :meth:`is_silent`; 0: never."""
        self._audio = audio
        self._codec = codec
        self._reporting = reporting
        self._theirs: dict[int, Codec | int] = {}
        self._announced: dict[int, Codec | int] = {}
        self._codecs: dict[int, Codec] = {}  # by payload type
        self._event_frames: dict[int, int] = {}  # by payload type of telephone events: 20 ms in their units
        self._coders: dict[Codec, Decoder | None] = {}  # None: audio as it is
        self._decoders: dict[int, Decoder | None] = {}  # by payload type, from its first packet on
        self._events = TelephoneEventReceiver()
        self._inband: InbandDtmfReceiver | None = None
        self._restarts = 0  # of the buffer, as the reports know them
        self.buffer: ReceiveBuffer | None = None  # None until the other side is known
        self.receiving = True
        self.received = self.discarded = self.malformed = 0
        self._silence_timeout_s = silence_timeout_s
        self.last_packet_at = 0.0
        self._told_of: float | None = None  # the value of ``last_packet_at`` when silence was reported last

    def announce(self, payloads: Mapping[int, Codec | int]) -> None:
        """Add what payload types mean in our own descriptions: a codec, or the clock rate of telephone events.

        The other side should send with these (RFC 3264, sections 5.1 and 6.1). They stay valid for the whole call.
        """
        self._announced.update(payloads)
        self._map()

    def tune(self, codec: Codec, payload_type: int, event_type: int | None, event_rate: int) -> None:
        """Set codec and payload types, and the clock rate of ``event_type``, by the other side's description. Many send
        with its payload types, although ours should be used, so both are accepted. Where they differ about one, ours
        decides."""
        self._theirs = {} if event_type is None else {event_type: event_rate}
        self._theirs[payload_type] = codec
        if codec is not self._codec:
            self._coders.clear()
        if codec.clock_rate != self._codec.clock_rate:
            self._reporting.reception = None
        self._codec = codec
        self._map()

    def _map(self) -> None:
        self._codecs = {static.payload_type: static for static in _ALWAYS}
        self._event_frames.clear()
        self._decoders.clear()
        for payloads in (self._theirs, self._announced):
            for number, meaning in payloads.items():
                if isinstance(meaning, Codec):
                    self._codecs[number] = meaning
                else:
                    self._event_frames[number] = meaning // 50

    def detect_tones(self, wanted: bool) -> None:
        """Whether to detect keys in the audio."""
        if not wanted:
            self._inband = None
        elif self._inband is None:
            self._inband = InbandDtmfReceiver(self._audio)

    def activate(self, at: float) -> None:
        """The other side is known: deliver frames from now on, silence if nothing comes. Twice has no effect."""
        if self.buffer is None:
            self.buffer = ReceiveBuffer(self._audio, at)
            self.last_packet_at = at

    def receive(self, wanted: bool, at: float) -> None:
        """Set whether packets are used. Packets skipped in between do not count as lost."""
        if wanted and not self.receiving:
            self.last_packet_at = at
            if self.buffer is not None:
                self.buffer.resume()
                self._restarts = -1
        self.receiving = wanted

    def is_silent(self, at: float, *, unanswered: bool = False) -> bool:
        """Whether nothing has come for the silence timeout although something should; true only once for each silence.

        ``unanswered``: something should come even without receiving, because nothing ever has, and we may send no more.
        """
        last = self.last_packet_at
        expected = self.receiving or unanswered
        if at - last < self._silence_timeout_s or not expected or self._told_of == last:
            return False
        self._told_of = last
        return self._silence_timeout_s > 0

    def understands(self, payload_type: int) -> bool:
        return payload_type in self._codecs or payload_type in self._event_frames or payload_type in _COMFORT_NOISE

    def continues(self, packet: RtpPacket, at: float, silent_s: float) -> bool:
        """Whether a packet goes on with the stream that we receive, which has been silent for so long."""
        reception = self._reporting.reception
        if reception is None or reception.ssrc != packet.ssrc:
            return False
        return reception.continues(packet.sequence, packet.timestamp, at, silent_s)

    def usual(self, datagram: bytes, at: float) -> Sequence[bytes] | None:
        """A faster path for nearly every packet of most calls: 20 ms of G.711 in the leg's law, of the current stream.

        ``datagram``: :data:`USUAL` bytes. None: it is another kind of packet, and was not handled.
        """
        flags, kind, sequence, timestamp, ssrc = HEADER.unpack_from(datagram)
        reception, buffer = self._reporting.reception, self.buffer
        if (
            flags != PLAIN
            or self._decoders.get(kind, _UNKNOWN) is not None
            or reception is None
            or reception.ssrc != ssrc
            or buffer is None
            or not self.receiving
        ):
            return None
        self.received += 1
        self.last_packet_at = at
        reception.packet(sequence, timestamp, at)
        frames = buffer.push(sequence, timestamp, ssrc, datagram[12:], at)
        if buffer.sequence_restarts != self._restarts:
            self._restarted(buffer, reception, sequence)
        return frames

    def packet(self, packet: RtpPacket, at: float) -> tuple[Sequence[bytes], str]:
        """The frames that a packet releases, and the key whose press it reports, empty if none."""
        self.received += 1
        self.last_packet_at = at
        kind = packet.payload_type
        if kind in self._codecs and not (kind in self._event_frames and is_plain_event(packet.payload)):
            return self._audio_packet(packet, at), ""
        frame = self._event_frames.get(kind)
        if frame is None and kind >= FIRST_DYNAMIC and is_plain_event(packet.payload):
            # Some send keys without agreement.
            frame = self._codec.clock_rate // 50
        if frame is None:
            self.discarded += kind not in _COMFORT_NOISE
            return self._without_audio(packet, at), ""
        if not self.receiving:
            self.discarded += 1
            return (), ""
        try:
            key = self._events.receive(packet, at, frame)
        except MalformedPacket:
            self.malformed += 1
            key = None
        return self._without_audio(packet, at), key or ""

    def keys_in(self, frame: bytes) -> str:
        """The keys whose tones are recognised with this frame."""
        return self._inband.receive(frame) if self._inband is not None else ""

    def metrics(self) -> VoipMetrics | None:
        """The metrics of the stream for our RTCP XR; None before its first packet."""
        reports, buffer = self._reporting, self.buffer
        if reports.reception is None or buffer is None:
            return None
        ssrc, trip = reports.reception.ssrc, reports.round_trip_ms
        return voip_metrics(ssrc, self.received, buffer.lost, buffer.late, buffer.losses(), trip)

    def _audio_packet(self, packet: RtpPacket, at: float) -> Sequence[bytes]:
        reception = self._reporting.reception
        if reception is None or reception.ssrc != packet.ssrc:
            reception = self._reporting.receive(packet.ssrc, packet.sequence, self._codec.clock_rate)
        reception.packet(packet.sequence, packet.timestamp, at)
        if not self.receiving or self.buffer is None:
            self.discarded += 1
            return ()
        if packet.payload_type not in self._decoders:
            self._add_decoder(packet.payload_type)
        return self._push(self.buffer, reception, packet, at, self._decoders[packet.payload_type])

    def _add_decoder(self, payload_type: int) -> None:
        codec = self._codecs[payload_type]
        if codec not in self._coders:
            self._coders[codec] = codec.decoder(self._audio)
        self._decoders[payload_type] = self._coders[codec]

    def _without_audio(self, packet: RtpPacket, at: float) -> Sequence[bytes]:
        """A packet without audio takes its place in the sequence numbers, if it belongs to the current stream."""
        reception = self._reporting.reception
        if reception is None or reception.ssrc != packet.ssrc:
            return ()
        reception.packet(packet.sequence, packet.timestamp, at, timed=False)
        if not self.receiving or self.buffer is None:
            return ()
        return self._push(self.buffer, reception, packet._replace(payload=b""), at)

    def _push(
        self, buffer: ReceiveBuffer, reception: Reception, packet: RtpPacket, at: float, decoder: Decoder | None = None
    ) -> Sequence[bytes]:
        frames = buffer.push(packet.sequence, packet.timestamp, packet.ssrc, packet.payload, at, decoder)
        if buffer.sequence_restarts != self._restarts:
            self._restarted(buffer, reception, packet.sequence)
        return frames

    def _restarted(self, buffer: ReceiveBuffer, reception: Reception, sequence: int) -> None:
        self._restarts = buffer.sequence_restarts
        reception.restart(sequence)
