"""Lines of a call process, however they come, and messages to one that does not read for a while."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from host_peer import START, Connect, activity


def line(request: int, **content: Any) -> bytes:
    return json.dumps({"op": "turn", "request": request, "activity": activity(**content)}).encode() + b"\n"


async def test_a_line_in_pieces_and_several_at_once_are_what_they_are_alone(connect: Connect) -> None:
    wire = await connect()
    begun = line(1, **START)
    for piece in (begun[:1], begun[1:40], begun[40:-1], b"\n" + line(2, text="a") + line(3, text="b")[:-7]):
        wire.writer.write(piece)
        await wire.writer.drain()
        await asyncio.sleep(0.01)
    wire.writer.write(line(3, text="b")[-7:])
    told = [await wire.receive() for _ in range(6)]
    assert [one["op"] for one in told] == ["activity", "done"] * 3
    assert [one["activity"]["text"] for one in told[::2]] == ["Hello.", "1: a", "2: b"]
    assert [one["request"] for one in told[1::2]] == [1, 2, 3]


async def test_who_does_not_read_for_a_while_gets_everything_in_order(connect: Connect) -> None:
    wire, other = await connect(), await connect()
    await wire.ask(**START)
    text = "x" * 100_000
    for request in range(1, 41):
        wire.writer.write(line(request, text=text))
    await wire.writer.drain()
    assert (await other.ask(conversation="c2", **START))[0] == ["Hello."]
    told = [await wire.receive() for _ in range(80)]
    assert [one["request"] for one in told[1::2]] == [*range(1, 41)]
    assert [one["activity"]["text"] for one in told[::2]] == [f"{number}: {text}" for number in range(1, 41)]
