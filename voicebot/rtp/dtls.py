"""DTLS-SRTP (RFC 5763, RFC 5764): a handshake on the media port that makes the keys of SRTP.

OpenSSL does the handshake between two memory buffers. The certificates are self-signed: each side puts the hash of its
certificate into the session description, and the other side compares. So the keys are as trustworthy as the signalling,
as with SDES; but someone who only reads the signalling does not learn them.

There is no I/O here. OpenSSL decides by its own clock whether a flight must be repeated (after 1 s, then twice as long
each time, RFC 6347 4.2.4.1); :meth:`DtlsHandshake.tick` only asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from OpenSSL import SSL

from voicebot.certificate import self_signed
from voicebot.rtp.srtp import MediaKey

DtlsRole = Literal["active", "passive"]
"""``active``: the DTLS client, which begins; ``passive``: the server."""

_MTU: Final = 1200
_DTLS_1_2: Final = 0xFEFD
_SUITES: Final = {b"SRTP_AES128_CM_SHA1_80": "AES_CM_128_HMAC_SHA1_80"}
_KEY, _SALT = 16, 14
_CIPHERS: Final = b":".join(
    b"ECDHE-%s-%s" % (kind, cipher)
    for cipher in (b"AES128-GCM-SHA256", b"CHACHA20-POLY1305", b"AES256-GCM-SHA384", b"AES128-SHA")
    for kind in (b"ECDSA", b"RSA")
)
_MAX_DATAGRAMS: Final = 500
"""The most datagrams that one handshake reads; it needs about five."""
HASHES: Final[Mapping[str, Callable[[], hashes.HashAlgorithm]]] = {
    "sha-256": hashes.SHA256,
    "sha-384": hashes.SHA384,
    "sha-512": hashes.SHA512,
}
"""The hash algorithms of fingerprints that we accept; SHA-1 and MD5 are too weak."""


class DtlsFailed(Exception):
    """The handshake failed: the other side broke the protocol, or has another certificate than announced."""


class DtlsIdentity:
    """Our certificate, made anew for each process, and its hash for session descriptions."""

    def __init__(self) -> None:
        certificate, key = self_signed("voicebot", days=365)
        self.fingerprint = fingerprint_of(certificate, "sha-256")
        self.context = SSL.Context(SSL.DTLS_METHOD)
        self.context.set_min_proto_version(_DTLS_1_2)
        self.context.set_options(SSL.OP_NO_QUERY_MTU)
        # Any certificate is accepted here; its hash is checked after the handshake.
        self.context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        self.context.set_cipher_list(_CIPHERS)
        self.context.set_tlsext_use_srtp(b":".join(_SUITES))
        self.context.use_certificate(certificate)
        self.context.use_privatekey(key)


@cache
def own_identity() -> DtlsIdentity:
    """The identity of this process; the first call makes a key, which blocks for a moment."""
    return DtlsIdentity()


def fingerprint_of(certificate: x509.Certificate, algorithm: str) -> str:
    """The hash of a certificate as RFC 8122 writes it: ``AB:CD:...``."""
    return certificate.fingerprint(HASHES[algorithm]()).hex(":").upper()


class DtlsHandshake:
    """One DTLS association. ``fingerprints``: algorithm and hash of each certificate that the other side may use.

    ``keys``: ours and the other side's, None until the handshake has succeeded. :meth:`take` returns what to send.
    """

    def __init__(self, identity: DtlsIdentity, role: DtlsRole, fingerprints: Collection[tuple[str, str]]) -> None:
        self.keys: tuple[MediaKey, MediaKey] | None = None
        self._role = role
        self._fingerprints = frozenset(fingerprints)
        self._connection = SSL.Connection(identity.context)
        self._connection.set_ciphertext_mtu(_MTU)
        if role == "active":
            self._connection.set_connect_state()
        else:
            self._connection.set_accept_state()
        self._out: list[bytes] = []
        self._read = 0
        self._failed = False

    def start(self) -> None:
        """Begin, if we are the client; to be called when the other side can be reached. Raises :class:`DtlsFailed`."""
        if self._role == "active":
            self._step()

    def receive(self, datagram: bytes) -> None:
        """Handle a datagram from the other side. Raises :class:`DtlsFailed` once; later datagrams are ignored."""
        self._read += 1
        if self._failed or self._read > _MAX_DATAGRAMS:
            return
        self._connection.bio_write(datagram)
        self._step()

    def tick(self) -> None:
        """Repeat the last flight if that is due. Raises :class:`DtlsFailed`."""
        if self._failed or self.keys is not None or self._connection.DTLSv1_get_timeout() is None:
            return
        try:
            if self._connection.DTLSv1_handle_timeout():
                self._collect()
        except SSL.Error as error:
            raise self._fail(error) from error

    def take(self) -> list[bytes]:
        """The datagrams to send now, in order."""
        out, self._out = self._out, []
        return out

    def _step(self) -> None:
        try:
            if self.keys is None:
                self._connection.do_handshake()
                self._agree()
            else:
                # The other side repeats its last flight because ours was lost, or closes: OpenSSL answers if needed.
                self._connection.recv(_MTU)
        except (SSL.WantReadError, SSL.ZeroReturnError):
            pass
        except SSL.Error as error:
            self._collect()  # the alert
            if self.keys is None:
                raise self._fail(error) from error
        self._collect()

    def _agree(self) -> None:
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        suite = _SUITES.get(self._connection.get_selected_srtp_profile())
        shown = {(name, fingerprint_of(certificate, name)) for name in HASHES} if certificate else set()
        if not shown & self._fingerprints:
            raise self._fail("the certificate is not the one that was announced")
        if suite is None:
            raise self._fail("no SRTP profile in common")
        made = self._connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (_KEY + _SALT))
        # RFC 5764 4.2: both keys, then both salts, the client's first.
        client = MediaKey(suite, made[:_KEY] + made[2 * _KEY : 2 * _KEY + _SALT])
        server = MediaKey(suite, made[_KEY : 2 * _KEY] + made[2 * _KEY + _SALT :])
        self.keys = (client, server) if self._role == "active" else (server, client)

    def _fail(self, why: object) -> DtlsFailed:
        self._failed = True
        return DtlsFailed(str(why))

    def _collect(self) -> None:
        """Cut OpenSSL's output into datagrams of whole records, because its memory buffer is a byte stream."""
        made = b""
        try:
            while True:
                made += self._connection.bio_read(16_384)
        except SSL.WantReadError:
            pass
        begin = at = 0
        while at + 13 <= len(made):
            end = at + 13 + int.from_bytes(made[at + 11 : at + 13])
            if end - begin > _MTU and at > begin:
                self._out.append(made[begin:at])
                begin = at
            at = end
        if at > begin:
            self._out.append(made[begin:at])
