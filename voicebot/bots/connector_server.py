"""The HTTP server that bots reply to, one for all bots and calls (:mod:`voicebot.bots.connector` defines the requests).

A request about a call must come from the bot that the call talks to. A bot without an app id is not authenticated; it
is served on loopback only.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aiohttp import web

from voicebot.bearer_tokens import NotAuthorized
from voicebot.bots import connector
from voicebot.bots.bot_tokens import BotTokens
from voicebot.bots.channel import ChannelUnavailable
from voicebot.bots.connector import ConnectorResponse, PlaceForBot
from voicebot.bots.connector_conversation import ConnectorConversation
from voicebot.bots.ringing import Ringing
from voicebot.json_body import parse_json
from voicebot.listening import Bounds
from voicebot.listening.cannot_listen import cannot_listen
from voicebot.listening.http import HTTP_BOUNDS, HttpServer, read_body
from voicebot.listening.http_origin import own_names
from voicebot.loopback import is_loopback

logger = logging.getLogger(__name__)

REQUEST_ID = "x-ms-client-request-id"
"""The header with which the Bot Framework's clients mark a request; it stays the same when they send it again."""


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body, read as JSON; ``content`` is None when it is empty."""

    content: object


@dataclass(slots=True)
class ServedBot:
    """A bot at this server. ``tokens`` checks its requests; None: they are not checked."""

    name: str
    tokens: BotTokens | None = None
    conversations: dict[str, ConnectorConversation] = field(default_factory=dict)
    ringing: Ringing | None = None
    """Begins conversations with people who are still to be called; None: this bot cannot place calls."""
    placing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Calls are placed one at a time, so that a request that is sent again finds the call of the first one."""

    async def authorize(self, authorization: str) -> None:
        """Raise :class:`voicebot.bearer_tokens.NotAuthorized` unless this bot shows ``authorization``."""
        if self.tokens is not None:
            await self.tokens.check(authorization)


