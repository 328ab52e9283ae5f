"""The last word of a node: its lease ends as soon as its process does, however that ends (``python -m`` this).

A small process of its own waits for the end of a pipe that only the call process holds open. The kernel closes that
when the call process is killed or crashes, and the others can go on with its calls at their next beat, not only when
the lease has run out. Nothing depends on it: where it is killed, too (with the machine, the container), the lease runs
out.
"""

from __future__ import annotations

import asyncio
import os
import sys

from voicebot.fleet.ledger import end_lease
from voicebot.host_wire import STATE_PASSWORD_ENV
from voicebot.redis_server import RedisAddress, RedisAway, RedisRefuses, RedisServer
from voicebot.supervised import say_ready


def main(url: str, node: str, pipe: int) -> int:
    """``pipe``: the descriptor of its reading end. 0: the others know; 1: they cannot be told."""
    server = RedisServer(RedisAddress.parse(url), password=os.environ.get(STATE_PASSWORD_ENV, ""))
    say_ready()
    while os.read(pipe, 1):
        pass  # nobody writes
    return asyncio.run(_say(server, node))


async def _say(server: RedisServer, node: str) -> int:
    try:
        await end_lease(server, node)
    except (RedisAway, RedisRefuses):
        return 1
    finally:
        await server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
