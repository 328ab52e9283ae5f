"""The connection to the dialog host on the service's own event loop, which raises where asyncio's only warns."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import uvloop

from voicebot.bots.host_connection import STRETCH_S, HostConnection
from voicebot.host_wire import FromHost, Ping, Pong, encode


class Owner:
    def came_back(self) -> None: ...

    def received(self, message: FromHost) -> None: ...

    def went_away(self, reason: str) -> None: ...


def test_what_is_written_before_it_is_noticed_that_the_host_was_killed_is_refused_and_ends_no_call(
    tmp_path: Path,
) -> None:
    async def run() -> str:
        path = str(tmp_path / "host.sock")
        server = await asyncio.start_unix_server(lambda *_: None, path)
        connection = HostConnection(path, Owner(), lambda: None)
        await connection.open(20)
        assert connection._writer is not None
        assert connection.write(Ping(1)) == ""
        connection._writer.transport.abort()
        said = connection.write(Ping(2))
        await connection.close()
        server.close()
        return said

    assert uvloop.run(run()) == "the dialog host is not connected"


class Counting(Owner):
    """Counts messages, and the turns of the loop until ``wanted`` have come."""

    def __init__(self, wanted: int) -> None:
        self.turns = 0
        self.all = asyncio.Event()
        self._wanted = wanted

    def received(self, message: FromHost) -> None:
        self._wanted -= 1
        if not self._wanted:
            self.all.set()

    async def count(self) -> None:
        while not self.all.is_set():
            self.turns += 1
            await asyncio.sleep(0)


def turns_to_read(owner: Counting, messages: int, path: Path) -> int:
    """How many turns of the loop it takes to read so many messages that are there at once."""

    async def run() -> int:
        lines = b"".join(encode(Pong(number, 0)) for number in range(messages))
        server = await asyncio.start_unix_server(lambda _, writer: writer.write(lines), str(path))
        connection = HostConnection(str(path), owner, lambda: None)
        await connection.open(20)
        async with asyncio.timeout(20):
            await owner.count()
        await connection.close()
        server.close()
        return owner.turns

    return uvloop.run(run())


def test_many_messages_take_few_turns_of_a_loop_that_is_busy(tmp_path: Path) -> None:
    """A turn of a busy loop takes long: with one message a turn, answers come later and later, and the host seems to
    hang."""
    assert turns_to_read(Counting(200), 200, tmp_path / "host.sock") < 100


def works(for_s: float) -> None:
    began = time.thread_time()
    while time.thread_time() - began <= for_s:
        pass


class Busy(Counting):
    """A message takes as long as messages may be read at a stretch, and all else ten times as long."""

    def received(self, message: FromHost) -> None:
        works(STRETCH_S)
        super().received(message)

    async def count(self) -> None:
        while not self.all.is_set():
            self.turns += 1
            works(10 * STRETCH_S)
            await asyncio.sleep(0)


def test_the_busier_the_loop_the_more_messages_are_read_in_a_turn_of_it(tmp_path: Path) -> None:
    """One a turn would be fewer than come: each would wait longer than the one before."""
    assert turns_to_read(Busy(40), 40, tmp_path / "host.sock") < 25
