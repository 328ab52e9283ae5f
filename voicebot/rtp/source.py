"""Symmetric RTP: from which source a call's media is accepted, and where ours is sent (RFC 4961). Pure.

Media is sent to the signalled address (the one in the session description), and comes from there. A phone behind a NAT
sends from another address, so another source may be locked ("latching", RFC 7362): our packets then go there. Packets
from other sources (late packets of the last call, scanners) are foreign: they are dropped and counted. What is locked,
and when:

=============================================  =======================================================================
source                                         when
=============================================  =======================================================================
the signalled address                          at once, even if another source is locked
a source with authentic packets (SRTP)         at once; if another source is locked, after that has been silent
the host that sends the signalling, if the     at once: this is a phone behind a NAT, whose signalling comes through
signalled address is private                   the same NAT (RFC 7362, section 5: restricted latching)
the host that sends the signalling, or the     after a steady stream for :data:`STEADY_S`
signalled host from another port
any other source                               after a steady stream for :data:`STRANGER_STEADY_S`, if the signalled
                                               address is private as above, or has been silent for
                                               :data:`STRANGER_AFTER_S`; until a source of the rows above comes.
                                               Never, if the signalling comes from the signalled host itself
a source that goes on with the stream of the   after the locked one has been silent for :data:`MOVED_S` (another host:
locked one (the mapping of a NAT has changed)  :data:`MOVED_HOST_S`), if its stream is steady for :data:`STEADY_S`
=============================================  =======================================================================

After a hold, the mapping of a NAT may have ended, and the phone may begin a new stream: until the locked source is
heard again, a steady stream of an expected host takes its place (:meth:`SourceLock.resume`).

To go on with a stream, its packets must have the SSRC, the sequence number and the timestamp that come next: who has
not seen the stream cannot guess them. If the source that was locked before comes back with a steady stream, it is
locked again.

:data:`Latch` can allow more, or less. A new signalled address (:meth:`SourceLock.signal`) ends the lock; the source
that was locked is barred for a second, so that its last packets do not lock it again.
"""

from __future__ import annotations

import ipaddress
from typing import Final, Literal

SocketAddress = tuple[str, int]
"""Host and port of a UDP socket."""

Latch = Literal["signalled", "expected", "first"]
"""``expected``: as in the table. ``signalled``: only the signalled address, and sources with authentic packets.
``first``: also the first source that sends, for networks in which media does not come from the host that signals."""

STEADY_S: Final = 0.15
STEADY_PACKETS: Final = 8
STRANGER_STEADY_S: Final = 0.5
STRANGER_AFTER_S: Final = 5.0
MOVED_S: Final = 0.5
MOVED_HOST_S: Final = 1.0
_GAP_S: Final = 0.25
"""After a gap of this length in its stream, a candidate starts again."""
_BARRED_S: Final = 1.0
_HIDDEN: Final = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7")
)  # RFC 1918, 6598, 3927, 4193: the addresses of hosts behind a NAT


