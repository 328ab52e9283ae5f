"""Keypad keys in RTP: receiving and sending the telephone events 0 to 15 of RFC 4733.

One press is a series of packets with the same RTP timestamp: updates while the key is down, then the end packet three
times. Any of them may be lost, duplicated or reordered. The receiver reports a press with its first packet and does not
wait for the end packet, because a key must silence the bot within 40 ms, and because the end may be lost.

Which packets are one press? The timestamp alone does not tell:

* An event of more than 8 s continues in a new segment with a new timestamp (section 2.5.1.3).
* Some senders advance the timestamp with every update, or with the repeated end packets.
* Some do not advance it at all: the next press has the timestamp of the one before.

So each packet is compared with the latest press of its key, by end bit, sequence number, timestamp, duration and time
of arrival; see :meth:`_Press.goes_on`.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import Final, NamedTuple

from voicebot.rtp.packet import MalformedPacket, RtpPacket

KEYS: Final = "0123456789*#ABCD"
"""The keys, indexed by event code (RFC 4733 section 3.2)."""

MAX_QUEUED: Final = 64
"""The most keys that wait to be sent; more are refused."""

_PAYLOAD: Final = struct.Struct("!BBH")
_END: Final = 0x80
_VOLUME: Final = 10  # -10 dBm0, what phones send
_RESERVED: Final = 0x40
_LONGEST: Final = 0xFFFF  # the duration of a whole segment
_NEAR_PACKETS: Final = 3
_NEAR_S: Final = 0.08
_APART_PACKETS: Final = 8
_APART_S: Final = 1.0
_LATE_PACKETS: Final = 100
_LATE_S: Final = 5.0
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


def is_plain_event(payload: bytes) -> bool:
    """Whether a payload looks like a key, whatever its payload type: four bytes, an event 0 to 15, and a zero R bit."""
    return len(payload) == _PAYLOAD.size and payload[0] < len(KEYS) and not payload[1] & _RESERVED


class _Press:
    """The latest press of one key, by what has come of it.

    ``first`` and ``last``: its range of timestamps. ``duration``: the longest with the timestamp ``last``. ``ended``:
    whether an end packet has come. ``sequence`` and ``at``: of its newest packet, and when that came.
    """

    __slots__ = ("at", "duration", "ended", "first", "last", "sequence", "ssrc")

    def __init__(self) -> None:
        self.ssrc = -1  # none so far
        self.first = self.last = self.duration = self.sequence = 0
        self.at = 0.0
        self.ended = True

    def begin(self, event: TelephoneEvent, packet: RtpPacket, at: float) -> None:
        self.ssrc, self.sequence, self.at = packet.ssrc, packet.sequence, at
        self.first = self.last = packet.timestamp
        self.duration, self.ended = event.duration, event.end

    def go_on(self, event: TelephoneEvent, packet: RtpPacket, at: float) -> None:
        """``packet`` is the newest of this press."""
        self.sequence, self.at = packet.sequence, at
        if 0 < (packet.timestamp - self.last) & 0xFFFFFFFF < 0x80000000:
            self.last, self.duration = packet.timestamp, event.duration
        else:
            self.duration = max(self.duration, event.duration)
        self.ended = self.ended or event.end

    def is_late(self, packet: RtpPacket, at: float) -> bool:
        """Whether ``packet`` was sent before the newest packet of this press, or is a duplicate of that: it belongs to
        this press or to an earlier one of the key."""
        behind = (self.sequence - packet.sequence) & 0xFFFF
        ahead = (packet.timestamp - self.last) & 0xFFFFFFFF
        return behind < _LATE_PACKETS and at - self.at < _LATE_S and not 0 < ahead < 0x80000000

    def goes_on(self, event: TelephoneEvent, packet: RtpPacket, at: float, frame: int, *, ended: bool) -> bool:
        """Whether ``packet``, sent after all others of this press, belongs to it too; otherwise the key was pressed
        again. ``ended``: whether this press has ended before."""
        gap, passed = (packet.sequence - self.sequence) & 0xFFFF, at - self.at
        near = 0 < gap <= _NEAR_PACKETS and passed <= _NEAR_S  # three end packets and a pause do not fit in between
        apart = passed > _APART_S or (gap > _APART_PACKETS and passed > _NEAR_S)
        inside = (packet.timestamp - self.first) & 0xFFFFFFFF <= (self.last - self.first) & 0xFFFFFFFF
        ahead = (packet.timestamp - self.last) & 0xFFFFFFFF
        reached = 0 < ahead <= self.duration + frame or ahead == _LONGEST  # no pause before it, or a new segment
        if ended and event.end:  # the end again, unless the clock stands still and the updates of a new press are lost
            return near or 0 < ahead < self.duration or (inside and not apart)
        if ended:  # a new press, unless a proxy has numbered the packets anew after they were reordered
            return near and inside and not packet.marker and event.duration * 2 > self.duration
        shorter = self.duration - _LONGEST // 2 < event.duration <= self.duration  # not so: the field has overflowed
        if event.end or not shorter or (reached and ahead > _LONGEST // 2):
            return near or inside or reached
        if inside:  # the end was lost, and the clock stands still
            return near or not (apart or (packet.marker and event.duration < self.duration))
        return not packet.marker and (near or (reached and event.duration == self.duration))


class TelephoneEventReceiver:
    """Turns the event packets of one call into key presses, each exactly once."""

    __slots__ = ("_newest", "_presses")

    def __init__(self) -> None:
        self._presses: dict[int, _Press] = {}  # by event code: the latest press of each key
        self._newest = _Press()  # the one with the newest packet

    def receive(self, packet: RtpPacket, at: float, frame: int = 160) -> str | None:
        """The key, if this is the first packet of its press, else None. Raises :class:`MalformedPacket`.

        ``at``: when it came, in seconds. ``frame``: 20 ms in units of the event's clock rate.
        """
        event = parse_event(packet.payload)
        if event.code >= len(KEYS):
            return None
        press = self._presses.get(event.code)
        if press is None:
            press = self._presses[event.code] = _Press()
        known = press.ssrc == packet.ssrc
        if known and press.is_late(packet, at):
            if packet.timestamp == press.last:
                press.duration = max(press.duration, event.duration)
                press.ended = press.ended or event.end
            return None
        ended = press.ended or self._was_followed(press, packet)
        goes_on = known and press.goes_on(event, packet, at, frame, ended=ended)
        if goes_on:
            press.go_on(event, packet, at)
        else:
            press.begin(event, packet, at)
        newest = self._newest
        if newest.ssrc != packet.ssrc or _is_newer(packet.sequence, newest.sequence):
            self._newest = press
        return None if goes_on else KEYS[event.code]

    def _was_followed(self, press: _Press, packet: RtpPacket) -> bool:
        """Whether another key was pressed between ``press`` and ``packet``."""
        newest = self._newest
        return (
            newest is not press
            and newest.ssrc == packet.ssrc
            and _is_newer(newest.sequence, press.sequence)
            and _is_newer(packet.sequence, newest.sequence)
        )


def _is_newer(sequence: int, than: int) -> bool:
    return 0 < (sequence - than) & 0xFFFF < 0x8000


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
