"""Kamailio as the registrar of extensions 7000 and 7001 (password "secret"), and the proxy between them."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from free_port import free_port

KAMAILIO = shutil.which("kamailio")
NO_KAMAILIO = "Kamailio is not installed: apt-get install kamailio"
CONFIGURATIONS = Path(__file__).parent / "kamailio"
LOOPBACK = "127.0.0.1"
READY_S = 30.0


def _answers(port: int) -> bool:
    """Whether somebody answers a request over UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.05)
        asking.connect((LOOPBACK, port))
        host, own = asking.getsockname()
        try:
            asking.send(
                f"OPTIONS sip:x@{LOOPBACK} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{own};branch=z9hG4bK{own}\r\n"
                f"From: <sip:x@x>;tag=1\r\nTo: <sip:x@x>\r\nCall-ID: {own}\r\nCSeq: 1 OPTIONS\r\n"
                "Max-Forwards: 0\r\nContent-Length: 0\r\n\r\n".encode()
            )
            return bool(asking.recv(2048))
        except OSError:
            time.sleep(0.02)
            return False


@contextmanager
def kamailio_running(folder: Path, name: str, replaced: dict[str, str]) -> Iterator[int]:
    """A running Kamailio with the configuration ``name``; its port."""
    assert KAMAILIO is not None
    port = free_port()
    configuration, log = folder / "kamailio.cfg", folder / "kamailio.log"
    text = (CONFIGURATIONS / name).read_text()
    for word, value in {**replaced, "PORT": str(port)}.items():
        text = text.replace(word, value)
    configuration.write_text(text)
    argv = [KAMAILIO, "-DD", "-f", str(configuration), "-Y", str(folder), "-P", str(folder / "pid")]
    with log.open("wb") as errors:
        process = subprocess.Popen([*argv, "-m", "32", "-M", "4"], stdout=subprocess.DEVNULL, stderr=errors)
    try:
        until = time.monotonic() + READY_S
        while not _answers(port):
            assert process.poll() is None and time.monotonic() < until, log.read_text()[-2000:]
        yield port
    finally:
        process.terminate()
        try:
            process.wait(READY_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def registrar_running(folder: Path) -> Iterator[int]:
    """A running registrar; its port, for UDP and TCP."""
    with kamailio_running(folder, "kamailio.cfg", {}) as port:
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), 0.1):
                break
            time.sleep(0.05)
        yield port
