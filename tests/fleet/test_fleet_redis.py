"""Nodes with one Redis between them, a real one: limits are exact, and right again after whatever happens to it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from redis_server_run import redis_server
from waiting import until

from voicebot.fleet import Claim, Fleet, Limits, NodeState
from voicebot.redis_server import RedisAddress, RedisServer

pytest.importorskip("redis", reason="needs the extra: pip install 'voicebot[redis]'")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        shutil.which("redis-server") is None, reason="needs a redis-server (Debian package redis-server)"
    ),
]
NEVER_S = 3600.0
"""Between beats, where a test makes them itself."""
Join = Callable[..., Awaitable[Fleet]]


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with redis_server(tmp_path) as (url, _):
        yield url


@pytest.fixture
async def join(url: str) -> AsyncIterator[Join]:
    """Makes a node that has joined."""
    async with AsyncExitStack() as stack:

        async def join(name: str, limits: Limits | None = None, **options: Any) -> Fleet:
            fleet = Fleet(
                RedisServer(RedisAddress.parse(options.pop("url", url))),
                limits or Limits(),
                state=lambda: NodeState(name),
                **{"beat_s": NEVER_S, **options},
            )
            await fleet.start()
            stack.push_async_callback(fleet.close)
            return fleet

        yield join


def names(fleet: Fleet) -> list[str]:
    return sorted(node.name for node in fleet.nodes)


async def test_of_many_calls_at_once_at_two_nodes_exactly_as_many_are_admitted_as_may_be(join: Join) -> None:
    limits = Limits(7, {"sbc": 3})
    nodes = [await join("a", limits), await join("b", limits)]
    claims = await asyncio.gather(*(nodes[n % 2].claim("sbc") for n in range(10)))
    assert sum(claim is not None for claim in claims) == 3
    claims = await asyncio.gather(*(nodes[n % 2].claim("pbx") for n in range(10)))
    assert sum(claim is not None for claim in claims) == 4
    for claim in claims:
        if claim is not None:
            claim.release()

    async def again() -> Claim | None:
        return await nodes[0].claim("pbx")

    async with asyncio.timeout(20):
        while await again() is None:
            await asyncio.sleep(0.01)


async def test_what_a_node_had_that_was_killed_is_free_when_its_lease_ends(join: Join, url: str) -> None:
    dead = Fleet(RedisServer(RedisAddress.parse(url)), Limits(1), state=lambda: NodeState("dead"), lease_s=0.3)
    await dead.beat()
    assert await dead.claim("") is not None
    await dead._server.close()  # it is gone, without a word
    living = await join("living", Limits(1))
    assert "dead" in names(living)
    assert await living.claim("") is None
    async with asyncio.timeout(20):
        while await living.claim("") is None:
            await asyncio.sleep(0.02)
    await living.beat()
    assert names(living) == ["living"]


async def test_calls_keep_their_places_as_long_as_their_node_is_there(join: Join) -> None:
    node = await join("a", Limits(1), lease_s=0.5, beat_s=0.1)
    other = await join("b", Limits(1))
    assert await node.claim("") is not None
    for _ in range(10):
        await asyncio.sleep(0.1)
        assert await other.claim("") is None


async def test_a_node_that_leaves_takes_its_calls_with_it(join: Join) -> None:
    leaving, staying = await join("a", Limits(1)), await join("b", Limits(1))
    await staying.beat()
    assert names(staying) == ["a", "b"]
    assert await leaving.claim("") is not None
    await leaving.close()
    await staying.beat()
    assert names(staying) == ["b"] and await staying.claim("") is not None


async def test_the_calls_of_other_nodes_are_seen_and_ended_by_asking(join: Join) -> None:
    asked: list[str] = []
    calls = [{"id": "one", "node": "a"}]
    node = await join("a", calls=lambda: calls, end_call=asked.append)
    other = await join("b")
    ((at, call),) = await other.calls_elsewhere()
    assert call == calls[0] and await node.calls_elsewhere() == []
    assert await other.ask_end(at, "one")
    await other.beat()
    assert asked == []
    await node.beat()
    await node.beat()
    assert asked == ["one"]


async def test_a_redis_that_was_started_anew_is_told_everything_again(tmp_path: Path, join: Join) -> None:
    async with redis_server(tmp_path) as (url, process):
        limits = Limits(2, {"sbc": 1})
        nodes = [await join(name, limits, url=url) for name in ("a", "b")]
        first = await nodes[0].claim("sbc")
        assert first is not None
        process.kill()
        await process.wait()
        assert await nodes[0].claim("sbc") is not None, "without Redis, the node's own limits hold"
        assert nodes[0].trouble and await nodes[0].calls_elsewhere() == []
        await nodes[1].beat()
        assert nodes[1].trouble
        port = int(url.rpartition(":")[2].partition("/")[0])
        async with redis_server(tmp_path, port=port):
            for node in nodes:
                await node.beat()
                assert not node.trouble
            assert await nodes[1].claim("sbc") is None, "two are up, though there may be one"
            await nodes[1].beat()
            assert sorted((node.name, node.calls) for node in nodes[1].nodes) == [("a", 2), ("b", 0)]


async def test_a_redis_that_hangs_delays_one_call_and_refuses_none(join: Join) -> None:
    connections: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda reader, writer: connections.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    fleet = Fleet(
        RedisServer(RedisAddress.parse(f"redis://127.0.0.1:{port}/0"), limit_s=0.1),
        Limits(1),
        state=lambda: NodeState("a"),
        beat_s=NEVER_S,
    )
    assert await fleet.claim("") is not None and "does not answer" in fleet.trouble
    assert await fleet.claim("") is not None
    await fleet.close()
    for connection in connections:
        connection.close()
    server.close()


async def test_a_call_that_ends_during_a_beat_keeps_no_place(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    node = await join("a", Limits(1))
    claim = await node.claim("")
    assert claim is not None
    beat = node._ledger.beat

    async def slowly(*told: Any) -> Any:
        claim.release()
        return await beat(*told)

    monkeypatch.setattr(node._ledger, "beat", slowly)
    await node.beat()
    await until(lambda: not node._tasks or len(node._tasks) == 1)
    assert await node.claim("") is not None
