"""The far end of media benches: a C program (far_end.c), compiled into a temporary folder when a bench needs it."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_SOURCE = Path(__file__).with_name("far_end.c")


class NoCompiler(RuntimeError):
    """There is no C compiler on the path."""


class FarEnd:
    """Phones that talk and listen; :attr:`ports` are theirs, on 127.0.0.1."""

    def __init__(self, process: asyncio.subprocess.Process, ports: list[int]) -> None:
        self._process = process
        self.ports = ports
        self.pid = process.pid

    def talk(self, phone: int, port: int) -> None:
        """Phone number ``phone`` sends to 127.0.0.1:``port`` from now on."""
        self._write(f"talk {phone} {port}\n")

    def quiet(self, phone: int) -> None:
        """Phone number ``phone`` sends no more."""
        self._write(f"quiet {phone}\n")

    async def measure(self, seconds: float) -> dict[str, float]:
        """What came back in the next ``seconds``, by the kernel's time stamps; see ``report`` in far_end.c."""
        assert self._process.stdout is not None
        self._write(f"measure {seconds}\n")
        line = await asyncio.wait_for(self._process.stdout.readline(), seconds + 30)
        figures: dict[str, float] = json.loads(line)
        return figures

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode())


@asynccontextmanager
async def phones(count: int) -> AsyncIterator[FarEnd]:
    """``count`` phones, silent at first. Raises :class:`NoCompiler`."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompiler("a C compiler is needed for this bench (Debian: apt-get install gcc libc6-dev)")
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as folder:
        program = str(Path(folder) / "far_end")
        compiling = await asyncio.create_subprocess_exec(compiler, "-O2", str(_SOURCE), "-o", program, "-lm")
        if await compiling.wait():
            raise RuntimeError("far_end.c does not compile")
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            program, str(count), stdin=pipe, stdout=pipe, limit=16 * count + 65536
        )
        try:
            assert process.stdout is not None
            yield FarEnd(process, json.loads(await process.stdout.readline())["ports"])
        finally:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()
