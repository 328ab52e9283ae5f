"""The conventions of each bot, on any channel: a conversation wrapped around the channel's conversation.

* Keys: as Microsoft's message with a DTMF entity or AudioCodes' event ``DTMF``; each by itself, or collected into one
  activity (``KeyCollection``), as the settings or the bot itself (``dtmfCollect``) say. While keys are collected, the
  request of each key is done at once; the request of the last key carries all of them.
* The result of a transfer: as Microsoft's ``handoff.status`` or AudioCodes' ``transferStatus``.
* How long the bot may take before the caller hears "one moment, please", or other words.
* Whether the bot gets what the caller is saying while it is said (``speechHypothesis``).

The wrapped conversation gets the same request numbers.
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
    """The conventions of one bot.

    ``masking_s``: None for that of the turn policy. ``masking_text``: empty for "one moment, please". ``attended``:
    whether its transfers are attended where the bot does not say it itself.
    """

    style: Style = "microsoft"
    keys: KeyCollection = field(default_factory=KeyCollection)
    masking_s: float | None = None
    masking_text: str = ""
    hypotheses: bool = False
    attended: bool = False
    dtmf: Literal["message", "event"] = "message"


def with_conventions(make: MakeConversation, conventions: Conventions) -> MakeConversation:
    """``make``, with its conversations wrapped in ``conventions``."""
    return lambda call, on_event: ConventionalConversation(make, conventions, call, on_event)


class KeyCollector:
    """Collects keys into one input. Pure; the time is passed in."""

    def __init__(self, collection: KeyCollection) -> None:
        self.collection = collection
        self.keys = ""
        self.deadline: float | None = None

    def press(self, key: str, now: float) -> str:
        """Take a key. Returns all keys when the input is complete, else ``""``."""
        if key == self.collection.end_key:
            return self.take() or key
        self.keys += key
        if len(self.keys) >= self.collection.max_keys:
            return self.take()
        self.deadline = now + self.collection.gap_s
        return ""

    def take(self) -> str:
        """The keys so far; the next key begins another input."""
        keys, self.keys, self.deadline = self.keys, "", None
        return keys


class ConventionalConversation:
    """The wrapped conversation of one call (:class:`voicebot.bots.conversation.Conversation`)."""

    def __init__(self, make: MakeConversation, conventions: Conventions, call: CallFacts, on_event: OnEvent) -> None:
        self._inside = make(call, self._event)
        self._conventions = conventions
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._collector = KeyCollector(call.keys or conventions.keys)
        self._timer: asyncio.TimerHandle | None = None
        self._held = 0
        self._closed = False
        agreed = conventions.masking_s is not None or conventions.masking_text or conventions.hypotheses
        if agreed and call.keys is None:  # else the bot may have changed it
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
            if activity.get("name") != activities.HYPOTHESIS:  # which does not mean that no more keys come
                self._flush()
            self._forward(request, in_style(activity, self._conventions.style))

    async def trial(self, activity: dict[str, Any]) -> list[Event]:
        return await self._inside.trial(activity)

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
        """No more keys come: send those that were collected."""
        keys = self._collector.take()
        self._watch()
        if keys:
            self._forward_keys(keys)

    def _forward_keys(self, keys: str) -> None:
        request, self._held = self._held, 0
        end_key = self._collector.collection.end_key
        if end_key:
            self._loop.call_soon(self._tell, CallConfigured(self._loop.time(), late_end_key=end_key))
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
                keys=agreed.keys if agreed.keys != KeyCollection() else None,
            )
        )

    def _tell(self, event: Event) -> None:
        if not self._closed:
            self._on_event(event)


def in_style(activity: dict[str, Any], style: Style) -> dict[str, Any]:
    """``activity``, in the shape of Microsoft's Telephony channel, in the shape that bots of ``style`` expect."""
    if style != "audiocodes" or activity.get("name") != "handoff.status":
        return activity
    told = activity["value"]
    value: dict[str, Any] = {"status": "answered" if told["state"] == "completed" else "failed"}
    if told["state"] != "completed":
        value |= {"reason": told["message"], "reasonCode": _REASONS.get(told["status"], "error")}
    return {"type": "event", "name": "transferStatus", "value": value}


_REASONS = {408: "no-answer", 480: "no-answer", 487: "no-answer", 486: "busy", 600: "busy", 603: "declined"}
