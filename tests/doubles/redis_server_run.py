"""A real redis-server, on a port and in a folder of its own."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from free_port import free_port
from waiting import until

SERVER = shutil.which("redis-server")


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@asynccontextmanager
async def redis_server(
    folder: Path, *options: str, port: int = 0
) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Runs a server; gives its address and process."""
    port = port or free_port()
    process = await asyncio.create_subprocess_exec(
        str(SERVER), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", *options,
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await until(lambda: answers(port))
        yield f"redis://127.0.0.1:{port}/0", process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
