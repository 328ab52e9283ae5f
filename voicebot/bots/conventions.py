"""What is agreed with each bot, whatever the channel to it: a conversation around a conversation.

* Keys: as Microsoft's message with a DTMF entity or AudioCodes' event ``DTMF``; each by itself, or collected into
  one activity (``KeyCollection``), as the settings say or the bot itself asks (``dtmfCollect``). A key that is held has
  been taken: its request is done, and the last one carries all the digits.
* The result of a transfer as Microsoft's ``handoff.status`` or AudioCodes' ``transferStatus``.
* How long the bot may think before the caller hears "one moment, please", and in which words.
* Whether it hears what the caller is saying while it is said (``speechHypothesis``).

Requests keep their numbers inside: keys that were collected go on as the request of the last of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from voicebot.bots import activities
from voicebot.bots.conversation import CallFacts, Conversation, OnEvent
from voicebot.events import BotDone, CallConfigured, Event, KeyCollection, TransferAsked

Style = Literal["microsoft", "audiocodes"]
MakeConversation = Callable[[CallFacts, OnEvent], Conversation]


@dataclass(frozen=True, slots=True)
class Conventions:
    """One bot's. ``masking_s``: None leaves it to the policy; ``masking_text``: empty is the shipped prompt.

    ``attended``: its transfers are, unless it says otherwise for one.
    """

    style: Style = "microsoft"
    keys: KeyCollection = field(default_factory=KeyCollection)
    masking_s: float | None = None
    masking_text: str = ""
    hypotheses: bool = False
    attended: bool = False
    dtmf: Literal["message", "event"] = "message"


def with_conventions(make: MakeConversation, conventions: Conventions) -> MakeConversation:
    """``make``, whose conversations keep to ``conventions``."""
    return lambda call, on_event: ConventionalConversation(make, conventions, call, on_event)


class KeyCollector:
    """Keys on their way to becoming one input. Pure; the time is passed in."""

    def __init__(self, collection: KeyCollection) -> None:
        self.collection = collection
        self.keys = ""
        self.deadline: float | None = None

    def press(self, key: str, now: float) -> str:
        """Take a key; returns all of them when they are complete, else ``""``."""
        if key == self.collection.end_key:
            return self.take() or key
        self.keys += key
        if len(self.keys) >= self.collection.max_keys:
            return self.take()
        self.deadline = now + self.collection.gap_s
        return ""

    def take(self) -> str:
        """What has been gathered; the next key begins anew."""
        keys, self.keys, self.deadline = self.keys, "", None
        return keys


class ConventionalConversation:
    """One call's conversation (:class:`voicebot.bots.conversation.Conversation`)."""

    def __init__(self, make: MakeConversation, conventions: Conventions, call: CallFacts, on_event: OnEvent) -> None:
        self._inside = make(call, self._event)
        self._conventions = conventions
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._collector = KeyCollector(conventions.keys)
        self._timer: asyncio.TimerHandle | None = None
        self._held = 0
        self._closed = False
        if conventions.masking_s is not None or conventions.masking_text or conventions.hypotheses:
            self._loop.call_soon(self._configure)

    def send(self, request: int, activity: dict[str, Any]) -> None:
        if self._is_collected(activity):
            if self._held:
                self._loop.call_soon(self._tell, BotDone(self._loop.time(), self._held))
            self._held = request
            keys = self._collector.press(activity["text"], self._loop.time())
            self._watch()
            if keys:
                self._forward_keys(keys)
        else:
            if activity.get("name") != activities.HYPOTHESIS:  # a belief is no reason to think that no more keys come
                self._flush()
            self._forward(request, in_style(activity, self._conventions.style))

    async def close(self, reason: str) -> None:
        self._flush()
        self._closed = True
        await self._inside.close(reason)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _is_collected(self, activity: dict[str, Any]) -> bool:
        return self._collector.collection.max_keys != 1 and activity.get("entities") == [{"type": "DTMF"}]

    def _watch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._collector.deadline is not None:
            self._timer = self._loop.call_at(self._collector.deadline, self._flush)

    def _flush(self) -> None:
        """No more keys come: what there is goes on its way."""
        keys = self._collector.take()
        self._watch()
        if keys:
            self._forward_keys(keys)

    def _forward_keys(self, keys: str) -> None:
        request, self._held = self._held, 0
        self._forward(request, activities.key_message(keys))

    def _forward(self, request: int, activity: dict[str, Any]) -> None:
        self._inside.send(request, activities.keys_in_style(activity, self._conventions.dtmf))

    def _event(self, event: Event) -> None:
        match event:
            case TransferAsked(attended=None) if self._conventions.attended:
                event = replace(event, attended=True)
            case CallConfigured(keys=KeyCollection() as keys):
                self._flush()
                self._collector.collection = keys
        self._tell(event)

    def _configure(self) -> None:
        agreed = self._conventions
        self._tell(
            CallConfigured(
                self._loop.time(),
                masking_s=agreed.masking_s,
                masking_text=agreed.masking_text,
                hypotheses=agreed.hypotheses or None,
            )
        )

    def _tell(self, event: Event) -> None:
        if not self._closed:
            self._on_event(event)


def in_style(activity: dict[str, Any], style: Style) -> dict[str, Any]:
    """``activity``, which is in the shape of Microsoft's Telephony channel, as bots of ``style`` know it."""
    if style != "audiocodes" or activity.get("name") != "handoff.status":
        return activity
    told = activity["value"]
    value: dict[str, Any] = {"status": "answered" if told["state"] == "completed" else "failed"}
    if told["state"] != "completed":
        value |= {"reason": told["message"], "reasonCode": _REASONS.get(told["status"], "error")}
    return {"type": "event", "name": "transferStatus", "value": value}


_REASONS = {408: "no-answer", 480: "no-answer", 487: "no-answer", 486: "busy", 600: "busy", 603: "declined"}
