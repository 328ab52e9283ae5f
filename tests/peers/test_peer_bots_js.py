"""A bot of the Bot Framework SDK for JavaScript, as it comes from npm: over HTTP and over the streaming websocket.

With authentication both ways against our double of the identity platform. The packages are installed once, into the
user's cache folder. Without node, npm or a registry these tests are skipped, and say so.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from callers import Numbered
from identity_double import IdentityDouble
from node_packages import installed

from voicebot.bots import CallFacts, activities
from voicebot.bots.bot_framework import BotFrameworkBot
from voicebot.bots.channel import BotChannel
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.streaming import StreamingBot
from voicebot.events import BotDone, BotFailed, BotMessage, Event, HangUpAsked, TransferAsked

pytestmark = pytest.mark.peer

SOURCE = Path(__file__).parent / "bot_js"
APP, SECRET = "app-1", "s3cret"
DEADLINE_S = 20.0


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder with ``node_modules``."""
    return installed(SOURCE, "the JavaScript bot")


class NodeBot:
    """``bot.js`` in a process of its own."""

    def __init__(self, packages: Path, log: Path, environment: dict[str, str]) -> None:
        self._log = log
        shutil.copy(SOURCE / "bot.js", packages / "bot.js")
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                ["node", "bot.js", "0"],
                cwd=packages,
                env=os.environ | environment,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    def wait(self) -> str:
        """Its address. Blocks."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode().split()
        assert line[:1] == ["listening"], self.log()
        return f"http://127.0.0.1:{line[1]}/api/messages"

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def end(self) -> None:
        self._process.kill()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture
async def identity(tmp_path: Path) -> AsyncIterator[IdentityDouble]:
    double = IdentityDouble({APP: SECRET})
    await double.start(tmp_path)
    yield double
    await double.close()


@pytest.fixture
def start_bot(packages: Path, tmp_path: Path, identity: IdentityDouble) -> Iterator[NodeBot]:
    environment = {
        "LOGIN": identity.secure_url,
        "METADATA": identity.url,
        "MicrosoftAppId": APP,
        "MicrosoftAppPassword": SECRET,
        "NODE_EXTRA_CA_CERTS": str(tmp_path / "ca.pem"),
    }
    bot = NodeBot(packages, tmp_path / "bot.log", environment)
    yield bot
    bot.end()


@asynccontextmanager
async def channel_to(kind: str, url: str, identity: IdentityDouble, secret: str = SECRET) -> AsyncIterator[BotChannel]:
    connector = ConnectorServer()
    settings = BotFrameworkBot if kind == "rest" else StreamingBot
    registered = identity.registered(APP)
    os.environ[registered["secret_env"]] = secret
    channel: BotChannel = settings(name="peer", url=url, **registered).channel(connector)
    await channel.start()
    try:
        yield channel
    finally:
        await channel.close()
        await connector.close()


class Call:
    """A caller who waits for each answer."""

    def __init__(self, channel: BotChannel, caller: str = "+15550100") -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        facts = CallFacts(f"{caller}@127.0.0.1/1", caller, "+15550199")
        self.conversation = Numbered(channel.conversation(facts, self._events.put_nowait))

    async def next(self) -> Event:
        async with asyncio.timeout(DEADLINE_S):
            return await self._events.get()

    async def ask(self, activity: dict[str, object]) -> list[Event]:
        """All that came until the bot was done."""
        self.conversation.send(activity)
        events: list[Event] = []
        while not events or not isinstance(events[-1], BotDone | BotFailed):
            events.append(await self.next())
        return events

    async def hear(self, text: str) -> list[str]:
        return said(await self.ask(activities.user_message(text)))


def said(events: list[Event]) -> list[str]:
    assert isinstance(events[-1], BotDone), events
    return [event.speak for event in events if isinstance(event, BotMessage)]


@pytest.mark.parametrize("kind", ["rest", "streaming"])
async def test_a_call_with_a_javascript_bot(kind: str, start_bot: NodeBot, identity: IdentityDouble) -> None:
    url = await asyncio.to_thread(start_bot.wait)
    async with channel_to(kind, url, identity) as channel:
        call = Call(channel)
        assert said(await call.ask(activities.conversation_update())) == ["Welcome."], start_bot.log()
        assert await call.hear("hello") == ["<speak>What is your name?</speak>"]
        assert await call.hear("Ada") == ["How many?"]
        assert await call.hear("twelve") == ["Which size? 1, small or 2, large"]
        assert await call.hear("large") == ["12 large for Ada, right? 1, Yes or 2, No"]
        assert await call.hear("yes") == ["Ordered."]
        assert said(await call.ask(activities.key_message("5"))) == ["You pressed 5."]
        assert await call.hear("slowly") == ["One moment.", "Done."]
        assert await call.hear("x" * 7000) == ["<speak>What is your name?</speak>"]
        transfer = (await call.ask(activities.user_message("agent")))[0]
        assert isinstance(transfer, TransferAsked) and str(transfer.target) == "+14251231234"
        assert isinstance((await call.ask(activities.user_message("bye")))[0], HangUpAsked)
        await call.conversation.close("bot")
    assert identity.tokens_given == (2 if kind == "rest" else 1)  # ours, and the bot's own for its replies


@pytest.mark.parametrize("kind", ["rest", "streaming"])
async def test_twenty_calls_at_once_are_kept_apart(kind: str, start_bot: NodeBot, identity: IdentityDouble) -> None:
    url = await asyncio.to_thread(start_bot.wait)

    async def order(channel: BotChannel, name: str) -> None:
        call = Call(channel, name)
        assert said(await call.ask(activities.conversation_update())) == ["Welcome."]
        for text in ("hello", name, "12"):
            await call.hear(text)
        assert await call.hear("small") == [f"12 small for {name}, right? 1, Yes or 2, No"]
        await call.conversation.close("caller")

    async with channel_to(kind, url, identity) as channel:
        await asyncio.gather(*(order(channel, f"Caller {chr(ord('A') + number)}") for number in range(20)))


async def test_it_speaks_on_its_own_initiative_and_asks_who_is_on_the_line(
    start_bot: NodeBot, identity: IdentityDouble
) -> None:
    url = await asyncio.to_thread(start_bot.wait)
    async with channel_to("rest", url, identity) as channel:
        call = Call(channel)
        told = await call.ask(activities.user_message("call me back"))
        if len(said(told)) < 2:  # else it called back before its turn was over
            taxi = await call.next()
            assert isinstance(taxi, BotMessage) and taxi.request == 0, start_bot.log()
            told.append(taxi)
        assert [event.speak for event in told if isinstance(event, BotMessage)] == ["I will.", "Your taxi is here."]
        assert await call.hear("members") == ["On the line: +15550100"]
        assert await call.hear("fail") == ["The bot has a problem."]


@pytest.mark.parametrize("kind", ["rest", "streaming"])
async def test_with_a_wrong_secret_the_call_hears_that_the_bot_failed(
    kind: str, start_bot: NodeBot, identity: IdentityDouble
) -> None:
    url = await asyncio.to_thread(start_bot.wait)
    async with channel_to(kind, url, identity, secret="wrong") as channel:
        (failed,) = await Call(channel).ask(activities.conversation_update())
        assert isinstance(failed, BotFailed) and "AADSTS7000215" in failed.reason
