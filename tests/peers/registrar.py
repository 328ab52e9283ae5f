"""Kamailio as the registrar of extensions 7000 and 7001 (password "secret"), and the proxy between them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KAMAILIO = shutil.which("kamailio")
NO_KAMAILIO = "Kamailio is not installed: apt-get install kamailio"
CONFIGURATION = Path(__file__).parent / "kamailio" / "kamailio.cfg"
LOOPBACK = "127.0.0.1"
READY_S = 10.0


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((LOOPBACK, 0))
        return int(free.getsockname()[1])


@contextmanager
def registrar_running(folder: Path) -> Iterator[int]:
    """A running Kamailio; its port."""
    assert KAMAILIO is not None
    port = free_port()
    configuration, log = folder / "kamailio.cfg", folder / "kamailio.log"
    configuration.write_text(CONFIGURATION.read_text().replace("PORT", str(port)))
    argv = [KAMAILIO, "-DD", "-f", str(configuration), "-Y", str(folder), "-P", str(folder / "pid")]
    with log.open("wb") as errors:
        process = subprocess.Popen([*argv, "-m", "32", "-M", "4"], stdout=subprocess.DEVNULL, stderr=errors)
    try:
        until = time.monotonic() + READY_S
        while True:
            try:
                socket.create_connection((LOOPBACK, port), 0.1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < until, log.read_text()[-2000:]
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(READY_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
