"""What the nodes keep in Redis, and the scripts that change it: each is carried out whole, by the server's own clock.

========================================  ==============================================================
``{voicebot}:fleet:leases``               sorted set: node -> when its lease ends, ms
``{voicebot}:fleet:held:<node>``          set: the places of this node's calls
``{voicebot}:fleet:held:<node>:<trunk>``  the same, of one trunk
``{voicebot}:fleet:nodes``                hash: node -> what it tells of itself (:class:`NodeState`)
``{voicebot}:fleet:lists``                hash: node -> its calls, as the API lists them (JSON)
``{voicebot}:fleet:kept:<node>``          hash: call of this node -> what another one needs to go on with it
``{voicebot}:fleet:midway``               hash: node -> those of its calls in which words would be lost with it
``{voicebot}:fleet:taken``                hash: call -> the node that has taken it from another
``{voicebot}:fleet:first:<call>``         the node that was told first of a call of which several may be told
``{voicebot}:fleet:asked:<node>``         set: calls of this node that somebody asked another node to end
``{voicebot}:fleet:account:<name>``       the node that registers this account, until its lease ends
========================================  ==============================================================

Only nodes have leases; a call belongs to its node, which is another one for each process. So a beat costs the same
however many calls there are. Places are counted where they are needed, by adding up those of the nodes that have a
lease: counters would be wrong for ever after a crash. Those of a node that is gone count for as long as one lease
more, in which the others take its calls, with their places. The braces keep all keys in one hash slot of a Redis
Cluster.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from voicebot.fleet.claims import Claim, Limits
from voicebot.fleet.node import NodeState
from voicebot.json_body import parse_json
from voicebot.redis_server import RedisServer

T = TypeVar("T")

LEASE_S = 1.5
FIRST_S = 120
"""Longer than any call rings."""
MAX_LISTED = 4 << 20
"""Characters of the list of a node's calls; a call has some 400."""
MAX_LISTED_VALUES = 200_000
_PREFIX = "{voicebot}:fleet:"
_KEEP_S = 600
"""What nobody renews is gone after this time, whatever it was."""

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
# KEYS: leases, then the sets in which the call gets its place. ARGV: lease (ms), node, call, then for each set how its
# key goes on behind that of the node, and the limit (0: none).
_CLAIM = f"""{_NOW}
local nodes = redis.call('ZRANGEBYSCORE', KEYS[1], now - ARGV[1], '+inf')
for i = 2, #KEYS do
    local limit = tonumber(ARGV[2 * i + 1])
    if limit > 0 and redis.call('SISMEMBER', KEYS[i], ARGV[3]) == 0 then
        local places = redis.call('SCARD', KEYS[i])
        for _, node in ipairs(nodes) do
            if node ~= ARGV[2] then
                places = places + redis.call('SCARD', '{_PREFIX}held:' .. node .. ARGV[2 * i])
            end
        end
        if places >= limit then return 0 end
    end
end
for i = 2, #KEYS do
    redis.call('SADD', KEYS[i], ARGV[3])
    redis.call('EXPIRE', KEYS[i], {_KEEP_S})
end
return 1
"""
# KEYS: leases, nodes, lists, asked, midway, what we keep, and the sets of our places. ARGV: lease (ms), node, its
# state, its calls and those that are midway (empty: as before), whether the states of all nodes are wanted (1 or 0).
# Returns those states, the calls to be ended, the nodes that are gone and have left calls, and whether our own lease
# had ended.
_BEAT = f"""{_NOW}
local before = redis.call('ZSCORE', KEYS[1], ARGV[2])
local late = (not before or tonumber(before) <= now) and 1 or 0
local left = {{}}
redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[3], ARGV[2], ARGV[4]) end
if ARGV[5] ~= '' then redis.call('HSET', KEYS[5], ARGV[2], ARGV[5]) end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
    redis.call('HDEL', KEYS[2], gone)
    redis.call('HDEL', KEYS[3], gone)
    if redis.call('EXISTS', '{_PREFIX}kept:' .. gone) == 1 then
        left[#left + 1] = gone
    elseif tonumber(redis.call('ZSCORE', KEYS[1], gone)) <= now - ARGV[1] then
        redis.call('ZREM', KEYS[1], gone)
        redis.call('HDEL', KEYS[5], gone)
    end
end
for i = 1, #KEYS do redis.call('EXPIRE', KEYS[i], {_KEEP_S}) end
local asked = redis.call('SMEMBERS', KEYS[4])
if #asked > 0 then redis.call('DEL', KEYS[4]) end
return {{ARGV[6] == '1' and redis.call('HVALS', KEYS[2]) or {{}}, asked, left, late}}
"""
# KEYS: leases, what the node that is gone has kept, what we keep, taken, midway. ARGV: that node, we, the call. Returns
# what was kept, and 1 if the call was midway; nothing if the node is there again, or somebody else was faster.
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
local midway = redis.call('HGET', KEYS[5], ARGV[1]) or ''
return {{kept, string.find(midway, ' ' .. ARGV[3] .. ' ', 1, true) and 1 or 0}}
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


