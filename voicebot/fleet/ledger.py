"""What the nodes keep in Redis, and the scripts that change it: each is carried out whole, by the server's own clock.

=====================================  =================================================================
``{voicebot}:fleet:calls``             sorted set: call -> when its lease ends, ms
``{voicebot}:fleet:trunk:<name>``      the same, of one trunk
``{voicebot}:fleet:leases``            sorted set: node -> when its lease ends, ms
``{voicebot}:fleet:nodes``             hash: node -> what it tells of itself (:class:`NodeState`)
``{voicebot}:fleet:lists``             hash: node -> its calls, as the API lists them (JSON)
``{voicebot}:fleet:kept:<node>``       hash: call of this node -> what another one needs to go on with it
``{voicebot}:fleet:taken``             hash: call -> the node that has taken it from another
``{voicebot}:fleet:first:<call>``      the node that was told first of a call of which several may be told
``{voicebot}:fleet:asked:<node>``      set: calls of this node that somebody asked another node to end
``{voicebot}:fleet:account:<name>``    the node that registers this account, until its lease ends
=====================================  =================================================================

Counters would be wrong for ever after a crash; what has a lease is right again when that ends. The braces keep all keys
in one hash slot of a Redis Cluster.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from voicebot.fleet.claims import Claim, Limits
from voicebot.fleet.node import NodeState
from voicebot.json_body import parse_json
from voicebot.redis_server import RedisServer

T = TypeVar("T")

LEASE_S = 1.5
FIRST_S = 120
"""Longer than any call rings."""
_PREFIX = "{voicebot}:fleet:"
_KEEP_S = 600
"""What nobody renews is gone after this time, whatever it was."""

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
# KEYS: sets that the call has to have a place in. ARGV: lease (ms), call, the limit of each set (0: none).
_CLAIM = f"""{_NOW}
for i, key in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    local limit = tonumber(ARGV[2 + i])
    if limit > 0 and not redis.call('ZSCORE', key, ARGV[2]) and redis.call('ZCARD', key) >= limit then
        return 0
    end
end
for _, key in ipairs(KEYS) do
    redis.call('ZADD', key, now + ARGV[1], ARGV[2])
    redis.call('EXPIRE', key, {_KEEP_S})
