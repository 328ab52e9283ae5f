"""The RTP stream that we send: frames and keys in, datagrams out. Pure.

The leg's frames are 20 ms long. Packets of another length still leave at the clock's ticks: those of 10 ms in pairs,
those of 30 ms 20 or 40 ms apart. The timestamp counts ticks, whether something was sent in them or not.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from typing import Final

from voicebot.audio import FRAME_S, AudioFormat
from voicebot.audio.codecs import Codec
from voicebot.rtp.histogram import Histogram
from voicebot.rtp.telephone_event import TelephoneEventSender

_HEADER: Final = struct.Struct("!BBHII")
_PLAIN: Final = 0x80  # version 2, no padding, no extension, no contributing sources
_NOTHING: Final[tuple[bytes, ...]] = ()


class OutgoingStream:
    """One call's. ``packets`` and ``octets`` are what a sender report says of this ``ssrc``; ``sent`` counts packets of
    the whole call, ``skipped`` ticks that were left out. ``deviation``: how far the time between two packets was from
    their length.
    """

    __slots__ = (
        "_audio",
        "_codec",
        "_encode",
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
        """The length of a packet."""
        self._waiting = bytearray()  # less than a packet, where packets are not of one frame
        self._waiting_since = 0  # timestamp of its first sample
        self._ticks = round(codec.clock_rate * FRAME_S)  # of the timestamp, in a frame
        self.sent = self.skipped = 0
        self.deviation = Histogram()
        self._left_at: float | None = None
        self._restart()

    def _restart(self) -> None:
        self.ssrc = random.getrandbits(32)
        self.timestamp = random.getrandbits(32)
        """Of the frame that is due."""
        self._sequence = random.getrandbits(16)
        self._marker = True  # the next packet begins a talkspurt
        self._waiting.clear()
        self.packets = self.octets = 0

    def tune(self, codec: Codec, payload_type: int, event_type: int | None, ptime_ms: int) -> bool:
        """The codec, payload types and packet length from now on.

        True: the clock has another rate, so that this is a stream of its own (RFC 7160, section 4.1).
        """
        ptime_ms = codec.ptime_ms(ptime_ms)
        self._packet_bytes = ptime_ms * self._audio.rate // 1000 * self._audio.width
        self.interval_s = ptime_ms / 1000
        self._payload_type = payload_type
        self.event_type = event_type
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
        """Queue keys; how many found room. Raises :class:`ValueError` on what is none."""
        return self._keys.press(keys)

    def tick(self, skipped: int) -> None:
        """20 ms have passed, and as often before as was ``skipped``."""
        self.timestamp = (self.timestamp + self._ticks * (1 + skipped)) & 0xFFFFFFFF
        if skipped:
            self.skipped += skipped
            self._marker = True

    def pause(self) -> None:
        """Nothing is sent in this tick."""
        self._marker = True
        self._left_at = None

    def left(self, at: float) -> None:
        """A packet was handed to the network at ``at``."""
        self.sent += 1
        if self._left_at is not None:
            self.deviation.add(abs(at - self._left_at - self.interval_s))
        self._left_at = at

    def key(self) -> Sequence[bytes] | None:
        """What is to be sent in place of audio in this tick; None: audio."""
        event = self._keys.next_event(self.timestamp, self._ticks)
        if event is None:
            return None
        datagrams = self._flush()
        self._marker = event.marker
        datagrams.append(self._datagram(self.event_type or 0, event.timestamp, event.payload))
        return datagrams

    def frame(self, audio: bytes) -> Sequence[bytes]:
        """20 ms of audio; the packets that this completes."""
        size = self._packet_bytes
        waiting = self._waiting
        if len(audio) == size and not waiting:
            payload = audio if self._encode is None else self._encode(audio)
            return (self._datagram(self._payload_type, self.timestamp, payload),)
        datagrams: list[bytes] = []
        if waiting and self.timestamp != (self._waiting_since + self._units(len(waiting))) & 0xFFFFFFFF:
            datagrams = self._flush()  # frames were left out since (a stall, keys, hold)
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
        return _HEADER.pack(_PLAIN, kind, sequence, timestamp, self.ssrc) + payload
