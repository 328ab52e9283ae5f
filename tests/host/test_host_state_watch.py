"""Whether the server that keeps the state answers, and that who pings the host is told."""

from __future__ import annotations

from typing import Any

from voicebot.host.state_watch import StateWatch
from voicebot.host.storage import SqliteStorage, StorageUnusable


class Server(SqliteStorage):
    """A storage whose server may be away."""

    away = False

    async def read(self, keys: list[str]) -> dict[str, Any]:
        if self.away:
            raise StorageUnusable("redis://127.0.0.1:6379/0 does not answer within 2 s")
        return await super().read(keys)


async def test_a_server_that_goes_and_comes_back_is_noticed() -> None:
    server = Server(None)
    await server.open()
    watch = StateWatch(server)
    await watch.look()
    assert watch.trouble == ""
    server.away = True
    await watch.look()
    assert watch.trouble == "redis://127.0.0.1:6379/0 does not answer within 2 s"
    server.away = False
    await watch.look()
    assert watch.trouble == ""
    await server.close()
