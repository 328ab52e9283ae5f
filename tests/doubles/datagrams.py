"""What has come to a socket that does not block."""

from __future__ import annotations

import socket


def received(at: socket.socket) -> int:
    """How many datagrams wait there; they are taken away."""
    count = 0
    while True:
        try:
            at.recv(2048)
        except BlockingIOError:
            return count
        count += 1
