"""The encryption of one session: none, SRTP with keys from the signalling, or SRTP with keys from a handshake.

During the handshake there are no keys: media that comes early is dropped, and none is sent.
"""

from __future__ import annotations

from voicebot.rtp.handshake import HandshakeTerms, MediaHandshake, OutgoingDatagrams, is_for_handshake
from voicebot.rtp.source import SocketAddress
from voicebot.rtp.srtp import MediaKey, NotAuthentic, SecureStream


class Protection:
    """``plain``: packets are not encrypted. ``ready``: packets can be sent, because no handshake is pending."""

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
        """Whether RTCP is sent on the port of RTP."""
        return self._handshake is not None and self._handshake.terms.mux

    @property
    def has_rtcp(self) -> bool:
        """Whether RTCP can be sent. With DTLS-SRTP only if it shares the port of RTP: on its own port it would need a
        second handshake, which we do not support."""
        return self.ready and (self._handshake is None or self.muxes)

    @property
    def by_checks(self) -> bool:
        """Whether the other side uses ICE: media goes where its checks say, not where its session description says."""
        return self._handshake is not None and self._handshake.terms.ice is not None

    @property
    def nominated(self) -> SocketAddress | None:
        """The address that the other side has chosen by ICE, None before."""
        return self._handshake.nominated if self._handshake is not None else None

    @property
    def refused(self) -> int:
        """Datagrams of the handshake that were refused."""
        return self._handshake.refused if self._handshake is not None else 0

    def use(self, local: MediaKey | None, remote: MediaKey | None) -> None:
        """Use SRTP: encrypt with ``local``, and accept only packets encrypted with ``remote``. Use RTP if both are
        None.

        The same keys again change nothing (a session refresh). Raises ValueError for an unknown suite or a single key.
        """
        if (local is None) != (remote is None):
            raise ValueError("give the keys of both directions, or none")
        self._stream = SecureStream(local, remote, self._stream) if local and remote else None
        self._handshake = None
        self.plain, self.ready = self._stream is None, True

    def negotiate(self, terms: HandshakeTerms) -> None:
        """Use SRTP with keys from a handshake (DTLS-SRTP). The same terms again change nothing."""
        if self._handshake is None or not self._handshake.adopt(terms):
            self._handshake, self._stream = MediaHandshake(terms), None
            self.plain = self.ready = False

    def wants(self, data: bytes) -> bool:
        """Whether a datagram is for :meth:`receive`, and not media."""
        return self._handshake is not None and is_for_handshake(data)

    def receive(self, data: bytes, source: SocketAddress) -> OutgoingDatagrams:
        """Handle a datagram of the handshake. Returns what to send."""
        if self._handshake is None:
            return []
        answers = self._handshake.receive(data, source)
        if self._stream is None and self._handshake.keys is not None:
            self._stream = SecureStream(*self._handshake.keys)
            self.ready = True
        return answers

    def signal(self, address: SocketAddress) -> OutgoingDatagrams:
        """The session description has ``address``. Returns what to send."""
        return self._handshake.signal(address) if self._handshake is not None else []

    def tick(self) -> OutgoingDatagrams:
        """Called at intervals. Returns what to repeat."""
        return self._handshake.tick() if self._handshake is not None else []

    def protect(self, packet: bytes) -> bytes:
        """Encrypt an RTP packet, if agreed. Only if ``ready``."""
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
