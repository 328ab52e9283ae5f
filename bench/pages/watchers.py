"""People at pages, as the service feels them: ``python -m bench.pages.watchers URL --pages N`` or ``--searches N``.

Of the pages, six in ten show all running calls, three in ten one of them as well, and one in ten how the service is.
``--searches``: so many are asked of the archive in a second, of all the kinds of ``bench.search``. A line is printed
when all of them have had their first answer; they go when standard input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import sys
from typing import Any, Final

import aiohttp
import uvloop

from bench.search import SEARCHES

OPERATIONS_S: Final = 5.0
"""How often the page of operations asks."""


async def watch_all(http: aiohttp.ClientSession, came: asyncio.Event, *, open_one: bool) -> None:
    """The page of running calls; ``open_one``: with one of them, and another one when it is over."""
    running: set[str] = set()
    one: asyncio.Task[None] | None = None
    async for told in events(http, "v1/live/calls/events"):
        running = (set() if told["all"] else running - set(told["gone"])) | {call["id"] for call in told["calls"]}
        came.set()
        if open_one and running and (one is None or one.done()):
            one = asyncio.create_task(watch_one(http, random.choice(list(running))))


async def watch_one(http: aiohttp.ClientSession, call: str) -> None:
    async for _ in events(http, f"v1/live/calls/{call}/events"):
        pass


async def operations(http: aiohttp.ClientSession, came: asyncio.Event) -> None:
    while True:
        async with http.get("v1/operations") as response:
            await response.json()
        came.set()
        await asyncio.sleep(OPERATIONS_S)


async def search(http: aiohttp.ClientSession, came: asyncio.Event, every_s: float) -> None:
    """One after the other, for as long as an answer takes more than ``every_s``."""
    loop = asyncio.get_running_loop()
    for query in itertools.cycle(SEARCHES.values()):
        began = loop.time()
        async with http.get("v1/records", params=query) as response:
            await response.read()
            assert response.status == 200, await response.text()
        came.set()
        await asyncio.sleep(began + every_s - loop.time())


async def events(http: aiohttp.ClientSession, path: str) -> Any:
    """What a stream of server-sent events tells. Ends with it."""
    async with http.get(path) as response:
        if response.status != 200:
            return
        async for line in response.content:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])


async def run(options: argparse.Namespace) -> None:
    timeout = aiohttp.ClientTimeout(total=None)
    connector = aiohttp.TCPConnector(limit=0)
    base = options.url.rstrip("/") + "/"
    async with aiohttp.ClientSession(base, timeout=timeout, connector=connector, read_bufsize=1 << 20) as http:
        came = [asyncio.Event() for _ in range(options.pages)]
        tasks = []
        for number, event in enumerate(came):
            if number % 10 == 9:
                tasks.append(asyncio.create_task(operations(http, event)))
            else:
                tasks.append(asyncio.create_task(watch_all(http, event, open_one=number % 10 > 5)))
        if options.searches:
            came.append(first := asyncio.Event())
            tasks.append(asyncio.create_task(search(http, first, 1 / options.searches)))
        for event in came:
            await event.wait()
        print("watching", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        failed = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in failed:
            task.result()
            raise RuntimeError("a stream of all calls has ended")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--pages", type=int, default=0)
    parser.add_argument("--searches", type=float, default=0.0)
    uvloop.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
