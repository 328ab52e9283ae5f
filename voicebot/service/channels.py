"""The channels to all bots, and the choice of a call's bot."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from voicebot.bots import CallFacts, Conversation, OnEvent
from voicebot.bots.channel import BotChannel
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.conventions import Conventions, with_conventions
from voicebot.bots.routing import Routes
from voicebot.listening import Bounds
from voicebot.listening.http import HTTP_BOUNDS
from voicebot.settings import Settings
from voicebot.settings.routes import DIALOGS

logger = logging.getLogger(__name__)


class Channels:
    """The bots of the settings. ``dialogs`` makes a conversation with our own dialog host. ``bounds``: of connections
    that bots open to us."""

    def __init__(
        self,
        settings: Settings,
        dialogs: Callable[[CallFacts, OnEvent], Conversation],
        bounds: Bounds = HTTP_BOUNDS,
    ) -> None:
        connector = settings.connector
        self.connector = ConnectorServer(connector.host, connector.port, connector.public_url, bounds)
        self._routes = Routes(
            settings.routes.numbers,
            settings.routes.default,
            {name: (trunk.numbers, trunk.default) for name, trunk in settings.routes.trunks.items()},
        )
        self._channels: dict[str, BotChannel] = {bot.name: bot.channel(self.connector) for bot in settings.bots}
        ours = Conventions(attended=settings.bot.transfer == "attended")
        self._conversations = {DIALOGS: with_conventions(dialogs, ours)} | {
            bot.name: with_conventions(self._channels[bot.name].conversation, bot.agreed()) for bot in settings.bots
        }

    @property
    def names(self) -> frozenset[str]:
        """The names of all bots, including our dialog host."""
        return frozenset(self._conversations)

    async def start(self) -> None:
        """Start all channels. Raises :class:`voicebot.bots.channel.ChannelUnavailable`."""
        for channel in self._channels.values():
            await channel.start()

    async def close(self) -> None:
        await asyncio.gather(*(channel.close() for channel in self._channels.values()), return_exceptions=True)
        await self.connector.close()

    def bot_for(self, call: CallFacts) -> str:
        """The name of the bot for which the call was placed; else of the one that it is routed to."""
        return call.bot if call.bot in self._conversations else self._routes.bot_for(call.line, call.trunk)

    def conversation(self, call: CallFacts, on_event: OnEvent) -> Conversation:
        """A conversation with the bot of the call."""
        name = self.bot_for(call)
        if name != DIALOGS:
            logger.info("call %s is for bot %s", call.id, name)
        return self._conversations[name](call, on_event)
