"""Ways to a bot: what a call tells it, what it asks of the call, and the dialog host's client.

Rules that hold here:

* A call talks to a :class:`Conversation` and hears events (`voicebot.events`); it never sees JSON or a connection.
* Sending never blocks and never raises: what cannot be delivered comes back as ``BotFailed``.
* Whatever a bot sends is taken as untrusted: bounded, cleaned for the ear, and dropped when it makes no sense.
* Each request ends with exactly one ``BotDone`` or ``BotFailed``; its messages come before that.
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
