"""A caller on a bad line: of the packets it sends and receives, SIP and RTP alike, some are lost.

The sockets of a whole process are replaced, so this is for a process that only calls. It needs no privileges,
as the kernel's own way (``tc netem``) would.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable

from voicebot.rtp import path
from voicebot.rtp.datagram import BoundPort
from voicebot.rtp.source import SocketAddress
from voicebot.sip import transports
from voicebot.sip.datagrams import Datagrams
from voicebot.sip.hop import Hop


class Loss:
    """How much is lost, and how much was: counts of datagrams."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.passed = 0
        self.lost = 0

    def strikes(self) -> bool:
        if random.random() < self.share:
            self.lost += 1
            return True
        self.passed += 1
        return False


def lose(share: float) -> Loss:
    """From now on, lose ``share`` of all datagrams of sessions and endpoints that are made in this process."""
    loss = Loss(share)

    class LossyPort(BoundPort):
        def __init__(self, bound: socket.socket, received: Callable[[bytes, SocketAddress], None]) -> None:
            super().__init__(bound, lambda data, source: None if loss.strikes() else received(data, source))

        def send(self, data: bytes, target: SocketAddress) -> None:
            if not loss.strikes():
                super().send(data, target)

    class LossyDatagrams(Datagrams):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            if not loss.strikes():
                super().datagram_received(data, addr)

        def send(self, data: bytes, hop: Hop) -> None:
            if not loss.strikes():
                super().send(data, hop)

    path.BoundPort = LossyPort  # type: ignore[attr-defined]
    transports.Datagrams = LossyDatagrams  # type: ignore[attr-defined]
    return loss
