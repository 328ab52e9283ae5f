"""The archive over a folder, in this process, with its client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from voicebot.archive.client import ArchiveClient
from voicebot.archive.server import ArchiveServer


@asynccontextmanager
async def archive(folder: Path, *, sweep_s: float = 0.02, purge_s: float = 600.0) -> AsyncIterator[ArchiveClient]:
    server = ArchiveServer(folder, sweep_s=sweep_s, purge_s=purge_s)
    client = ArchiveClient(folder.parent / "socket")
    try:
        await server.start(folder.parent / "socket")
        yield client
    finally:
        await client.close()
        await server.close()
