"""The channel ``bot-framework``: a Bot Framework bot over HTTP. We are its channel, as Azure Bot Service would be.

We POST each activity to the bot's ``/api/messages``; the bot POSTs what it says to our Connector API, usually before
it answers our POST. So a request is done when our POST is answered; what the bot says later is its own initiative.

An activity is sent again only when the bot cannot have worked on it (``delivery.py``), within the time for one turn.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import aiohttp
from pydantic import Field, model_validator

from voicebot.bots.bot_tokens import BOT_FRAMEWORK_TENANT, BotTokens
from voicebot.bots.connector_conversation import ConnectorConversation, ConnectorTerms
from voicebot.bots.connector_server import ConnectorServer, ServedBot
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.delivery import until_accepted, with_token
from voicebot.bots.exchange import Undelivered, end_all
from voicebot.bots.remote_bot import RegisteredBot
from voicebot.bots.ringing import Ringing
from voicebot.bots.service_client import NO_CONNECTION, NotConnected, ServiceRefused, refusal
from voicebot.json_body import read_json
from voicebot.loopback import is_loopback, is_loopback_url
from voicebot.telephony_channel import PHONE_CHANNEL

logger = logging.getLogger(__name__)

MAX_ANSWER = 1 << 20
MAX_CONNECTIONS = 500
CONNECT_TIMEOUT_S = 3.0
KEEP_ALIVE_S = 4.0
"""Seconds that an idle connection is kept. Less than the 5 s after which Node closes one: an activity that is sent
while the bot closes the connection is lost."""
MAX_UNREAD = 4096
"""Bytes of an answer without replies that are read, so that its connection can be used again."""
MAX_REPLIES = 100
"""Activities taken from one ``expectReplies`` answer."""


class MessagesBot(RegisteredBot):
    """A bot at its ``/api/messages``. Without ``app_id``, which only a bot on this machine may leave out, neither side
    is authenticated. An empty ``tenant`` means ``botframework.com``, for bots of type MultiTenant."""

    kind_of_address: ClassVar[str] = "the address must be that of its /api/messages"
    default_tenant: ClassVar[str] = BOT_FRAMEWORK_TENANT

    kind: str
    channel_id: str = PHONE_CHANNEL
    reply_wait_s: float = Field(0.0, ge=0, le=60)
    """For bots that accept an activity at once and reply later: seconds to wait for their first message."""

    @model_validator(mode="after")
    def _can_be_known(self) -> Self:
        if not self.url:
            raise ValueError(f'kind = "{self.kind}" needs url, for example "https://bot.example.com/api/messages"')
        if not self.app_id and not is_loopback_url(self.url):
            raise ValueError(f"a bot on another machine ({self.url}) needs app_id, and secret_file or secret_env")
        return self

    def terms(self, service_url: str) -> ConnectorTerms:
        return ConnectorTerms(service_url, self.channel_id, self.turn_timeout_s, self.reply_wait_s)


class BotFrameworkBot(MessagesBot):
    """A bot that sends its activities to our connector."""

    kind: Literal["bot-framework"] = "bot-framework"
    expect_replies: bool = False
    """For bots that cannot reach us: all replies come in the response to our POST, at the end of the turn."""

    def check_connector(self, host: str, public_url: str) -> None:
        if not self.app_id and not is_loopback(host):
            raise ValueError("without app_id, connector.host must be 127.0.0.1")
        if not (self.expect_replies or public_url or is_loopback_url(self.url)):
            raise ValueError("set connector.public_url, the address at which the bot reaches us")

    def channel(self, connector: ConnectorServer) -> BotFrameworkChannel:
        return BotFrameworkChannel(self, connector)


class BotFrameworkChannel:
    """The channel to one bot (:class:`voicebot.bots.channel.BotChannel`). All such bots share the ``connector``, which
    its owner closes."""

    def __init__(self, bot: BotFrameworkBot, connector: ConnectorServer) -> None:
        self._bot = bot
        self._connector = connector
        self._credentials = bot.credentials()
        self._tokens = (
            BotTokens(bot.app_id, authority=bot.authority, tenant=bot.tenant or bot.default_tenant)
            if bot.app_id
            else None
        )
        self._http: aiohttp.ClientSession | None = None
        self._ringing = Ringing(self._begin, self._forget)
        self._served = ServedBot(bot.name, self._tokens, ringing=self._ringing)

    async def start(self) -> None:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._connector.add(self._served)
        await self._connector.start()

    def conversation(self, call: CallFacts, on_event: OnEvent) -> ConnectorConversation:
        conversation = self._ringing.answered(call, on_event) or self._begin(call, on_event)
        logger.info("call %s is conversation %s with bot %s", call.id, conversation.id, self._bot.name)
        return conversation

    def _begin(self, call: CallFacts, on_event: OnEvent) -> ConnectorConversation:
        terms = self._bot.terms(self._connector.url)
        conversation = ConnectorConversation(call, on_event, terms, self._deliver, self._forget)
        self._served.conversations[conversation.id] = conversation
        return conversation

    async def close(self) -> None:
        await end_all(self._served.conversations.values())
        self._connector.remove(self._served)
        if self._credentials is not None:
            await self._credentials.close()
        if self._tokens is not None:
            await self._tokens.close()
        if self._http is not None:
            await self._http.close()

    def _forget(self, conversation: ConnectorConversation) -> None:
        self._served.conversations.pop(conversation.id, None)

    async def _deliver(self, conversation: ConnectorConversation, activity: dict[str, Any]) -> None:
        if self._bot.expect_replies:
            activity = activity | {"deliveryMode": "expectReplies"}

        trace = conversation.trace_headers

        async def attempt() -> Any:
            return await with_token(self._credentials, lambda token: self._post(activity, token, trace))

        try:
            body = await until_accepted(attempt, self._bot.turn_timeout_s, f"conversation {conversation.id}")
        except ServiceRefused as refused:
            raise Undelivered(f"the bot answered {refused}") from refused
        await self._take_replies(conversation, body)

    async def _post(self, activity: dict[str, Any], token: str, trace: Mapping[str, str]) -> Any:
        """The body of the bot's answer as JSON, None where the replies do not come in it. Raises Undelivered."""
        assert self._http is not None, "start() comes first"
        headers = {**trace, **({"Authorization": f"Bearer {token}"} if token else {})}
        try:
            async with self._http.post(
                self._bot.url, json=activity, headers=headers, allow_redirects=False
            ) as response:
                if response.status >= 300:
                    raise await refusal(response)
                if self._bot.expect_replies:
                    return await read_json(response, MAX_ANSWER)
                await response.content.read(MAX_UNREAD)
                return None
        except NO_CONNECTION as error:
            raise NotConnected(f"no connection to the bot: {error}") from error
        except TimeoutError as error:
            raise Undelivered("the bot's answer broke off") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise Undelivered(f"{type(error).__name__}: {error}") from error

    async def _take_replies(self, conversation: ConnectorConversation, body: Any) -> None:
        replies = body.get("activities") if isinstance(body, dict) else None
        for reply in itertools.islice(replies if isinstance(replies, list) else [], MAX_REPLIES):
            await asyncio.sleep(0)  # other calls get their turn between two of them
            conversation.received(reply)
