"""How one session's packets are protected: not at all, with keys of the signalling, or with those of a handshake.

While a handshake is under way there are no keys, and nothing counts as authentic: media that comes early is dropped,
and none is sent.
"""

from __future__ import annotations

from voicebot.rtp.handshake import HandshakeTerms, MediaHandshake, OutgoingDatagrams, is_for_handshake
from voicebot.rtp.source import SocketAddress
from voicebot.rtp.srtp import MediaKey, NotAuthentic, SecureStream


class Protection:
    """``plain``: packets are as they are; ``ready``: they can be sent."""

    __slots__ = ("_handshake", "_stream", "plain", "ready")

    def __init__(self) -> None:
        self.plain = self.ready = True
        self._stream: SecureStream | None = None
        self._handshake: MediaHandshake | None = None

    @property
    def encrypted(self) -> bool:
        return self._stream is not None

    @property
    def muxes(self) -> bool:
        """Whether RTCP is to go by the port of RTP."""
        return self._handshake is not None and self._handshake.terms.mux

    @property
    def has_rtcp(self) -> bool:
        """Whether there is RTCP at all: on a port of its own it would need a handshake of its own, which nobody makes
        who could share the port."""
        return self.ready and (self._handshake is None or self.muxes)

    @property
    def by_checks(self) -> bool:
        """Whether the other side tells by ICE where media goes, not in its session description."""
        return self._handshake is not None and self._handshake.terms.ice is not None

    @property
    def nominated(self) -> SocketAddress | None:
        """Where ICE says that media goes."""
        return self._handshake.nominated if self._handshake is not None else None

    @property
    def refused(self) -> int:
        """Datagrams for a handshake that came from elsewhere."""
        return self._handshake.refused if self._handshake is not None else 0

    def use(self, local: MediaKey | None, remote: MediaKey | None) -> None:
        """Encrypt with ``local`` and accept only what ``remote`` opens (SRTP); plain RTP again without keys.

        The same keys again change nothing (a session refresh). Raises ValueError for an unknown suite or one key alone.
        """
        if (local is None) != (remote is None):
            raise ValueError("both directions are encrypted, or none")
        self._stream = SecureStream(local, remote, self._stream) if local and remote else None
        self._handshake = None
        self.plain, self.ready = self._stream is None, True

    def negotiate(self, terms: HandshakeTerms) -> None:
        """Encrypt with keys that a handshake makes (DTLS-SRTP). The same terms again change nothing."""
        if self._handshake is None or not self._handshake.adopt(terms):
            self._handshake, self._stream = MediaHandshake(terms), None
            self.plain = self.ready = False

    def wants(self, data: bytes) -> bool:
        """Whether a datagram is for :meth:`receive`, not media."""
        return self._handshake is not None and is_for_handshake(data)

    def receive(self, data: bytes, source: SocketAddress) -> OutgoingDatagrams:
        """A datagram of the handshake. What is to be sent."""
        if self._handshake is None:
            return []
        answers = self._handshake.receive(data, source)
        if self._stream is None and self._handshake.keys is not None:
            self._stream = SecureStream(*self._handshake.keys)
            self.ready = True
        return answers

    def signal(self, address: SocketAddress) -> OutgoingDatagrams:
        """The session description names ``address``. What is to be sent."""
        return self._handshake.signal(address) if self._handshake is not None else []

    def tick(self) -> OutgoingDatagrams:
        """What is to be sent again by now."""
        return self._handshake.tick() if self._handshake is not None else []

    def protect(self, packet: bytes) -> bytes:
        """An RTP packet as it is to be sent. Only when ``ready``."""
        return packet if self._stream is None else self._stream.protect(packet)

    def protect_rtcp(self, packet: bytes) -> bytes:
        return packet if self._stream is None else self._stream.protect_rtcp(packet)

    def unprotect(self, datagram: bytes) -> bytes:
        """The RTP packet in a datagram. Raises :class:`NotAuthentic` and nothing else."""
        if self._stream is not None:
            return self._stream.unprotect(datagram)
        return self._as_it_is(datagram)

    def unprotect_rtcp(self, datagram: bytes) -> bytes:
        """The RTCP packet in a datagram. Raises :class:`NotAuthentic` and nothing else."""
        if self._stream is not None:
            return self._stream.unprotect_rtcp(datagram)
        return self._as_it_is(datagram)

    def _as_it_is(self, datagram: bytes) -> bytes:
        if not self.plain:
            raise NotAuthentic
        return datagram
