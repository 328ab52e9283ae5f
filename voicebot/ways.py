"""The ways to bots that the settings name, and which of them a call takes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import aiohttp

from voicebot.bots import CallFacts, Conversation, OnEvent
from voicebot.bots.bot_framework import BotFrameworkSettings, BotFrameworkWay
from voicebot.bots.bot_tokens import BotTokens
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.conventions import Conventions, with_conventions
from voicebot.bots.copilot_studio import CopilotStudioOptions, TokenSource, copilot_studio_way
from voicebot.bots.credentials import BOT_FRAMEWORK_TENANT, ClientCredentials, TokenUnavailable
from voicebot.bots.direct_line import PUBLIC_ENDPOINT, DirectLineOptions, DirectLineWay
from voicebot.bots.remote_conversation import Undelivered
from voicebot.bots.routing import Routes
from voicebot.bots.settling import Patience
from voicebot.bots.streaming import StreamingSettings, StreamingWay
from voicebot.bots.ways import BotOptions, BotWay
from voicebot.events import KeyCollection
from voicebot.remote_bot_settings import RemoteBotSettings
from voicebot.route_settings import DIALOGS
from voicebot.settings import Settings

logger = logging.getLogger(__name__)

POWER_PLATFORM = "https://api.powerplatform.com/.default"


class Ways:
    """All bots of the settings. ``dialogs`` makes a conversation with our own dialog host."""

    def __init__(self, settings: Settings, dialogs: Callable[[CallFacts, OnEvent], Conversation]) -> None:
        connector = settings.connector
        self.connector = ConnectorServer(connector.host, connector.port, connector.public_url)
        self._routes = Routes(
            settings.routes.numbers,
            settings.routes.default,
            {name: (trunk.numbers, trunk.default) for name, trunk in settings.routes.trunks.items()},
        )
        self._agents: list[ClientCredentials] = []
        self._http: aiohttp.ClientSession | None = None
        self._ways: dict[str, BotWay] = {bot.name: self._way(bot) for bot in settings.bots}
        self._conversations = {
            DIALOGS: with_conventions(dialogs, Conventions(attended=settings.bot.transfer == "attended"))
        } | {
            bot.name: with_conventions(self._ways[bot.name].conversation, conventions_of(bot)) for bot in settings.bots
        }

    @property
    def names(self) -> frozenset[str]:
        """All bots, ours included."""
        return frozenset(self._conversations)

    async def start(self) -> None:
        """Be ready for calls. Raises :class:`voicebot.bots.ways.WayUnavailable`."""
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        for way in self._ways.values():
            await way.start()

    async def close(self) -> None:
        await asyncio.gather(*(way.close() for way in self._ways.values()), return_exceptions=True)
        await self.connector.close()
        for credentials in self._agents:
            await credentials.close()
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    def conversation(self, call: CallFacts, on_event: OnEvent) -> Conversation:
        """A conversation with the bot that the call was placed for, or that takes calls to our number by its trunk."""
        name = call.bot if call.bot in self._conversations else self._routes.bot_for(call.line, call.trunk)
        if name != DIALOGS:
            logger.info("call %s is for bot %s", call.call_id, name)
        return self._conversations[name](call, on_event)

    def _way(self, bot: RemoteBotSettings) -> BotWay:
        options = BotOptions(turn_timeout_s=bot.turn_timeout_s, reply_wait_s=bot.reply_wait_s, dtmf=bot.dtmf)
        tenant = bot.tenant or BOT_FRAMEWORK_TENANT
        patience = Patience(bot.quiet_s, bot.typing_s, bot.silent_s)
        credentials = tokens = None
        if bot.app_id and bot.kind.startswith("bot-framework"):
            credentials = bot_credentials(bot)
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
            case "direct-line":
                line = DirectLineOptions(
                    endpoint=bot.url or PUBLIC_ENDPOINT,
                    secret="" if bot.token_url else bot.secret(),
                    token_url=bot.token_url,
                    start_event=bot.start_event,
                    patience=patience,
                    poll_s=bot.poll_s,
                )
                return DirectLineWay(line, options)
            case "copilot-studio":
                if not bot.by_connection_string:
                    mobile = CopilotStudioOptions(token_endpoint=bot.url, patience=patience, poll_s=bot.poll_s)
                    return copilot_studio_way(mobile, options)
                agent = CopilotStudioOptions(connection_url=bot.url, token=self._token_source(bot))
                return copilot_studio_way(agent, options)

    def _token_source(self, bot: RemoteBotSettings) -> TokenSource:
        """Entra tokens of an application, for agents that are reached by their connection string."""
        credentials = bot_credentials(bot)
        self._agents.append(credentials)

        async def token(refused: str) -> str:
            if self._http is None:
                raise Undelivered("the service is being stopped")
            if refused:
                credentials.forget(refused)
            try:
                return await credentials.token(self._http)
            except TokenUnavailable as error:
                raise Undelivered(f"no token for the agent: {error}") from None

        return token


def bot_credentials(bot: RemoteBotSettings) -> ClientCredentials:
    """The application that we are towards ``bot``, which has an ``app_id``."""
    return ClientCredentials(
        bot.app_id,
        bot.secret,
        authority=bot.authority,
        tenant=bot.tenant or BOT_FRAMEWORK_TENANT,
        scope=bot.scope or (POWER_PLATFORM if bot.kind == "copilot-studio" else ""),
    )


def conventions_of(bot: RemoteBotSettings) -> Conventions:
    """What the settings agree with ``bot``."""
    keys = KeyCollection(bot.collect_keys, bot.collect_end_key, bot.collect_gap_s)
    return Conventions(
        bot.conventions, keys, bot.masking_s, bot.masking_text, bot.hypotheses, bot.transfer == "attended"
    )
