"""What keeps the service from starting is told before it starts, by ``voicebot serve --check`` too."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from voicebot.certificate import self_signed
from voicebot.commands.serve import check_certificates, run_serve
from voicebot.settings import SettingsError, load_settings

PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


def pair(folder: Path, name: str, password: bytes = b"") -> None:
    """A certificate and its key."""
    certificate, key = self_signed(name, days=1)
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(PEM))
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    (folder / f"{name}.key").write_bytes(key.private_bytes(PEM, PKCS8, locked))


def settings_file(folder: Path, section: str, certificate: str, key: str) -> Path:
    (folder / "dialogs").mkdir(exist_ok=True)
    file = folder / "voicebot.toml"
    file.write_text(
        f'[bot]\ndialogs = "{folder}/dialogs"\n[calls]\nrecords = "{folder}/records"\n'
        f'[{section}]\ncertificate = "{folder}/{certificate}"\nkey = "{folder}/{key}"\n'
    )
    return file


@pytest.mark.parametrize("section", ["tls", "console"])
def test_a_certificate_that_cannot_be_used_is_told_with_its_files(
    section: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair(tmp_path, "one")
    pair(tmp_path, "other")
    pair(tmp_path, "locked", b"secret")
    (tmp_path / "none.pem").write_text("no certificate")
    assert run_serve(settings_file(tmp_path, section, "one.pem", "one.key"), check_only=True, as_json=False) == 0
    for certificate, key in (("none.pem", "one.key"), ("one.pem", "other.key"), ("locked.pem", "locked.key")):
        capsys.readouterr()
        file = settings_file(tmp_path, section, certificate, key)
        assert run_serve(file, check_only=True, as_json=False) == 2
        told = capsys.readouterr().err
        assert told.startswith(f"{section}.certificate: {tmp_path}/{certificate} and {tmp_path}/{key}: "), told
        assert "in PEM and without a password" in told


def test_without_a_certificate_there_is_nothing_to_tell(tmp_path: Path) -> None:
    settings = load_settings()
    check_certificates(settings)
    with pytest.raises(SettingsError, match="there is no file"):
        load_settings(settings_file(tmp_path, "tls", "a.pem", "a.key"))
