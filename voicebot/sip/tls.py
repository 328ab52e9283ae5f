"""TLS for the stream transports (RFC 3261 26.3, RFC 5922): contexts out of files, or for trials with a certificate that
signs itself.

As a client we ask for the domain that was called (SNI) and take nothing but a certificate of it. As a server we show
ours, and with ``verify_clients`` talk to nobody whose own is not signed by one of ``ca_file``.
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
    """``certificate``/``key``: PEM files of ours; without them a server signs its own. ``ca_file``: whom we trust, by
    default the system's list. ``verify_servers`` off is for trials only."""

    certificate: Path | None = None
    key: Path | None = None
    ca_file: Path | None = None
    verify_clients: bool = False
    verify_servers: bool = True
    minimum_version: Literal["1.2", "1.3"] = "1.2"


def server_context(options: TlsOptions, host: str) -> ssl.SSLContext:
    """Raises OSError or ssl.SSLError for files that cannot be used."""
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
    """Raises OSError or ssl.SSLError for files that cannot be used."""
    context = ssl.create_default_context(cafile=options.ca_file)
    context.minimum_version = VERSIONS[options.minimum_version]
    if options.certificate is not None:
        context.load_cert_chain(options.certificate, options.key)
    if not options.verify_servers:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _load_self_signed(context: ssl.SSLContext, host: str) -> None:
    from voicebot.certificate import self_signed_pem  # it loads slowly, and most servers have one of their own

    # OpenSSL loads from files only; the folder is ours alone and gone at once.
    with tempfile.TemporaryDirectory(prefix="voicebot-tls-") as folder:
        file = Path(folder) / "self-signed.pem"
        file.touch(mode=0o600)
        file.write_bytes(self_signed_pem(host))
        context.load_cert_chain(file)
