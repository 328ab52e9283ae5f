"""``POST /api/messages``: the same dialogs for every other Bot Framework channel.

The SDK's CloudAdapter authenticates and replies. The request is read and checked here, because the SDK answers 500 to
requests that are themselves wrong (a body that is not JSON, a malformed token, GET, ``expectReplies``).

======  ===============================================================================================================
status  when
======  ===============================================================================================================
200     the replies are in the body (``deliveryMode: expectReplies``, invoke)
201     done; replies were sent to the activity's ``serviceUrl`` while the request was waiting
400     not JSON, or not an activity (no ``type``, no conversation, no ``serviceUrl`` that can be replied to)
401     no token, or one that is not accepted
403     a web page's request (:mod:`voicebot.listening.http_origin`), or a ``serviceUrl`` that neither the token nor the
        settings name
405     any method other than POST
408     the body did not come
413     a body over 256 KiB
415     a content type other than JSON
421     without an app id: a name in ``Host`` that is not this machine's
500     a dialog failed: the log says where
501     an invoke that no dialog answered
502     the replies could not be delivered to ``serviceUrl``
503     the keys to check tokens with cannot be fetched
504     the dialog took too long
======  ===============================================================================================================

Without an app id there is no authentication. That is how the Bot Framework Emulator works, but anybody else could talk
to the dialogs as well, so such a host listens on loopback only.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from voicebot.host.bot import DialogBot
from voicebot.host.openid import use_unblocking_keys
from voicebot.host.registration import AppRegistration
from voicebot.host.sdk import activity_from_json, is_connector_error, model_to_json
from voicebot.host.sdk_botbuilder import CloudAdapter, ConfigurationBotFrameworkAuthentication
from voicebot.json_body import parse_json
from voicebot.listening.descriptors import raise_limit
from voicebot.listening.http import HTTP_BOUNDS, HttpServer, read_body
from voicebot.loopback import is_loopback_url
from voicebot.signing_keys import KeysUnavailable
from voicebot.web_access import NotAllowed, WebHosts

logger = logging.getLogger(__name__)

MAX_BODY = 256 * 1024
TURN_LIMIT_S = 30.0
NOWHERE = "urn:voicebot:no-service-url"
REPLY_THREADS = 32
"""The SDK sends each reply with ``requests`` in the loop's thread pool, which would have 6 threads on two cores."""


class _Configuration:
    """The configuration object that the SDK expects, with its attribute names."""

    def __init__(self, app: AppRegistration) -> None:
        self.APP_ID = app.app_id
        self.APP_PASSWORD = app.password
        self.APP_TYPE = app.kind
        self.APP_TENANTID = app.tenant


