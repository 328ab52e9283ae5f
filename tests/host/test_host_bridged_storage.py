"""Turns go on while the state server is away, and what they left is in the server when it is back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import pytest
from state_items import read, write

from voicebot.host.bridged_storage import BridgedStorage
from voicebot.host.storage import EtagConflict, ItemWrite, SqliteStorage, StateServerAway, StorageUnusable, Stored

CALL = "telephony/conversations/one"
CALLER = "telephony/users/ada"
TEXT = "msteams/conversations/two"


class Server(SqliteStorage):
    """A storage whose server may be away; ``asked``: how often it was, while it was."""

    def __init__(self) -> None:
        super().__init__(None)
        self.away: type[StorageUnusable] | None = None
        self.asked = 0

    def _there(self) -> None:
        if self.away is not None:
            self.asked += 1
            raise self.away("redis://127.0.0.1:6379/0 does not answer within 1 s")

    async def open(self) -> None:
        self._there()
        await super().open()

    async def read(self, keys: Sequence[str]) -> dict[str, Stored]:
        self._there()
        return await super().read(keys)

    async def write(self, writes: Sequence[ItemWrite]) -> dict[str, str]:
        self._there()
        return await super().write(writes)

    async def delete(self, keys: Iterable[str]) -> None:
        self._there()
        await super().delete(keys)

    async def has(self, key: str) -> Any:
        item = (await super().read([key])).get(key)
        return json.loads(item.text)["n"] if item is not None else None


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    yield server
    await server.close()


@pytest.fixture
def storage(server: Server) -> BridgedStorage:
    return BridgedStorage(server, max_characters=2000)


async def turn(storage: BridgedStorage, key: str, number: int) -> int:
    """What the last turn left, as the next one reads it; it leaves ``number``."""
    item: dict[str, Any] = (await read(storage, [key])).get(key, {"n": 0})
    before: int = item["n"]
    item["n"] = number
    await write(storage, {key: item})
    return before


async def test_turns_go_on_from_memory_and_only_the_first_asks_a_server_that_hangs(
    storage: BridgedStorage, server: Server
) -> None:
    assert await turn(storage, CALL, 1) == 0
    server.away = StateServerAway
    assert [await turn(storage, CALL, number) for number in (2, 3, 4)] == [1, 2, 3]
    assert server.asked == 1 and "does not answer" in storage.trouble
    assert await turn(storage, "telephony/conversations/new", 1) == 0
    server.away = None
    await storage.look()
    assert storage.trouble == "" and await server.has(CALL) == 4
    assert await turn(storage, CALL, 5) == 4 and await server.has(CALL) == 5


async def test_a_server_that_refuses_is_bridged_too_but_not_at_the_start(
    storage: BridgedStorage, server: Server
) -> None:
    server.away = StorageUnusable
    with pytest.raises(StorageUnusable):
        await storage.open()
    assert await turn(storage, CALL, 1) == 0 and await turn(storage, CALL, 2) == 1


async def test_without_the_server_the_host_starts(storage: BridgedStorage, server: Server) -> None:
    server.away = StateServerAway
    await storage.open()
    assert storage.trouble and await turn(storage, CALL, 1) == 0
    server.away = None
    await storage.look()
    assert await server.has(CALL) == 1


async def test_a_turn_that_began_before_the_server_went_or_came_back_is_written(
    storage: BridgedStorage, server: Server
) -> None:
    await turn(storage, CALL, 1)
    item = (await read(storage, [CALL]))[CALL]
    server.away = StateServerAway
    item["n"] = 2
    await write(storage, {CALL: item})
    item = (await read(storage, [CALL]))[CALL]
    server.away = None
    await storage.look()
    item["n"] = 3
    await write(storage, {CALL: item})
    assert await server.has(CALL) == 3


async def test_of_two_turns_without_the_server_the_second_writer_is_refused(
    storage: BridgedStorage, server: Server
) -> None:
    await turn(storage, CALLER, 1)
    server.away = StateServerAway
    first, second = (await read(storage, [CALLER]))[CALLER], (await read(storage, [CALLER]))[CALLER]
    await write(storage, {CALLER: first})
    with pytest.raises(EtagConflict):
        await write(storage, {CALLER: second})


async def test_a_callers_state_that_another_host_wrote_meanwhile_stays(storage: BridgedStorage, server: Server) -> None:
    await turn(storage, CALLER, 1)
    server.away = StateServerAway
    await turn(storage, CALLER, 2)
    await SqliteStorage.write(server, [ItemWrite(CALLER, None, '{"n":7}')])
    server.away = None
    await storage.look()
    assert storage.trouble == "" and await server.has(CALLER) == 7
    assert await turn(storage, CALLER, 8) == 7


async def test_a_conversation_that_ended_without_the_server_is_deleted_there(
    storage: BridgedStorage, server: Server
) -> None:
    await turn(storage, CALL, 1)
    server.away = StateServerAway
    await storage.delete([CALL])
    assert await read(storage, [CALL]) == {}
    assert await server.has(CALL) == 1
    server.away = None
    await storage.look()
    assert await server.has(CALL) is None


async def test_a_server_that_has_lost_everything_ends_no_call_but_conversations_that_others_may_have_ended(
    storage: BridgedStorage, server: Server
) -> None:
    await turn(storage, CALL, 1)
    await turn(storage, TEXT, 1)
    await server.delete([CALL, TEXT])
    assert await turn(storage, CALL, 2) == 1 and await server.has(CALL) == 2
    assert await turn(storage, TEXT, 2) == 0


async def test_what_the_server_has_is_forgotten_first_and_what_finds_no_room_is_refused(
    storage: BridgedStorage, server: Server
) -> None:
    for number in range(100):
        await turn(storage, f"telephony/conversations/{number}", number)
    server.away = StateServerAway
    assert await turn(storage, "telephony/conversations/99", 100) == 99
    assert await read(storage, ["telephony/conversations/0"]) == {}, "it is in the server only"
    with pytest.raises(StorageUnusable, match="no room to keep more"):
        for number in range(100):
            await turn(storage, f"telephony/conversations/new-{number}", number)
    server.away = None
    await storage.look()
    assert storage.trouble == "" and await server.has("telephony/conversations/99") == 100


async def test_while_changes_are_carried_over_the_next_ones_are_not_lost(
    storage: BridgedStorage, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await turn(storage, CALL, 1)
    server.away = StateServerAway
    await turn(storage, CALL, 2)
    server.away = None
    at_once = SqliteStorage.write

    async def slowly(self: SqliteStorage, writes: Sequence[ItemWrite]) -> dict[str, str]:
        monkeypatch.undo()
        assert await turn(storage, CALL, 3) == 2  # a turn while the server takes the one before
        return await at_once(self, writes)

    monkeypatch.setattr(Server, "write", slowly)
    await storage.look()
    assert storage.trouble == "" and await server.has(CALL) == 3
    assert await turn(storage, CALL, 4) == 3
