"""A running rtpengine, in user space, and its control protocol: bencoded dictionaries over UDP."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from free_port import free_port

RTPENGINE = shutil.which("rtpengine")
NO_RTPENGINE = "rtpengine is not installed: apt-get install rtpengine-daemon"
LOOPBACK = "127.0.0.1"
DEADLINE_S = 20.0


class Control:
    """``port``: of the engine that it talks to."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(5.0)
        self._socket.connect((LOOPBACK, port))

    def ask(self, command: str, **others: Any) -> dict[str, Any]:
        """Its answer to ``command``; ``others``: by their keys, with ``_`` for ``-``."""
        cookie = uuid.uuid4().hex.encode()  # one that it knows, from whomever, gets the answer of then
        asked = {"command": command} | {key.replace("_", "-"): value for key, value in others.items()}
        self._socket.send(cookie + b" " + _encoded(asked))
        answer, _ = _decoded(self._socket.recv(65_535).partition(b" ")[2], 0)
        assert answer["result"] != "error", (command, answer)
        found: dict[str, Any] = answer
        return found

    def close(self) -> None:
        self._socket.close()


@contextmanager
def rtpengine_running(folder: Path, ports: tuple[int, int]) -> Iterator[int]:
    """The port of its control protocol. ``ports``: the lowest and the highest for media."""
    assert RTPENGINE is not None
    port, (low, high) = free_port(), ports
    interfaces = [f"--interface={LOOPBACK}", f"--interface=inside/{LOOPBACK}", f"--interface=outside/{LOOPBACK}"]
    own = ["--config-file=none", "--foreground", "--table=-1"]  # the system's names a port, and two would want it
    argv = [RTPENGINE, *own, *interfaces, f"--listen-ng={LOOPBACK}:{port}"]
    argv += [f"--port-min={low}", f"--port-max={high}", "--log-stderr", "--log-level=4", "--num-threads=1"]
    argv += [f"--listen-cli={LOOPBACK}:{free_port()}", "--delete-delay=0"]  # what has ended is gone at once
    said = folder / "rtpengine.log"
    with said.open("wb") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log, cwd=folder)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            control.settimeout(0.1)
            control.connect((LOOPBACK, port))
            until = time.monotonic() + DEADLINE_S
            while True:
                try:
                    control.send(b"1 d7:command4:pinge")
                    assert b"pong" in control.recv(200)
                    break
                except OSError:
                    assert process.poll() is None and time.monotonic() < until, said.read_text()
                    time.sleep(0.05)
        yield port
        assert process.poll() is None, said.read_text()[-2000:]
    finally:
        process.terminate()
        process.wait(10)


def _encoded(value: Any) -> bytes:
    if isinstance(value, dict):
        return b"d" + b"".join(_encoded(key) + _encoded(value[key]) for key in sorted(value)) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(map(_encoded, value)) + b"e"
    if isinstance(value, int):
        return b"i%de" % value
    return b"%d:%s" % (len(value.encode()), value.encode())


def _decoded(data: bytes, at: int) -> tuple[Any, int]:
    """The value that begins at ``at``, and where it ends."""
    kind = data[at : at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    if kind in (b"l", b"d"):
        values, at = [], at + 1
        while data[at : at + 1] != b"e":
            value, at = _decoded(data, at)
            values.append(value)
        return (values if kind == b"l" else dict(zip(values[::2], values[1::2], strict=True))), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1 : end].decode("utf-8", "replace"), end
