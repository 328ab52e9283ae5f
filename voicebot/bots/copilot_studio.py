"""The channel ``copilot-studio``: an agent made in Copilot Studio (formerly Power Virtual Agents).

An agent can be reached by two protocols; its ``url`` decides which one is used:

* its *token endpoint* (channel "Mobile app", for agents without authentication) gives a Direct Line token, and
  ``regionalchannelsettings`` of the same environment says which region's Direct Line. The rest is ``direct_line.py``,
  begun with the event ``startConversation``, without which an agent does not greet;
* its *connection string* (channel "Microsoft 365 Agents SDK", for agents with Entra authentication): every turn is one
  ``POST`` that is answered by a stream of server-sent events. So generated text is spoken while it is being generated,
  and the end of the stream is the end of the turn. Needs an Entra token for ``https://api.powerplatform.com``.

https://learn.microsoft.com/microsoft-copilot-studio/publication-connect-bot-to-custom-application
https://learn.microsoft.com/microsoft-copilot-studio/publication-integrate-web-or-native-app-m365-agents-sdk
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, Self
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp
from pydantic import model_validator

from voicebot.bots import activities
from voicebot.bots.connector_server import ConnectorServer
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.delivery import TokenSource, until_accepted, with_token
from voicebot.bots.direct_line import ENVELOPE, DirectLine, DirectLineChannel, SettlingBot
from voicebot.bots.exchange import Exchange, Undelivered, end_all
from voicebot.bots.remote_bot import RegisteredBot
from voicebot.bots.server_sent_events import MAX_EVENT, PIECE, EventStream
from voicebot.bots.service_client import NO_CONNECTION, NotConnected, ServiceClient, ServiceRefused, refusal
from voicebot.json_body import parse_json
from voicebot.telephony_channel import RESUME_EVENT

logger = logging.getLogger(__name__)

START_EVENT = "startConversation"
API_VERSION = "2022-03-01-preview"
REGION_FOR_S = 3600.0
"""How long an answer of ``regionalchannelsettings`` is used before it is looked up again."""
OURS = frozenset({activities.INTERRUPTED, RESUME_EVENT})
"""Our own events, which no agent has a topic for. By connection string each would cost a whole turn: not sent."""

MAX_REMEMBERED = 64
"""Activities of an agent that are compared with new ones, to drop repetitions."""


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
        if self.by_connection_string and (credentials := self.credentials()) is not None:
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
    """Finds the regional Direct Line that belongs to the environment of a token endpoint."""

    def __init__(self, token_endpoint: str) -> None:
        self._url = regional_settings_url(token_endpoint)
        self._found: tuple[str, float] | None = None

    async def locate(self, service: ServiceClient) -> str:
        """The endpoint of that Direct Line. Raises Undelivered."""
        now = asyncio.get_running_loop().time()
        if self._found is None or now - self._found[1] > REGION_FOR_S:
            answer = await service.request("GET", self._url)
            channels = answer.get("channelUrlsById")
            url = channels.get("directline") if isinstance(channels, dict) else None
            if not isinstance(url, str) or not url.startswith(("https://", "http://")):
                raise Undelivered("the environment names no Direct Line")
            self._found = (f"{url.rstrip('/')}/v3/directline", now)
        return self._found[0]


class AgentChannel:
    """The channel to an agent by its connection string (:class:`voicebot.bots.channel.BotChannel`)."""

    def __init__(self, connection_url: str, tokens: TokenSource, turn_timeout_s: float) -> None:
        self._service = AgentService(connection_url, tokens, turn_timeout_s)
        self._turn_timeout_s = turn_timeout_s
        self._open: set[Exchange] = set()

    @property
    def conversations(self) -> int:
        """How many conversations are open."""
        return len(self._open)

    async def start(self) -> None:
        self._service.http.open()

    def conversation(self, call: CallFacts, on_event: OnEvent) -> Exchange:
        carrier = AgentCarrier(call, on_event, self._service, self._turn_timeout_s, self._open.discard)
        self._open.add(carrier.exchange)
        return carrier.exchange

    async def close(self) -> None:
        await end_all(self._open)
        await self._service.close()


class AgentService:
    """An agent by its connection string; ``tokens`` has a token for each turn."""

    def __init__(self, connection_url: str, tokens: TokenSource, turn_timeout_s: float) -> None:
        self.connection_url = connection_url
        self.http = ServiceClient()
        self._tokens = tokens
        self._turn_timeout_s = turn_timeout_s

    async def turn(
        self, url: str, body: dict[str, Any], headers: Mapping[str, str], on_activity: Callable[[dict[str, Any]], None]
    ) -> str:
        """One turn. ``on_activity`` gets each activity as it comes; returns the conversation's id, ``""`` when the
        agent does not tell it. Raises Undelivered."""

        async def attempt() -> str:
            return await with_token(self._tokens, lambda token: self._turn(url, body, headers, token, on_activity))

        return await until_accepted(attempt, self._turn_timeout_s, f"POST {url}")

    async def close(self) -> None:
        await self._tokens.close()
        await self.http.close()

    async def _turn(
        self,
        url: str,
        body: dict[str, Any],
        headers: Mapping[str, str],
        token: str,
        on_activity: Callable[[dict[str, Any]], None],
    ) -> str:
        sent = {**headers, "Accept": "text/event-stream", "Authorization": f"Bearer {token}"}
        try:
            async with self.http.session.post(url, json=body, headers=sent, allow_redirects=False) as response:
                if response.status != 200:
                    raise await refusal(response)
                await _read(response, on_activity)
                return response.headers.get("x-ms-conversationid", "")[:256]
        except NO_CONNECTION as error:
            raise NotConnected(f"cannot be reached: {error}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Undelivered(f"no answer: {str(error) or type(error).__name__}") from error


class AgentCarrier:
    """Carries one call's :attr:`exchange` (:class:`voicebot.bots.exchange.Carrier`). The end of a turn's stream ends
    its request. ``on_over`` is called once, when the exchange is over."""

    def __init__(
        self,
        call: CallFacts,
        on_event: OnEvent,
        service: AgentService,
        turn_timeout_s: float,
        on_over: Callable[[Exchange], None],
    ) -> None:
        self.exchange = Exchange(call, on_event, self, timeout_s=turn_timeout_s)
        self._call = call
        self._service = service
        self._on_over = on_over
        self._conversation_id = ""
        self._seen: OrderedDict[str, dict[str, Any]] = OrderedDict()

    # --- Carrier -----------------------------------------------------------------------------------------------------

    async def hand_over(self, request: int, activity: dict[str, Any]) -> str:
        if activity.get("name") in OURS:
            return ""
        start = activity["type"] == "conversationUpdate"
        if start or not self._conversation_id:
            await self._begin(request if start else 0, activity)
            if start:
                return ""
        content = {name: value for name, value in activity.items() if name not in ENVELOPE}
        content["conversation"] = {"id": self._conversation_id}
        url = conversation_url(self._service.connection_url, self._conversation_id)
        try:
            await self._turn(url, {"activity": content}, request, activity)
        except ServiceRefused as refused:
            if refused.status == 404:  # the agent has forgotten the conversation: the next request begins another
                self._conversation_id = ""
            raise
        return ""

    async def say_goodbye(self, activity: dict[str, Any]) -> None:
        """Nothing: an agent's conversation ends by itself."""

    async def release(self) -> None:
        self._conversation_id = ""
        self._on_over(self.exchange)

    # --- the agent ---------------------------------------------------------------------------------------------------

    async def _begin(self, request: int, activity: dict[str, Any]) -> None:
        body = {"emitStartConversationEvent": True, "locale": self._call.locale}
        self._conversation_id = await self._turn(self._service.connection_url, body, request, activity)
        if not self._conversation_id:
            raise Undelivered("the agent did not tell the conversation's id")
        logger.info("conversation %s is Copilot Studio conversation %s", self._call.id, self._conversation_id)

    async def _turn(self, url: str, body: dict[str, Any], request: int, activity: dict[str, Any]) -> str:
        named = ""

        def take(activity: dict[str, Any]) -> None:
            nonlocal named
            conversation = activity.get("conversation")
            if isinstance(conversation, dict) and isinstance(conversation.get("id"), str):
                named = conversation["id"][:256]
            if not self._repeated(activity):
                self.exchange.received(activity, request)

        headers = activities.trace_headers(self._call, request, activity)
        return await self._service.turn(url, body, headers, take) or named

    def _repeated(self, activity: dict[str, Any]) -> bool:
        """Whether the same activity came before. The parts of a streamed text share an id, but differ otherwise."""
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
    """The address at which the environment of ``token_endpoint`` tells its regional Direct Line."""
    parts = urlsplit(token_endpoint)
    path = parts.path.partition("/powervirtualagents/")[0] + "/powervirtualagents/regionalchannelsettings"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query or f"api-version={API_VERSION}", ""))


