"""An agent of the Microsoft 365 Agents SDK (Python), from the package index, in an environment of its own.

Without a package index these tests are skipped, and say so.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from callers import Caller
from own_environment import interpreter, without_our_path

from voicebot.bots import activities
from voicebot.bots.bot_framework import BotFrameworkBot, BotFrameworkChannel
from voicebot.bots.connector_server import ConnectorServer
from voicebot.events import BotDone, BotMessage, HangUpAsked, TransferAsked

pytestmark = pytest.mark.peer

SOURCE = Path(__file__).parent / "bot_agents_sdk"


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter of the environment that the agent runs in."""
    return interpreter("bot_agents_sdk", (SOURCE / "requirements.txt").read_text())


@pytest.fixture
def agent(python: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (tmp_path / "agent.log").open("wb") as log:
        process = subprocess.Popen(
            [str(python), str(SOURCE / "bot.py"), "0"], env=without_our_path(), stdout=subprocess.PIPE, stderr=log
        )
    yield process
    process.kill()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


@asynccontextmanager
async def channel_to(
    agent: subprocess.Popen[bytes], *, expect_replies: bool = False
) -> AsyncIterator[BotFrameworkChannel]:
    assert agent.stdout is not None
    line = (await asyncio.to_thread(agent.stdout.readline)).split()
    assert line[:1] == [b"listening"]
    url = f"http://127.0.0.1:{int(line[1])}/api/messages"
    connector = ConnectorServer()
    channel = BotFrameworkBot(name="agent", url=url, expect_replies=expect_replies).channel(connector)
    await channel.start()
    yield channel
    await channel.close()
    await connector.close()


@pytest.mark.parametrize("expect_replies", [False, True])
async def test_a_call_with_an_agent(agent: subprocess.Popen[bytes], expect_replies: bool) -> None:
    async with channel_to(agent, expect_replies=expect_replies) as channel:
        caller = Caller(channel)
        greeting, done = await caller.ask(activities.conversation_update())
        assert isinstance(greeting, BotMessage) and isinstance(done, BotDone)
        assert greeting.speak == "Welcome."
        assert await caller.hear("hello") == ["<speak>You said hello.</speak>"]
        pressed, _ = await caller.ask(activities.key_message("5"))
        assert isinstance(pressed, BotMessage) and pressed.speak == "You pressed 5."
        assert [await caller.hear("count") for _ in range(2)] == [["That is 1."], ["That is 2."]]
        transfer, _ = await caller.ask(activities.user_message("agent"))
        assert isinstance(transfer, TransferAsked) and str(transfer.target) == "+14251231234"
        assert isinstance((await caller.ask(activities.user_message("bye")))[0], HangUpAsked)


async def test_what_it_streams_is_said_once(agent: subprocess.Popen[bytes]) -> None:
    async with channel_to(agent) as channel:
        said = " ".join(await Caller(channel).hear("stream"))
        assert " ".join(said.split()).endswith("Your balance is twelve euros. It is due on Monday.")
        assert said.count("twelve") == 1
