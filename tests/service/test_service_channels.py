"""Settings become channels, and a call takes that of its number."""

from __future__ import annotations

from pathlib import Path

import pytest
from bot_double import BotDouble
from callers import Caller

from voicebot.bots import CallFacts, Conversation, OnEvent
from voicebot.bots.bot_framework import BotFrameworkChannel
from voicebot.bots.channel import ChannelUnavailable
from voicebot.bots.conventions import Conventions
from voicebot.bots.copilot_studio import AgentChannel
from voicebot.bots.direct_line import DirectLineChannel
from voicebot.bots.streaming import StreamingChannel
from voicebot.events import KeyCollection
from voicebot.service.channels import Channels
from voicebot.settings import Settings, load_settings

ALL = """
[connector]
port = 0
[routes]
default = "rest"
numbers = {"+1*" = "dialogs", "+2*" = "stream"}
[routes.trunks.sbc]
numbers = {"+2*" = "dialogs"}
[[trunks]]
name = "sbc"
addresses = ["192.0.2.10"]
[[bots]]
name = "rest"
kind = "bot-framework"
url = "URL"
[[bots]]
name = "stream"
kind = "bot-framework-streaming"
url = "URL"
[[bots]]
name = "line"
kind = "direct-line"
token_url = "http://127.0.0.1:9/token"
[[bots]]
name = "agent"
kind = "copilot-studio"
url = "http://127.0.0.1:9/powervirtualagents/botsbyschema/x/directline/token"
[[bots]]
name = "sdk"
kind = "copilot-studio"
url = "http://127.0.0.1:9/copilotstudio/dataverse-backed/authenticated/bots/x/conversations"
app_id = "a"
tenant = "t"
secret_env = "SDK_SECRET"
"""


class Dialogs(Exception):
    """Raised where our own dialogs would take the call."""


def dialogs(call: CallFacts, on_event: OnEvent) -> Conversation:
    raise Dialogs(call.callee)


def settings_of(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "voicebot.toml"
    file.write_text(text)
    return load_settings(file)


async def test_a_call_takes_the_channel_of_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDK_SECRET", "s")
    bot = BotDouble()
    await bot.start()
    channels = Channels(settings_of(tmp_path, ALL.replace("URL", bot.url)), dialogs)
    await channels.start()
    kinds = [BotFrameworkChannel, StreamingChannel, DirectLineChannel, DirectLineChannel, AgentChannel]
    assert [type(channel) for channel in channels._channels.values()] == kinds
    with pytest.raises(Dialogs, match="1555"):
        channels.conversation(CallFacts("c", "", "+1555"), lambda _: None)
    with pytest.raises(Dialogs, match="2555"):
        channels.conversation(CallFacts("c", "", "+2555", trunk="sbc"), lambda _: None)

    class To:
        """The channels, for calls to one number."""

        def __init__(self, callee: str) -> None:
            self.callee = callee

        def conversation(self, call: CallFacts, on_event: OnEvent) -> Conversation:
            return channels.conversation(CallFacts(call.id, call.caller, self.callee), on_event)

    assert await Caller(To("+2555")).hear("hello") == ["You said hello."]  # type: ignore[arg-type]
    assert len(bot.sockets) == 1
    assert bot.received[-1]["serviceUrl"].startswith("urn:")
    assert await Caller(To("+3555")).hear("hello") == ["You said hello."]  # type: ignore[arg-type]
    assert bot.received[-1]["serviceUrl"] == channels.connector.url
    await channels.close()
    await bot.close()


async def test_a_connector_that_cannot_listen_stops_the_start(tmp_path: Path) -> None:
    text = '[[bots]]\nname = "rest"\nkind = "bot-framework"\nurl = "http://127.0.0.1:9/"\n'
    first = Channels(settings_of(tmp_path, "[connector]\nport = 0\n" + text), dialogs)
    await first.start()
    second = Channels(settings_of(tmp_path, f"[connector]\nport = {first.connector.port}\n" + text), dialogs)
    with pytest.raises(ChannelUnavailable, match="connector"):
        await second.start()
    await second.close()
    await first.close()


def test_what_is_agreed_with_a_bot_is_set_with_it(tmp_path: Path) -> None:
    text = '[[bots]]\nname = "x"\nkind = "direct-line"\ntoken_url = "https://t"\n'
    text += (
        'conventions = "audiocodes"\ncollect_keys = 4\ncollect_end_key = "*"\nmasking_s = 1.5\nmasking_text = "Hm."\n'
    )
    (bot,) = settings_of(tmp_path, text).bots
    assert bot.agreed() == Conventions("audiocodes", KeyCollection(4, "*", 2.0), 1.5, "Hm.")
