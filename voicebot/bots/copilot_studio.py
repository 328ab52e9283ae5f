"""The channel ``copilot-studio``: an agent made in Copilot Studio (once Power Virtual Agents).

Two protocols lead to one, and the settings say which:

* its *token endpoint* (channel "Mobile app", for agents without authentication) gives a Direct Line token, and
  ``regionalchannelsettings`` of the same environment says which region's Direct Line; the rest is ``direct_line.py``,
  begun with the event ``startConversation``, without which an agent does not greet;
* its *connection string* (channel "Microsoft 365 Agents SDK", for agents with Entra authentication): every turn is one
  ``POST`` that is answered by a stream of server-sent events, so what an agent generates is spoken while it is made,
  and the end of the stream is the end of the turn. Needs an Entra token for ``https://api.powerplatform.com``.

https://learn.microsoft.com/microsoft-copilot-studio/publication-connect-bot-to-custom-application
https://learn.microsoft.com/microsoft-copilot-studio/publication-integrate-web-or-native-app-m365-agents-sdk
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar, Literal, Protocol, Self
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp
from pydantic import model_validator

from voicebot.access_tokens import TokenUnavailable
from voicebot.bots import activities
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.direct_line import ENVELOPE, DirectLine, DirectLineChannel, SettlingBot
from voicebot.bots.exchange import Exchange, Undelivered, end_all
from voicebot.bots.remote_bot import RegisteredBot
from voicebot.bots.server_sent_events import EventStream
from voicebot.bots.service_client import ServiceClient, ServiceRefused, refusal
from voicebot.host_wire import RESUME_EVENT

logger = logging.getLogger(__name__)

START_EVENT = "startConversation"
API_VERSION = "2022-03-01-preview"
REGION_FOR_S = 3600.0
"""How long the answer of ``regionalchannelsettings`` is used."""
OURS = frozenset({activities.INTERRUPTED, RESUME_EVENT})
"""Events that no agent has a topic for; over the streaming protocol each would be a whole turn."""

MAX_REMEMBERED = 64


class CopilotStudioBot(SettlingBot, RegisteredBot):
    """``url``: the agent's token endpoint,
    ``https://{env}.environment.api.powerplatform.com/powervirtualagents/botsbyschema/{schema}/directline/token?...``,
    or its connection string, ``.../copilotstudio/dataverse-backed/authenticated/bots/{schema}/conversations?...``."""

    default_scope: ClassVar[str] = "https://api.powerplatform.com/.default"

    kind: Literal["copilot-studio"] = "copilot-studio"

    @property
    def by_connection_string(self) -> bool:
        return "/copilotstudio/" in self.url

    @model_validator(mode="after")
    def _fits_its_url(self) -> Self:
        if not self.url:
            raise ValueError('kind = "copilot-studio" needs url: the token endpoint or the connection string')
        if self.by_connection_string and self.model_fields_set & {"quiet_s", "typing_s", "silent_s", "poll_s"}:
            raise ValueError("quiet_s, typing_s, silent_s and poll_s are for agents by their token endpoint")
        if self.by_connection_string and not (self.app_id and self.tenant):
            raise ValueError("a connection string needs app_id, tenant, and secret_file or secret_env")
        return self

    def channel(self, connector: ConnectorServer) -> DirectLineChannel | AgentChannel:
        if (credentials := self.credentials()) is not None and self.by_connection_string:
            return AgentChannel(self.url, credentials, self.turn_timeout_s)
        line = DirectLine(
            locate=RegionLookup(self.url).locate,
            secret="",
            token_url=self.url,
            start_event=START_EVENT,
            patience=self.patience,
            poll_s=self.poll_s,
            turn_timeout_s=self.turn_timeout_s,
        )
        return DirectLineChannel(line)


class RegionLookup:
    """Which Direct Line belongs to the environment of a token endpoint."""

    def __init__(self, token_endpoint: str) -> None:
        self._url = regional_settings_url(token_endpoint)
        self._found: tuple[str, float] | None = None

    async def locate(self, service: ServiceClient) -> str:
        """Its endpoint. Raises Undelivered."""
        now = asyncio.get_running_loop().time()
        if self._found is None or now - self._found[1] > REGION_FOR_S:
            answer = await service.request("GET", self._url)
            channels = answer.get("channelUrlsById")
            url = channels.get("directline") if isinstance(channels, dict) else None
            if not isinstance(url, str) or not url.startswith(("https://", "http://")):
                raise Undelivered("the environment names no Direct Line")
            self._found = (f"{url.rstrip('/')}/v3/directline", now)
        return self._found[0]


class TokenSource(Protocol):
    """Where an agent's tokens come from: :class:`voicebot.access_tokens.ClientCredentials`."""

    async def token(self) -> str: ...

    def forget(self, token: str) -> None: ...

    async def close(self) -> None: ...


