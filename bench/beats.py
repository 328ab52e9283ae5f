"""What a fleet costs its Redis: microseconds of the server's core for a beat, a call and a turn.

    python -m bench.beats

Nodes' leases, states and calls are put into a Redis of our own, and beats are run as nodes run them
(``voicebot/fleet/ledger.py``); then what else a call asks of it: a place, what others need to go on with it, and in
each turn the state of its conversation, read and written. Only the time that the server takes is counted (``INFO
cpu``), so the figures hold on a machine that does other things. ``deploy/try/sizing.py`` reckons with them.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from voicebot.fleet.claims import Claim, Limits
from voicebot.fleet.fleet import BEATS as BEATS_A_LEASE
from voicebot.fleet.fleet import LOOK_S
from voicebot.fleet.ledger import LEASE_S, Ledger
from voicebot.fleet.node import NodeState
from voicebot.host.redis_storage import RedisStorage
from voicebot.host.storage import ItemWrite
from voicebot.redis_server import RedisAddress, RedisServer

GRID = [(3, 0), (3, 50), (50, 50), (200, 0), (200, 50), (50, 100)]
"""Nodes, and calls of the one that beats."""
BEATS = 200
LOOK_EVERY = round(LOOK_S * BEATS_A_LEASE / LEASE_S)
"""So often a beat asks for all nodes."""
CALLS = 100
MANY = 200
"""Nodes."""
TURNS = 15
STATE_BYTES, KEPT_BYTES = 2000, 6000
"""Of a conversation; of what another node needs to go on with a call, its record included."""
LIMITS = Limits(1_000_000, {"edge": 1_000_000})


@asynccontextmanager
async def redis_server() -> AsyncIterator[tuple[RedisServer, str]]:
    """A Redis of our own, empty, and its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as folder:
        argv = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""]
        process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.DEVNULL)
        url = f"redis://127.0.0.1:{port}/0"
        server = RedisServer(RedisAddress.parse(url), limit_s=30)
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                await asyncio.sleep(0.05)
            yield server, url
        finally:
            await server.close()
            process.terminate()
            await process.wait()


async def cost_of_beat(server: RedisServer, nodes: int, calls: int) -> tuple[float, float]:
    """For a beat of one of ``nodes`` that has ``calls``: microseconds of the server's core, and commands."""
    await server.run(server.redis.flushall())
    ledgers = [Ledger(server, f"node-{number}", LIMITS, lease_s=600) for number in range(nodes)]
    states = [NodeState(f"node-{n}", calls, False, "0.1.0", "0123456789ab", "0123456789ab") for n in range(nodes)]
    claims = [Claim("edge", lambda _: None) for _ in range(calls)]
    listed = [
        {"id": claim.id, "state": "up", "direction": "inbound", "from": "+4930123456", "to": "+4930123450"}
        | {"trunk": "edge", "started": "2026-11-29T12:00:00Z", "node": "node-0", "call_id": claim.id}
        for claim in claims
    ]
    for ledger, state in zip(ledgers, states, strict=True):
        await ledger.beat(state, [], look=False)
    await ledgers[0].beat(states[0], listed, look=True)
    await ledgers[0].tell(claims)
    before_us, before = await _used(server)
    midway = [[claim.id for claim in claims[half::2]] for half in (0, 1)]
    for number in range(BEATS):
        await ledgers[0].beat(states[0], listed, midway[number % 2], look=number % LOOK_EVERY == 0)
    after_us, after = await _used(server)
    return (after_us - before_us) / BEATS, (after - before) / BEATS


async def cost_of_calls(server: RedisServer, url: str, turns: int, nodes: int = 1) -> tuple[float, float]:
    """For a call with so many turns, without beats: microseconds of the server's core, and commands. ``nodes``: each of
    them is asked for its places when one is wanted."""
    await server.run(server.redis.flushall())
    ledger, storage = Ledger(server, "node-0", LIMITS, lease_s=600), RedisStorage(url)
    for number in range(nodes):
        await Ledger(server, f"node-{number}", LIMITS, lease_s=600).beat(NodeState(""), [], look=False)
    before_us, before = await _used(server)
    for number in range(CALLS):
        claim = Claim("edge", lambda _: None)
        await ledger.claim(claim)
        key, version = f"telephony/conversations/{claim.id}", None
        await storage.read([key])  # once: the host knows what it has written
        for turn in range(turns + 1):
            written = await storage.write([ItemWrite(key, version, f"{turn}" + "x" * STATE_BYTES)])
            version = written[key]
            await ledger.keep({claim.id: f"{number}-{turn}" + "x" * KEPT_BYTES}, [])
        await ledger.keep({}, [claim.id])
        await ledger.free([claim])
    after_us, after = await _used(server)
    await storage.close()
    return (after_us - before_us) / CALLS, (after - before) / CALLS


async def _used(server: RedisServer) -> tuple[float, int]:
    """By the server up to now: microseconds, and commands, those of scripts among them."""
    told = await server.run(server.redis.info())
    used_us = (float(told["used_cpu_user"]) + float(told["used_cpu_sys"])) * 1e6
    return used_us, int(told["total_commands_processed"])


async def run() -> None:
    """Measure, and print."""
    async with redis_server() as (server, url):
        costs = [await cost_of_beat(server, *point) for point in GRID]
        (call_us, call_ops), (long_us, long_ops) = [await cost_of_calls(server, url, turns) for turns in (0, TURNS)]
        many_us, many_ops = await cost_of_calls(server, url, 0, MANY)
    for (nodes, calls), (used_us, commands) in zip(GRID, costs, strict=True):
        print(f"{nodes:4} nodes, {calls:3} calls: {used_us:6.0f} us, {commands:.0f} commands")
    made_of = np.array([(1, calls, nodes) for nodes, calls in GRID], dtype=float)
    parts, *_ = np.linalg.lstsq(made_of, np.array(costs), rcond=None)
    for what, (base, call, node) in zip(("us", "commands"), parts.T, strict=True):
        print(f"a beat: {base:.0f} {what} + {call:.2f} a call of the node + {node:.2f} a node")
    each_us, each_ops = (many_us - call_us) / MANY, (many_ops - call_ops) / MANY
    print(f"a call: {call_us:.0f} us + {each_us:.2f} a node, {call_ops:.1f} commands + {each_ops:.1f} a node", end="; ")
    print(f"a turn: {(long_us - call_us) / TURNS:.0f} us, {(long_ops - call_ops) / TURNS:.1f} commands")


if __name__ == "__main__":
    if shutil.which("redis-server") is None:
        sys.exit("not measured: redis-server is not installed (apt-get install redis-server)")
    asyncio.run(run())
