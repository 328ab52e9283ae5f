"""The driver of one call's media: two sockets, and the pure parts between them and the call."""

from __future__ import annotations

import asyncio
import random
from typing import Any, Protocol

from voicebot.events import Law
from voicebot.rtp.clock import MediaClock
from voicebot.rtp.g711 import FRAME_BYTES
from voicebot.rtp.packet import MalformedPacket, RtpPacket, parse
from voicebot.rtp.playout import Playout
from voicebot.rtp.ports import PortPair, PortRange
from voicebot.rtp.quality import MediaQuality


class MediaSink(Protocol):
    """Where a session delivers, always on the event loop and never after ``close``. Times are ``loop.time()``."""

    def frame(self, payload: bytes, at: float) -> None:
        """20 ms (160 bytes) of the other side's G.711, in order and without holes."""

    def sent(self, payload: bytes, at: float) -> None:
        """The 20 ms that just left (silence included)."""

    def key(self, key: str, at: float) -> None:
        """One keypad key, once a press."""

    def media_timeout(self, at: float) -> None:
        """Nothing has come from the other side for the silence timeout; once until something comes again."""


class RtpSession:
    """One call's media."""

    def __init__(self, clock: MediaClock, ports: PortRange, pair: PortPair, law: Law, sink: MediaSink) -> None:
        self.local_port = pair.port
        self.playout = Playout(law)
        self._clock, self._ports, self._pair, self._sink = clock, ports, pair, sink
        self._transport: Any = None
        self._remote: tuple[str, int] | None = None
        self._send = self._receive = True
        self._payload_type = 0
        self._sequence, self._timestamp = random.getrandbits(16), random.getrandbits(32)
        self._ssrc = random.getrandbits(32)
        self._residue = b""
        self._sent = self._received = self._malformed = 0

    @classmethod
    async def open(
        cls,
        *,
        clock: MediaClock,
        ports: PortRange,
        law: Law,
        payload_type: int,
        telephone_event: int | None = 101,
        sink: MediaSink,
        silence_timeout_s: float = 30.0,
    ) -> RtpSession:
        """Bind a port pair and begin to tick. Raises :class:`PortsExhausted`."""
        self = cls(clock, ports, ports.acquire(), law, sink)
        self.retune(law=law, payload_type=payload_type, telephone_event=telephone_event)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: _Port(self), sock=self._pair.rtp)
        clock.add(self)
        return self

    def set_remote(self, host: str, port: int, *, rtcp_port: int | None = None) -> None:
        self._remote = (host, port)

    def set_direction(self, *, send: bool, receive: bool) -> None:
        self._send, self._receive = send, receive

    def retune(self, *, law: Law, payload_type: int, telephone_event: int | None) -> None:
        self._payload_type = payload_type

    def send_keys(self, keys: str) -> None:
        pass

    def quality(self) -> MediaQuality:
        return MediaQuality(packets_sent=self._sent, packets_received=self._received, malformed=self._malformed)

    async def close(self) -> None:
        self._clock.remove(self)
        if self._transport is not None:
            self._transport.close()
        self._pair.rtcp.close()
        self._ports.release(self.local_port)

    def tick(self, at: float, skipped: int) -> None:
        self._timestamp = (self._timestamp + FRAME_BYTES * (1 + skipped)) & 0xFFFFFFFF
        if self._remote is None or not self._send:
            return
        frame = self.playout.next_frame(at)
        self._sequence = (self._sequence + 1) & 0xFFFF
        packet = RtpPacket(self._payload_type, False, self._sequence, self._timestamp, self._ssrc, frame)
        self._transport.sendto(packet.build(), self._remote)
        self._sent += 1
        self._sink.sent(frame, at)

    def received(self, data: bytes, source: tuple[str, int]) -> None:
        try:
            packet = parse(data)
        except MalformedPacket:
            self._malformed += 1
            return
        self._received += 1
        if packet.payload_type != self._payload_type or not self._receive:
            return
        audio = self._residue + packet.payload
        at = self._clock.now()
        while len(audio) >= FRAME_BYTES:
            self._sink.frame(audio[:FRAME_BYTES], at)
            audio = audio[FRAME_BYTES:]
        self._residue = audio


class _Port(asyncio.DatagramProtocol):
    def __init__(self, session: RtpSession) -> None:
        self._session = session

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._session.received(data, addr)
