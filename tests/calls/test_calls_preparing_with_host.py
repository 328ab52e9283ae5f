"""From the words that the caller is probably saying to the reply in memory: real dialogs, host, client and cache."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path

import pytest
from waiting import until

from voicebot.audio import PCMU
from voicebot.bots import CallFacts, DialogHostClient, activities
from voicebot.calls.preparing import Preparing
from voicebot.events import BotDone, BotMessage, CallConfigured, Event
from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.loader import load_dialogs
from voicebot.host.server import HostServer
from voicebot.host.storage import SqliteStorage
from voicebot.speech import PromptCache, PromptVoice, Speech
from voicebot.turns import Prepare

MAIN = """
    steps:
      - {id: number, ask: Which order?, digits: {length: 2}, save: number}
      - {id: sure, ask: "Order {number|digits}?", yesno: {no: number}, save: sure}
      - {id: name, ask: "Who wants order {number|digits}?", text: {}, save: name}
      - {id: bye, hangup: Goodbye.}
"""


class Voice:
    """Renders each text as itself."""

    def __init__(self) -> None:
        self.rendered: list[str] = []

    async def stream(self, speech: Speech, *, on_splice: Callable[[], None]) -> AsyncGenerator[bytes, None]:
        self.rendered.append(speech.text)
        await asyncio.sleep(0)
        yield speech.text.encode()


class Call:
    """What a session does with the events of its bot."""

    def __init__(self, client: DialogHostClient, cache: PromptCache) -> None:
        self.cache = cache
        self.voice = PromptVoice("joe", "en-US")
        self.preparing = Preparing(cache, PCMU, lambda: self.voice, ahead=True)
        self.said: list[tuple[str, bool]] = []
        """What the bot says, and whether that was in memory."""
        self.done = 0
        self.expected: tuple[str, ...] = ()
        self._requests = 0
        self._conversation = client.conversation(CallFacts("call-1", "+15550100", "bot"), self._event)
        self.preparing.begin(self._conversation)

    def _event(self, event: Event) -> None:
        if isinstance(event, BotMessage):
            speech = self.voice.speech(event.speak, event.locale, PCMU)
            self.said.append((event.speak, self.cache.ready(speech) is not None))
            self.preparing.saying(speech)
        elif isinstance(event, CallConfigured) and event.answer is not None:
            self.expected = event.answer.likely
        self.preparing.note(event)
        self.done += isinstance(event, BotDone)

    async def ask(self, text: str = "") -> list[tuple[str, bool]]:
        self.said = []
        self._requests += 1
        self.preparing.asked(self._requests)
        self._conversation.send(
            self._requests, activities.user_message(text) if text else activities.conversation_update()
        )
        await until(lambda: self.done == self._requests)
        return self.said


@pytest.fixture
async def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Call]:
    for limit in ("voicebot.bots.host_client.TRIAL_S", "voicebot.host.trial.TRIAL_LIMIT_S"):
        monkeypatch.setattr(limit, 30.0)  # a trial that comes too late for a real turn is in time here
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "main.yaml").write_text(textwrap.dedent(MAIN))
    storage = SqliteStorage(None)
    dialogs = load_dialogs(folder)
    server = HostServer(dialogs, DialogBot(dialogs.root, storage), TelephonyAdapter())
    await server.start(tmp_path / "h.sock")
    client = DialogHostClient(tmp_path / "h.sock")
    await client.start()
    cache = PromptCache(Voice(), memory_bytes=1000, directory=None)
    call = Call(client, cache)
    yield call
    await call.preparing.close()
    await cache.close()
    await client.close()
    await server.close()
    await storage.close()


async def rendered(call: Call, text: str) -> None:
    speech = call.voice.speech(text, "", PCMU)
    await until(lambda: call.cache.ready(speech) is not None)


async def test_the_reply_to_what_is_probably_said_is_in_memory_when_the_bot_gives_it(call: Call) -> None:
    assert await call.ask() == [("Which order?", False)]
    call.preparing.reply_to(Prepare("four two"))
    await rendered(call, "Order four two?")
    assert await call.ask("four two") == [("Order four two?", True)]
    assert (call.preparing.counts.prompts, call.preparing.counts.used) == (1, 1)


async def test_replies_to_each_of_few_answers_are_in_memory_before_there_is_one(call: Call) -> None:
    await call.ask()
    await call.ask("four two")
    await rendered(call, "Who wants order four two?")
    await rendered(call, "Which order?")
    assert await call.ask("yes") == [("Who wants order four two?", True)]
    assert call.preparing.counts.ahead == 2