end
return 1
"""
# KEYS: leases, nodes, lists, asked, calls, trunks... ARGV: lease (ms), node, its state, its calls; then for each claim
# the number of its trunk in KEYS (0: none) and its id. Returns the states of all nodes, the calls to be ended, the
# nodes that are gone and have left calls, and whether our own lease had ended.
_BEAT = f"""{_NOW}
local before = redis.call('ZSCORE', KEYS[1], ARGV[2])
local late = (not before or tonumber(before) <= now) and 1 or 0
local left = {{}}
redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('HSET', KEYS[3], ARGV[2], ARGV[4])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
    redis.call('HDEL', KEYS[2], gone)
    redis.call('HDEL', KEYS[3], gone)
    if redis.call('EXISTS', '{_PREFIX}kept:' .. gone) == 1 then
        left[#left + 1] = gone
    else
        redis.call('ZREM', KEYS[1], gone)
    end
end
for i = 5, #ARGV, 2 do
    redis.call('ZADD', KEYS[5], now + ARGV[1], ARGV[i + 1])
    if ARGV[i] ~= '0' then redis.call('ZADD', KEYS[tonumber(ARGV[i])], now + ARGV[1], ARGV[i + 1]) end
end
for i = 1, #KEYS do redis.call('EXPIRE', KEYS[i], {_KEEP_S}) end
redis.call('EXPIRE', '{_PREFIX}kept:' .. ARGV[2], {_KEEP_S})
local asked = redis.call('SMEMBERS', KEYS[4])
redis.call('DEL', KEYS[4])
return {{redis.call('HVALS', KEYS[2]), asked, left, late}}
"""
# KEYS: leases, what the node that is gone has kept, what we keep, taken. ARGV: that node, we, the call. Returns what
# was kept; nothing if the node is there again, or somebody else was faster.
_TAKE = f"""{_NOW}
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if ends and tonumber(ends) > now then return false end
local kept = redis.call('HGET', KEYS[2], ARGV[3])
if not kept then return false end
redis.call('HDEL', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[3], ARGV[3], kept)
redis.call('HSET', KEYS[4], ARGV[3], ARGV[2])
redis.call('EXPIRE', KEYS[3], {_KEEP_S})
redis.call('EXPIRE', KEYS[4], {_KEEP_S})
return kept
"""
# KEYS: accounts. ARGV: lease (ms), we, whether we want them (1 or 0). Returns who has each; empty: nobody.
_HOLD = """
local holders = {}
for i, key in ipairs(KEYS) do
    local holder = redis.call('GET', key)
    if ARGV[3] == '1' and (not holder or holder == ARGV[2]) then
        redis.call('SET', key, ARGV[2], 'PX', ARGV[1])
        holder = ARGV[2]
    elseif ARGV[3] == '0' and holder == ARGV[2] then
        redis.call('DEL', key)
        holder = false
    end
    holders[i] = holder or ''
end
return holders
"""


class Beat(NamedTuple):
    """What a beat tells. ``asked``: calls of this node to be ended; ``left``: nodes that are gone, and whose calls
    nobody has; ``late``: our own lease had ended, so that others may have taken our calls."""

    nodes: list[NodeState]
    asked: list[str]
    left: list[str]
    late: bool


class Ledger:
    """What ``node`` has in Redis. Every method raises what :meth:`RedisServer.run` raises."""

    def __init__(self, server: RedisServer, node: str, limits: Limits, *, lease_s: float = LEASE_S) -> None:
        self._server = server
        self._redis = server.redis
        self._node = node
        self._limits = limits
        self._lease_ms = round(lease_s * 1000)
        self._trunks = {name: f"{_PREFIX}trunk:{name}" for name in limits.of_trunks}
        self._claim = self._redis.register_script(_CLAIM)
        self._beat = self._redis.register_script(_BEAT)
        self._take = self._redis.register_script(_TAKE)
        self._hold = self._redis.register_script(_HOLD)
        self._own = f"{_PREFIX}kept:{node}"

    async def claim(self, claim: Claim) -> bool:
        """Whether there is a place for one more call."""
        keys, limits = [f"{_PREFIX}calls"], [self._limits.calls]
        if claim.trunk:
            keys.append(self._trunks[claim.trunk])
            limits.append(self._limits.of(claim.trunk))
        return bool(await self._run(self._claim(keys=keys, args=[self._lease_ms, claim.id, *limits])))

    async def first(self, call: str) -> bool:
        """Whether this node is the first to be told of ``call``, in the last :data:`FIRST_S`."""
        key, life_ms = f"{_PREFIX}first:{call}", FIRST_S * 1000
        return bool(await self._run(self._redis.set(key, self._node, nx=True, px=life_ms)))

    async def free(self, claim: Claim) -> None:
        pipe = self._redis.pipeline(transaction=True)
        pipe.zrem(f"{_PREFIX}calls", claim.id)
        if claim.trunk:
            pipe.zrem(self._trunks[claim.trunk], claim.id)
        await self._run(pipe.execute())

    async def beat(self, state: NodeState, calls: Sequence[dict[str, Any]], claims: Sequence[Claim]) -> Beat:
        """Renew the node's lease and those of its claims."""
        keys = [_PREFIX + name for name in ("leases", "nodes", "lists", f"asked:{self._node}", "calls")]
        numbers = {name: len(keys) + number for number, name in enumerate(self._trunks, 1)}
        held = [part for claim in claims for part in (numbers.get(claim.trunk, 0), claim.id)]
        args = [self._lease_ms, self._node, state.encode(), json.dumps(calls), *held]
        states, asked, left, late = await self._run(self._beat(keys=[*keys, *self._trunks.values()], args=args))
        nodes = [node for text in states if (node := NodeState.decode(text)) is not None]
        return Beat(nodes, [str(call) for call in asked], [str(node) for node in left], bool(late))

    async def hold(self, accounts: Sequence[str], *, wanted: bool) -> dict[str, str]:
        """Take those of ``accounts`` that no node has, or give ours back. Returns which node has each; empty: none."""
        keys = [f"{_PREFIX}account:{name}" for name in accounts]
        holders = await self._run(self._hold(keys=keys, args=[self._lease_ms, self._node, int(wanted)]))
        return dict(zip(accounts, map(str, holders), strict=True))

    async def keep(self, kept: Mapping[str, str], over: Collection[str]) -> None:
        """Note what is needed to go on with calls of this node; ``over``: those that have ended."""
        pipe = self._redis.pipeline(transaction=True)
        if kept:
            pipe.hset(self._own, items=[part for pair in kept.items() for part in pair])
        if over:
            pipe.hdel(self._own, *over)
        await self._run(pipe.execute())

    async def left_by(self, node: str) -> list[str]:
        """The calls that a node has left, and nobody has taken."""
        calls = await self._run(cast("Awaitable[list[str]]", self._redis.hkeys(f"{_PREFIX}kept:{node}")))
        return [str(call) for call in calls]

    async def take(self, node: str, call: str) -> str | None:
        """What is needed to go on with a call of a node that is gone. It is ours from now on; None if it is not."""
        keys = [f"{_PREFIX}leases", f"{_PREFIX}kept:{node}", self._own, f"{_PREFIX}taken"]
        kept = await self._run(self._take(keys=keys, args=[node, self._node, call]))
        return str(kept) if kept else None

    async def takers(self, calls: Sequence[str]) -> dict[str, str]:
        """Of those of ``calls`` that went on at another node than they began, the one that took each last."""
        if not calls:
            return {}
        by = await self._run(cast("Awaitable[list[str | None]]", self._redis.hmget(f"{_PREFIX}taken", list(calls))))
        return {call: node for call, node in zip(calls, by, strict=True) if node is not None}

    async def leave(self, claims: Sequence[Claim]) -> None:
        """The node ends, and what it still holds is free."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.zrem(f"{_PREFIX}leases", self._node)
        pipe.hdel(f"{_PREFIX}nodes", self._node)
        pipe.hdel(f"{_PREFIX}lists", self._node)
        pipe.delete(self._own)
        for claim in claims:
            pipe.zrem(f"{_PREFIX}calls", claim.id)
            if claim.trunk:
                pipe.zrem(self._trunks[claim.trunk], claim.id)
        await self._run(pipe.execute())

    async def others(self) -> list[tuple[str, dict[str, Any]]]:
        """The calls of all other nodes, each with its node."""
        lists = await self._run(cast("Awaitable[dict[str, str]]", self._redis.hgetall(f"{_PREFIX}lists")))
        found = []
        for node, text in lists.items():
            try:
                calls = parse_json(text) if node != self._node else []
            except ValueError:
                continue
            found += [(node, call) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
        return found

    async def ask_end(self, node: str, call: str) -> None:
        """Have ``node`` end its ``call``."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.sadd(f"{_PREFIX}asked:{node}", call)
        pipe.expire(f"{_PREFIX}asked:{node}", _KEEP_S)
        await self._run(pipe.execute())

    async def _run(self, operation: Awaitable[T]) -> T:
        return await self._server.run(operation)


async def end_lease(server: RedisServer, node: str) -> None:
    """``node`` is gone: what it has left is for the others. No effect after it has left. Raises what
    :meth:`RedisServer.run` raises."""
    await server.run(cast("Awaitable[int]", server.redis.zadd(f"{_PREFIX}leases", {node: 1}, xx=True)))
