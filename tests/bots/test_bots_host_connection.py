"""The connection to the dialog host on the service's own event loop, which raises where asyncio's only warns."""

from __future__ import annotations

import asyncio
from pathlib import Path

import uvloop

from voicebot.bots.host_connection import HostConnection
from voicebot.host_wire import FromHost, Ping


class Owner:
    def came_back(self) -> None: ...

    def received(self, message: FromHost) -> None: ...

    def went_away(self, reason: str) -> None: ...


def test_what_is_written_before_it_is_noticed_that_the_host_was_killed_is_refused_and_ends_no_call(
    tmp_path: Path,
) -> None:
    async def run() -> str:
        path = str(tmp_path / "host.sock")
        server = await asyncio.start_unix_server(lambda *_: None, path)
        connection = HostConnection(path, Owner(), lambda: None)
        await connection.open(20)
        assert connection._writer is not None
        assert connection.write(Ping(1)) == ""
        connection._writer.transport.abort()
        said = connection.write(Ping(2))
        await connection.close()
        server.close()
        return said

    assert uvloop.run(run()) == "the dialog host is not connected"
