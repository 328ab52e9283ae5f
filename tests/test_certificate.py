"""Self-signed certificates."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from voicebot.certificate import self_signed, self_signed_pem


def test_it_holds_for_its_days_and_from_yesterday_on() -> None:
    """A phone whose clock is behind takes it as well."""
    certificate, key = self_signed("voicebot", days=3)
    now = datetime.datetime.now(datetime.UTC)
    assert certificate.not_valid_before_utc < now - datetime.timedelta(hours=23)
    assert datetime.timedelta(days=2) < certificate.not_valid_after_utc - now < datetime.timedelta(days=4)
    assert certificate.public_key() == key.public_key()
    certificate.verify_directly_issued_by(certificate)
    assert not list(certificate.extensions)


@pytest.mark.parametrize(
    ("host", "name"),
    [("sip.example.com", "DNSName"), ("192.0.2.1", "IPAddress"), ("2001:db8::1", "IPAddress"), ("a" * 70, "DNSName")],
)
def test_with_a_host_it_is_of_that_host_and_its_own_authority(host: str, name: str) -> None:
    certificate = x509.load_pem_x509_certificate(self_signed_pem(host))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [(type(one).__name__, str(one.value)) for one in names] == [(name, host)]
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    (common,) = certificate.subject
    assert common.value == host[:64]


def test_a_server_can_load_it(tmp_path: Path) -> None:
    file = tmp_path / "own.pem"
    file.write_bytes(self_signed_pem("localhost"))
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file)
    ssl.create_default_context(cafile=file)
