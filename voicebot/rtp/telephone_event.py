"""Keypad keys in RTP: receiving and sending the telephone events 0 to 15 of RFC 4733.

One press is a series of packets with the same RTP timestamp: updates while the key is down, then the end packet three
times. Any of them may be lost, duplicated or reordered. So the receiver goes by the timestamp alone: the first packet
with a new timestamp is the press, and all others with that timestamp belong to it. It does not wait for the end packet,
because a key must silence the bot within 40 ms, and because the end may be lost.

Two kinds of press have more than one timestamp: an event of more than 8 s continues in a new segment (section 2.5.1.3),
and some gateways wrongly advance the timestamp with every update. Then each part begins no later than the former one
ended, and the former one had no end bit; this is how they differ from a new press.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import Final, NamedTuple

from voicebot.rtp.packet import MalformedPacket

KEYS: Final = "0123456789*#ABCD"
"""The keys, indexed by event code (RFC 4733 section 3.2)."""

MAX_QUEUED: Final = 64
"""The most keys that wait to be sent; more are refused."""

_PAYLOAD: Final = struct.Struct("!BBH")
_END: Final = 0x80
_VOLUME: Final = 10  # -10 dBm0, what phones send
_REMEMBERED: Final = 16
_TONE_TICKS: Final = 5  # 100 ms
_END_PACKETS: Final = 3
_GAP_TICKS: Final = 3  # 60 ms without an event after the tone


class TelephoneEvent(NamedTuple):
    """The payload. ``code``: 0 to 255; ``duration``: so far, in timestamp units."""

    code: int
    end: bool
    duration: int

    def build(self) -> bytes:
        return _PAYLOAD.pack(self.code, _VOLUME | (_END if self.end else 0), self.duration)


def parse_event(payload: bytes) -> TelephoneEvent:
    """Parse a payload; bytes after the first four are ignored. Raises :class:`MalformedPacket`."""
    if len(payload) < _PAYLOAD.size:
        raise MalformedPacket("shorter than a telephone event")
    code, flags, duration = _PAYLOAD.unpack_from(payload)
    return TelephoneEvent(code, bool(flags & _END), duration)


class TelephoneEventReceiver:
    """Turns the packets of one RTP source into key presses, each exactly once."""

    __slots__ = ("_code", "_duration", "_ended", "_seen", "_ssrc", "_timestamp", "frame")

    def __init__(self) -> None:
        self.frame = 160
        """20 ms in timestamp units."""
        self._seen: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)  # (ssrc, timestamp) of the last presses
        self._ssrc = self._timestamp = self._code = self._duration = -1  # of the latest press
        self._ended = True

    def receive(self, payload: bytes, timestamp: int, ssrc: int) -> str | None:
        """The key, if this is the first packet of its press, else None. Raises :class:`MalformedPacket`."""
        event = parse_event(payload)
        if event.code >= len(KEYS):
            return None
        if (ssrc, timestamp) in self._seen:
            if (ssrc, timestamp) == (self._ssrc, self._timestamp):
                self._duration = max(self._duration, event.duration)
                self._ended = self._ended or event.end
            return None
        self._seen.append((ssrc, timestamp))
        continued = self._continues(event, timestamp, ssrc)
        if self._is_newest(timestamp, ssrc):
            self._ssrc, self._timestamp, self._code = ssrc, timestamp, event.code
            self._duration, self._ended = event.duration, event.end
        return None if continued else KEYS[event.code]

    def _is_newest(self, timestamp: int, ssrc: int) -> bool:
        return ssrc != self._ssrc or (timestamp - self._timestamp) & 0xFFFFFFFF < 0x80000000

    def _continues(self, event: TelephoneEvent, timestamp: int, ssrc: int) -> bool:
        if self._ended or ssrc != self._ssrc or event.code != self._code:
            return False
        return 0 < (timestamp - self._timestamp) & 0xFFFFFFFF <= self._duration + self.frame


class OutgoingEvent(NamedTuple):
    """One packet to send instead of audio."""

    payload: bytes
    timestamp: int
    marker: bool


class TelephoneEventSender:
    """Sends queued keys, one event packet a tick: 100 ms of tone, then at least 60 ms without."""

    __slots__ = ("_code", "_start", "_tick", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[int] = deque()
        self._code = 0
        self._start = 0
        self._tick = 0  # of the key being sent, from 1; 0: none

    @property
    def busy(self) -> bool:
        return self._tick > 0 or bool(self._waiting)

    def press(self, keys: str) -> int:
        """Queue ``keys`` (``0-9 * # A-D``). Returns how many there was room for. Raises :class:`ValueError` for other
        characters."""
        codes = [KEYS.find(key) for key in keys.upper()]
        if -1 in codes:
            raise ValueError(f"not keypad keys: {keys!r}")
        accepted = codes[: MAX_QUEUED - len(self._waiting)]
        self._waiting.extend(accepted)
        return len(accepted)

    def clear(self) -> None:
        """Forget the queued keys, and the one being sent."""
        self._waiting.clear()
        self._tick = 0

    def next_event(self, timestamp: int, frame: int = 160) -> OutgoingEvent | None:
        """What to send in the tick with this RTP timestamp; None: audio.

        ``frame``: by how much the timestamp grows in a tick.
        """
        if self._tick == 0:
            if not self._waiting:
                return None
            self._code = self._waiting.popleft()
            self._start = timestamp
        self._tick += 1
        tick = self._tick
        if tick >= _TONE_TICKS + _GAP_TICKS:
            self._tick = 0
        if tick >= _TONE_TICKS + _END_PACKETS:
            return None
        event = TelephoneEvent(self._code, tick >= _TONE_TICKS, min(tick, _TONE_TICKS) * frame)
        return OutgoingEvent(event.build(), self._start, tick == 1)