_END_LEASE = f"{_NOW}return redis.call('ZADD', KEYS[1], 'XX', now, ARGV[1])"


class Beat(NamedTuple):
    """What a beat tells. ``nodes``: all there are, None if that was not asked. ``asked``: calls of this node to be
    ended; ``left``: nodes that are gone, and whose calls nobody has; ``late``: our own lease had ended, so that others
    may have taken our calls, and do not know what we have."""

    nodes: list[NodeState] | None
    asked: list[str]
    left: list[str]
    late: bool


class Taken(NamedTuple):
    """A call that another node had: what is needed to go on, and whether words may be lost."""

    kept: str
    midway: bool


class Ledger:
    """What ``node`` has in Redis. Every method raises what :meth:`RedisServer.run` raises."""

    def __init__(self, server: RedisServer, node: str, limits: Limits, *, lease_s: float = LEASE_S) -> None:
        self._server = server
        self._redis = server.redis
        self._node = node
        self._limits = limits
        self._lease_ms = round(lease_s * 1000)
        self._claim = self._redis.register_script(_CLAIM)
        self._beat = self._redis.register_script(_BEAT)
        self._take = self._redis.register_script(_TAKE)
        self._hold = self._redis.register_script(_HOLD)
        self._own = f"{_PREFIX}kept:{node}"
        self._trunks = [f":{name}" for name in limits.of_trunks]
        self._listed = ""
        """Our calls as they were told last."""
        self._midway = ""
        """And those in which words would be lost: each between blanks."""

    async def claim(self, claim: Claim) -> bool:
        """Whether there is a place for one more call."""
        parts = [("", self._limits.calls)]
        if claim.trunk:
            parts.append((f":{claim.trunk}", self._limits.of(claim.trunk)))
        keys = [f"{_PREFIX}leases", *self._held(claim)]
        args: list[str | int] = [self._lease_ms, self._node, claim.id]
        for part in parts:
            args += part
        return bool(await self._run(self._claim(keys=keys, args=args)))

    async def first(self, call: str) -> bool:
        """Whether this node is the first to be told of ``call``, in the last :data:`FIRST_S`."""
        key, life_ms = f"{_PREFIX}first:{call}", FIRST_S * 1000
        return bool(await self._run(self._redis.set(key, self._node, nx=True, px=life_ms)))

    async def free(self, claims: Sequence[Claim]) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for claim in claims:
            for key in self._held(claim):
                pipe.srem(key, claim.id)
        await self._run(pipe.execute())

    async def move(self, node: str, claims: Sequence[Claim]) -> None:
        """Places that a node had that is gone are ours."""
        pipe = self._redis.pipeline(transaction=True)
        for claim in claims:
            for ours, theirs in zip(self._held(claim), self._held(claim, node), strict=True):
                pipe.sadd(ours, claim.id)
                pipe.srem(theirs, claim.id)
        await self._run(pipe.execute())

    async def tell(self, claims: Sequence[Claim]) -> None:
        """All that we have, to a Redis that may know nothing of it."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.hset(f"{_PREFIX}lists", self._node, self._listed)
        pipe.hset(f"{_PREFIX}midway", self._node, self._midway)
        for claim in claims:
            for key in self._held(claim):
                pipe.sadd(key, claim.id)
                pipe.expire(key, _KEEP_S)
        await self._run(pipe.execute())

    async def beat(
        self, state: NodeState, calls: Sequence[dict[str, Any]], midway: Iterable[str] = (), *, look: bool
    ) -> Beat:
        """Renew the node's lease. ``midway``: those of its calls in which words would be lost with it. ``look``: ask
        for all nodes, too."""
        listed, spoken = json.dumps(calls), f" {' '.join(midway)} "
        keys = [_PREFIX + name for name in ("leases", "nodes", "lists", f"asked:{self._node}", "midway")]
        keys += [self._own, *(f"{_PREFIX}held:{self._node}{part}" for part in ("", *self._trunks))]
        told = [now if now != before else "" for now, before in ((listed, self._listed), (spoken, self._midway))]
        args: list[str | int] = [self._lease_ms, self._node, state.encode(), *told, int(look)]
        states, asked, left, late = await self._run(self._beat(keys=keys, args=args))
        self._listed, self._midway = listed, spoken
        nodes = [node for text in states if (node := NodeState.decode(text)) is not None] if look else None
        return Beat(nodes, [str(call) for call in asked], [str(node) for node in left], bool(late))

    async def hold(self, accounts: Sequence[str], *, wanted: bool) -> dict[str, str]:
        """Take those of ``accounts`` that no node has, or give ours back. Returns which node has each; empty: none."""
        keys = [f"{_PREFIX}account:{name}" for name in accounts]
        holders = await self._run(self._hold(keys=keys, args=[self._lease_ms, self._node, int(wanted)]))
        return dict(zip(accounts, map(str, holders), strict=True))

    async def keep(self, kept: Mapping[str, str], over: Collection[str]) -> None:
        """Note what is needed to go on with calls of this node; ``over``: those that have ended."""
        pipe = self._redis.pipeline(transaction=False)
        if kept:
            pipe.hset(self._own, items=[part for pair in kept.items() for part in pair])
        if over:
            pipe.hdel(self._own, *over)
        await self._run(pipe.execute())

    async def left_by(self, node: str) -> list[str]:
        """The calls that a node has left, and nobody has taken."""
        calls = await self._run(cast("Awaitable[list[str]]", self._redis.hkeys(f"{_PREFIX}kept:{node}")))
        return [str(call) for call in calls]

    async def take(self, node: str, call: str) -> Taken | None:
        """A call of a node that is gone. It is ours from now on; None if it is not."""
        keys = [f"{_PREFIX}leases", f"{_PREFIX}kept:{node}", self._own, f"{_PREFIX}taken", f"{_PREFIX}midway"]
        found = await self._run(self._take(keys=keys, args=[node, self._node, call]))
        return Taken(str(found[0]), bool(found[1])) if found else None

    async def takers(self, calls: Sequence[str]) -> dict[str, str]:
        """Of those of ``calls`` that went on at another node than they began, the one that took each last."""
        if not calls:
            return {}
        by = await self._run(cast("Awaitable[list[str | None]]", self._redis.hmget(f"{_PREFIX}taken", list(calls))))
        return {call: node for call, node in zip(calls, by, strict=True) if node is not None}

    async def leave(self) -> None:
        """The node ends, and what it still holds is free."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.zrem(f"{_PREFIX}leases", self._node)
        pipe.hdel(f"{_PREFIX}nodes", self._node)
        pipe.hdel(f"{_PREFIX}lists", self._node)
        pipe.hdel(f"{_PREFIX}midway", self._node)
        pipe.delete(self._own)
        for part in ("", *self._trunks):
            pipe.delete(f"{_PREFIX}held:{self._node}{part}")
        await self._run(pipe.execute())

    async def others(self) -> list[tuple[str, dict[str, Any]]]:
        """The calls of all other nodes, each with its node."""
        lists = await self._run(cast("Awaitable[dict[str, str]]", self._redis.hgetall(f"{_PREFIX}lists")))
        lists.pop(self._node, None)
        return await asyncio.to_thread(_listed, lists)

    async def ask_end(self, node: str, call: str) -> None:
        """Have ``node`` end its ``call``."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.sadd(f"{_PREFIX}asked:{node}", call)
        pipe.expire(f"{_PREFIX}asked:{node}", _KEEP_S)
        await self._run(pipe.execute())

    def _held(self, claim: Claim, node: str = "") -> list[str]:
        """The sets in which a claim of ``node``, by default ours, has its place."""
        key = f"{_PREFIX}held:{node or self._node}"
        return [key, f"{key}:{claim.trunk}"] if claim.trunk else [key]

    async def _run(self, operation: Awaitable[T]) -> T:
        return await self._server.run(operation)


def _listed(lists: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """The calls in the lists of nodes. Blocks: 10,000 calls take 30 ms."""
    found = []
    for node, text in lists.items():
        try:
            calls = parse_json(text, MAX_LISTED, MAX_LISTED_VALUES)
        except ValueError:
            continue
        found += [(node, call) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    return found


async def end_lease(server: RedisServer, node: str) -> None:
    """``node`` is gone: what it has left is for the others. No effect after it has left. Raises what
    :meth:`RedisServer.run` raises."""
    await server.run(server.redis.register_script(_END_LEASE)(keys=[f"{_PREFIX}leases"], args=[node]))
