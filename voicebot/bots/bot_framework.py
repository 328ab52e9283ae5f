"""The way to a Bot Framework bot over HTTP: we are its channel, as Azure Bot Service would be.

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
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from voicebot.bots.bot_tokens import BotTokens, NotAuthorized
from voicebot.bots.connector_server import ConnectorServer, Tenant
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.credentials import ClientCredentials, TokenUnavailable, read_json
from voicebot.bots.ordered import OrderedConversation
from voicebot.bots.remote_conversation import Undelivered
from voicebot.bots.ringing import Ringing
from voicebot.bots.ways import BotOptions

logger = logging.getLogger(__name__)

CHANNEL_ID = "telephony"
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


@dataclass(frozen=True, slots=True)
class BotFrameworkSettings:
    """Where the bot is, and how we know each other; without ``credentials`` and ``tokens`` nothing is authenticated."""

    url: str
    credentials: ClientCredentials | None = None
    tokens: BotTokens | None = None
    channel_id: str = CHANNEL_ID
    expect_replies: bool = False
    """Ask for replies in the answer to the POST, for bots that cannot reach us. They come all at once, at the end."""
    options: BotOptions = field(default_factory=BotOptions)


class BotFrameworkWay:
    """One bot (:class:`voicebot.bots.ways.BotWay`). ``connector`` is shared by such bots; its owner closes it."""

    def __init__(self, name: str, settings: BotFrameworkSettings, connector: ConnectorServer) -> None:
        self.name = name
        self._settings = settings
        self._connector = connector
        self._http: aiohttp.ClientSession | None = None
        self._ringing = Ringing(self._begin, self._forget)
        self._tenant = Tenant(name, self._authorize, settings.tokens is not None, ringing=self._ringing)

    async def start(self) -> None:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._connector.add(self._tenant)
        await self._connector.start()

    def conversation(self, call: CallFacts, on_event: OnEvent) -> OrderedConversation:
        conversation = self._ringing.answered(call, on_event) or self._begin(call, on_event)
        logger.info("call %s is conversation %s with bot %s", call.call_id, conversation.id, self.name)
        return conversation

    def _begin(self, call: CallFacts, on_event: OnEvent) -> OrderedConversation:
        conversation = OrderedConversation(
            call,
            on_event,
            deliver=self._deliver,
            options=self._settings.options,
            channel_id=self._settings.channel_id,
            service_url=self._connector.url,
            on_over=self._forget,
        )
        self._tenant.conversations[conversation.id] = conversation
        return conversation

    async def close(self) -> None:
        for conversation in list(self._tenant.conversations.values()):
            await conversation.close("shutdown")
        await asyncio.gather(*(c.over() for c in list(self._tenant.conversations.values())))
        self._connector.remove(self._tenant)
        for owned in (self._settings.credentials, self._settings.tokens):
            if owned is not None:
                await owned.close()
        if self._http is not None:
            await self._http.close()

    def _forget(self, conversation: OrderedConversation) -> None:
        self._tenant.conversations.pop(conversation.id, None)

    async def _authorize(self, authorization: str) -> None:
        tokens, http = self._settings.tokens, self._http
        if tokens is None:
            return
        if http is None or http.closed:
            raise NotAuthorized(503, "the service is being stopped")
        await tokens.check(authorization, http)

    async def _deliver(self, conversation: OrderedConversation, activity: dict[str, Any]) -> None:
        if self._settings.expect_replies:
            activity = activity | {"deliveryMode": "expectReplies"}
        reason, renewed = "", False
        async for _ in _tries():
            try:
                headers, token = await self._headers()
                status, reason, body = await self._post(activity, headers)
            except TokenUnavailable as error:
                raise Undelivered(f"no token for the bot: {error}") from None
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                reason = f"no connection to the bot: {error}"
                continue
            except TimeoutError:
                raise Undelivered("the bot's answer stopped") from None
            except (aiohttp.ClientError, ValueError) as error:
                raise Undelivered(f"{type(error).__name__}: {error}") from None
            if status < 300:
                self._take_replies(conversation, body)
                return
            if status == 401 and token and not renewed and self._settings.credentials is not None:
                self._settings.credentials.forget(token)
                renewed = True
                continue
            if status not in _TURNED_AWAY:
                break
        raise Undelivered(reason)

    async def _headers(self) -> tuple[dict[str, str], str]:
        credentials = self._settings.credentials
        if credentials is None:
            return {}, ""
        assert self._http is not None, "start() comes first"
        token = await credentials.token(self._http)
        return {"Authorization": f"Bearer {token}"}, token

    async def _post(self, activity: dict[str, Any], headers: dict[str, str]) -> tuple[int, str, Any]:
        """Status, what to say of it when it is a failure, and the answer's body."""
        assert self._http is not None, "start() comes first"
        async with self._http.post(
            self._settings.url, json=activity, headers=headers, allow_redirects=False
        ) as response:
            if response.status < 300 and not self._settings.expect_replies:
                await response.content.read(MAX_UNREAD)
                return response.status, "", None
            if response.status < 300:
                return response.status, "", await read_json(response, MAX_ANSWER)
            start = (await response.content.read(300)).decode(errors="replace").strip()
            return response.status, f"the bot answered HTTP {response.status} {start}".strip(), None

    def _take_replies(self, conversation: OrderedConversation, body: Any) -> None:
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