class MessagesEndpoint:
    """Serves ``bot`` at ``/api/messages``."""

    def __init__(self, bot: DialogBot, app: AppRegistration, service_hosts: Iterable[str] = ()) -> None:
        """``service_hosts``: patterns of hosts that replies may go to though no token names them."""
        use_unblocking_keys()
        self._bot = bot
        self._app = app
        self._service_hosts = WebHosts(service_hosts)
        self._authentication = ConfigurationBotFrameworkAuthentication(_Configuration(app))
        self._adapter = CloudAdapter(self._authentication)
        application = web.Application(client_max_size=MAX_BODY)
        application.router.add_post("/api/messages", self.handle)
        # Whoever has a token may have come by any name; without one, nobody from outside this machine may.
        self._server = HttpServer(
            application, names=None if app.app_id else (), bounds=HTTP_BOUNDS.within(raise_limit() // 4)
        )
        self._listener: socket.socket | None = None
        self._accepts = False
        self._letting_go: asyncio.Task[None] | None = None
        self.running = 0
        """How many requests are being answered."""

    async def prepare(self, listener: socket.socket) -> None:
        """Get ready for :meth:`accept` on ``listener``, which :meth:`close` closes.

        Several processes may share the listener and accept on it in turn: requests in between wait in its queue.
        """
        self._listener = listener
        asyncio.get_running_loop().set_default_executor(
            ThreadPoolExecutor(REPLY_THREADS, thread_name_prefix="connector")
        )
        await self._server.prepare()

    async def accept(self) -> None:
        """Accept requests from now on."""
        assert self._listener is not None
        if not self._accepts:
            self._accepts = True
            self._server.accept([self._listener.dup()])

    async def refuse(self) -> None:
        """Accept no more requests, not even on open connections. Those that are being answered are still answered."""
        if self._accepts:
            self._accepts = False
            self._letting_go = await self._server.refuse(TURN_LIMIT_S)

    async def close(self) -> None:
        if self._letting_go is not None:
            self._letting_go.cancel()
            await asyncio.wait([self._letting_go])
        await self._server.close()
        if self._listener is not None:
            self._listener.close()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request; the module's table has the statuses."""
        self.running += 1
        try:
            return await self._answer(request)
        finally:
            self.running -= 1

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            activity = activity_from_json(parsed(await read_body(request)))
        except (ValueError, RecursionError) as error:  # RecursionError: of the SDK's own reading
            return _refused(400, "BadSyntax", str(error)[:200])
        if problem := problem_of(activity):
            return _refused(400, "BadArgument", problem)
        try:
            allowed = await self._authentication.authenticate_request(
                activity, request.headers.get("Authorization", "")
            )
        except KeysUnavailable as error:
            logger.error("%s", error)
            return _refused(503, "ServiceUnavailable", "tokens cannot be checked now")
        except Exception as error:  # the SDK raises nearly anything for a token that it cannot take
            logger.info("/api/messages: refused a request from %s: %s", request.remote, str(error)[:200])
            return _refused(401, "Unauthorized", "the request is not authorized")
        if self._may_reply_to(activity.service_url, allowed):
            return await self._run(activity, allowed)
        if activity.delivery_mode != "expectReplies":
            logger.warning("/api/messages: refused to reply to %.200s, which no token and no bot.service_hosts names",
                           activity.service_url)  # fmt: skip
            return _refused(403, "Forbidden", "replies are not sent to this serviceUrl")
        activity.service_url = NOWHERE  # what a dialog asks of the channel would go there, with our token
        return await self._run(activity, allowed)

    def _may_reply_to(self, service_url: str, allowed: Any) -> bool:
        """Whether the token names the server for our replies, or the settings do; or, without an app id, it is here."""
        claims = getattr(allowed.claims_identity, "claims", None) or {}
        if claims.get("serviceurl") == service_url:
            return True
        if not self._app.app_id and is_loopback_url(service_url):
            return True
        try:
            self._service_hosts.check(service_url)
        except NotAllowed:
            return False
        return True

    async def _run(self, activity: Any, allowed: Any) -> web.Response:
        conversation = activity.conversation.id
        try:
            async with asyncio.timeout(TURN_LIMIT_S):
                answer = await self._adapter.process_activity(allowed, activity, self._bot.on_turn)
        except TimeoutError:
            logger.error("conversation %s: a turn took longer than %g s", conversation, TURN_LIMIT_S)
            return _refused(504, "Timeout", "the dialog took too long")
        except Exception as error:
            if is_connector_error(error):
                logger.error(
                    "conversation %s: replies cannot be sent to %s: %s", conversation, activity.service_url, error
                )
                return _refused(502, "ServiceUrlUnreachable", "the replies could not be delivered")
            logger.exception("conversation %s: a turn failed", conversation)
            return _refused(500, "BotError", "the dialog failed")
        if answer is None:
            return web.Response(status=201)
        body = (
            answer.body if answer.body is None or isinstance(answer.body, dict | list) else model_to_json(answer.body)
        )
        return web.json_response(body, status=int(answer.status))


def parsed(body: bytes) -> Any:
    """A body as JSON (RFC 8259: UTF-8, whatever the request says). Raises ValueError.

    A lone surrogate, half of a character such as an emoji, becomes U+FFFD: JSON can contain one, but state with it
    could not be stored as UTF-8.
    """
    data = parse_json(body, MAX_BODY)
    if b"\\ud" in body.lower():
        text = json.dumps(data, ensure_ascii=False)
        data = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return data


def problem_of(activity: Any) -> str:
    """Why an activity cannot be answered, although it has the right shape; ``""`` if it can."""
    if not activity.conversation or not activity.conversation.id or not activity.channel_id:
        return "the activity names no conversation or no channel"
    if any(member is None for member in activity.members_added or []):
        return "membersAdded has an entry that is not an account"
    if activity.delivery_mode != "expectReplies" and not _can_be_replied_to(activity.service_url):
        return "the activity has no serviceUrl to reply to"
    return ""


def _can_be_replied_to(service_url: Any) -> bool:
    try:
        parts = urlsplit(service_url) if isinstance(service_url, str) else None
        return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _refused(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)
