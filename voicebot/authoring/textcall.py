"""A call in text. What the caller does goes through the real dialog host, without socket, audio or pauses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.sdk import Dialog, activity_from_json
from voicebot.host.storage import ItemWrite, SqliteStorage
from voicebot.telephony_channel import NO_INPUT, NO_MATCH, PHONE_CHANNEL, PROMPT_HEARD, RECORDING_COMMAND


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the bot: ``text`` as a chat shows it, ``spoken`` as it is spoken (words or SSML)."""

    text: str
    spoken: str


class TextCall:
    """A call to ``root``. Each method returns what the bot says then. Call :meth:`close` at the end.

    ``hung_up``: whether the bot has ended the call. ``transfer``: the target of the transfer that the last turn asked
    for, or None. ``dialled``: the number of the separate call that the bot has placed, None once that is over;
    ``ringing``: whether it is still unanswered. ``recording``: the state of the recording, if there is one:
    ``running``, ``paused`` or ``stopped``. ``language``: that of the call.

    ``direction``: ``outbound`` for a call that the bot has placed; ``context``: what the dialog is told in such a call.
    """

    def __init__(
        self, root: Dialog, *, locale: str = "en-US", caller: str = "+15550100", direction: str = "inbound",
        context: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self._storage = _Kept()
        self._bot = DialogBot(root, self._storage)
        self._adapter = TelephonyAdapter()
        self._number = 0
        self._caller = caller
        self._facts = {"caller": caller, "direction": direction, "context": context or {}}
        self._command = ""
        self._sent: list[dict[str, Any]] = []
        self.hung_up = False
        self.transfer: str | None = None
        self.dialled: str | None = None
        self.ringing = False
        self.recording = "running"
        self.language = locale

    async def dial(self) -> list[Said]:
        members = [{"id": self._caller}]
        return await self._turn(type="conversationUpdate", membersAdded=members, channelData=self._facts)

    async def say(self, text: str) -> list[Said]:
        return await self._turn(type="message", text=text)

    async def say_early(self, text: str) -> list[Said]:
        """Say ``text`` before anything of the bot's last message was heard."""
        return await self._turn(type="message", text=text, channelData={PROMPT_HEARD: 0})

    async def press(self, keys: str) -> list[Said]:
        """Press one key after another, while the call lasts; everything that is said after them."""
        said: list[Said] = []
        for key in keys:
            if self.hung_up:
                break
            said += await self._turn(type="message", text=key, entities=[{"type": "DTMF"}])
        return said

    async def silence(self) -> list[Said]:
        return await self._turn(type="event", name=NO_INPUT, value=1)

    async def noise(self) -> list[Said]:
        """Something is heard, but no words are recognised."""
        return await self._turn(type="event", name=NO_MATCH, value=1)

    async def transferred(self, state: str) -> list[Said]:
        """A transfer has ended: ``completed``, ``failed``, or why it failed, ``busy`` or ``no-answer``."""
        told: dict[str, Any] = {"state": state}
        if state in ("busy", "no-answer"):
            told = {"state": "failed", "status": _STATUS[state], "message": state}
        return await self._turn(type="event", name="handoff.status", value=told)

    async def dial_became(self, outcome: str) -> list[Said]:
        """The call that the bot has placed last goes on: ``answered``, ``ended``, ``busy``, ..."""
        told = {"commandId": self._command, "state": outcome.replace("_", "-"), "status": _STATUS.get(outcome, 0),
                "reason": outcome, "to": self.dialled or ""}  # fmt: skip
        self.ringing = False
        if outcome != "answered":
            self.dialled = None
        return await self._turn(type="event", name="call.status", value=told)

    @property
    def state(self) -> dict[str, Any]:
        """What the host has stored of the call, as it is stored."""
        return {write.key: json.loads(write.text) for write in self._storage.kept}

    async def close(self) -> None:
        await self._storage.close()

    async def _turn(self, **content: Any) -> list[Said]:
        self._sent = []
        self._number += 1
        envelope = {
            "id": f"text|{self._number:07d}", "channelId": PHONE_CHANNEL, "serviceUrl": "urn:voicebot:text",
            "locale": self.language, "from": {"id": self._caller}, "recipient": {"id": "bot"},
            "conversation": {"id": "text"},
        }  # fmt: skip
        activity = activity_from_json(envelope | content)
        await self._adapter.process(activity, self._bot.on_turn, self._number, self._deliver)
        self.hung_up = self.hung_up or any(sent["type"] == "endOfConversation" for sent in self._sent)
        handed = [sent["value"] for sent in self._sent if sent.get("name") == "handoff.initiate"]
        self.transfer = handed[0].get("TargetPhoneNumber", "") if handed else None
        for sent in self._sent:
            if sent.get("name") == "call.place":
                self.dialled, self._command = sent["value"]["to"], sent["value"]["commandId"]
                self.ringing = True
            if sent.get("name") == "config":
                self.language = sent["channelData"]["sessionParams"].get("language", self.language)
            if sent["type"] == "command" and str(sent.get("name")).startswith(RECORDING_COMMAND):
                self.recording = _RECORDING[sent["name"].removeprefix(RECORDING_COMMAND)]
        messages = [sent for sent in self._sent if sent["type"] == "message"]
        return [Said(sent.get("text", ""), sent.get("speak", sent.get("text", ""))) for sent in messages]

    async def _deliver(self, turn: int, conversation: str, activity: dict[str, Any]) -> None:
        self._sent.append(activity)


_STATUS = {"busy": 486, "no-answer": 480, "no_answer": 480, "declined": 603, "unreachable": 404, "refused": 403}
_RECORDING = {"start": "running", "resume": "running", "pause": "paused", "stop": "stopped"}


class _Kept(SqliteStorage):
    """State in memory; ``kept`` is what was written last."""

    def __init__(self) -> None:
        super().__init__(None)
        self.kept: tuple[ItemWrite, ...] = ()

    async def write(self, writes: Sequence[ItemWrite]) -> dict[str, str]:
        versions = await super().write(writes)
        self.kept = (*writes,)
        return versions
