"""RTP sessions on one clock, raw sockets as their other side, and a sink that keeps what it is given."""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack

from free_port import free_ports

from voicebot.audio.codecs import CODECS
from voicebot.rtp import MediaClock, PortRange, RtpSession
from voicebot.rtp.packet import RtpPacket

NO_PACKET = RtpPacket(0, False, 0, 0, 0, b"")


class Listener:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.sent_frames: list[bytes] = []
        self.keys = ""
        self.timeouts = 0

    def frame(self, payload: bytes, at: float) -> None:
        self.frames.append(payload)

    def sent(self, payload: bytes, at: float) -> None:
        self.sent_frames.append(payload)

    def key(self, key: str, at: float) -> None:
        self.keys += key

    def media_timeout(self, at: float) -> None:
        self.timeouts += 1


class Bench:
    """Opens sessions on one clock and one port range, and raw sockets as their other side."""

    def __init__(self, stack: AsyncExitStack, clock: MediaClock) -> None:
        self.stack, self.clock = stack, clock
        self.ports = PortRange(*free_ports(40), "127.0.0.1", rest_s=0)

    async def open(self, sink: Listener, law: str = "PCMU", silence_timeout_s: float = 30.0) -> RtpSession:
        session = RtpSession.open(
            clock=self.clock,
            ports=self.ports,
            codec=CODECS[law],
            payload_type=0 if law == "PCMU" else 8,
            sink=sink,
            silence_timeout_s=silence_timeout_s,
        )
        self.stack.push_async_callback(session.close)
        return session

    def peer(self) -> socket.socket:
        raw = self.stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        raw.bind(("127.0.0.1", 0))
        raw.setblocking(False)
        return raw
