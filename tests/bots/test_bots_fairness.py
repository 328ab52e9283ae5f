"""However many activities a bot sends at once, other calls get their turn of the event loop after each of them.

One activity takes up to 2 ms (``test_bots_interpretation_cost.py``); a hundred in one message would be heard by all.
Counted are the activities that are interpreted in one pass of the loop.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from bot_double import Activity, BotDouble, Reply
from callers import Caller, Numbered
from copilot_studio_double import TOKEN, CopilotStudioDouble, Tokens
from direct_line_double import DirectLineDouble, Say, line_to
from waiting import until

from voicebot.bots import CallFacts, DialogHostClient
from voicebot.bots.bot_framework import BotFrameworkBot
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.copilot_studio import AgentChannel
from voicebot.bots.direct_line import DirectLineChannel
from voicebot.bots.host_connection import STRETCH_S
from voicebot.bots.interpretation import Interpreter
from voicebot.bots.server_sent_events import PIECE, EventStream
from voicebot.bots.streaming import StreamingBot
from voicebot.events import Event

MANY = 40
CALL = CallFacts("call-1", "+15550100", "+15550199")


class Passes:
    """Which activities were interpreted in which pass of the loop."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._of_pass: Counter[int] = Counter()
        self._number = 0
        self._next: asyncio.Handle | None = None

    def begin(self) -> None:
        self._number += 1
        self._next = asyncio.get_running_loop().call_soon(self.begin)

    def end(self) -> None:
        assert self._next is not None
        self._next.cancel()

    def interpreted(self, activity: Any) -> None:
        if activity.get("text", "").startswith("No. "):
            self.texts.append(activity["text"])
            self._of_pass[self._number] += 1

    @property
    def most(self) -> int:
        return max(self._of_pass.values())


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Passes:
    made = Passes()
    events = Interpreter.events

    def noted(self: Interpreter, activity: Any, request: int, at: float) -> list[Event]:
        made.interpreted(activity)
        return events(self, activity, request, at)

    monkeypatch.setattr(Interpreter, "events", noted)
    return made


async def all_came(passes: Passes) -> None:
    """Each in its own pass, in order."""
    try:
        await until(lambda: len(passes.texts) == MANY)
    finally:
        passes.end()
    assert passes.texts == [f"No. {number}" for number in range(MANY)]
    assert passes.most == 1


def numbered() -> list[Activity]:
    return [{"type": "message", "text": f"No. {number}"} for number in range(MANY)]


@pytest.mark.parametrize("streams", [True, False])
async def test_activities_of_direct_line(passes: Passes, streams: bool) -> None:
    async def bot(activity: Activity, say: Say) -> None:
        for one in numbered():
            await say(one)

    async with DirectLineDouble(bot) as service:
        service.streams = streams
        channel = DirectLineChannel(line_to(service))
        await channel.start()
        Numbered(channel.conversation(CALL, lambda event: None)).begin()
        passes.begin()
        await all_came(passes)
        await channel.close()


async def test_events_of_one_stream(passes: Passes) -> None:
    async def bot(activity: Activity, say: Say) -> None:
        for one in numbered():
            await say(one)

    async with CopilotStudioDouble(bot) as service:
        channel = AgentChannel(service.connection_url, Tokens(TOKEN), 5.0)
        await channel.start()
        Numbered(channel.conversation(CALL, lambda event: None)).begin()
        passes.begin()
        await all_came(passes)
        await channel.close()


@pytest.mark.parametrize("kind", ["expectReplies", "streaming"])
async def test_replies_of_a_bot(passes: Passes, kind: str) -> None:
    async def replies(_: BotDouble, activity: Activity, reply: Reply) -> None:
        if activity["type"] == "message" and kind == "streaming":
            await asyncio.gather(*(reply(one["text"]) for one in numbered()))
        elif activity["type"] == "message":
            for one in numbered():
                await reply(one["text"])

    bot, connector = BotDouble(), ConnectorServer()
    await bot.start()
    bot.behave = replies
    if kind == "streaming":
        channel: Any = StreamingBot(name="double", url=bot.url).channel(connector)
    else:
        channel = BotFrameworkBot(name="double", url=bot.url, expect_replies=True).channel(connector)
    await channel.start()
    caller = Caller(channel)
    passes.begin()
    hearing = asyncio.create_task(caller.hear("all"))
    await all_came(passes)
    await hearing
    await channel.close()
    await connector.close()
    await bot.close()


async def test_requests_that_come_together_by_one_connection(passes: Passes) -> None:
    connector = ConnectorServer()
    channel = BotFrameworkBot(name="double", url="http://127.0.0.1:9/api/messages").channel(connector)
    await channel.start()
    conversation = channel.conversation(CALL, lambda event: None)
    _, writer = await asyncio.open_connection("127.0.0.1", connector.port)
    requests = b""
    for one in numbered():
        body = json.dumps(one).encode()
        head = f"POST /v3/conversations/{conversation.id}/activities HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        requests += f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    passes.begin()
    writer.write(requests)
    await all_came(passes)
    writer.close()
    await channel.close()
    await connector.close()


async def test_lines_of_the_dialog_host(passes: Passes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that take no time are read on for a while: others wait as little (``test_bots_host_connection.py``)."""
    note = passes.interpreted

    def slowly(activity: Any) -> None:
        note(activity)
        began = time.thread_time()
        while time.thread_time() - began <= STRETCH_S:
            pass

    monkeypatch.setattr(passes, "interpreted", slowly)

    async def say_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = json.loads(await reader.readline())
        message = {"op": "activity", "request": asked["request"], "conversation": CALL.id}
        writer.write(b"".join(json.dumps(message | {"activity": one}).encode() + b"\n" for one in numbered()))

    server = await asyncio.start_unix_server(say_all, str(tmp_path / "h.sock"))
    client = DialogHostClient(tmp_path / "h.sock")
    await client.start()
    Numbered(client.conversation(CALL, lambda event: None)).begin()
    passes.begin()
    await all_came(passes)
    await client.close()
    server.close()


def test_a_stream_of_empty_lines_is_read_in_small_pieces() -> None:
    """Of 256 KiB, a quarter of a second's work, no more than this is read in one pass."""
    assert PIECE <= 2048 and EventStream().feed(b"\n" * PIECE) == []
