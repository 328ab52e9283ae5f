"""Against a real redis-server, on a port and in a folder of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from free_port import free_port
from host_peer import START
from redis_server_run import SERVER, answers, redis_server
from state_items import read, write
from test_host_process import Run, call, ready, run  # noqa: F401
from waiting import until

from voicebot.host.redis_storage import RedisStorage
from voicebot.host.storage import EtagConflict, ItemWrite, StateServerAway, StorageUnusable
from voicebot.host_wire import STATE_PASSWORD_ENV

pytest.importorskip("redis", reason="needs the extra: pip install 'voicebot[redis]'")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(SERVER is None, reason="needs a redis-server (Debian package redis-server)"),
]


@asynccontextmanager
async def sentinel(settings: Path, port: int) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        str(SERVER), str(settings), "--sentinel", stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await until(lambda: answers(port))
        yield
    finally:
        process.kill()
        await process.wait()


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with redis_server(tmp_path) as (url, _):
        yield url


@pytest.fixture
async def storage(url: str) -> AsyncIterator[RedisStorage]:
    storage = RedisStorage(url)
    await storage.open()
    yield storage
    await storage.close()


async def test_items_come_back_and_absent_ones_do_not(storage: RedisStorage) -> None:
    await write(storage, {"a": {"n": 1}, "b": {"n": "ü"}})
    items = await read(storage, ["a", "b", "c"])
    assert {key: item["n"] for key, item in items.items()} == {"a": 1, "b": "ü"}
    assert await read(storage, []) == {}
    await write(storage, {})


async def test_a_second_writer_with_the_old_etag_is_refused(storage: RedisStorage, url: str) -> None:
    await write(storage, {"a": {"n": 1}})
    other = RedisStorage(url)
    mine, theirs = (await read(storage, ["a"]))["a"], (await read(other, ["a"]))["a"]
    theirs["n"] = 2
    await write(other, {"a": theirs})
    await other.close()
    mine["n"] = 3
    with pytest.raises(EtagConflict):
        await write(storage, {"a": mine})
    assert (await read(storage, ["a"]))["a"]["n"] == 2


async def test_of_many_writers_at_once_exactly_one_wins(storage: RedisStorage) -> None:
    await write(storage, {"a": {"n": 0}})
    copies = [(await read(storage, ["a"]))["a"] for _ in range(20)]
    outcomes = await asyncio.gather(*(write(storage, {"a": copy}) for copy in copies), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["EtagConflict"] * 19 + ["NoneType"]


async def test_one_conflict_writes_nothing_of_the_batch(storage: RedisStorage) -> None:
    await write(storage, {"a": {"n": 1}})
    with pytest.raises(EtagConflict, match="a was written"):
        await write(storage, {"b": {"n": 9}, "a": {"n": 2, "e_tag": "77"}})
    assert await read(storage, ["b"]) == {}


async def test_writing_twice_from_the_same_item_is_no_conflict(storage: RedisStorage) -> None:
    item = {"n": 1}
    await write(storage, {"a": item})
    item["n"] = 2
    await write(storage, {"a": item})
    assert (await read(storage, ["a"]))["a"]["n"] == 2


async def test_who_names_no_version_replaces_any(storage: RedisStorage) -> None:
    await write(storage, {"a": {"n": 1}})
    await write(storage, {"a": {"n": 2}})
    assert (await read(storage, ["a"]))["a"]["n"] == 2


async def test_deleting_forgets_and_does_not_mind_what_is_absent(storage: RedisStorage) -> None:
    await write(storage, {"a": {"n": 1}})
    await storage.delete({"a", "never there"})
    await storage.delete([])
    assert await read(storage, ["a"]) == {}


async def test_what_is_stored_is_the_text(storage: RedisStorage) -> None:
    await storage.write([ItemWrite("a", None, '{"n":1}')])
    assert await storage._redis.hget("{voicebot}:state:a", "value") == '{"n":1}'


async def test_what_is_left_alone_is_forgotten_by_the_server(url: str) -> None:
    storage = RedisStorage(url, keep_s=60)
    await write(storage, {"a": {"n": 1}})
    assert 0 < await storage._redis.pttl("{voicebot}:state:a") <= 60_000
    await storage.close()


async def test_a_server_that_is_away_is_told_without_the_password() -> None:
    where = f"127.0.0.1:{free_port()}"
    storage = RedisStorage(f"redis://user:hush@{where}/0")
    with pytest.raises(StateServerAway, match=f"redis://{where}/0 cannot be used") as told:
        await storage.open()
    assert "hush" not in str(told.value)
    await storage.close()


async def test_a_server_that_hangs_costs_the_limit_and_no_more() -> None:
    connections: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda reader, writer: connections.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    storage = RedisStorage(f"redis://127.0.0.1:{port}/0", limit_s=0.1)
    with pytest.raises(StateServerAway):
        await asyncio.wait_for(read(storage, ["a"]), 5)
    await storage.close()
    for connection in connections:
        connection.close()
    server.close()


async def test_a_server_that_was_started_anew_is_used_again(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as (url, process):
        storage = RedisStorage(url)
        await write(storage, {"a": {"n": 1}})
        process.kill()
        await process.wait()
        with pytest.raises(StateServerAway):
            await read(storage, ["a"])
        port = int(url.rpartition(":")[2].partition("/")[0])
        async with redis_server(tmp_path, port=port):
            assert await read(storage, ["a"]) == {}, "this server keeps nothing, but it is there"
        await storage.close()


async def test_the_password_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with redis_server(tmp_path, "--requirepass", "hush") as (url, _):
        without = RedisStorage(url)
        with pytest.raises(StorageUnusable):
            await without.open()
        await without.close()
        monkeypatch.setenv(STATE_PASSWORD_ENV, "hush")
        storage = RedisStorage(url)
        await storage.open()
        await storage.close()


async def test_a_killed_host_goes_on_from_redis(run: Run, echo_folder: Path, tmp_path: Path, url: str) -> None:  # noqa: F811
    path = tmp_path / "h.sock"
    options = ("--dialogs", echo_folder, "--socket", path, "--state-url", url)
    host = await run(*options)
    await ready(host)
    wire = await call(path)
    await wire.ask(**START)
    await wire.ask("a")
    host.kill()
    await host.wait()
    wire.writer.close()
    host = await run(*options)
    await ready(host)
    wire = await call(path)
    assert (await wire.ask("b"))[0] == ["2: b"]
    wire.writer.close()


async def test_what_callers_left_with_an_earlier_version_is_read_and_moves_with_the_next_write(
    storage: RedisStorage,
) -> None:
    caller = "telephony/users/ada"
    await storage._redis.hset(f"voicebot:state:{caller}", mapping={"etag": 3, "value": '{"n":1}'})
    item = (await read(storage, [caller]))[caller]
    assert item["n"] == 1
    await write(storage, {caller: item | {"n": 2}})
    assert (await read(storage, [caller]))[caller]["n"] == 2
    assert await storage._redis.exists("{voicebot}:state:" + caller)


async def test_a_host_starts_without_its_state_server_and_keeps_a_conversation_when_that_comes(
    run: Run,  # noqa: F811
    echo_folder: Path,
    tmp_path: Path,
) -> None:
    port = free_port()
    path = tmp_path / "h.sock"
    options = ("--dialogs", echo_folder, "--socket", path, "--state-url", f"redis://127.0.0.1:{port}/0")
    host = await run(*options)
    await ready(host)
    wire = await call(path)
    await wire.ask(**START)
    assert (await wire.ask("a"))[0] == ["1: a"]
    async with redis_server(tmp_path, port=port) as (url, _):
        there = RedisStorage(url)
        async with asyncio.timeout(30):
            while not await there._redis.keys("*conversations*"):
                await asyncio.sleep(0.05)
        await there.close()
        assert (await wire.ask("b"))[0] == ["2: b"]
        host.kill()
        await host.wait()
        wire.writer.close()
        host = await run(*options)
        await ready(host)
        wire = await call(path)
        assert (await wire.ask("c"))[0] == ["3: c"], "what was said without the server is in the server"
        wire.writer.close()


async def test_a_host_does_not_start_where_the_state_server_does_not_let_it_in(
    run: Run,  # noqa: F811
    echo_folder: Path,
    tmp_path: Path,
) -> None:
    async with redis_server(tmp_path, "--requirepass", "hush") as (url, _):
        host = await run("--dialogs", echo_folder, "--socket", tmp_path / "h.sock", "--state-url", url)
        _, log = await asyncio.wait_for(host.communicate(), 60)
        assert host.returncode == 2
        assert f"{url} refuses: ".encode() in log
        assert b"Traceback" not in log


async def test_the_master_is_found_by_sentinels_also_after_it_has_changed(tmp_path: Path) -> None:
    first, second, sentinel_port = free_port(), free_port(), free_port()
    for name in ("one", "two", "watch"):
        (tmp_path / name).mkdir()
    (settings := tmp_path / "watch" / "sentinel.conf").write_text(
        f"port {sentinel_port}\nbind 127.0.0.1\ndir {tmp_path / 'watch'}\n"
        f"sentinel monitor calls 127.0.0.1 {first} 1\nsentinel down-after-milliseconds calls 300\n"
    )
    replica = ("--replicaof", "127.0.0.1", str(first))
    async with (
        redis_server(tmp_path / "one", port=first) as (_, master),
        redis_server(tmp_path / "two", *replica, port=second) as (copy_url, _),
        sentinel(settings, sentinel_port),
    ):
        copy = RedisStorage(copy_url)
        storage = RedisStorage(f"redis+sentinel://127.0.0.1:{sentinel_port}/calls/0")
        await storage.open()
        await write(storage, {"a": {"n": 1}})
        async with asyncio.timeout(30):
            while await read(copy, ["a"]) == {}:
                await asyncio.sleep(0.02)
            asked = RedisStorage(f"redis://127.0.0.1:{sentinel_port}/0")
            while "127.0.0.1" not in str(await asked._redis.execute_command("SENTINEL", "REPLICAS", "calls")):
                await asyncio.sleep(0.05)
            await asked.close()
            master.kill()
            while True:
                try:
                    await write(storage, {"a": {"n": 2}})
                    break
                except StorageUnusable:
                    await asyncio.sleep(0.05)
        await copy.close()
        copy = RedisStorage(copy_url)  # the server ended the connections that it had before
        assert (await read(copy, ["a"]))["a"]["n"] == 2, "the copy is the master now"
        await copy.close()
        await storage.close()
