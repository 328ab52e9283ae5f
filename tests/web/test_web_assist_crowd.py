"""Many viewers of one call, some of whom do not read: nobody else waits for them, and they go on where they were."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from assist_desk import OPERATOR, AssistDesk, EventReader, assist_desk
from waiting import until

from voicebot.assist.feed import PAGE
from voicebot.listening import Bounds
from voicebot.listening.descriptors import raise_limit
from voicebot.listening.rates import Rate

VIEWERS = 200
LINES = 300
LINE = "all that the caller has to say about the parcel " * 20
"""Long, so that what a viewer does not read soon fills its socket."""
HIGH_WATER = 64 * 1024
"""Of a connection that is written to (asyncio)."""
EVENTS = "/v1/assist/calls/c1/events"


@asynccontextmanager
async def crowded_desk() -> AsyncIterator[AssistDesk]:
    at_once = Rate(10_000, 10_000)
    bounds = Bounds(total=2 * VIEWERS, of_source=2 * VIEWERS, arrivals=at_once, arrivals_of_source=at_once)
    async with (
        assist_desk(bounds=bounds) as desk,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout()) as crowd,
    ):
        desk.http = crowd
        yield desk


async def numbers(desk: AssistDesk, after: str = "", ready: asyncio.Semaphore | None = None) -> list[int]:
    """Of the entries that a viewer gets, until the call ends."""
    async with desk.stream(EVENTS, OPERATOR, after) as stream:
        found = [(await stream.event())["EventNumber"]]
        if ready is not None:
            ready.release()
        return found + [event["EventNumber"] for event in await stream.rest()]


class Sleeper:
    """A viewer who has asked for the call, and reads nothing until :meth:`read`."""

    def __init__(self, desk: AssistDesk) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)  # the sender's buffer follows from it
        self._socket.setblocking(False)
        self._desk = desk

    async def ask(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._socket, ("127.0.0.1", self._desk.server.port))
        head = f"GET {EVENTS} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {OPERATOR}\r\n\r\n"
        await loop.sock_sendall(self._socket, head.encode())

    async def read(self) -> list[int]:
        """The numbers of the whole events that had been sent before it was let go."""
        loop, got = asyncio.get_running_loop(), b""
        try:
            while data := await loop.sock_recv(self._socket, 65_536):
                got += data
        except ConnectionError:
            pass
        self._socket.close()
        events = [line[6:] for line in got.split(b"\n")[:-1] if line.startswith(b"data: ")]
        return [json.loads(event)["EventNumber"] for event in events]


def unsent(desk: AssistDesk) -> list[int]:
    """How many bytes wait for each viewer."""
    assert desk.server._server is not None
    connections = desk.server._server._server.connections
    return [one.transport.get_write_buffer_size() for one in connections if one.transport is not None]


@pytest.mark.virtual_time
async def test_a_viewer_who_does_not_read_is_let_go_and_goes_on_where_it_was_while_nobody_waits() -> None:
    if raise_limit() < 3 * VIEWERS:
        pytest.skip("this machine allows fewer open files")
    async with crowded_desk() as desk:
        call, other = desk.call("c1"), desk.call("c2")
        sleepers = [Sleeper(desk) for _ in range(5)]
        for sleeper in sleepers:
            await sleeper.ask()
        ready = asyncio.Semaphore(0)
        viewers = [asyncio.create_task(numbers(desk, ready=ready)) for _ in range(VIEWERS)]
        for _ in viewers:
            await ready.acquire()
        await until(lambda: len(desk.api.streams) == VIEWERS + len(sleepers))

        most = 0
        headers = {"Authorization": f"Bearer {OPERATOR}"}
        async with desk.http.get(f"{desk.url}/v1/assist/calls/c2/events", headers=headers) as response:
            stream = EventReader(response)
            for n in range(LINES):
                call.say(LINE)
                if n % 20 == 0:
                    other.say(str(n))
                    assert (await stream.until("Utterance"))["Content"] == str(n)
                    most = max(most, *unsent(desk))
        of_page = PAGE * len(call.feed.since(1).entries[0].json) * 1.1
        assert most <= HIGH_WATER + of_page
        await until(lambda: len(desk.api.streams) <= VIEWERS + 1, 120)

        call.say("That was all.")
        call.end()
        everything = list(range(1, LINES + 4))
        assert await asyncio.gather(*viewers) == [everything] * VIEWERS
        for sleeper in sleepers:
            had = await sleeper.read()
            assert 0 < len(had) < len(everything)
            assert had + await numbers(desk, str(had[-1])) == everything
