"""Dialog state in Redis, with the codec and compare-and-set of :mod:`voicebot.host.storage`.

For hosts on several machines, or without a lasting disk. Each item is a hash, ``<prefix><key>`` with the fields
``etag`` and ``value``, which expires when it has not been written for ``keep_s`` (a caller's state: for a year). A
write is one Lua script, so that comparing and setting are one operation, and a batch is written whole or not at all.

Each operation may take ``LIMIT_S``: a server that is away or hangs fails the turn that needs it, and nothing else.
Nothing is tried again, because a write whose answer was lost may have been carried out. The pool reconnects for the
next turn.

The password comes from the environment (:data:`STATE_PASSWORD_ENV`), because URLs show up in process lists and logs.
Needs the extra ``voicebot[redis]``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from voicebot.host.storage import (
    KEEP_S,
    KEEP_USERS_S,
    USERS,
    EtagConflict,
    ItemWrite,
    StorageUnusable,
    items_of,
    tag_items,
    writes_of,
)
from voicebot.host_wire import STATE_PASSWORD_ENV

PREFIX = "voicebot:state:"
LIMIT_S = 2.0
CONNECTIONS = 32
"""Most connections at a time; further operations wait for one, within their limit."""

T = TypeVar("T")

# KEYS: the items. ARGV: for each its expected etag ("" for any), its new value, and how long it is kept (ms).
# Returns the new etags, or the negative position of the item that conflicts.
_WRITE = """
local tags = {}
for i, key in ipairs(KEYS) do
    local found = redis.call('HGET', key, 'etag')
    local expected = ARGV[3 * i - 2]
    if found and expected ~= '' and found ~= expected then
        return {-i}
    end
    tags[i] = (tonumber(found) or 0) + 1
end
for i, key in ipairs(KEYS) do
    redis.call('HSET', key, 'etag', tags[i], 'value', ARGV[3 * i - 1])
    redis.call('PEXPIRE', key, ARGV[3 * i])
end
return tags
"""


class StateServerAway(StorageUnusable):
    """The Redis server cannot be reached, or does not answer in time."""


class RedisStorage:
    """``url``: ``redis://host:port/database``, ``rediss://`` for TLS, ``unix://path``. Raises ValueError for others."""

    def __init__(self, url: str, *, prefix: str = PREFIX, keep_s: float = KEEP_S, limit_s: float = LIMIT_S) -> None:
        self._where = _without_secrets(url)
        self._prefix = prefix
        self._keep_ms = max(1, round(keep_s * 1000))
        self._limit_s = limit_s
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=limit_s,
            socket_timeout=limit_s,
            socket_connect_timeout=limit_s,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
            **({"password": password} if (password := os.environ.get(STATE_PASSWORD_ENV)) else {}),
        )
        self._redis: Redis = Redis(connection_pool=self._pool)
        self._write_script = self._redis.register_script(_WRITE)

    async def open(self) -> None:
        """Check that the server lets us in. Raises :class:`StorageUnusable`."""
        await self._do(self._redis.ping())

    async def close(self) -> None:
        await self._redis.aclose()
        await self._pool.disconnect()

    async def read(self, keys: list[str]) -> dict[str, Any]:
        """The items of ``keys`` that exist. Raises ``StateUnreadable`` or :class:`StorageUnusable`."""
        if not keys:
            return {}
        pipe = self._redis.pipeline(transaction=True)
        for key in keys:
            pipe.hmget(self._prefix + key, ["etag", "value"])
        found = await self._do(pipe.execute())
        return items_of((key, tag, text) for key, (tag, text) in zip(keys, found, strict=True) if text is not None)

    async def write(self, changes: dict[str, Any]) -> None:
        """Store all of ``changes`` or none. Raises ``EtagConflict``, ``StateNotStorable``, :class:`StorageUnusable`."""
        writes = writes_of(changes)
        if not writes:
            return
        tags = await self._do(
            self._write_script(
                keys=[self._prefix + item.key for item in writes],
                args=[part for item in writes for part in (item.expected or "", item.text, self._kept_ms(item))],
            )
        )
        if tags[0] < 0:
            raise EtagConflict(f"{writes[-tags[0] - 1].key} was written by somebody else")
        tag_items(changes, dict(zip((item.key for item in writes), tags, strict=True)))

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete the items of ``keys``, if they exist."""
        if wanted := [self._prefix + key for key in keys]:
            await self._do(self._redis.delete(*wanted))

    def _kept_ms(self, item: ItemWrite) -> int:
        return max(self._keep_ms, round(KEEP_USERS_S * 1000)) if USERS in item.key else self._keep_ms

    async def _do(self, operation: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._limit_s):
                return await operation
        except ResponseError as error:  # it answers, but refuses: wrong password, read-only replica, out of memory
            raise StorageUnusable(f"{self._where} refuses: {error}") from error
        except TimeoutError as error:
            raise StateServerAway(f"{self._where} does not answer within {self._limit_s:g} s") from error
        except (RedisError, OSError) as error:
            raise StateServerAway(f"{self._where} cannot be used: {error}") from error


def _without_secrets(url: str) -> str:
    """``url`` without user and password, for messages."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
