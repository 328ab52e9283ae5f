"""Write a folder of dialogs from texts, and talk to it: through the real host, without socket, audio or waiting."""

from __future__ import annotations

import asyncio
import itertools
import textwrap
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from voicebot.authoring.compiler import compile_dialogs
from voicebot.authoring.loader import load_dialogs
from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.reached import place_told
from voicebot.host.sdk import TurnContext, activity_from_json
from voicebot.host.storage import SqliteStorage
from voicebot.host.trial import Trials
from voicebot.host_wire import DialogPlace, TurnDone, encode

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
"""A Tuesday."""


def write(folder: Path, **files: str) -> Path:
    """``main="..."`` is ``main.yaml``; a double underscore is a dot (``main__de``), ``python_x`` is ``x.py``."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        file = f"{name.removeprefix('python_')}.py" if name.startswith("python_") else f"{name.replace('__', '.')}.yaml"
        (folder / file).write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


def spoken(sent: Iterable[dict[str, Any]]) -> list[str]:
    return [activity.get("speak", "") for activity in sent if activity["type"] == "message"]


class Line:
    """One call. Each method gives what is spoken in answer; everything that was sent is in ``sent``."""

    def __init__(
        self, folder: Path, *, storage: SqliteStorage | None = None, locale: str = "en-US", **around: Any
    ) -> None:
        dialogs = load_dialogs(folder)
        assert dialogs.usable, "\n".join(map(str, dialogs.problems))
        self.visits: list[tuple[str, str, str]] = []
        around.setdefault("now", lambda: NOON)
        self.compiled = compile_dialogs(dialogs, visited=lambda *visit: self.visits.append(visit), **around)
        self._bot = DialogBot(self.compiled.root, storage or SqliteStorage(None))
        self._adapter = TelephonyAdapter()
        self._numbers = itertools.count(1)
        self._locale = locale
        self.sent: list[dict[str, Any]] = []
        self.place: DialogPlace | None = None
        """What those who watch the call are told of the last turn."""

    async def activity(self, **content: Any) -> list[str]:
        self.sent, self.place = [], None
        number = next(self._numbers)
        activity = activity_from_json(self._envelope(number) | content)
        await self._adapter.process(activity, self._turn, number, self._deliver)
        return spoken(self.sent)

    async def _turn(self, context: TurnContext) -> None:
        await self._bot.on_turn(context)
        self.place = place_told(context)
        encode(TurnDone("c1", 1, self.place))  # whatever was said, it can travel

    async def trial(self, text: str, within_s: float = 10.0) -> list[str]:
        """What the dialogs would say to ``text``; ``sent`` has what was sent before."""
        told: asyncio.Future[tuple[dict[str, Any], ...]] = asyncio.get_running_loop().create_future()
        activity = self._envelope(next(self._numbers)) | {"type": "message", "text": text}
        Trials(self._bot).begin("c1", activity, within_s, told.set_result)
        return spoken(await told)

    def _envelope(self, number: int) -> dict[str, Any]:
        return {
            "id": f"c1|{number:07d}",
            "channelId": "telephony",
            "serviceUrl": "urn:test",
            "locale": self._locale,
            "from": {"id": "+15550100"},
            "recipient": {"id": "bot"},
            "conversation": {"id": "c1"},
        }

    async def _deliver(self, turn: int, conversation: str, activity: dict[str, Any]) -> None:
        self.sent.append(activity)

    async def dial(self, **data: Any) -> list[str]:
        members = [{"id": "+15550100"}]
        return await self.activity(type="conversationUpdate", membersAdded=members, channelData=data)

    async def say(self, text: str, heard: float = 1.0) -> list[str]:
        """Say ``text`` when ``heard`` (0 to 1) of the bot's last message has been played."""
        return await self.activity(type="message", text=text, channelData={"promptHeard": heard})

    async def press(self, keys: str) -> list[str]:
        said: list[str] = []
        for key in keys:
            said = await self.activity(type="message", text=key, entities=[{"type": "DTMF"}])
        return said

    async def silence(self) -> list[str]:
        return await self.activity(type="event", name="noUserInput", value=1)

    async def noise(self) -> list[str]:
        return await self.activity(type="event", name="unrecognizedSpeech", value=1)

    async def event(self, name: str, value: Any = None) -> list[str]:
        return await self.activity(type="event", name=name, value=value)

    @property
    def hung_up(self) -> bool:
        return any(sent["type"] == "endOfConversation" for sent in self.sent)

    @property
    def transfer(self) -> dict[str, Any] | None:
        return next((sent["value"] for sent in self.sent if sent.get("name") == "handoff.initiate"), None)

    @property
    def recording(self) -> list[str]:
        """What the recording was told in the last turn."""
        return [sent["name"].rpartition(".")[2] for sent in self.sent if sent["type"] == "command"]

    @property
    def patience_ms(self) -> list[int | None]:
        configs = [sent["channelData"]["sessionParams"] for sent in self.sent if sent.get("name") == "config"]
        return [config.get("userNoInputTimeoutMS") for config in configs]

    @property
    def hints(self) -> list[str]:
        return [sent["inputHint"] for sent in self.sent if sent["type"] == "message"]


def line(tmp_path: Path, main: str, **more: Any) -> Line:
    """A call to a folder of these dialogs, written below ``tmp_path``; what :class:`Line` takes is passed on to it."""
    around = {
        name: more.pop(name) for name in ("now", "fetch", "functions", "secrets", "locale", "storage") if name in more
    }
    return Line(write(tmp_path / "d", main=main, **more), **around)
