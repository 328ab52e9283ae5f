"""A call in text. What the caller does goes through the real dialog host, without socket, audio or waiting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from voicebot.authoring.channel import RECORDING
from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.sdk import Dialog, activity_from_json
from voicebot.host.storage import SqliteStorage


@dataclass(frozen=True, slots=True)
class Said:
    """What the bot said: ``text`` as a chat shows it, ``spoken`` as a voice gets it (words or SSML)."""

    text: str
    spoken: str


class TextCall:
    """A call to ``root``. Each method gives what the bot said then. Call :meth:`close` at the end.

    ``hung_up``: the bot has ended the call; ``transfer``: whom it was to be handed on to in the last turn, or None;
    ``dialled``: whom the bot has had called in a call of its own that is not over yet, or None; ``ringing``: nobody
    has answered that one so far;
    ``recording``: what the recording, if there is one, was told last: ``running``, ``paused`` or ``stopped``;
    ``language``: in which the call goes on.

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

    async def press(self, keys: str) -> list[Said]:
        """One key after another; all that is said after them, together."""
        said: list[Said] = []
        for key in keys:
            said += await self._turn(type="message", text=key, entities=[{"type": "DTMF"}])
        return said

    async def silence(self) -> list[Said]:
        return await self._turn(type="event", name="noUserInput", value=1)

    async def noise(self) -> list[Said]:
        """Something was heard, but no words."""
        return await self._turn(type="event", name="unrecognizedSpeech", value=1)

    async def transferred(self, state: str) -> list[Said]:
        """What came of a transfer: ``completed``, ``failed``, or why it has: ``busy`` or ``no-answer``."""
        told: dict[str, Any] = {"state": state}
        if state in ("busy", "no-answer"):
            told = {"state": "failed", "status": _STATUS[state], "message": state}
        return await self._turn(type="event", name="handoff.status", value=told)

    async def dial_became(self, outcome: str) -> list[Said]:
        """What became of the call that the bot has placed last: ``answered``, ``ended``, ``busy``, ..."""
        told = {"commandId": self._command, "state": outcome.replace("_", "-"), "status": _STATUS.get(outcome, 0),
                "reason": outcome, "to": self.dialled or ""}  # fmt: skip
        self.ringing = False
        if outcome != "answered":
            self.dialled = None
        return await self._turn(type="event", name="call.status", value=told)

    @property
    def state(self) -> dict[str, Any]:
        """What the host has stored of the call."""
        return self._storage.kept

    async def close(self) -> None:
        await self._storage.close()

    async def _turn(self, **content: Any) -> list[Said]:
        self._sent = []
        self._number += 1
        envelope = {
            "id": f"text|{self._number:07d}", "channelId": "telephony", "serviceUrl": "urn:voicebot:text",
            "locale": self.language, "from": {"id": self._caller}, "recipient": {"id": "bot"},
            "conversation": {"id": "text"},
        }  # fmt: skip
        activity = activity_from_json(envelope | content)
        await self._adapter.process(activity, self._bot.on_turn, self._number, self._deliver)
        self.hung_up = self.hung_up or any(sent["type"] == "endOfConversation" for sent in self._sent)
        handed = [sent["value"] for sent in self._sent if sent.get("name") == "handoff.initiate"]
        self.transfer = handed[0]["TargetPhoneNumber"] if handed else None
        for sent in self._sent:
            if sent.get("name") == "call.place":
                self.dialled, self._command = sent["value"]["to"], sent["value"]["commandId"]
                self.ringing = True
            if sent.get("name") == "config":
                self.language = sent["channelData"]["sessionParams"].get("language", self.language)
            if sent["type"] == "command" and str(sent.get("name")).startswith(RECORDING):
                self.recording = _RECORDING[sent["name"].removeprefix(RECORDING)]
        messages = [sent for sent in self._sent if sent["type"] == "message"]
        return [Said(sent.get("text", ""), sent.get("speak", sent.get("text", ""))) for sent in messages]

    async def _deliver(self, turn: int, conversation: str, activity: dict[str, Any]) -> None:
        self._sent.append(activity)


_STATUS = {"busy": 486, "no-answer": 480, "no_answer": 480, "declined": 603, "unreachable": 404, "refused": 403}
_RECORDING = {"start": "running", "resume": "running", "pause": "paused", "stop": "stopped"}


class _Kept(SqliteStorage):
    """State in memory, with what was written last."""

    def __init__(self) -> None:
        super().__init__(None)
        self.kept: dict[str, Any] = {}

    async def write(self, changes: dict[str, Any]) -> None:
        await super().write(changes)
        self.kept = dict(changes)
