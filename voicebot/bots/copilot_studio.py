"""The way ``copilot-studio``: an agent made in Copilot Studio (once Power Virtual Agents).

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
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp

from voicebot.bots import activities
from voicebot.bots.client_way import ClientWay, Refused, said
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.direct_line import ENVELOPE, DirectLineOptions, DirectLineWay
from voicebot.bots.exchange import Exchange
from voicebot.bots.remote_conversation import Undelivered
from voicebot.bots.server_sent_events import EventStream
from voicebot.bots.settling import Patience
from voicebot.bots.ways import BotOptions

logger = logging.getLogger(__name__)

START_EVENT = "startConversation"
API_VERSION = "2022-03-01-preview"
REGION_FOR_S = 3600.0
"""How long the answer of ``regionalchannelsettings`` is used."""
OURS = frozenset({activities.INTERRUPTED, "voicebot.resume"})
"""Events that no agent has a topic for; over the streaming protocol each would be a whole turn."""

MAX_REMEMBERED = 64

TokenSource = Callable[[str], Awaitable[str]]
"""Gives a token; it is told the one that was refused (``""``: none was)."""


@dataclass(frozen=True, slots=True)
class CopilotStudioOptions:
    """How an agent is reached: ``token_endpoint``, or ``connection_url`` with ``token``."""

    token_endpoint: str = ""
    """``https://{env}.environment.api.powerplatform.com/powervirtualagents/botsbyschema/{schema}/directline/token?...``"""
    connection_url: str = ""
    """``https://{env}....powerplatform.com/copilotstudio/dataverse-backed/authenticated/bots/{schema}/conversations?...``"""
    token: TokenSource | None = field(default=None, repr=False)
    """Asked before each turn, and again when its token was refused; it caches what it gives."""
    patience: Patience = field(default_factory=Patience)
    poll_s: float = 0.5


class CopilotStudioDirectLineWay(DirectLineWay):
    """An agent by its token endpoint."""

    def __init__(self, options: CopilotStudioOptions, bot: BotOptions | None = None) -> None:
        line = DirectLineOptions(
            endpoint="",
            token_url=options.token_endpoint,
            start_event=START_EVENT,
            patience=options.patience,
            poll_s=options.poll_s,
        )
        super().__init__(line, bot)
        self._region: tuple[str, float] | None = None

    async def locate(self) -> str:
        now = asyncio.get_running_loop().time()
        if self._region is None or now - self._region[1] > REGION_FOR_S:
            answer = await self.request("GET", regional_settings_url(self.options.token_url))
            channels = answer.get("channelUrlsById")
            url = channels.get("directline") if isinstance(channels, dict) else None
            if not isinstance(url, str) or not url.startswith(("https://", "http://")):
                raise Undelivered("the environment names no Direct Line")
            self._region = (f"{url.rstrip('/')}/v3/directline", now)
        return self._region[0]


class CopilotStudioStreamingWay(ClientWay["AgentConversation"]):
    """An agent by its connection string (:class:`voicebot.bots.ways.BotWay`)."""

    def __init__(self, options: CopilotStudioOptions, bot: BotOptions | None = None) -> None:
        super().__init__(bot)
        self.options = options

    def _talk(self, call: CallFacts, on_event: OnEvent) -> AgentConversation:
        return AgentConversation(self, call, on_event)

    async def turn(self, url: str, body: dict[str, Any], on_activity: Callable[[dict[str, Any]], None]) -> str:
        """One turn: gives each activity as it comes, returns the conversation's id (``""``: not told). Raises."""
        token = await self._token("")
        try:
            return await self._turn(url, body, token, on_activity)
        except Refused as refused:
            if refused.status != 401 or not token:
                raise
        return await self._turn(url, body, await self._token(token), on_activity)

    async def _token(self, refused: str) -> str:
        return await self.options.token(refused) if self.options.token is not None else ""

    async def _turn(
        self, url: str, body: dict[str, Any], token: str, on_activity: Callable[[dict[str, Any]], None]
    ) -> str:
        headers = {"Accept": "text/event-stream"} | ({"Authorization": f"Bearer {token}"} if token else {})
        try:
            async with self.session.post(url, json=body, headers=headers, allow_redirects=False) as response:
                if response.status != 200:
                    text = (await response.content.read(1000)).decode(errors="replace")
                    raise Refused(response.status, said(text))
                await _read(response, on_activity)
                return response.headers.get("x-ms-conversationid", "")[:256]
        except (aiohttp.ClientError, OSError) as error:
            raise Undelivered(f"no answer: {error or type(error).__name__}") from None


class AgentConversation(Exchange):
    """One call's conversation; the end of each turn's stream ends the request."""

    def __init__(self, way: CopilotStudioStreamingWay, call: CallFacts, on_event: OnEvent) -> None:
        super().__init__(call, on_event, bot=way.bot, patience=None)
        self._way = way
        self._conversation_id = ""
        self._seen: OrderedDict[str, dict[str, Any]] = OrderedDict()

    async def _hand_over(self, request: int, activity: dict[str, Any]) -> str:
        if activity.get("name") in OURS:
            return ""
        start = activity["type"] == "conversationUpdate"
        if start or not self._conversation_id:
            await self._begin(request if start else 0)
            if start:
                return ""
        content = {name: value for name, value in activity.items() if name not in ENVELOPE}
        content["conversation"] = {"id": self._conversation_id}
        url = conversation_url(self._way.options.connection_url, self._conversation_id)
        try:
            await self._turn(url, {"activity": content}, request)
        except Refused as refused:
            if refused.status == 404:  # it is forgotten: the next request begins anew
                self._conversation_id = ""
            raise
        return ""

    async def _begin(self, request: int) -> None:
        body = {"emitStartConversationEvent": True, "locale": self.call.locale}
        self._conversation_id = await self._turn(self._way.options.connection_url, body, request)
        if not self._conversation_id:
            raise Undelivered("the agent gave no conversation")
        logger.info("conversation %s: Copilot Studio conversation %s", self.call.call_id, self._conversation_id)

    async def _turn(self, url: str, body: dict[str, Any], request: int) -> str:
        named = ""

        def take(activity: dict[str, Any]) -> None:
            nonlocal named
            conversation = activity.get("conversation")
            if isinstance(conversation, dict) and isinstance(conversation.get("id"), str):
                named = conversation["id"][:256]
            if not self._repeated(activity):
                self.received(activity, request)

        return await self._way.turn(url, body, take) or named

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

    async def _say_goodbye(self, activity: dict[str, Any]) -> None:
        """An agent has no use for it: its conversation ends by itself."""

    async def _shut(self) -> None:
        self._conversation_id = ""


def copilot_studio_way(
    options: CopilotStudioOptions, bot: BotOptions | None = None
) -> CopilotStudioDirectLineWay | CopilotStudioStreamingWay:
    """The way that ``options`` ask for."""
    if options.connection_url:
        return CopilotStudioStreamingWay(options, bot)
    return CopilotStudioDirectLineWay(replace(options, token=None), bot)


def regional_settings_url(token_endpoint: str) -> str:
    """Where the environment of ``token_endpoint`` tells which Direct Line is its own."""
    parts = urlsplit(token_endpoint)
    path = parts.path.partition("/powervirtualagents/")[0] + "/powervirtualagents/regionalchannelsettings"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query or f"api-version={API_VERSION}", ""))


def conversation_url(connection_url: str, conversation_id: str) -> str:
    """``connection_url`` of one conversation: its id goes behind the path, the query stays."""
    parts = urlsplit(connection_url)
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