class ConnectorServer:
    """Each channel that uses the server starts it; only the first start listens. ``public_url``: how bots reach it."""

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, public_url: str = "", bounds: Bounds = HTTP_BOUNDS
    ) -> None:
        self._bounds = bounds
        self._host = host
        self._port = port
        self._public_url = public_url and public_url.rstrip("/") + "/"
        self._bots: list[ServedBot] = []
        self._server: HttpServer | None = None
        self.place: PlaceForBot | None = None
        """Places a call for a bot; None: bots cannot place calls."""
        self.refused = 0
        """Requests that were not authorized, or could not be read."""

    @property
    def url(self) -> str:
        """The ``serviceUrl`` of our activities, known once the server listens."""
        return self._public_url or f"http://{_bracketed(self._host)}:{self.port}/"

    @property
    def port(self) -> int:
        """The port in use; 0 while the server does not listen."""
        return self._server.port if self._server is not None else 0

    def add(self, bot: ServedBot) -> None:
        """Serve a bot. Raises :class:`ChannelUnavailable` if anybody could speak to callers in its name."""
        if bot.tokens is None and not is_loopback(self._host):
            raise ChannelUnavailable(
                f"bot {bot.name}: without an app id anybody could speak to callers in its name: set app_id, "
                f"or let the connector listen on 127.0.0.1, not on {self._host}"
            )
        self._bots.append(bot)

    def remove(self, bot: ServedBot) -> None:
        if bot in self._bots:
            self._bots.remove(bot)

    async def start(self) -> None:
        """Listen. Raises :class:`ChannelUnavailable`."""
        if self._server is not None:
            return
        application = web.Application(client_max_size=connector.MAX_BODY)
        application.router.add_route("*", "/{path:.*}", self._handle)
        names = own_names(self._host, urlsplit(self._public_url).hostname or "")
        server = self._server = HttpServer(application, names=names, bounds=self._bounds)
        try:
            await server.listen(self._host, self._port)
        except OSError as error:
            await self.close()
            why = cannot_listen(error, host="connector.host", port="connector.port", seen_as="connector.public_url")
            raise ChannelUnavailable(why.at(f"{_bracketed(self._host)}:{self._port}")) from error

    async def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.close()

    async def _handle(self, request: web.Request) -> web.Response:
        try:
            status, body = await self._answer(request)
        except NotAuthorized as error:
            self.refused += 1
            logger.info("connector: refused %s %s from %s: %s", request.method, request.path, request.remote, error)
            code = {401: "Unauthorized", 403: "Forbidden"}.get(error.status, "ServiceUnavailable")
            status, body = connector.error(error.status, code, str(error))
        if status == 401:
            return web.json_response(body, status=status, headers={"WWW-Authenticate": "Bearer"})
        return web.Response(status=status) if body is None else web.json_response(body, status=status)

    async def _answer(self, request: web.Request) -> ConnectorResponse:
        route = connector.route(request.rel_url.raw_path)
        if route is None:
            return connector.NO_SUCH_PATH
        authorization = request.headers.get("Authorization", "")
        if not route.conversation:
            bot = await self._anyone(authorization)
            if request.method != "POST":
                return connector.error(405, "MethodNotAllowed", f"{request.method} is not possible here")
            body = await self._body(request)
            return body if isinstance(body, ConnectorResponse) else await self._create(bot, body.content, _key(request))
        owner = next((t for t in self._bots if route.conversation in t.conversations), None)
        if owner is None:
            await self._anyone(authorization)
            return connector.NO_SUCH_CALL
        await owner.authorize(authorization)
        body = await self._body(request) if request.method in ("POST", "PUT") else Body(None)
        conversation = owner.conversations.get(route.conversation)
        if isinstance(body, ConnectorResponse):
            if conversation is not None and request.method == "POST":
                conversation.unusable(f"what the bot sent was refused: {body.message}")
            return body
        if conversation is None:  # it ended while the body came in
            return connector.NO_SUCH_CALL
        return connector.answer(conversation, request.method, route.rest, body.content, _key(request))

    async def _create(self, bot: ServedBot, body: object, key: str) -> ConnectorResponse:
        """A conversation with a person: in the running call, or in one that is placed now."""
        wanted = connector.wish(body)
        if isinstance(wanted, ConnectorResponse):
            return wanted
        async with bot.placing:
            conversation = connector.with_person(bot.conversations, wanted.to)
            if conversation is None:
                place, ringing = self.place, bot.ringing
                if place is None or ringing is None:
                    return connector.NO_CALLS
                try:
                    conversation = await ringing.begin(
                        str(wanted.to), lambda over: place(bot.name, wanted.to, wanted.context, over)
                    )
                except connector.CallNotPlaced as refused:
                    logger.info("connector: bot %s may not call %s: %s", bot.name, wanted.to, refused)
                    return connector.not_placed(refused)
            return connector.created(conversation, wanted, self.url, key)

    async def _body(self, request: web.Request) -> Body | ConnectorResponse:
        try:
            return Body(await _json(request))
        except web.HTTPRequestTimeout:
            self.refused += 1
            return connector.error(408, "RequestTimeout", "the body did not come")
        except web.HTTPRequestEntityTooLarge:
            self.refused += 1
            return connector.error(413, "MessageSizeTooBig", f"more than {connector.MAX_BODY} bytes")
        except ValueError as error:
            self.refused += 1
            return connector.error(400, "BadSyntax", str(error))

    async def _anyone(self, authorization: str) -> ServedBot:
        """The bot that this authorization belongs to: the one whose token it is, else one without an app id. Raises
        :class:`NotAuthorized`."""
        refused = NotAuthorized(401, "no bot is served here")
        for bot in sorted(self._bots, key=lambda bot: bot.tokens is None):
            try:
                await bot.authorize(authorization)
            except NotAuthorized as error:
                refused = error
            else:
                return bot
        raise refused


def _key(request: web.Request) -> str:
    return request.headers.get(REQUEST_ID, "")


async def _json(request: web.Request) -> object:
    """The body as JSON; None when it is empty. Raises ValueError, and what :func:`read_body` does."""
    body = await read_body(request)
    await asyncio.sleep(0)  # requests may have come together: other calls get their turn between two of them
    content = parse_json(body) if body.strip() else None
    await asyncio.sleep(0)
    return content


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
