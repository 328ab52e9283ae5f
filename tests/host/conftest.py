"""Small dialogs on disk, and a host server in this process on a real Unix socket."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from host_peer import ECHO, Connect, Wire

from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.loader import load_dialogs
from voicebot.host.sdk import SDK
from voicebot.host.sdk_choice import BOTBUILDER
from voicebot.host.server import HostServer
from voicebot.host.storage import SqliteStorage

collect_ignore = (
    [] if SDK == BOTBUILDER else ["test_host_messages.py", "test_host_sdk.py", "test_host_sdk_botbuilder_turn.py"]
)  # they are of botbuilder alone


@pytest.fixture
def folder_of(tmp_path: Path) -> Callable[..., Path]:
    """Write a dialogs folder from ``name=source`` pairs (``main="..."``)."""

    def write(**sources: str) -> Path:
        folder = tmp_path / "dialogs_under_test"
        folder.mkdir(exist_ok=True)
        for name, source in sources.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(source))
        return folder

    return write


@pytest.fixture
def echo_folder(folder_of: Callable[..., Path]) -> Path:
    return folder_of(main=ECHO)


@pytest.fixture
async def connect(echo_folder: Path, tmp_path: Path) -> AsyncIterator[Connect]:
    """Serve the echo dialog; gives a function that connects to it."""
    storage = SqliteStorage(None)
    dialogs = load_dialogs(echo_folder)
    server = HostServer(dialogs, DialogBot(dialogs.root, storage), TelephonyAdapter())
    path = tmp_path / "host.sock"
    await server.start(path)
    wires: list[Wire] = []

    async def connect() -> Wire:
        wire = Wire(*await asyncio.open_unix_connection(str(path), limit=1 << 20))
        wires.append(wire)
        return wire

    yield connect
    for wire in wires:
        wire.writer.close()
    await server.close()
    await storage.close()
