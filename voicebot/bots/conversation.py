"""A call's conversation with its bot, as the call sees it on every channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from voicebot.events import Event, KeyCollection
from voicebot.own_trunks import vouches
from voicebot.trace_context import CallTrace

OnEvent = Callable[[Event], None]
"""Gets the events of a conversation: on the loop, never from within :meth:`Conversation.send`, never after ``close``.

The events: BotMessage, BotDone, BotFailed, BotRecovered, CallConfigured, HangUpAsked, TransferAsked, KeysAsked,
AbortPromptsAsked, RecordingAsked, MetadataSent, MessageAnnounced; of our own dialogs also StepReached.
"""
TURN_TIMEOUT_S: Final = 10.0
"""A turn that takes the bot longer has failed: the caller hears an apology."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What the bot is told about a call.

    ``caller``: empty or ``anonymous`` when it is withheld. ``headers``: those of an incoming INVITE. The URIs are
    complete where the front end knows them, such as ``sip:+15550100@pbx.example.com``. ``trunk``: the name of the trunk
    or account that the call uses, by which it is routed; empty for none. In an outbound call, ``bot`` is the bot that
    it was placed for (``""``: the one that the calling number is routed to), and ``context`` what that bot should know.
    ``fallback``: whether the settings say where callers are transferred without a target. ``trace``: None if calls are
    not traced. ``keys``: how keys were collected so far, in a call that another process has begun; else None.
    """

    id: str
    """Our random id of the call, which names its conversation. Callers choose the Call-ID, even another call's."""
    caller: str
    callee: str
    display_name: str = ""
    locale: str = "en-US"
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    caller_uri: str = ""
    callee_uri: str = ""
    trunk: str = ""
    direction: Literal["inbound", "outbound"] = "inbound"
    bot: str = ""
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)
    call_id: str = ""
    """The SIP Call-ID."""
    fallback: bool = False
    trace: CallTrace | None = None
    keys: KeyCollection | None = None

    @property
    def person(self) -> str:
        """The number or name of the person that the bot talks to: the caller, or the person that we called."""
        return self.callee if self.direction == "outbound" else self.caller

    @property
    def person_vouched_for(self) -> bool:
        """Whether ``person`` is more than what a stranger claims: we called it, or a trunk or an account names it."""
        return bool(self.person) and (self.direction == "outbound" or vouches(self.trunk))

    @property
    def line(self) -> str:
        """Our own number."""
        return self.caller if self.direction == "outbound" else self.callee


class Conversation(Protocol):
    """One call's conversation with a bot."""

    def send(self, request: int, activity: dict[str, Any]) -> None:
        """Queue an activity (see :mod:`voicebot.bots.activities`) as request ``request``. The sender (the turn machine)
        numbers its requests from 1 upwards; the events that answer a request carry its number.

        Never blocks and never raises: a request that is refused or cannot be delivered ends with ``BotFailed``.
        """

    async def trial(self, activity: dict[str, Any]) -> list[Event]:
        """The events that ``activity`` would lead to, found out without any effect; none of a bot that cannot tell, as
        those of others. Never raises."""

    async def close(self, reason: str) -> None:
        """End the conversation and tell the bot that the call is over; no event follows. Harmless when called again."""