def conversation_url(connection_url: str, conversation_id: str) -> str:
    """The URL of one conversation of the agent at ``connection_url``: its id is appended to the path."""
    parts = urlsplit(connection_url)
    if conversation_id in (".", ".."):
        raise Undelivered(f"{conversation_id!r} cannot be the id of a conversation")
    path = f"{parts.path.rstrip('/')}/{quote(conversation_id, safe='')}"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


async def _read(response: aiohttp.ClientResponse, on_activity: Callable[[dict[str, Any]], None]) -> None:
    """All that the agent sends in a turn. Raises Undelivered at its end when some of it could not be read.

    Other calls get their turn after each piece and each activity, however many of them came at once.
    """
    events = EventStream()
    unreadable = ""
    async for chunk in response.content.iter_chunked(PIECE):
        for event, data in events.feed(chunk):
            if event == "end":
                break
            if event == "activity":
                try:
                    activity = parse_json(data)
                except ValueError as error:
                    unreadable = str(error)
                    continue
                await asyncio.sleep(0)
                if isinstance(activity, dict):
                    on_activity(activity)
                    await asyncio.sleep(0)
        else:
            await asyncio.sleep(0)
            continue
        break
    if events.dropped:
        unreadable = f"an event of more than {MAX_EVENT} bytes"
    if unreadable:
        raise Undelivered(f"what the agent sent cannot be read: {unreadable}")
