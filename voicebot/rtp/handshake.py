"""Keys from a handshake on the media port: DTLS (RFC 5763), after ICE-lite if the other side uses ICE. Pure.

One port carries three protocols, told apart by the first byte (RFC 7983): 0 to 3 is STUN, 20 to 63 DTLS, 128 to 191 RTP
or RTCP. Media waits for the keys: without them, nothing is sent and nothing accepted.

DTLS is accepted only from the other side: with ICE, from an address whose connectivity check was valid; without ICE,
from the host in the session description. So nobody else can start a handshake, or make us send one to a third party.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import NamedTuple

from voicebot.rtp.dtls import DtlsFailed, DtlsHandshake, DtlsIdentity, DtlsRole
from voicebot.rtp.ice_lite import IceCredentials, IceLite
from voicebot.rtp.source import SocketAddress
from voicebot.rtp.srtp import MediaKey

logger = logging.getLogger(__name__)

OutgoingDatagrams = list[tuple[bytes, SocketAddress]]


class HandshakeTerms(NamedTuple):
    """What the session descriptions agreed on. ``ice``: our credentials and the other side's; None without ICE.

    ``fingerprints``: algorithm and hash of the certificates that the other side may use. ``mux``: RTCP uses the port of
    RTP.
    """

    identity: DtlsIdentity
    role: DtlsRole
    fingerprints: frozenset[tuple[str, str]]
    ice: tuple[IceCredentials, IceCredentials] | None = None
    mux: bool = True


def is_for_handshake(data: bytes) -> bool:
    """Whether a datagram is STUN or DTLS, and not media."""
    return bool(data) and (data[0] < 4 or 20 <= data[0] < 64)


class MediaHandshake:
    """One call's handshake. ``keys``: of both directions, once there are any; ``nominated``: the address that the other
    side has chosen by ICE."""

    def __init__(self, terms: HandshakeTerms) -> None:
        self.terms = terms
        self.refused = 0
        """Datagrams from other sources, or that were not valid."""
        self._dtls = DtlsHandshake(terms.identity, terms.role, _usable(terms.fingerprints))
        self._ice = IceLite(*terms.ice) if terms.ice is not None else None
        self._signalled: SocketAddress | None = None
        self._peer: SocketAddress | None = None
        """The address with which we exchange DTLS."""

    def adopt(self, terms: HandshakeTerms) -> bool:
        """Apply new terms to the same association. False: they need a new one.

        ICE may be restarted with new credentials while keys and addresses stay as they are (RFC 8445 section 9, RFC
        8842 section 4).
        """
        if (terms.ice is None) != (self.terms.ice is None) or terms._replace(ice=self.terms.ice) != self.terms:
            return False
        if terms.ice is not None and terms.ice != self.terms.ice:
            self._ice = IceLite(*terms.ice)
        self.terms = terms
        return True

    @property
    def keys(self) -> tuple[MediaKey, MediaKey] | None:
        return self._dtls.keys

    @property
    def nominated(self) -> SocketAddress | None:
        return self._ice.nominated if self._ice is not None else None

    def signal(self, address: SocketAddress) -> OutgoingDatagrams:
        """The session description has ``address``. Returns what to send."""
        self._signalled = address
        return self._begin(address) if self._ice is None else []

    def receive(self, data: bytes, source: SocketAddress) -> OutgoingDatagrams:
        """Handle a datagram for which :func:`is_for_handshake` is true. Returns what to send."""
        if data[0] < 4:
            if self._ice is None:
                self.refused += 1
                return []
            reply = self._ice.receive(data, source)
            begun = self._begin(self._ice.nominated) if self._ice.nominated is not None else []
            return ([(reply, source)] if reply is not None else []) + begun
        known = self._ice.is_valid(source) if self._ice is not None else self._is_host(source)
        if not known:
            self.refused += 1
            return []
        self._peer = source
        try:
            self._dtls.receive(data)
        except DtlsFailed as failed:
            logger.warning("no media keys for %s: DTLS failed: %s", source[0], failed)
        return self._taken()

    def tick(self) -> OutgoingDatagrams:
        """Called at intervals. Returns what to repeat."""
        try:
            self._dtls.tick()
        except DtlsFailed as failed:
            logger.warning("no media keys: DTLS failed: %s", failed)
        return self._taken()

    def _is_host(self, source: SocketAddress) -> bool:
        return self._signalled is not None and source[0] == self._signalled[0]

    def _begin(self, address: SocketAddress) -> OutgoingDatagrams:
        if self._peer is not None:
            return []
        self._peer = address
        try:
            self._dtls.start()
        except DtlsFailed as failed:
            logger.warning("no media keys for %s: DTLS failed: %s", address[0], failed)
        return self._taken()

    def _taken(self) -> OutgoingDatagrams:
        return [(data, self._peer) for data in self._dtls.take()] if self._peer is not None else []


def _usable(fingerprints: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    return frozenset((name.lower(), value.upper()) for name, value in fingerprints)
