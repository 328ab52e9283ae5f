"""Every way to a bot, each with the double of its protocol, or the real host: a bot that answers by a table."""

from __future__ import annotations

import asyncio
import json
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bot_double import BotDouble, Reply
from copilot_studio_double import TOKEN, CopilotStudioDouble, Tokens
from direct_line_double import DirectLineDouble, Say, line_to

from voicebot.bots import DialogHostClient
from voicebot.bots.bot_framework import BotFrameworkBot
from voicebot.bots.channel import BotChannel
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.copilot_studio import AgentChannel, CopilotStudioBot
from voicebot.bots.direct_line import DirectLineChannel
from voicebot.bots.settling import Patience
from voicebot.bots.streaming import StreamingBot

PATIENCE = Patience(quiet_s=0.05, typing_s=0.2, silent_s=0.1)

Activity = dict[str, Any]
Answers = dict[str, list[Activity]]
"""What the bot sends, by what it is told."""

ANSWERING = """
    import json
    from pathlib import Path

    from voicebot.host.sdk import Dialog, activity_from_json

    ANSWERS = json.loads(Path(__file__).with_name("answers.json").read_text(encoding="utf-8"))

    class Root(Dialog):
        async def begin_dialog(self, dc, options=None):
            return await self.continue_dialog(dc)

        async def continue_dialog(self, dc):
            for answer in ANSWERS.get(dc.context.activity.text or "", []):
                await dc.context.send_activity(activity_from_json(answer))
            return Dialog.end_of_turn

    def create_dialog(context):
        return Root("root")
"""


@asynccontextmanager
async def _open(channel: BotChannel) -> AsyncIterator[BotChannel]:
    await channel.start()
    try:
        yield channel
    finally:
        await channel.close()


@asynccontextmanager
async def _bot(answers: Answers) -> AsyncIterator[BotDouble]:
    async def behave(_: BotDouble, told: Activity, reply: Reply) -> None:
        for answer in answers.get(told.get("text", ""), []):
            assert await reply(**answer) == 200

    double = BotDouble(behave)
    await double.start()
    try:
        yield double
    finally:
        await double.close()


@asynccontextmanager
async def _by_connector(answers: Answers, _: Path, **settings: Any) -> AsyncIterator[BotChannel]:
    async with AsyncExitStack() as stack:
        double = await stack.enter_async_context(_bot(answers))
        connector = ConnectorServer()
        stack.push_async_callback(connector.close)
        channel = BotFrameworkBot(name="double", url=double.url, **settings).channel(connector)
        yield await stack.enter_async_context(_open(channel))


@asynccontextmanager
async def _by_streaming(answers: Answers, _: Path) -> AsyncIterator[BotChannel]:
    async with _bot(answers) as double:
        channel = StreamingBot(name="double", url=double.url).channel(ConnectorServer())
        async with _open(channel):
            yield channel


def _telling(answers: Answers) -> Callable[[Activity, Say], Any]:
    async def bot(told: Activity, say: Say) -> None:
        for answer in answers.get(told.get("text", ""), []):
            await say(dict(answer))

    return bot


@asynccontextmanager
async def _by_direct_line(
    answers: Answers, _: Path, *, streams: bool = True, repeat: bool = False
) -> AsyncIterator[BotChannel]:
    async with DirectLineDouble(_telling(answers)) as service:
        service.streams, service.repeat = streams, repeat
        async with _open(DirectLineChannel(line_to(service, poll_s=0.02, patience=PATIENCE))) as channel:
            yield channel


@asynccontextmanager
async def _by_token_endpoint(answers: Answers, _: Path) -> AsyncIterator[BotChannel]:
    async with CopilotStudioDouble(_telling(answers)) as service:
        agent = CopilotStudioBot(name="agent", url=service.token_endpoint, quiet_s=0.05, typing_s=0.2, silent_s=0.1)
        async with _open(agent.channel(ConnectorServer())) as channel:
            yield channel


@asynccontextmanager
async def _by_connection_string(answers: Answers, _: Path) -> AsyncIterator[BotChannel]:
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(CopilotStudioDouble(_telling(answers)))
        yield await stack.enter_async_context(_open(AgentChannel(service.connection_url, Tokens(TOKEN), 5.0)))


@asynccontextmanager
async def _by_dialog_host(answers: Answers, folder: Path, sdk: str) -> AsyncIterator[DialogHostClient]:
    dialogs = folder / "dialogs"
    dialogs.mkdir()
    (dialogs / "main.py").write_text(textwrap.dedent(ANSWERING), encoding="utf-8")
    (dialogs / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    host = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "voicebot.host", "--exit-with-parent", "--sdk", sdk, "--dialogs", str(dialogs),
        "--socket", str(folder / "h.sock"), "--state", str(folder / "state.sqlite"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert host.stdout is not None
        assert await asyncio.wait_for(host.stdout.readline(), 60)
        client = DialogHostClient(folder / "h.sock")
        async with _open(client) as channel:
            yield channel
    finally:
        host.kill()
        await host.communicate()


@dataclass(frozen=True, slots=True)
class Entrance:
    """``open(answers, folder)``: the channel to a bot that answers so; ``folder`` is an empty one. ``ours``: the bot is
    our own dialogs, whose ``speak`` is always speech. ``typing``: whether typing activities come through, and with them
    the parts of streamed texts; the log that is polled does not keep them. The bot is in the process of the test, if it
    is not ``ours``."""

    open: Callable[[Answers, Path], AbstractAsyncContextManager[BotChannel]]
    ours: bool = False
    typing: bool = True

    def lets_through(self, sent: list[Activity]) -> list[Activity]:
        return [activity for activity in sent if self.typing or activity["type"] != "typing"]


ENTRANCES = {
    "bot-framework": Entrance(_by_connector),
    "bot-framework, expectReplies": Entrance(partial(_by_connector, expect_replies=True)),
    "bot-framework-streaming": Entrance(_by_streaming),
    "direct-line": Entrance(_by_direct_line),
    "direct-line, polled": Entrance(partial(_by_direct_line, streams=False), typing=False),
    "direct-line, everything twice": Entrance(partial(_by_direct_line, repeat=True)),
    "copilot-studio, token endpoint": Entrance(_by_token_endpoint),
    "copilot-studio, connection string": Entrance(_by_connection_string),
    "dialog host, botbuilder": Entrance(partial(_by_dialog_host, sdk="botbuilder"), ours=True),
    "dialog host, microsoft-agents": Entrance(partial(_by_dialog_host, sdk="microsoft-agents"), ours=True),
}
