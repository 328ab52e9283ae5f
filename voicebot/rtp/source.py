"""Symmetric RTP: which source a call's media is taken from, and where ours is sent (RFC 4961). Pure.

Media goes to the address that was signalled, and comes from there. A phone behind a NAT sends from another one, so a
source may be locked instead ("latching", RFC 7362): our packets go there, and whoever else sends to the port (a late
packet of the last call, someone who scans for open media) is foreign: dropped and counted. Who may be locked, and when:

=============================================  =======================================================================
source                                         when
=============================================  =======================================================================
the signalled address                          at once, also when another one is locked
whose packets are authentic (SRTP)             at once; when another one is locked: once that has been silent
the host that signals, where the signalled     at once: so a phone behind a NAT is heard, whose signalling comes by
address is private and cannot be its own       the same NAT (RFC 7362, section 5: restricted latching)
the host that signals or is signalled          when it has sent a steady stream for :data:`STEADY_S`
anybody else                                   when he has for :data:`STRANGER_STEADY_S`, and the signalled address has
                                               been silent for :data:`STRANGER_AFTER_S` or is private as above; and
                                               only until one of those above comes
=============================================  =======================================================================

:data:`Latch` can leave more open, or less. A new signalled address (:meth:`SourceLock.signal`) opens the lock; the
source that was locked is barred for a second, so that its last packets do not close it again.
"""

from __future__ import annotations

import ipaddress
from typing import Final, Literal

SocketAddress = tuple[str, int]
"""Host and port of a UDP socket."""

Latch = Literal["signalled", "expected", "first"]
"""``expected``: by the table above. ``signalled``: only the signalled address, or authentic packets. ``first``: who
comes first, for networks in which media comes from nowhere near the signalling."""

STEADY_S: Final = 0.15
STEADY_PACKETS: Final = 8
STRANGER_STEADY_S: Final = 0.5
STRANGER_AFTER_S: Final = 5.0
_GAP_S: Final = 0.25
"""After a gap of this length in its stream a candidate begins anew."""
_MOVED_S: Final = 0.5
_BARRED_S: Final = 1.0
_HIDDEN: Final = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7")
)  # RFC 1918, 6598, 3927, 4193: what hosts behind a NAT have


def literal(host: str) -> str:
    """The canonical form of an IP address, as sockets report it. Raises :class:`ValueError` for a name."""
    address = ipaddress.ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def is_hidden(host: str) -> bool:
    """Whether an address is one that only its own network can reach."""
    address = ipaddress.ip_address(host)
    return any(address in network for network in _HIDDEN if network.version == address.version)


class SourceLock:
    """The state of one call's media source."""

    __slots__ = (
        "_barred",
        "_barred_until",
        "_candidate",
        "_candidate_at",
        "_candidate_packets",
        "_candidate_since",
        "_certain",
        "_signalled_at",
        "_signalling_host",
        "latch",
        "locked",
        "signalled",
    )

    def __init__(self, latch: Latch = "expected") -> None:
        self.latch = latch
        self.signalled: SocketAddress | None = None
        self.locked: SocketAddress | None = None
        self._certain = False  # what is locked is no stranger
        self._signalling_host = ""
        self._signalled_at = float("inf")
        self._barred: SocketAddress | None = None
        self._barred_until = 0.0
        self._candidate: SocketAddress | None = None
        self._candidate_since = self._candidate_at = 0.0
        self._candidate_packets = 0

    @property
    def target(self) -> SocketAddress | None:
        """Where to send."""
        return self.locked or self.signalled

    def expect(self, host: str) -> None:
        """The signalling comes from ``host``; anything but an address tells nothing."""
        try:
            self._signalling_host = literal(host)
        except ValueError:
            self._signalling_host = ""

    def signal(self, address: SocketAddress, at: float) -> None:
        """The other side's SDP names ``address``. The same as before changes nothing (a session refresh)."""
        if address == self.signalled:
            return
        if self.signalled is not None and self.locked not in (None, address):
            self._barred, self._barred_until = self.locked, at + _BARRED_S
        if self.signalled is not None:
            self.locked = None
        self.signalled = address
        self._signalled_at = at
        self._candidate = None

    def admits(self, source: SocketAddress, at: float, *, authentic: bool = False, quiet_s: float = 0.0) -> bool:
        """Whether valid RTP from ``source`` belongs to the call; locks on to it where the rules above say so.

        ``authentic``: only the other side can have made the packet. ``quiet_s``: since when nothing has come.
        """
        if source == self.locked:
            return True
        if source == self.signalled:
            return self._lock(source)
        barred = source == self._barred and at < self._barred_until
        if authentic:
            if not barred and (self.locked is None or quiet_s >= _MOVED_S):
                self._lock(source)
            return True
        if barred or self.latch == "signalled" or (self.locked is not None and self._certain):
            return False
        if self._at_once(source):
            return self._lock(source)
        steady_s = self._steady(source, at)
        if self._is_expected(source):
            return steady_s >= STEADY_S and self._lock(source)
        silent = at - self._signalled_at >= STRANGER_AFTER_S or self._is_behind_nat
        return self.locked is None and steady_s >= STRANGER_STEADY_S and silent and self._lock(source, certain=False)

    @property
    def _is_behind_nat(self) -> bool:
        """Whether the signalled address cannot be where media comes from: private, and signalled from elsewhere."""
        signalled, host = self.signalled, self._signalling_host
        return signalled is not None and bool(host) and is_hidden(signalled[0]) and not is_hidden(host)

    def _at_once(self, source: SocketAddress) -> bool:
        if self.latch == "first" or (self.signalled is None and not self._signalling_host):
            return True
        return source[0] == self._signalling_host and (self.signalled is None or self._is_behind_nat)

    def _is_expected(self, source: SocketAddress) -> bool:
        return source[0] == self._signalling_host or (self.signalled is not None and source[0] == self.signalled[0])

    def _steady(self, source: SocketAddress, at: float) -> float:
        """For how long ``source`` has sent a steady stream; 0 for less than a handful of packets."""
        other, fresh = self._candidate, at - self._candidate_at <= _GAP_S
        if source != other or not fresh:
            if other is not None and fresh and (self._is_expected(other) or not self._is_expected(source)):
                return 0.0  # another one's stream goes on
            self._candidate, self._candidate_since, self._candidate_packets = source, at, 0
        self._candidate_at = at
        self._candidate_packets += 1
        return at - self._candidate_since if self._candidate_packets >= STEADY_PACKETS else 0.0

    def _lock(self, source: SocketAddress, *, certain: bool = True) -> bool:
        self.locked, self._certain, self._candidate = source, certain, None
        return True
