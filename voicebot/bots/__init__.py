"""Bots: what a call tells them, what they ask of the call, and a channel to each kind of bot (``channel.py``).

Rules that hold here:

* A call sends to a :class:`Conversation` and gets events (`voicebot.events`); it never sees JSON or a connection.
* Sending never blocks and never raises: what cannot be delivered comes back as ``BotFailed``.
* Nothing that a bot sends is trusted: it is bounded, made fit for speech, and dropped when it cannot be understood.
* The call numbers its requests; each ends with exactly one ``BotDone`` or ``BotFailed``, and its messages come before
  that (``requests.py``). What a bot sends later belongs to request 0, its own initiative.
* The conventions of one bot (how it gets keys, what covers its silence) are wrapped around its conversation, whatever
  the channel (``conventions.py``). What a bot sends is understood by every convention (``interpretation.py``).
"""

from voicebot.bots import activities
from voicebot.bots.conversation import CallFacts, Conversation, OnEvent
from voicebot.bots.host_client import DialogHostClient, HostUnavailable
from voicebot.bots.interpretation import events_from_activity
from voicebot.bots.spoken import spoken

__all__ = [
    "CallFacts",
    "Conversation",
    "DialogHostClient",
    "HostUnavailable",
    "OnEvent",
    "activities",
    "events_from_activity",
    "spoken",
]
