"""What every way to a bot is to the service: something that starts, makes a call's conversation, and is closed.

==========================  =========================================  ==============================================
way                         module                                     the bot is reached by
==========================  =========================================  ==============================================
``dialogs``                 :mod:`voicebot.bots.host_client`           a Unix socket to our own dialog host
``bot-framework``           :mod:`voicebot.bots.bot_framework`         HTTP both ways: we are its channel
``bot-framework-streaming`` :mod:`voicebot.bots.streaming`             one websocket that we open
``direct-line``             :mod:`voicebot.bots.direct_line`           HTTP and a websocket that we open
``copilot-studio``          :mod:`voicebot.bots.copilot_studio`        its token endpoint, then as Direct Line; or HTTP
                                                                       answered by server-sent events
==========================  =========================================  ==============================================

One way serves all calls of one configured bot; a call never learns which it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from voicebot.bots.conversation import CallFacts, Conversation, OnEvent


class WayUnavailable(Exception):
    """A way could not be started: its port is taken, its settings cannot work. The text says what to mend."""


@dataclass(frozen=True, slots=True)
class BotOptions:
    """What is set for each bot, whatever the way to it."""

    turn_timeout_s: float = 10.0
    """A bot that takes longer for one activity has failed at it."""
    reply_wait_s: float = 0.0
    """For bots that take an activity at once and answer it later: how long their first message is waited for. Without
    it, what comes after the bot has taken the activity counts as said on its own initiative."""
    dtmf: Literal["message", "event"] = "message"
    """How keys are told: Microsoft's message with a DTMF entity, or AudioCodes' event ``DTMF``."""


class BotWay(Protocol):
    """The way to one bot. ``start`` does not wait for the bot, which may come later; until then calls hear of it."""

    async def start(self) -> None:
        """Be ready for conversations. Raises :class:`WayUnavailable`."""

    def conversation(self, call: CallFacts, on_event: OnEvent) -> Conversation:
        """A conversation for ``call``; nothing is sent yet. Never raises."""

    async def close(self) -> None:
        """End what is open and release everything; harmless when called again, or without ``start``."""
