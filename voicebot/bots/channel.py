"""What every channel to a bot has in common: it starts, makes the conversations of calls, and is closed.

A channel reaches one configured bot, for all its calls. A call does not know which kind of channel it uses.

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

The settings of a kind are in its module, beside the channel; those of every kind in :mod:`voicebot.bots.remote_bot`,
and the list of kinds in :mod:`voicebot.settings.bots`.
"""

from __future__ import annotations

from typing import Protocol

from voicebot.bots.conversation import CallFacts, Conversation, OnEvent


class ChannelUnavailable(Exception):
    """A channel cannot be started: its port is taken, or its settings cannot work. The text says what to change."""


class BotChannel(Protocol):
    """The channel to one bot. ``start`` does not wait for the bot; while it is away, requests to it fail."""

    async def start(self) -> None:
        """Get ready for conversations. Raises :class:`ChannelUnavailable`."""

    def conversation(self, call: CallFacts, on_event: OnEvent) -> Conversation:
        """A conversation for ``call``; nothing is sent yet. Never raises."""

    async def close(self) -> None:
        """End the open conversations and release everything. Harmless when called again, or without ``start``."""
