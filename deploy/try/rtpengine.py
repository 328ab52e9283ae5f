"""A running rtpengine, in user space, and its control protocol: bencoded dictionaries over UDP."""

from __future__ import annotations

import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from program import Program, ProgramFailed, free_port

PACKAGE = "rtpengine-daemon"
CONTROL_HOST = "127.0.0.1"
ANSWER_S = 5.0


class RtpEngine:
    """``port``: of its control, at :data:`CONTROL_HOST`."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, command: str, **others: Any) -> dict[str, Any]:
        """Its answer to ``command``; ``others``: by their keys, with ``_`` for ``-``. Blocks. Raises OSError without an
        answer, ValueError if it is an error."""
        cookie = secrets.token_hex(8).encode()  # one that it knows, from whomever, gets the answer of then
        asked = {"command": command} | {key.replace("_", "-"): value for key, value in others.items()}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            control.settimeout(ANSWER_S)
            control.connect((CONTROL_HOST, self.port))
            control.send(cookie + b" " + _encoded(asked))
            answer: dict[str, Any]
            answer, _ = _decoded(control.recv(65_535).partition(b" ")[2], 0)
        if answer["result"] == "error":
            raise ValueError(f"rtpengine: {command}: {answer}")
        return answer

    def calls(self) -> list[str]:
        """The Call-IDs of calls whose audio goes through it, ten of them. Blocks."""
        return list(self.ask("list", limit=10)["calls"])

    def answers(self) -> bool:
        """Whether it is there. Blocks."""
        try:
            return bool(self.ask("ping")["result"] == "pong")
        except OSError:
            return False


@asynccontextmanager
async def rtpengine_running(folder: Path, host: str, ports: tuple[int, int] | None = None) -> AsyncIterator[RtpEngine]:
    """One whose audio is at ``host``, on both sides, ``inside`` and ``outside``, as ``deploy/kamailio`` names them.
    ``ports``: the lowest and the highest for audio.

    Raises :class:`~program.ProgramFailed`, also if it has ended by itself.
    """
    engine = RtpEngine(free_port(CONTROL_HOST))
    own = ["--config-file=none", "--foreground", "--table=-1"]  # the system's names a port, and two would want it
    argv = ["rtpengine", *own, f"--listen-ng={CONTROL_HOST}:{engine.port}", "--num-threads=1"]
    argv += [f"--interface={side}{host}" for side in ("", "inside/", "outside/")]
    argv += ["--log-stderr", "--log-level=4", "--delete-delay=0"]  # what has ended is gone at once
    if ports is not None:
        argv += [f"--port-min={ports[0]}", f"--port-max={ports[1]}"]
    program = Program("rtpengine", argv, folder / "rtpengine.log")
    await program.start()
    try:
        await program.answering(engine.answers)
        yield engine
        if not program.runs:
            raise ProgramFailed(f"rtpengine has ended:\n{program.log()[-2000:]}")
    finally:
        await program.end()


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
