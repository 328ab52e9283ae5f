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
_ENDS: Final = 3  # how often the end packet is sent
_LONGEST: Final = 0xFFFF  # the duration of a whole segment
_TONE_TICKS: Final = 5  # 100 ms
_GAP_TICKS: Final = 3  # 60 ms without an event after the tone

# How far apart two packets of one key may be, in sequence numbers and in seconds.
_NEAR_PACKETS: Final = 4  # with audio in between; three end packets and a pause do not fit in
_NEAR_S: Final = 0.08
_PAUSE_S: Final = 0.05  # shorter than any pause between two presses and the first packet after it
_APART_PACKETS: Final = 8  # more than between repeated end packets
_APART_S: Final = 1.0
_LATE_PACKETS: Final = 100  # older ones are of a stream that began again
_LATE_S: Final = 5.0


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

    ``first`` and ``last``: its range of timestamps. ``duration``: the longest with the timestamp ``last``. ``ends``:
    the number of its end packets. ``begun``: the sequence number of the packet that came first. ``sequence`` and
    ``marker``: of its newest packet; ``at``: when that came.
    """

    __slots__ = ("at", "begun", "duration", "ends", "first", "last", "marker", "sequence", "ssrc")

    def __init__(self) -> None:
        self.ssrc = -1  # none so far
        self.first = self.last = self.duration = self.ends = self.begun = self.sequence = 0
        self.marker = False
        self.at = 0.0

    def begin(self, event: TelephoneEvent, packet: RtpPacket, at: float) -> None:
        self.ssrc, self.sequence, self.marker, self.at = packet.ssrc, packet.sequence, packet.marker, at
        self.first = self.last = packet.timestamp
        self.begun = packet.sequence
        self.duration, self.ends = event.duration, int(event.end)

    def go_on(self, event: TelephoneEvent, packet: RtpPacket, at: float) -> None:
        """``packet`` is the newest of this press."""
        self.sequence, self.marker, self.at = packet.sequence, packet.marker, at
        if 0 < (packet.timestamp - self.last) & 0xFFFFFFFF <= 2 * _LONGEST:
            self.last, self.duration = packet.timestamp, event.duration
        elif self._overflows(event):
            self.duration = event.duration
        else:
            self.duration = max(self.duration, event.duration)
        self.ends += event.end

    def take_late(self, event: TelephoneEvent, packet: RtpPacket) -> None:
        """Use a packet that is late (:meth:`is_late`), unless it is of an earlier press."""
        if packet.timestamp == self.last and not _is_newer(self.begun, packet.sequence):
            self.duration = max(self.duration, event.duration)
            self.ends += event.end

    def _overflows(self, event: TelephoneEvent) -> bool:
        """Whether the duration has grown over its field, at a sender that makes no new segments."""
        return self.duration - event.duration > _LONGEST // 2 and self.duration > _LONGEST - _LONGEST // 16

    def is_late(self, packet: RtpPacket, at: float) -> bool:
        """Whether ``packet`` was sent before the newest packet of this press, or is a duplicate of that: it belongs to
        this press or to an earlier one of the key."""
        behind = (self.sequence - packet.sequence) & 0xFFFF
        ahead = (packet.timestamp - self.last) & 0xFFFFFFFF
        most = _APART_PACKETS if 0 < ahead < 0x80000000 else _LATE_PACKETS  # fewer, or the numbers jumped back
        return behind < most and at - self.at < _LATE_S

    def goes_on(self, event: TelephoneEvent, packet: RtpPacket, at: float, frame: int, *, ended: bool) -> bool:
        """Whether ``packet``, sent after all others of this press, belongs to it too; otherwise the key was pressed
        again. ``ended``: whether this press has ended before."""
        gap, passed = (packet.sequence - self.sequence) & 0xFFFF, at - self.at
        near = 0 < gap <= _NEAR_PACKETS and passed <= _NEAR_S
        apart = passed > _APART_S or (gap > _APART_PACKETS and passed > _NEAR_S)
        inside = (packet.timestamp - self.first) & 0xFFFFFFFF <= (self.last - self.first) & 0xFFFFFFFF
        ahead = (packet.timestamp - self.last) & 0xFFFFFFFF
        if ended and event.end:  # the end again, unless the clock stands still and the updates of a new press are lost
            return near or 0 < ahead < max(self.duration, 4 * frame) or (inside and not apart)
        marker = packet.marker and not (near and self.marker)  # some set it in every packet
        if ended:  # a new press, unless the packets were reordered and then numbered anew
            disordered = near and inside and self.ends < _ENDS and event.duration * 2 > self.duration
            return disordered and not marker
        grown = event.duration - self.duration
        reached = 0 < ahead <= self.duration + frame or ahead in (grown, _LONGEST)  # without a pause, or a new segment
        if event.end or grown > 0 or self._overflows(event) or (reached and ahead > _LONGEST // 2):
            return near or inside or reached
        if marker or grown < 0:  # the end was lost or is never sent, unless the packets were numbered anew as above
            back = reached or ahead >= 0x80000000
            return near and passed <= _PAUSE_S and (inside or (back and not marker))
        return not apart if inside else near or reached


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
            press.take_late(event, packet)
            return None
        ended = press.ends > 0 or self._was_followed(press, packet)
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

        ``frame``: the length of a tick in units of the event's clock rate.
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
        if tick >= _TONE_TICKS + _ENDS:
            return None
        event = TelephoneEvent(self._code, tick >= _TONE_TICKS, min(tick, _TONE_TICKS) * frame)
        return OutgoingEvent(event.build(), self._start, tick == 1)
