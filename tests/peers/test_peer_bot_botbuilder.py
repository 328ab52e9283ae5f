"""A bot of the Bot Framework SDK for Python: over HTTP, and over the streaming websocket with authentication."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from callers import Caller
from identity_double import IdentityDouble

from voicebot.bots import activities
from voicebot.bots.bot_framework import BotFrameworkBot
from voicebot.bots.channel import BotChannel
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.streaming import StreamingBot
from voicebot.events import BotMessage, HangUpAsked

pytestmark = pytest.mark.peer

BOT = Path(__file__).parent / "bot_botbuilder.py"


@asynccontextmanager
async def channel_to(kind: str) -> AsyncIterator[BotChannel]:
    identity, connector = IdentityDouble({"app-1": "s3cret"}), ConnectorServer()
    await identity.start()
    arguments = [identity.url] if kind == "streaming" else []
    bot = await asyncio.create_subprocess_exec(sys.executable, str(BOT), *arguments, stdout=asyncio.subprocess.PIPE)
    assert bot.stdout is not None
    try:
        line = (await bot.stdout.readline()).split()
        assert line[:1] == [b"listening"], "its error is above"
        url = f"http://127.0.0.1:{int(line[1])}/api/messages"
        channel: BotChannel = BotFrameworkBot(name="peer", url=url).channel(connector)
        if kind == "streaming":
            channel = StreamingBot(name="peer", url=url, **identity.registered("app-1")).channel(connector)
        await channel.start()
        yield channel
        await channel.close()
    finally:
        bot.kill()
        await bot.wait()
        await connector.close()
        await identity.close()


@pytest.mark.parametrize("kind", ["rest", "streaming"])
async def test_a_call_with_a_python_bot(kind: str) -> None:
    async with channel_to(kind) as channel:
        caller = Caller(channel)
        greeting, _ = await caller.ask(activities.conversation_update())
        assert isinstance(greeting, BotMessage) and greeting.speak == "Welcome."
        assert await caller.hear("hello") == ["<speak>You said hello.</speak>"]
        assert await caller.hear("two") == ["One.", "Two."]
        assert await caller.hear("x" * 7000) == [f"<speak>You said {'x' * 20}.</speak>"]
        others = [Caller(channel, call_id=f"call-{number}") for number in range(10)]
        heard = await asyncio.gather(*(other.hear(str(number)) for number, other in enumerate(others)))
        assert heard == [[f"<speak>You said {number}.</speak>"] for number in range(10)]
        assert isinstance((await caller.ask(activities.user_message("bye")))[0], HangUpAsked)
