"""Access to `/v1`: by a token. What is under `/v1/assist`, `/v1/live` and `/v1/phone` has a gate of its own."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from voicebot.web.answers import error
from voicebot.web.assist_gate import PREFIX as ASSIST
from voicebot.web.live_api import PREFIX as LIVE
from voicebot.web.operator import is_token, shown_token
from voicebot.web.phone_api import PREFIX as PHONE

_GATED = (f"{ASSIST}/", f"{LIVE}/", f"{PHONE}/")


def bearer(secret: Callable[[], str]) -> Middleware:
    """Require ``Authorization: Bearer <secret>`` for `/v1`. ``secret`` is called for each request.

    Without a secret, all are refused, because the API places calls, which cost money.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/v1") or _has_gate(request):
            return await handler(request)
        try:
            wanted = secret()
        except (OSError, UnicodeDecodeError):
            return error(503, "console.token_file cannot be read")
        if not wanted:
            return error(403, "the API is closed: set VOICEBOT_CONSOLE__TOKEN or console.token_file, and restart")
        if not is_token(shown_token(request), wanted):
            return error(401, "needs Authorization: Bearer with the console's token", {"WWW-Authenticate": "Bearer"})
        return await handler(request)

    return check


def _has_gate(request: web.Request) -> bool:
    """By the route that will answer, not by how its path is written."""
    resource = request.match_info.route.resource
    return isinstance(resource, web.AbstractResource) and resource.canonical.startswith(_GATED)
