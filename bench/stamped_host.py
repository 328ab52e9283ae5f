"""The dialog host with a watch: when it has read each request, and when it has written its end.

For ``bench.dialog_host``, which starts it:

    python -m bench.stamped_host STAMPS --dialogs ... --socket ...     what follows is for ``voicebot.host``

When it ends, it writes the times into the file STAMPS: ``[[conversation, request, read, written], ...]``, in seconds of
``time.perf_counter``, which on Linux is the same clock in all processes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from voicebot.host import running, server
from voicebot.host.__main__ import main
from voicebot.host.connection import CallProcessConnection
from voicebot.host_wire import TurnAsked, TurnDone, TurnFailed


class StampedServer(server.HostServer):
    """The host's server with a watch."""

    stamps_file: Path

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._line_read = 0.0
        self._read: dict[tuple[str, int], float] = {}
        self._stamps: list[tuple[str, int, float, float]] = []

    async def close(self) -> None:
        await super().close()
        self.stamps_file.write_text(json.dumps(self._stamps))

    def _receive(self, connection: CallProcessConnection, line: bytes) -> None:
        self._line_read = time.perf_counter()
        super()._receive(connection, line)

    def _turn(self, connection: CallProcessConnection, asked: TurnAsked) -> None:
        self._read[asked.activity["conversation"]["id"], asked.request] = self._line_read
        super()._turn(connection, asked)

    async def _run(self, key: str, connection: CallProcessConnection, asked: TurnAsked) -> TurnDone | TurnFailed:
        told = await super()._run(key, connection, asked)
        # The end is sent when this has returned, and is on the socket before the loop goes on with what is due then.
        asyncio.get_running_loop().call_soon(self._written, key, asked.request)
        return told

    def _written(self, key: str, request: int) -> None:
        self._stamps.append((key, request, self._read.pop((key, request)), time.perf_counter()))


if __name__ == "__main__":
    StampedServer.stamps_file = Path(sys.argv[1])
    vars(running)["HostServer"] = StampedServer
    raise SystemExit(main(sys.argv[2:]))
