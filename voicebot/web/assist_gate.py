"""Access to `/v1/assist`: by a token of `voicebot.assist.access`, or by the console's own, which sees every call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiohttp import hdrs, web

from voicebot.assist.access import AccessTokens, TokenRefused, Visitor
from voicebot.web.operator import is_token, shown_token

PREFIX: Final = "/v1/assist"
PROTOCOL: Final = "voicebot.assist"
"""The subprotocol of our websocket."""
_BEARER: Final = "bearer."
"""Before the token, as another subprotocol: a browser's websocket has no other place for it (a URL would be logged)."""


class Gate:
    """``secret()``: the console's token, or an empty text. Raises OSError and UnicodeDecodeError."""

    def __init__(self, tokens: AccessTokens, secret: Callable[[], str]) -> None:
        self.tokens = tokens
        self._secret = secret

    def visitor(self, request: web.Request) -> Visitor:
        """Raises ``web.HTTPUnauthorized``."""
        shown = _shown(request)
        if self._is_operator(shown):
            return Visitor(supervisor=True)
        try:
            return self.tokens.visitor(shown)
        except TokenRefused as why:
            raise _unauthorized(f"needs Authorization: Bearer with a token for calls: {why}") from why

    def require_operator(self, request: web.Request) -> None:
        """Raises ``web.HTTPUnauthorized`` for everybody without the console's token."""
        if not self._is_operator(_shown(request)):
            raise _unauthorized("needs Authorization: Bearer with the console's token")

    def _is_operator(self, shown: str) -> bool:
        try:
            return is_token(shown, self._secret())
        except (OSError, UnicodeDecodeError):
            return False


def _shown(request: web.Request) -> str:
    if hdrs.AUTHORIZATION in request.headers:
        return shown_token(request)
    offered = request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(",")
    return next((name.strip().removeprefix(_BEARER) for name in offered if name.strip().startswith(_BEARER)), "")


def _unauthorized(why: str) -> web.HTTPUnauthorized:
    return web.HTTPUnauthorized(reason=why, headers={hdrs.WWW_AUTHENTICATE: "Bearer"})