def literal(host: str) -> str:
    """The canonical form of an IP address, as sockets report it. Raises :class:`ValueError` for a name."""
    address = ipaddress.ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def is_hidden(host: str) -> bool:
    """Whether an address is private, and can be reached only from its own network."""
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
        "_former",
        "_resumed_at",
        "_signalled_at",
        "_signalling_host",
        "heard_at",
        "latch",
        "locked",
        "signalled",
    )

    def __init__(self, latch: Latch = "expected") -> None:
        self.latch = latch
        self.signalled: SocketAddress | None = None
        self.locked: SocketAddress | None = None
        self.heard_at = float("-inf")
        """When anything last came from the locked source; who passes its packets by :meth:`admits` sets it."""
        self._former: SocketAddress | None = None  # the source whose stream the locked one goes on with
        self._resumed_at = float("-inf")
        self._certain = False  # whether the locked source is of a row above the last one
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

    @property
    def candidate(self) -> SocketAddress | None:
        """The source that may be locked soon, if its stream is steady."""
        return self._candidate

    def expect(self, host: str) -> None:
        """The signalling comes from ``host``; ignored if that is not an IP address."""
        try:
            self._signalling_host = literal(host)
        except ValueError:
            self._signalling_host = ""

    def signal(self, address: SocketAddress, at: float) -> None:
        """The other side's SDP has ``address``. The same address again changes nothing (a session refresh)."""
        if address == self.signalled:
            return
        if self.signalled is not None and self.locked not in (None, address):
            self._barred, self._barred_until = self.locked, at + _BARRED_S
        if self.signalled is not None:
            self.locked = None
        self._former = None
        self.signalled = address
        self._signalled_at = at
        self._candidate = None

    def resume(self, at: float) -> None:
        """The signalling has resumed the call."""
        self._resumed_at = at

    def admits(self, source: SocketAddress, at: float, *, authentic: bool = False, continues: bool = False) -> bool:
        """Whether valid RTP from ``source`` belongs to the call. Locks the source as the table says.

        ``authentic``: the packet was encrypted with the other side's key. ``continues``: it is the next one of the
        locked source's stream.
        """
        if source == self.locked:
            self.heard_at = at
            return True
        if source == self.signalled:
            return self._lock(source, at)
        barred = source == self._barred and at < self._barred_until
        if authentic:
            if not barred and (self.locked is None or at - self.heard_at >= MOVED_S):
                self._lock(source, at)
            return True
        if barred or self.latch == "signalled":
            return False
        if self.locked is not None:
            resumed = self.heard_at < self._resumed_at and self._is_expected(source)
            if continues or resumed or source == self._former:
                return self._goes_on(source, at)
        if self.locked is not None and self._certain:
            return False
        if self._at_once(source):
            return self._lock(source, at)
        steady_s = self._steady(source, at)
        if self._is_expected(source):
            return steady_s >= STEADY_S and self._lock(source, at)
        silent = at - self._signalled_at >= STRANGER_AFTER_S or self._is_behind_nat
        wanted = self.locked is None and not self._is_direct and silent
        return wanted and steady_s >= STRANGER_STEADY_S and self._lock(source, at, certain=False)

    def _goes_on(self, source: SocketAddress, at: float) -> bool:
        """Take over the stream of the locked source, if that is silent; the former source may do so at any time."""
        assert self.locked is not None
        steady_s, locked, returns = self._steady(source, at), self.locked, source == self._former
        silent_s = 0.0 if returns else MOVED_S if source[0] == locked[0] else MOVED_HOST_S
        if at - self.heard_at < silent_s or steady_s < STEADY_S:
            return False
        self._lock(source, at)
        self._former = None if returns else locked
        return True

    @property
    def _is_behind_nat(self) -> bool:
        """Whether the signalled address is private although the signalling comes from a public one."""
        signalled, host = self.signalled, self._signalling_host
        return signalled is not None and bool(host) and is_hidden(signalled[0]) and not is_hidden(host)

    @property
    def _is_direct(self) -> bool:
        """Whether the host that signals has named itself: no network lies between that would show another one."""
        return self.signalled is not None and self.signalled[0] == self._signalling_host

    def _at_once(self, source: SocketAddress) -> bool:
        if self.latch == "first" or (self.signalled is None and not self._signalling_host):
            return True
        return source[0] == self._signalling_host and (self.signalled is None or self._is_behind_nat)

    def _is_expected(self, source: SocketAddress) -> bool:
        return source[0] == self._signalling_host or (self.signalled is not None and source[0] == self.signalled[0])

    def _steady(self, source: SocketAddress, at: float) -> float:
        """How long ``source`` has sent a steady stream, in seconds; 0 before :data:`STEADY_PACKETS` packets."""
        other, fresh = self._candidate, at - self._candidate_at <= _GAP_S
        if source != other or not fresh:
            if other is not None and fresh and (self._is_expected(other) or not self._is_expected(source)):
                return 0.0  # another candidate is still sending
            self._candidate, self._candidate_since, self._candidate_packets = source, at, 0
        self._candidate_at = at
        self._candidate_packets += 1
        return at - self._candidate_since if self._candidate_packets >= STEADY_PACKETS else 0.0

    def _lock(self, source: SocketAddress, at: float, *, certain: bool = True) -> bool:
        self.locked, self._certain, self._candidate = source, certain, None
        self.heard_at, self._former = at, None
        return True
