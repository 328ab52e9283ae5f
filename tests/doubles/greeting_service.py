"""Sessions whose bot greets, with doubles of voices and recognisers, and whether anything of them is left."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from call_world import CANNED, RULES, Ears, Mouth, no_calls

from voicebot.audio import AudioFormat
from voicebot.bots import CallFacts
from voicebot.bots.conventions import Conventions, with_conventions
from voicebot.bots.host_client import HostConversation
from voicebot.calls import AudioFiles, Calls, CallServices, CallSession, Keeping, Placed, TransferRules
from voicebot.calls.playback import PromptAudio
from voicebot.events import Event
from voicebot.host_wire import ActivitySent, ToHost, TurnAsked, TurnDone
from voicebot.legs import Leg


class GreetingService:
    """``refs``: the objects that an ended call must not leave behind. ``told``: what the bot was."""

    def __init__(self) -> None:
        self.refs: dict[str, weakref.ref[Any]] = {}
        self.conversations: weakref.WeakValueDictionary[str, HostConversation] = weakref.WeakValueDictionary()
        self.ears: weakref.WeakSet[Ears] = weakref.WeakSet()
        self.told: list[str] = []
        self.services = CallServices(
            recognizer=self.recognizer,
            conversation=with_conventions(self.conversation, Conventions()),
            score_turn=lambda heard, audio, answer: None,
            audio=PromptAudio(Mouth(), lambda kind, law: CANNED, AudioFiles().audio),
            rules=replace(RULES, transfers=TransferRules(("*@*:*", "*"))),
            keeping=Keeping(None, False, False),
            place=no_calls,
        )
        self.calls = Calls(self.services)

    def rule(self, **rules: Any) -> None:
        self.calls.services = replace(self.services, rules=replace(self.services.rules, **rules))

    def recognizer(self, audio: AudioFormat, on_event: Callable[[Event], None], language: str) -> Ears:
        self.ears.add(ears := Ears(on_event))
        return ears

    def conversation(self, facts: CallFacts, on_event: Callable[[Event], None]) -> HostConversation:
        made = HostConversation(facts, on_event, 10.0, self.asked, self.tried, lambda _made, _goodbye: None, "")
        self.conversations[facts.id] = made
        return made

    async def tried(self, _activity: dict[str, Any]) -> tuple[Any, ...]:
        return ()

    def asked(self, message: ToHost) -> str:
        if isinstance(message, TurnAsked):
            self.told.append(message.activity.get("name") or message.activity.get("text", ""))
            asyncio.get_running_loop().call_soon(self.answer, message)
        return ""

    def answer(self, asked: TurnAsked) -> None:
        name = asked.activity["conversation"]["id"]
        if (conversation := self.conversations.get(name)) is not None:
            conversation.received(ActivitySent(name, asked.request, {"type": "message", "text": "How can I help?"}))
            conversation.received(TurnDone(name, asked.request))

    def bot_does(self, **activity: Any) -> None:
        """On its own initiative, in the only call."""
        (conversation,) = self.conversations.values()
        conversation.received(ActivitySent(conversation.call.id, 0, activity))

    def bot_transfers(self, to: str) -> None:
        """The only call."""
        self.bot_does(type="event", name="transfer", value={"activityParams": {"transferTarget": to}})

    def took(self, leg: Leg, placed: Placed | None = None) -> CallSession:
        """Begin a call on ``leg``."""
        session = self.calls.accept(leg, placed)
        self.keep_an_eye_on(session=session, turn_driver=session._turns)
        return session

    def keep_an_eye_on(self, **parts: Any) -> None:
        """On parts of calls, by what they are."""
        self.refs |= {name: weakref.ref(part) for name, part in parts.items()}

    @property
    def session(self) -> CallSession:
        (session,) = self.calls.running()
        return session

    @property
    def alive(self) -> list[str]:
        """What there is of calls."""
        return [name for name, ref in self.refs.items() if ref() is not None]
