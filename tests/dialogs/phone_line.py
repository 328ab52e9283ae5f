"""Talk to the sample dialogs in text: no socket, no audio, no waiting."""

from __future__ import annotations

import itertools
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from voicebot.authoring.compiler import compile_dialogs
from voicebot.authoring.loader import load_dialogs
from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.sdk import activity_from_json
from voicebot.host.storage import SqliteStorage

FOLDER = Path(__file__).parents[2] / "dialogs"
DIALOGS = load_dialogs(FOLDER)
assert DIALOGS.usable, DIALOGS.problems
COMPILED = compile_dialogs(DIALOGS, now=lambda: datetime(2026, 12, 1, 12, tzinfo=UTC))
for module in [module for name, module in sys.modules.items() if name.endswith(".customers")]:
    module.ANSWER_AFTER_S = 0  # type: ignore[attr-defined]


class PhoneLine:
    """One call. Each method gives what is spoken in answer; everything else that was sent is in ``sent``."""

    def __init__(self) -> None:
        self._bot = DialogBot(COMPILED.root, SqliteStorage(None))
        self._adapter = TelephonyAdapter()
        self._numbers = itertools.count(1)
        self.sent: list[dict[str, Any]] = []
        self.said: list[str] = []

    async def activity(self, **content: Any) -> list[str]:
        self.sent = []
        number = next(self._numbers)
        envelope = {
            "id": f"c1|{number:07d}",
            "channelId": "telephony",
            "serviceUrl": "urn:test",
            "locale": "en-US",
            "from": {"id": "+15550100"},
            "recipient": {"id": "bot"},
            "conversation": {"id": "c1"},
        }
        await self._adapter.process(activity_from_json(envelope | content), self._bot.on_turn, number, self._deliver)
        spoken = [sent["speak"] for sent in self.sent if sent["type"] == "message"]
        self.said += spoken
        return spoken

    async def _deliver(self, turn: int, conversation: str, activity: dict[str, Any]) -> None:
        self.sent.append(activity)

    async def dial(self) -> list[str]:
        return await self.activity(type="conversationUpdate", membersAdded=[{"id": "+15550100"}])

    async def say(self, text: str) -> list[str]:
        return await self.activity(type="message", text=text)

    async def press(self, keys: str) -> list[str]:
        """Each key is a message of its own; gives what is spoken after the last one."""
        said: list[str] = []
        for key in keys:
            said = await self.activity(type="message", text=key, entities=[{"type": "DTMF"}])
        return said

    async def event(self, name: str, value: Any = None) -> list[str]:
        return await self.activity(type="event", name=name, value=value)

    async def silence(self, count: int = 1) -> list[str]:
        return await self.event("noUserInput", count)

    @property
    def transfer(self) -> str | None:
        """Where the last turn transferred the call to."""
        events = [sent for sent in self.sent if sent.get("name") == "handoff.initiate"]
        return events[0]["value"]["TargetPhoneNumber"] if events else None

    @property
    def hung_up(self) -> bool:
        return any(sent["type"] == "endOfConversation" for sent in self.sent)

    @property
    def expected(self) -> list[str]:
        """The words that the recogniser was told to expect in the last turn."""
        configs = [sent for sent in self.sent if sent.get("name") == "config"]
        return configs[-1]["channelData"]["sessionParams"]["sttContextPhrases"] if configs else []

    @property
    def hints(self) -> list[str]:
        return [sent["inputHint"] for sent in self.sent if sent["type"] == "message"]