class AgentChannel:
    """The channel to an agent by its connection string (:class:`voicebot.bots.channel.BotChannel`)."""

    def __init__(self, connection_url: str, tokens: TokenSource, turn_timeout_s: float) -> None:
        self._service = AgentService(connection_url, tokens)
        self._turn_timeout_s = turn_timeout_s
        self._open: set[AgentConversation] = set()

    @property
    def conversations(self) -> int:
        """How many conversations are open."""
        return len(self._open)

    async def start(self) -> None:
        self._service.http.open()

    def conversation(self, call: CallFacts, on_event: OnEvent) -> AgentConversation:
        conversation = AgentConversation(call, on_event, self._service, self._turn_timeout_s, self._open.discard)
        self._open.add(conversation)
        return conversation

    async def close(self) -> None:
        await end_all(self._open)
        await self._service.close()


class AgentService:
    """An agent's address, with a token for each turn."""

    def __init__(self, connection_url: str, tokens: TokenSource) -> None:
        self.connection_url = connection_url
        self.http = ServiceClient()
        self._tokens = tokens

    async def turn(self, url: str, body: dict[str, Any], on_activity: Callable[[dict[str, Any]], None]) -> str:
        """One turn: gives each activity as it comes, returns the conversation's id (``""``: not told).

        A token that is refused is replaced once. Raises Undelivered."""
        token = await self._token()
        try:
            return await self._turn(url, body, token, on_activity)
        except ServiceRefused as refused:
            if refused.status != 401:
                raise
        self._tokens.forget(token)
        return await self._turn(url, body, await self._token(), on_activity)

    async def close(self) -> None:
        await self._tokens.close()
        await self.http.close()

    async def _token(self) -> str:
        try:
            return await self._tokens.token()
        except TokenUnavailable as error:
            raise Undelivered(f"no token for the agent: {error}") from error

    async def _turn(
        self, url: str, body: dict[str, Any], token: str, on_activity: Callable[[dict[str, Any]], None]
    ) -> str:
        headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {token}"}
        try:
            async with self.http.session.post(url, json=body, headers=headers, allow_redirects=False) as response:
                if response.status != 200:
                    raise await refusal(response)
                await _read(response, on_activity)
                return response.headers.get("x-ms-conversationid", "")[:256]
        except (aiohttp.ClientError, OSError) as error:
            raise Undelivered(f"no answer: {error or type(error).__name__}") from error


