"""Self-signed certificates: for DTLS-SRTP, and for a TLS server in trials.

No authority vouches for them. With TLS, a client trusts the certificate if it has it as a CA file; with DTLS, each side
compares the hash from the session description.
"""

from __future__ import annotations

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def self_signed(
    name: str, *, days: int, host: str | None = None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate with ``name`` (cut at 64 characters) as its subject, and its key (P-256).

    It is valid from yesterday until ``days`` days from now. ``host``: the DNS name or IP address that it identifies
    (RFC 6125); a client that has it as a CA file then accepts it for that host.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64])])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
    )
    if host is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.sign(key, hashes.SHA256()), key


def self_signed_pem(host: str, *, days: int = 30) -> bytes:
    """A certificate for ``host`` (a DNS name or an IP address), followed by its key, in PEM."""
    certificate, key = self_signed(host, days=days, host=host)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + private


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
