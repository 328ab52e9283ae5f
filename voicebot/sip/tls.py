"""TLS contexts for SIP (RFC 3261 26.3, RFC 5922), from files, or with a self-signed certificate for trials.

As a client we send the called domain as SNI and accept only a certificate for it. As a server with ``verify_clients``
we accept only clients with a certificate that an authority in ``ca_file`` has signed.
"""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """``certificate``/``key``: our PEM files; without them a server makes a self-signed certificate. ``ca_file``: the
    authorities that we trust, by default the system's. ``verify_servers``: false is for trials only."""

    certificate: Path | None = None
    key: Path | None = None
    ca_file: Path | None = None
    verify_clients: bool = False
    verify_servers: bool = True
    minimum_version: Literal["1.2", "1.3"] = "1.2"


def server_context(options: TlsOptions, host: str) -> ssl.SSLContext:
    """``host``: for a self-signed certificate. Raises OSError (also ssl.SSLError) if a file cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = VERSIONS[options.minimum_version]
    if options.certificate is not None:
        context.load_cert_chain(options.certificate, options.key)
    else:
        _load_self_signed(context, host)
    if options.verify_clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(options.ca_file)
    return context


def client_context(options: TlsOptions) -> ssl.SSLContext:
    """Raises OSError (also ssl.SSLError) if a file cannot be used."""
    context = ssl.create_default_context(cafile=options.ca_file)
    context.minimum_version = VERSIONS[options.minimum_version]
    if options.certificate is not None:
        context.load_cert_chain(options.certificate, options.key)
    if not options.verify_servers:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _load_self_signed(context: ssl.SSLContext, host: str) -> None:
    from voicebot.certificate import self_signed_pem  # it loads slowly, and most servers have a certificate

    # OpenSSL loads certificates only from files: use a temporary folder that only we can read, and delete it at once.
    with tempfile.TemporaryDirectory(prefix="voicebot-tls-") as folder:
        file = Path(folder) / "self-signed.pem"
        file.touch(mode=0o600)
        file.write_bytes(self_signed_pem(host))
        context.load_cert_chain(file)
