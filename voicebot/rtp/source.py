"""Symmetric RTP: which source a call's media is taken from, and where ours is sent (RFC 4961). Pure.

A phone behind a NAT sends from an address that its SDP does not tell, so the first source that sends valid RTP is
locked, and our packets go there. Whoever else sends to the port (a late packet of the last call, someone who scans for
open media) is foreign: dropped and counted.

The signalled address takes precedence: when the lock is on another one and RTP comes from the signalled address itself,
the lock moves there, once. A new signalled address (:meth:`SourceLock.signal`) opens the lock; the source that was
locked is barred for a second, so that its last packets do not close it again.
"""

from __future__ import annotations

import ipaddress
from typing import Final

SocketAddress = tuple[str, int]
"""Host and port of a UDP socket."""

_BARRED_S: Final = 1.0


def literal(host: str) -> str:
    """The canonical form of an IP address, as sockets report it. Raises :class:`ValueError` for a name."""
    address = ipaddress.ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


class SourceLock:
    """The state of one call's media source."""

    __slots__ = ("_barred", "_barred_until", "locked", "signalled")

    def __init__(self) -> None:
        self.signalled: SocketAddress | None = None
        self.locked: SocketAddress | None = None
        self._barred: SocketAddress | None = None
        self._barred_until = 0.0

    @property
    def target(self) -> SocketAddress | None:
        """Where to send."""
        return self.locked or self.signalled

    def signal(self, address: SocketAddress, at: float) -> None:
        """The other side's SDP names ``address``. The same as before changes nothing (a session refresh)."""
        if address == self.signalled:
            return
        if self.signalled is not None and self.locked not in (None, address):
            self._barred, self._barred_until = self.locked, at + _BARRED_S
        if self.signalled is not None:
            self.locked = None
        self.signalled = address

    def admits(self, source: SocketAddress, at: float) -> bool:
        """Whether valid RTP from ``source`` belongs to the call; locks on to it where the rules above say so."""
        if source == self.locked:
            return True
        if self.locked is not None:
            if source != self.signalled:
                return False
        elif source == self._barred and at < self._barred_until:
            return False
        self.locked = source
        return True
