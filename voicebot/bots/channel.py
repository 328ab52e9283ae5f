"""What every channel to a bot is to the service: something that starts, makes a call's conversation, and is closed.

A channel is how one configured bot is reached; it serves all calls of that bot, and a call never learns which it is.

==========================  ========================================  ===============================================
kind                        module                                    the bot is reached by
==========================  ========================================  ===============================================
(our own dialogs)           :mod:`voicebot.bots.host_client`          a Unix socket to our own dialog host
``bot-framework``           :mod:`voicebot.bots.bot_framework`        HTTP both ways: we are its channel
``bot-framework-streaming`` :mod:`voicebot.bots.streaming`            one websocket that we open
``direct-line``             :mod:`voicebot.bots.direct_line`          HTTP and a websocket that we open
``copilot-studio``          :mod:`voicebot.bots.copilot_studio`       its token endpoint, then as Direct Line; or HTTP
                                                                      answered by server-sent events
==========================  ========================================  ===============================================

What may be set for a kind stands in its module, beside the channel (:mod:`voicebot.bots.remote_bot`); the list of kinds
is :mod:`voicebot.settings.bots`.
"""

from __future__ import annotations

from typing import Protocol

from voicebot.bots.conversation import CallFacts, Conversation, OnEvent


class ChannelUnavailable(Exception):
    """A channel could not be started: its port is taken, its settings cannot work. The text says what to mend."""


class BotChannel(Protocol):
    """``start`` does not wait for the bot, which may come later; until then calls hear of it."""

    async def start(self) -> None:
        """Be ready for conversations. Raises :class:`ChannelUnavailable`."""

    def conversation(self, call: CallFacts, on_event: OnEvent) -> Conversation:
        """A conversation for ``call``; nothing is sent yet. Never raises."""

    async def close(self) -> None:
        """End what is open and release everything; harmless when called again, or without ``start``."""
