"""Dialog state in Redis, with the compare-and-set of :mod:`voicebot.host.storage`.

For hosts on several machines, or without a lasting disk. Each item is a hash, ``<prefix><key>`` with the fields
``etag`` and ``value``, which expires when it has not been written for ``keep_s`` (a caller's state: for a year). A
write is one Lua script, so that comparing and setting are one operation, and a batch is written whole or not at all.
The braces of the prefix put all keys into one hash slot, which a script over several needs on Redis Cluster.

A server that is away or hangs fails an operation within its limit (:mod:`voicebot.redis_server`). The password comes
from the environment (:data:`STATE_PASSWORD_ENV`). Needs the extra ``voicebot[redis]``.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar

from voicebot.host.storage import (
    KEEP_S,
    KEEP_USERS_S,
    USERS,
    EtagConflict,
    ItemWrite,
    StateServerAway,
    StorageUnusable,
    Stored,
)
from voicebot.host_wire import STATE_PASSWORD_ENV
from voicebot.redis_server import LIMIT_S, RedisAddress, RedisAway, RedisRefuses, RedisServer

PREFIX = "{voicebot}:state:"
FORMER_PREFIX = "voicebot:state:"
"""Of earlier versions. What callers have left there is still read."""

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


class RedisStorage:
    """``url``: as :mod:`voicebot.redis_server` lists them. Raises ValueError for others."""

    def __init__(self, url: str, *, prefix: str = PREFIX, keep_s: float = KEEP_S, limit_s: float = LIMIT_S) -> None:
        password = os.environ.get(STATE_PASSWORD_ENV, "")
        self._server = RedisServer(RedisAddress.parse(url), password=password, limit_s=limit_s)
        self._redis = self._server.redis
        self._prefix = prefix
        self._keep_ms = max(1, round(keep_s * 1000))
        self._write_script = self._redis.register_script(_WRITE)

    async def open(self) -> None:
        """Check that the server lets us in. Raises :class:`StorageUnusable`."""
        await self._do(self._redis.ping())

    async def close(self) -> None:
        await self._server.close()

    async def read(self, keys: Sequence[str]) -> dict[str, Stored]:
        """The items of ``keys`` that exist. Raises :class:`StorageUnusable`."""
        if not keys:
            return {}
        pipe = self._redis.pipeline(transaction=False)
        for key in keys:
            pipe.hmget(self._prefix + key, ["etag", "value"])
        found = dict(zip(keys, await self._do(pipe.execute()), strict=True))
        for key in [key for key, (_, text) in found.items() if text is None and USERS in key]:
            found[key] = await self._do(self._redis.hmget(FORMER_PREFIX + key, ["etag", "value"]))
        return {key: Stored(text, str(tag)) for key, (tag, text) in found.items() if text is not None}

    async def write(self, writes: Sequence[ItemWrite]) -> dict[str, str]:
        """Store all of ``writes`` or none; returns the new versions. Raises ``EtagConflict``,
        :class:`StorageUnusable`."""
        if not writes:
            return {}
        tags = await self._do(
            self._write_script(
                keys=[self._prefix + item.key for item in writes],
                args=[part for item in writes for part in (item.expected or "", item.text, self._kept_ms(item))],
            )
        )
        if tags[0] < 0:
            raise EtagConflict(f"{writes[-tags[0] - 1].key} was written by somebody else")
        return {item.key: str(tag) for item, tag in zip(writes, tags, strict=True)}

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete the items of ``keys``, if they exist."""
        if wanted := [self._prefix + key for key in keys]:
            await self._do(self._redis.delete(*wanted))

    def _kept_ms(self, item: ItemWrite) -> int:
        return max(self._keep_ms, round(KEEP_USERS_S * 1000)) if USERS in item.key else self._keep_ms

    async def _do(self, operation: Awaitable[T]) -> T:
        try:
            return await self._server.run(operation)
        except RedisRefuses as error:
            raise StorageUnusable(str(error)) from error
        except RedisAway as error:
            raise StateServerAway(str(error)) from error
