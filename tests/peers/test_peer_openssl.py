"""TLS as `openssl s_client` sees it: versions, the certificate for trials, client certificates, SIP inside."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from voicebot.certificate import self_signed_pem
from voicebot.sip import ListenAt, SipEndpoint, TlsOptions

LOOPBACK = "127.0.0.1"
OPENSSL = shutil.which("openssl")
OPTIONS = "\r\n".join(
    [
        "OPTIONS sips:bot@127.0.0.1 SIP/2.0",
        "Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bKopenssl;rport",
        "Max-Forwards: 70",
        "From: <sips:openssl@127.0.0.1>;tag=1",
        "To: <sips:bot@127.0.0.1>",
        "Call-ID: openssl",
        "CSeq: 1 OPTIONS",
        "Content-Length: 0",
        "",
        "",
    ]
).encode()

pytestmark = [pytest.mark.peer, pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")]


async def connect(endpoint: SipEndpoint, *options: str) -> str:
    """What s_client says until SIP answers, or until it gives up."""
    assert OPENSSL is not None
    process = await asyncio.create_subprocess_exec(
        *(OPENSSL, "s_client", "-connect", f"{LOOPBACK}:{endpoint.port}", "-ign_eof", *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(OPTIONS)
    said = b""
    try:
        async with asyncio.timeout(20):
            # s_client tells of the session only after the answer, or not at all.
            while not (b"Accept-Language" in said and b"Verification" in said):
                if not (more := await process.stdout.read(4096)):
                    break
                said += more
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    return said.decode("utf-8", "replace")


async def test_versions_certificates_and_sip_over_tls(tmp_path: Path) -> None:
    pem, other = tmp_path / "ours.pem", tmp_path / "other.pem"
    pem.write_bytes(self_signed_pem(LOOPBACK))
    other.write_bytes(self_signed_pem("sip.example.com"))
    listen = ListenAt("TLS", LOOPBACK, 0)
    trial, strict = (
        SipEndpoint(listen),
        SipEndpoint(
            listen,
            tls=TlsOptions(certificate=pem, ca_file=pem, verify_clients=True, minimum_version="1.3"),
        ),
    )
    await trial.start()
    await strict.start()
    try:
        for version in ("-tls1_2", "-tls1_3"):
            said = await connect(trial, version)
            assert "SIP/2.0 200 OK" in said and "self-signed certificate" in said, said
            assert f"TLSv1.{version[-1]}" in said and "subject=CN = 127.0.0.1" in said, said
        assert "SIP/2.0" not in await connect(trial, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
        known = ("-cert", str(pem), "-CAfile", str(pem), "-verify_return_error", "-verify_ip", LOOPBACK)
        said = await connect(strict, *known)
        assert "SIP/2.0 200 OK" in said and "Verification: OK" in said, said
        assert "SIP/2.0" not in await connect(strict, *known, "-tls1_2"), "the minimum is 1.3"
        assert "SIP/2.0" not in await connect(strict, "-CAfile", str(pem)), "who shows no certificate is not let in"
        assert "SIP/2.0" not in await connect(strict, "-cert", str(other)), "nor who shows another one"
    finally:
        await trial.close()
        await strict.close()
