"""The far end of media benches: a C program (far_end.c), compiled into a temporary folder when a bench needs it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import tempfile
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from voicebot.caller.ear import Track

_SOURCE = Path(__file__).with_name("far_end.c")
_LINE = 1 << 20

Told = Callable[[str, tuple[float, ...]], None]
"""Gets what a phone that follows a call reports: ``speaks``, ``silent``, ``said`` or ``pressed``, and its times, in
seconds as :func:`time.time` has them (far_end.c)."""


class NoCompiler(RuntimeError):
    """There is no C compiler on the path."""


class FarEnd:
    """Phones that talk and listen; :attr:`ports` are theirs, on 127.0.0.1."""

    def __init__(self, process: asyncio.subprocess.Process, ports: list[int]) -> None:
        self._process = process
        self.ports = ports
        self.pid = process.pid
        self._told: dict[int, Told] = {}
        self._tracks: dict[int, asyncio.Future[Track]] = {}
        self._measured: asyncio.Future[dict[str, float]] | None = None
        self._reading = asyncio.ensure_future(self._read())

    def talk(self, phone: int, port: int) -> None:
        """Phone number ``phone`` sends to 127.0.0.1:``port`` from now on, what is no speech."""
        self._write(f"talk {phone} {port}\n")

    def call(self, phone: int, port: int, told: Told) -> None:
        """It sends silence to 127.0.0.1:``port``, and follows what it hears, which ``told`` gets."""
        self._told[phone] = told
        self._write(f"call {phone} {port}\n")

    def clip(self, number: int, first: int, last: int, path: Path) -> None:
        """``number``, 0 to 63, is what is in the file ``path``: raw PCMU, voiced from frame ``first`` to ``last``."""
        self._write(f"clip {number} {first} {last} {path}\n")

    def say(self, phone: int, clip: int) -> None:
        """It says ``clip``, from its next packet on."""
        self._write(f"say {phone} {clip}\n")

    def press(self, phone: int, keys: str) -> None:
        """It presses ``keys``, 63 at the most, from its next packet on."""
        self._write(f"keys {phone} {keys}\n")

    def quiet(self, phone: int) -> None:
        """It sends no more."""
        self._told.pop(phone, None)
        self._write(f"quiet {phone}\n")

    async def track(self, phone: int) -> Track:
        """What it has heard in this call."""
        wanted: asyncio.Future[Track]
        wanted = self._tracks[phone] = asyncio.get_running_loop().create_future()
        self._write(f"track {phone}\n")
        return await wanted

    async def measure(self, seconds: float) -> dict[str, float]:
        """What came back in the next ``seconds``, by the kernel's time stamps; see ``report`` in far_end.c."""
        self._measured = asyncio.get_running_loop().create_future()
        self._write(f"measure {seconds}\n")
        return await asyncio.wait_for(self._measured, seconds + 30)

    async def end(self) -> None:
        """End the phones."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode())

    async def _read(self) -> None:
        output = self._process.stdout
        assert output is not None
        while line := await output.readline():
            if line.startswith(b"{"):
                if self._measured is not None and not self._measured.done():
                    self._measured.set_result(json.loads(line))
                continue
            what, number, *rest = line.decode().split()
            phone = int(number)
            if what == "track":
                count = int(rest[0])
                self._take(phone, await output.readexactly(8 * count), await output.readexactly(count))
            elif (told := self._told.get(phone)) is not None:
                told(what, tuple(map(float, rest)))

    def _take(self, phone: int, times: bytes, marks: bytes) -> None:
        wanted = self._tracks.pop(phone, None)
        if wanted is not None and not wanted.done():
            track = Track()
            track.times, track.marks = array("d", times), bytearray(marks)
            wanted.set_result(track)


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
            program, str(count), stdin=pipe, stdout=pipe, limit=16 * count + _LINE
        )
        assert process.stdout is not None
        far_end = FarEnd(process, json.loads(await process.stdout.readline())["ports"])
        try:
            yield far_end
        finally:
            await far_end.end()
