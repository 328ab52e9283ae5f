"""The RTP stream that we send: frames and keys in, datagrams out. Pure.

The leg's frames are 20 ms long. Packets of another length are also sent at the clock's ticks: packets of 10 ms in
pairs, packets of 30 ms at a distance of 20 or 40 ms. The timestamp grows with every tick, whether or not something is
sent.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from voicebot.audio import FRAME_S, AudioFormat
from voicebot.audio.codecs import Codec
from voicebot.rtp.histogram import Histogram
from voicebot.rtp.packet import HEADER, PLAIN
from voicebot.rtp.telephone_event import TelephoneEventSender

_NOTHING: Final[tuple[bytes, ...]] = ()


class OutgoingStream:
    """One call's outgoing stream.

    ``packets`` and ``octets``: for sender reports, of the current ``ssrc``. ``sent``: packets in the whole call;
    ``skipped``: ticks that the clock skipped. ``deviation``: how far the time between packets was from their length.
    """

    __slots__ = (
        "_audio",
        "_codec",
        "_encode",
        "_event_ticks",
        "_keys",
        "_left_at",
        "_marker",
        "_packet_bytes",
        "_payload_type",
        "_sequence",
        "_ticks",
        "_waiting",
        "_waiting_since",
        "deviation",
        "event_type",
        "interval_s",
        "octets",
        "packets",
        "sent",
        "skipped",
        "ssrc",
        "timestamp",
    )

    def __init__(self, audio: AudioFormat, codec: Codec) -> None:
        self._audio = audio
        self._codec = codec
        self._encode = codec.encoder(audio)
        self._keys = TelephoneEventSender()
        self._payload_type = codec.payload_type
        self.event_type: int | None = None
        self._packet_bytes = audio.frame_bytes
        self.interval_s = FRAME_S
        """The length of a packet in seconds."""
        self._waiting = bytearray()  # an incomplete packet, where packets are longer than a frame
        self._waiting_since = 0  # timestamp of its first sample
        self._event_ticks = codec.clock_rate // 50
        self._ticks = round(codec.clock_rate * FRAME_S)  # units of the timestamp in a frame
        self.sent = self.skipped = 0
        self.deviation = Histogram()
        self._left_at: float | None = None
        self._restart()

    def _restart(self) -> None:
        self.ssrc = random.getrandbits(32)
        self.timestamp = random.getrandbits(32)
        """Of the next frame."""
        self._sequence = random.getrandbits(16)
        self._marker = True  # the next packet begins a talkspurt
        self._waiting.clear()
        self.packets = self.octets = 0

    def tune(self, codec: Codec, payload_type: int, event_type: int | None, event_rate: int, ptime_ms: int) -> bool:
        """Set codec, payload types, the clock rate in which the durations of events are told, and packet length.

        True: the clock rate has changed, so this is now another stream with a new SSRC (RFC 7160, section 4.1).
        """
        ptime_ms = codec.ptime_ms(ptime_ms)
        self._packet_bytes = ptime_ms * self._audio.rate // 1000 * self._audio.width
        self.interval_s = ptime_ms / 1000
        self._payload_type = payload_type
        self.event_type = event_type
        self._event_ticks = event_rate // 50
        if event_type is None:
            self._keys.clear()
        if codec is self._codec:
            return False
        other_clock = codec.clock_rate != self._codec.clock_rate
        self._codec = codec
        self._encode = codec.encoder(self._audio)
        self._ticks = round(codec.clock_rate * FRAME_S)
        self._waiting.clear()
        if other_clock:
            self._restart()
        return other_clock

    def press(self, keys: str) -> int:
        """Queue keys. Returns how many there was room for. Raises :class:`ValueError` for other characters."""
        return self._keys.press(keys)

    def tick(self, skipped: int) -> None:
        """20 ms have passed, plus ``skipped`` ticks that the clock skipped."""
        self.timestamp = (self.timestamp + self._ticks * (1 + skipped)) & 0xFFFFFFFF
        if skipped:
            self.skipped += skipped
            self._marker = True

    def pause(self) -> None:
        """Nothing is sent in this tick."""
        self._marker = True
        self._left_at = None

    def left(self, at: float) -> None:
        """Note that a packet was sent at ``at``."""
        self.sent += 1
        if self._left_at is not None:
            self.deviation.add(abs(at - self._left_at - self.interval_s))
        self._left_at = at

    def key(self) -> Sequence[bytes] | None:
        """The datagrams to send instead of audio in this tick; None: send audio."""
        event = self._keys.next_event(self.timestamp, self._event_ticks)
        if event is None:
            return None
        datagrams = self._flush()
        self._marker = event.marker
        datagrams.append(self._datagram(self.event_type or 0, event.timestamp, event.payload))
        return datagrams

    def frame(self, audio: bytes) -> Sequence[bytes]:
        """Add 20 ms of audio. Returns the datagrams that this completes."""
        size = self._packet_bytes
        waiting = self._waiting
        if len(audio) == size and not waiting:
            payload = audio if self._encode is None else self._encode(audio)
            return (self._datagram(self._payload_type, self.timestamp, payload),)
        datagrams: list[bytes] = []
        if waiting and self.timestamp != (self._waiting_since + self._units(len(waiting))) & 0xFFFFFFFF:
            datagrams = self._flush()  # frames were skipped since then (a stall, keys, hold)
        if not waiting:
            self._waiting_since = self.timestamp
        waiting += audio
        while len(waiting) >= size:
            datagrams.append(self._packet(size))
        return datagrams or _NOTHING

    def _flush(self) -> list[bytes]:
        return [self._packet(len(self._waiting))] if self._waiting else []

    def _packet(self, size: int) -> bytes:
        audio = bytes(self._waiting[:size])
        del self._waiting[:size]
        datagram = self._datagram(
            self._payload_type, self._waiting_since, audio if self._encode is None else self._encode(audio)
        )
        self._waiting_since = (self._waiting_since + self._units(size)) & 0xFFFFFFFF
        return datagram

    def _units(self, size: int) -> int:
        return size * self._ticks // self._audio.frame_bytes

    def _datagram(self, kind: int, timestamp: int, payload: bytes) -> bytes:
        self._sequence = sequence = (self._sequence + 1) & 0xFFFF
        if self._marker:
            kind |= 0x80
            self._marker = False
        self.packets += 1
        self.octets += len(payload)
        return HEADER.pack(PLAIN, kind, sequence, timestamp, self.ssrc) + payload
