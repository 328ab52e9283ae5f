"""The ways to bots that the settings name, and which of them a call takes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from voicebot.bots import CallFacts, Conversation, OnEvent
from voicebot.bots.bot_framework import BotFrameworkSettings, BotFrameworkWay
from voicebot.bots.bot_tokens import BotTokens
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.credentials import BOT_FRAMEWORK_TENANT, ClientCredentials
from voicebot.bots.routing import Routes
from voicebot.bots.streaming import StreamingSettings, StreamingWay
from voicebot.bots.ways import BotOptions, BotWay
from voicebot.settings import RemoteBotSettings, Settings

logger = logging.getLogger(__name__)

DIALOGS = "dialogs"


class Ways:
    """All bots of the settings. ``dialogs`` makes a conversation with our own dialog host."""

    def __init__(self, settings: Settings, dialogs: Callable[[CallFacts, OnEvent], Conversation]) -> None:
        connector = settings.connector
        self.connector = ConnectorServer(connector.host, connector.port, connector.public_url)
        self._routes = Routes(settings.routes.numbers, settings.routes.default)
        self._dialogs = dialogs
        self._ways: dict[str, BotWay] = {bot.name: self._way(bot) for bot in settings.bots}

    async def start(self) -> None:
        """Be ready for calls. Raises :class:`voicebot.bots.ways.WayUnavailable`."""
        for way in self._ways.values():
            await way.start()

    async def close(self) -> None:
        await asyncio.gather(*(way.close() for way in self._ways.values()), return_exceptions=True)
        await self.connector.close()

    def conversation(self, call: CallFacts, on_event: OnEvent) -> Conversation:
        """A conversation with the bot that takes calls to this callee."""
        name = self._routes.bot_for(call.callee)
        if name == DIALOGS:
            return self._dialogs(call, on_event)
        logger.info("call %s is for bot %s", call.call_id, name)
        return self._ways[name].conversation(call, on_event)

    def _way(self, bot: RemoteBotSettings) -> BotWay:
        options = BotOptions(turn_timeout_s=bot.turn_timeout_s, reply_wait_s=bot.reply_wait_s, dtmf=bot.dtmf)
        tenant = bot.tenant or BOT_FRAMEWORK_TENANT
        credentials = tokens = None
        if bot.app_id:
            credentials = ClientCredentials(
                bot.app_id, bot.secret, authority=bot.authority, tenant=tenant, scope=bot.scope
            )
            tokens = BotTokens(bot.app_id, authority=bot.authority, tenant=tenant)
        match bot.kind:
            case "bot-framework":
                return BotFrameworkWay(
                    bot.name,
                    BotFrameworkSettings(bot.url, credentials, tokens, bot.channel_id, bot.expect_replies, options),
                    self.connector,
                )
            case "bot-framework-streaming":
                return StreamingWay(bot.name, StreamingSettings(bot.url, credentials, bot.channel_id, options))
