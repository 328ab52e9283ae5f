"""Programs that the trials run, and where they find free ports."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

READY_S = 600.0
END_S = 30.0
POLL_S = 0.05


class NotInstalled(Exception):
    """A program that the fleet needs is missing; the text says what to install."""


class ProgramFailed(Exception):
    """A program ended, or was not ready in time; the text has the end of its log."""


class Program:
    """One process. Its log is a file."""

    def __init__(self, name: str, argv: list[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._argv = argv
        self._log = log
        self._environment = environment
        self.process: asyncio.subprocess.Process | None = None

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self._argv, stdout=asyncio.subprocess.PIPE, stderr=log, env=self._environment, cwd=self._log.parent
            )

    async def ready_line(self) -> dict[str, Any]:
        """The JSON that it prints when it is ready. Raises :class:`ProgramFailed`."""
        assert self.process is not None and self.process.stdout is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_S):
                while line := await self.process.stdout.readline():
                    with contextlib.suppress(ValueError):
                        if (said := json.loads(line)).get("ready"):
                            return dict(said)
        raise ProgramFailed(self._told("is not ready"))

    async def answering(self, asks: Callable[[], bool]) -> None:
        """Wait until ``asks()`` says that it answers. Raises :class:`ProgramFailed`."""
        try:
            async with asyncio.timeout(READY_S):
                while not await asyncio.to_thread(asks):
                    if not self.runs:
                        raise ProgramFailed(self._told("has ended"))
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise ProgramFailed(self._told("does not answer")) from None

    async def ended(self) -> int:
        """Its exit status."""
        assert self.process is not None
        return await self.process.wait()

    async def end(self) -> None:
        """End it, gently at first. Harmless when it has ended."""
        process, self.process = self.process, None
        if process is None:
            return
        for signal in (process.terminate, process.kill):
            if process.returncode is None:
                signal()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), END_S)

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def _told(self, what: str) -> str:
        return f"{self.name} {what}:\n" + "\n".join(self.log().splitlines()[-20:])


def connects(host: str, port: int) -> bool:
    """Whether somebody listens there, by TCP."""
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def free_port(host: str) -> int:
    """One that is free for UDP and TCP now."""
    while True:
        with socket.socket() as first, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
            first.bind((host, 0))
            port: int = first.getsockname()[1]
            with contextlib.suppress(OSError):
                second.bind((host, port))
                return port