class AgentConversation:
    """One call's conversation; the end of each turn's stream ends the request."""

    def __init__(
        self,
        call: CallFacts,
        on_event: OnEvent,
        service: AgentService,
        turn_timeout_s: float,
        on_over: Callable[[AgentConversation], None],
    ) -> None:
        self.call = call
        self._service = service
        self._on_over = on_over
        self._exchange = Exchange(call, on_event, self, timeout_s=turn_timeout_s)
        self._conversation_id = ""
        self._seen: OrderedDict[str, dict[str, Any]] = OrderedDict()

    # --- the call's side ---------------------------------------------------------------------------------------------

    def send(self, request: int, activity: dict[str, Any]) -> None:
        self._exchange.send(request, activity)

    async def close(self, reason: str) -> None:
        await self._exchange.close(reason)

    async def over(self) -> None:
        """Wait until the end is dealt with; bounded. Only after :meth:`close`."""
        await self._exchange.over()

    # --- Carrier -----------------------------------------------------------------------------------------------------

    async def hand_over(self, request: int, activity: dict[str, Any]) -> str:
        if activity.get("name") in OURS:
            return ""
        start = activity["type"] == "conversationUpdate"
        if start or not self._conversation_id:
            await self._begin(request if start else 0)
            if start:
                return ""
        content = {name: value for name, value in activity.items() if name not in ENVELOPE}
        content["conversation"] = {"id": self._conversation_id}
        url = conversation_url(self._service.connection_url, self._conversation_id)
        try:
            await self._turn(url, {"activity": content}, request)
        except ServiceRefused as refused:
            if refused.status == 404:  # it is forgotten: the next request begins anew
                self._conversation_id = ""
            raise
        return ""

    async def say_goodbye(self, activity: dict[str, Any]) -> None:
        """An agent has no use for it: its conversation ends by itself."""

    async def release(self) -> None:
        self._conversation_id = ""
        self._on_over(self)

    # --- the agent ---------------------------------------------------------------------------------------------------

    async def _begin(self, request: int) -> None:
        body = {"emitStartConversationEvent": True, "locale": self.call.locale}
        self._conversation_id = await self._turn(self._service.connection_url, body, request)
        if not self._conversation_id:
            raise Undelivered("the agent gave no conversation")
        logger.info("conversation %s: Copilot Studio conversation %s", self.call.id, self._conversation_id)

    async def _turn(self, url: str, body: dict[str, Any], request: int) -> str:
        named = ""

        def take(activity: dict[str, Any]) -> None:
            nonlocal named
            conversation = activity.get("conversation")
            if isinstance(conversation, dict) and isinstance(conversation.get("id"), str):
                named = conversation["id"][:256]
            if not self._repeated(activity):
                self._exchange.received(activity, request)

        return await self._service.turn(url, body, take) or named

    def _repeated(self, activity: dict[str, Any]) -> bool:
        """Whether it came before, word for word: the parts of a streamed text share an id, and differ."""
        identity = activity.get("id")
        if not isinstance(identity, str) or not identity:
            return False
        repeated = self._seen.get(identity) == activity
        self._seen[identity] = activity
        self._seen.move_to_end(identity)
        if len(self._seen) > MAX_REMEMBERED:
            self._seen.popitem(last=False)
        return repeated


def regional_settings_url(token_endpoint: str) -> str:
    """Where the environment of ``token_endpoint`` tells which Direct Line is its own."""
    parts = urlsplit(token_endpoint)
    path = parts.path.partition("/powervirtualagents/")[0] + "/powervirtualagents/regionalchannelsettings"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query or f"api-version={API_VERSION}", ""))


def conversation_url(connection_url: str, conversation_id: str) -> str:
    """``connection_url`` of one conversation: its id goes behind the path, the query stays."""
    parts = urlsplit(connection_url)
    if conversation_id in (".", ".."):  # the service chose it: no way to anywhere else
        raise Undelivered(f"{conversation_id!r} is no id of a conversation")
    path = f"{parts.path.rstrip('/')}/{quote(conversation_id, safe='')}"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


async def _read(response: aiohttp.ClientResponse, on_activity: Callable[[dict[str, Any]], None]) -> None:
    events = EventStream()
    async for chunk in response.content.iter_any():
        for event, data in events.feed(chunk):
            if event == "end":
                return
            if event == "activity":
                with suppress(ValueError, RecursionError):
                    activity = json.loads(data)
                    if isinstance(activity, dict):
                        on_activity(activity)
