"""Bots: what a call tells them, what they ask of the call, and a channel to each kind of bot (``channel.py``).

Rules that hold here:

* A call talks to a :class:`Conversation` and hears events (`voicebot.events`); it never sees JSON or a connection.
* Sending never blocks and never raises: what cannot be delivered comes back as ``BotFailed``.
* Whatever a bot sends is taken as untrusted: bounded, cleaned for the ear, and dropped when it makes no sense.
* The call numbers its requests; each ends with exactly one ``BotDone`` or ``BotFailed``, and its messages come before
  that (``requests.py``). What a bot says later is request 0, its own initiative.
* What is agreed with one bot (how keys are told, how its thinking is covered) is put around its conversation, whatever
  the channel (``conventions.py``); what bots send is understood from all of them (``interpretation.py``).
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
