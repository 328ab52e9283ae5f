"""SIPp as callers of the running service, or of anything that listens on a port."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from free_port import free_ports
from product import Product

SCENARIOS = Path(__file__).parent / "sipp"
SIPP = shutil.which("sipp")
NO_SIPP = "SIPp is not installed: apt-get install sip-tester"
LOOPBACK = "127.0.0.1"
LONG_CALL_S = 60.0


@dataclass(slots=True)
class Caller:
    """One run of SIPp."""

    name: str
    process: subprocess.Popen[str]

    def wait(self) -> None:
        """Until its calls are over; fails with what SIPp says went wrong."""
        _, errors = self.process.communicate(timeout=LONG_CALL_S)
        assert self.process.returncode == 0, f"{self.name}: {errors[-2000:]}"


@dataclass(slots=True)
class Line:
    """Starts SIPp against the service, in a folder that holds its captures."""

    product: Product
    folder: Path
    started: list[Caller]

    def call(self, name: str, *arguments: str, calls: int = 1, callee: str = "bot") -> Caller:
        """The calls' ids begin with ``name-``."""
        assert SIPP is not None
        media_port, _ = free_ports(20)
        process = subprocess.Popen(
            [
                *(SIPP, f"{LOOPBACK}:{self.product.port}", "-i", LOOPBACK, "-s", callee, "-m", str(calls), "-r", "20"),
                *("-mi", LOOPBACK, "-mp", str(media_port), "-cid_str", f"{name}-%u-%p@%s", "-nostdin"),
                *("-timeout", str(int(LONG_CALL_S)), "-timeout_error", "-trace_err", "-error_file", "/dev/stderr"),
                *arguments,
            ],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        caller = Caller(name, process)
        self.started.append(caller)
        return caller

    def scenario(self, name: str) -> Caller:
        return self.call(name, "-sf", str(SCENARIOS / f"{name}.xml"))


@contextmanager
def line_to(product: Product, folder: Path) -> Iterator[Line]:
    """Calls from ``folder``; what still runs in the end is ended."""
    line = Line(product, folder, [])
    try:
        yield line
    finally:
        for caller in line.started:
            if caller.process.poll() is None:
                caller.process.kill()
                caller.process.communicate()


async def run_sipp(port: int, *arguments: str, callee: str = "bot", calls: int = 1) -> None:
    """Run SIPp against ``port``; fail with its error log when a call did not go as the scenario says."""
    assert SIPP is not None
    process = await asyncio.create_subprocess_exec(
        *(SIPP, f"{LOOPBACK}:{port}", "-i", LOOPBACK, "-s", callee, "-m", str(calls), "-r", "20", "-nostdin"),
        *("-timeout", "20", "-timeout_error", "-trace_err", "-error_file", "/dev/stderr", *arguments),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30):
            _, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode("utf-8", "replace")[-2000:]
