"""What a call and its bot are to each other, whichever channel leads to the bot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from voicebot.events import Event

OnEvent = Callable[[Event], None]
"""Where a conversation delivers: on the loop, never from within :meth:`Conversation.send`, never after ``close``.

The events: BotMessage, BotDone, BotFailed, BotRecovered, CallConfigured, HangUpAsked, TransferAsked, KeysAsked,
AbortPromptsAsked, RecordingAsked, MetadataSent.
"""
TURN_TIMEOUT_S: Final = 10.0
"""A bot that takes longer for one turn has failed: the caller hears an apology."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What the bot is told about a call. ``caller`` may be empty (withheld); ``headers``: of the INVITE.

    The URIs are complete where the front end knows them, such as ``sip:+15550100@pbx.example.com``.
    ``trunk``: the name of the trunk or account that it came by, for its routing; empty for none.

    Of a call of ours (``direction``), ``bot`` is the one that it was placed for, ``""`` for whichever has the calling
    number, and ``context`` what that bot is to know.
    """

    id: str
    """Ours, random: the conversation's name. A caller chooses the Call-ID, and may choose another call's."""
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
    """Of SIP."""

    @property
    def person(self) -> str:
        """Who the bot talks to: the caller, or whom we called."""
        return self.callee if self.direction == "outbound" else self.caller

    @property
    def line(self) -> str:
        """Our own number."""
        return self.caller if self.direction == "outbound" else self.callee


class Conversation(Protocol):
    """One call's conversation with a bot."""

    def send(self, request: int, activity: dict[str, Any]) -> None:
        """Queue an activity (see :mod:`voicebot.bots.activities`) as request ``request``: who sends numbers, from 1
        upwards (the turn machine does), and whatever answers it carries that number.

        Never blocks and never raises: what is too much or cannot be delivered ends with ``BotFailed``.
        """

    async def close(self, reason: str) -> None:
        """Tell the bot that the call is over, and forget it; no event follows. Harmless when called again."""
