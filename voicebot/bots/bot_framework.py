"""The channel ``bot-framework``: a Bot Framework bot over HTTP: we are its channel, as Azure Bot Service would be.

We POST each activity to the bot's ``/api/messages``; the bot POSTs what it says to our Connector API, usually before
it answers our POST, so that a request is done when that is answered. Later words count as the bot's own initiative.

An activity is sent again only when the bot cannot have worked on it: when no connection could be made, when it was
turned away (429, 503), or when the token was refused (401), then with a new one. All within the time for one turn.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import AsyncIterator
from typing import Any, ClassVar, Literal, Self

import aiohttp
from pydantic import Field, model_validator

from voicebot.access_tokens import TokenUnavailable
from voicebot.bots.bot_tokens import BOT_FRAMEWORK_TENANT, BotTokens
from voicebot.bots.connector_conversation import ConnectorConversation, ConnectorTerms
from voicebot.bots.connector_server import ConnectorServer, ServedBot
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.exchange import Undelivered, end_all
from voicebot.bots.remote_bot import RegisteredBot
from voicebot.bots.ringing import Ringing
from voicebot.host_wire import PHONE_CHANNEL
from voicebot.json_body import read_json
from voicebot.loopback import is_loopback, is_loopback_url

logger = logging.getLogger(__name__)

MAX_ANSWER = 1 << 20
MAX_CONNECTIONS = 500
CONNECT_TIMEOUT_S = 3.0
KEEP_ALIVE_S = 4.0
"""Less than Node's 5 s: a connection that the bot closes while we begin to use it would cost an activity."""
MAX_UNREAD = 4096
TRIES = 4
FIRST_RETRY_S = 0.1
LAST_RETRY_S = 2.0
MAX_REPLIES = 100
"""Activities taken from one ``expectReplies`` answer."""
_TURNED_AWAY = (429, 503)


class MessagesBot(RegisteredBot):
    """A bot at its ``/api/messages``. Without ``app_id`` nothing is authenticated, which is for bots on this machine.

    ``tenant`` empty: ``botframework.com``, for bots of type MultiTenant."""

    kind_of_address: ClassVar[str] = "the address must be that of its /api/messages"
    default_tenant: ClassVar[str] = BOT_FRAMEWORK_TENANT

    kind: str
    channel_id: str = PHONE_CHANNEL
    reply_wait_s: float = Field(0.0, ge=0, le=60)
    """For bots that take an activity at once and answer later: how long their first message is waited for."""

    @model_validator(mode="after")
    def _can_be_known(self) -> Self:
        if not self.url:
            raise ValueError(f'kind = "{self.kind}" needs url, for example "https://bot.example.com/api/messages"')
        if not self.app_id and not is_loopback_url(self.url):
            raise ValueError(f"a bot that is elsewhere ({self.url}) needs app_id, and secret_file or secret_env")
        return self

    def terms(self, service_url: str) -> ConnectorTerms:
        return ConnectorTerms(service_url, self.channel_id, self.turn_timeout_s, self.reply_wait_s)


class BotFrameworkBot(MessagesBot):
    """A bot that sends what it says to our connector."""

    kind: Literal["bot-framework"] = "bot-framework"
    expect_replies: bool = False
    """For bots that cannot reach us: all replies come in the answer to our POST, at the end of the turn."""

    def check_connector(self, host: str, public_url: str) -> None:
        if not self.app_id and not is_loopback(host):
            raise ValueError("without app_id, connector.host must be 127.0.0.1")
        if not (self.expect_replies or public_url or is_loopback_url(self.url)):
            raise ValueError("set connector.public_url, the address at which the bot reaches us")

    def channel(self, connector: ConnectorServer) -> BotFrameworkChannel:
        return BotFrameworkChannel(self, connector)


class BotFrameworkChannel:
    """One bot (:class:`voicebot.bots.channel.BotChannel`). Such bots share a ``connector``, whose owner closes it."""

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
        reason, renewed = "", False
        async for _ in _tries():
            try:
                headers, token = await self._headers()
                status, reason, body = await self._post(activity, headers)
            except TokenUnavailable as error:
                raise Undelivered(f"no token for the bot: {error}") from error
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                reason = f"no connection to the bot: {error}"
                logger.info("conversation %s: %s; again", conversation.id, reason)
                continue
            except TimeoutError as error:
                raise Undelivered("the bot's answer stopped") from error
            except (aiohttp.ClientError, ValueError) as error:
                raise Undelivered(f"{type(error).__name__}: {error}") from error
            if status < 300:
                self._take_replies(conversation, body)
                return
            if status == 401 and token and not renewed and self._credentials is not None:
                self._credentials.forget(token)
                renewed = True
                continue
            if status not in _TURNED_AWAY:
                break
            logger.info("conversation %s: %s; again", conversation.id, reason)
        raise Undelivered(reason)

    async def _headers(self) -> tuple[dict[str, str], str]:
        credentials = self._credentials
        if credentials is None:
            return {}, ""
        assert self._http is not None, "start() comes first"
        token = await credentials.token()
        return {"Authorization": f"Bearer {token}"}, token

    async def _post(self, activity: dict[str, Any], headers: dict[str, str]) -> tuple[int, str, Any]:
        """Status, what to say of it when it is a failure, and the answer's body."""
        assert self._http is not None, "start() comes first"
        async with self._http.post(self._bot.url, json=activity, headers=headers, allow_redirects=False) as response:
            if response.status < 300 and not self._bot.expect_replies:
                await response.content.read(MAX_UNREAD)
                return response.status, "", None
            if response.status < 300:
                return response.status, "", await read_json(response, MAX_ANSWER)
            start = (await response.content.read(300)).decode(errors="replace").strip()
            return response.status, f"the bot answered HTTP {response.status} {start}".strip(), None

    def _take_replies(self, conversation: ConnectorConversation, body: Any) -> None:
        replies = body.get("activities") if isinstance(body, dict) else None
        for reply in itertools.islice(replies if isinstance(replies, list) else [], MAX_REPLIES):
            conversation.received(reply)


async def _tries() -> AsyncIterator[int]:
    """Attempts, with a pause that doubles and is never the same for two calls."""
    pause_s = FIRST_RETRY_S
    for attempt in range(TRIES):
        if attempt:
            await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))
            pause_s = min(pause_s * 3, LAST_RETRY_S)
        yield attempt
