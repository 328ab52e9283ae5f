"""Keys by a handshake on the media's own port: ICE-lite where the other side checks, and DTLS (RFC 5763). Pure.

One port carries three things, told apart by their first byte (RFC 7983): 0 to 3 is STUN, 20 to 63 DTLS, 128 to 191 RTP
and RTCP. Media waits for the keys: nothing plain is sent or taken in their place.

Whose DTLS is read: with ICE, of addresses that have shown by a check that they belong to the call; without it, of the
host that the session description names. So nobody else can start a handshake, or have one sent to somebody else.
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
    """What the session descriptions agreed. ``ice``: our credentials and theirs; None: the other side makes no checks.

    ``fingerprints``: algorithm and hash, of the certificates that the other side may show. ``mux``: RTCP comes and goes
    by the same port as RTP.
    """

    identity: DtlsIdentity
    role: DtlsRole
    fingerprints: frozenset[tuple[str, str]]
    ice: tuple[IceCredentials, IceCredentials] | None = None
    mux: bool = True


def is_for_handshake(data: bytes) -> bool:
    """Whether a datagram is STUN or DTLS, not media."""
    return bool(data) and (data[0] < 4 or 20 <= data[0] < 64)


class MediaHandshake:
    """One call's handshake. ``keys`` of both directions, once there are; ``nominated``: where ICE wants media to go."""

    def __init__(self, terms: HandshakeTerms) -> None:
        self.terms = terms
        self.refused = 0
        """Datagrams of others, or that were no STUN or DTLS after all."""
        self._dtls = DtlsHandshake(terms.identity, terms.role, _usable(terms.fingerprints))
        self._ice = IceLite(*terms.ice) if terms.ice is not None else None
        self._signalled: SocketAddress | None = None
        self._peer: SocketAddress | None = None
        """Where DTLS is spoken with."""

    def adopt(self, terms: HandshakeTerms) -> bool:
        """New terms for the same association. False: they want another one.

        ICE may begin anew with other credentials while keys and addresses stay as they are (RFC 8445 section 9, RFC
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
        """The session description names ``address``. What is to be sent."""
        self._signalled = address
        return self._begin(address) if self._ice is None else []

    def receive(self, data: bytes, source: SocketAddress) -> OutgoingDatagrams:
        """A datagram for which :func:`is_for_handshake` holds. What is to be sent."""
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
            logger.warning("no keys with %s: DTLS failed: %s", source[0], failed)
        return self._taken()

    def tick(self) -> OutgoingDatagrams:
        """Called now and then. What is to be sent again."""
        try:
            self._dtls.tick()
        except DtlsFailed as failed:
            logger.warning("no keys: DTLS failed: %s", failed)
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
            logger.warning("no keys with %s: DTLS failed: %s", address[0], failed)
        return self._taken()

    def _taken(self) -> OutgoingDatagrams:
        return [(data, self._peer) for data in self._dtls.take()] if self._peer is not None else []


def _usable(fingerprints: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    return frozenset((name.lower(), value.upper()) for name, value in fingerprints)
