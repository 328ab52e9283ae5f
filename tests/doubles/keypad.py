"""A keypad at the other end of an RTP stream: the packets of its presses by RFC 4733, for tests to spoil."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from voicebot.rtp.packet import RtpPacket
from voicebot.rtp.telephone_event import KEYS, TelephoneEvent, TelephoneEventReceiver, parse_event

FRAME_S = 0.02


@dataclass(frozen=True)
class Sent:
    """An event packet, and when it was sent, in seconds."""

    packet: RtpPacket
    at: float

    @property
    def event(self) -> TelephoneEvent:
        return parse_event(self.packet.payload)

    def but(
        self, *, end: bool | None = None, duration: int | None = None, at: float | None = None, **header: int
    ) -> Sent:
        """The same packet but for what is given."""
        event = self.event
        event = event._replace(
            end=event.end if end is None else end, duration=event.duration if duration is None else duration
        )
        return replace(
            self,
            packet=self.packet._replace(payload=event.build(), **header),  # type: ignore[arg-type]
            at=self.at if at is None else at,
        )


class Keypad:
    """Sends audio and presses in packets of 20 ms, with one row of sequence numbers and one clock."""

    def __init__(
        self, *, payload_type: int = 101, frame: int = 160, timestamp: int = 0xFFFFFF00, at: float = 0.0
    ) -> None:
        """``timestamp``: by default it wraps within the first press."""
        self.payload_type, self.frame, self.timestamp, self.at = payload_type, frame, timestamp, at
        self.sequence = 0xFFFC

    def talk(self, ms: int) -> None:
        """Audio, or nothing, for so long."""
        self.sequence += ms // 20
        self._pass(ms // 20)

    def pause(self, ms: int) -> None:
        """No packet for so long."""
        self._pass(ms // 20)

    def press(self, key: str, *, updates: int = 4, ends: int = 3) -> list[Sent]:
        """A press of ``updates`` packets, and one more at whose time the first of the end packets is sent."""
        start, packets = self.timestamp, []
        for tick in range(1, updates + ends + 1):
            event = TelephoneEvent(KEYS.index(key), tick > updates, min(tick, updates + 1) * self.frame)
            packets.append(self._sent(event, start, marker=tick == 1))
        return packets

    def held(self, key: str, seconds: float) -> list[Sent]:
        """A long press, in segments (RFC 4733, section 2.5.1.3), with updates every 40 ms."""
        start, packets = self.timestamp, []
        total = int(seconds / FRAME_S) * self.frame
        for so_far in (*range(2 * self.frame, total, 2 * self.frame), total, total, total):
            segment = (so_far - 1) // 0xFFFF
            event = TelephoneEvent(KEYS.index(key), so_far == total, so_far - segment * 0xFFFF)
            packets.append(self._sent(event, start + segment * 0xFFFF, marker=not packets))
            self._pass(1)
        return packets

    def _sent(self, event: TelephoneEvent, timestamp: int, *, marker: bool) -> Sent:
        packet = RtpPacket(self.payload_type, marker, self.sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 5, event.build())
        sent = Sent(packet, self.at)
        self.sequence += 1
        self._pass(1)
        return sent

    def _pass(self, ticks: int) -> None:
        self.timestamp += ticks * self.frame
        self.at += ticks * FRAME_S


def heard(packets: Iterable[Sent], receiver: TelephoneEventReceiver | None = None, *, frame: int = 160) -> str:
    """The keys that a receiver makes of ``packets``, in the order in which they come."""
    receiver = receiver or TelephoneEventReceiver()
    now, keys = 0.0, ""
    for sent in packets:
        now = max(now, sent.at)
        keys += receiver.receive(sent.packet, now, frame) or ""
    return keys
