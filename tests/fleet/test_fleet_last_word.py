"""A node whose process is killed is gone for the others at once; one that ends cleanly leaves without a last word."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis_server_run import redis_server

from voicebot.redis_server import RedisAddress, RedisServer

pytest.importorskip("redis", reason="needs the extra: pip install 'voicebot[redis]'")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        shutil.which("redis-server") is None, reason="needs a redis-server (Debian package redis-server)"
    ),
]
LEASES = "{voicebot}:fleet:leases"
FAR = 1e15


@asynccontextmanager
async def watched(url: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, Callable[[], None]]]:
    """The process that speaks for a node, and what the end of the node's process does to it."""
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voicebot.fleet.last_word", url, "node", str(reading)),
        stdout=asyncio.subprocess.PIPE,
        pass_fds=[reading],
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            assert b"ready" in await process.stdout.readline()
        yield process, lambda: os.close(writing)
    finally:
        os.close(reading)
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_the_lease_of_a_process_that_is_gone_ends_and_one_that_has_left_is_not_brought_back(
    tmp_path: Path,
) -> None:
    async with redis_server(tmp_path) as (url, _), watched(url) as (process, kill), watched(url) as (late, end):
        redis = RedisServer(RedisAddress.parse(url)).redis
        await redis.zadd(LEASES, {"node": FAR, "other": FAR})
        kill()
        assert await asyncio.wait_for(process.wait(), 60) == 0
        (seconds, _), ends = await redis.time(), dict(await redis.zrange(LEASES, 0, -1, withscores=True))
        assert ends["node"] <= (seconds + 1) * 1000 and ends["other"] == FAR
        await redis.zrem(LEASES, "node")
        end()
        assert await asyncio.wait_for(late.wait(), 60) == 0
        assert await redis.zscore(LEASES, "node") is None
        await redis.aclose()
