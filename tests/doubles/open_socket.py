"""Whether the other side still holds a connection."""

from __future__ import annotations

import socket


def is_open(client: socket.socket) -> bool:
    """False once the other side has closed or reset it. ``client`` does not block afterwards; what came is lost."""
    try:
        client.setblocking(False)
        while client.recv(65536):
            pass
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False
