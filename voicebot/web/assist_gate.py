"""Access to `/v1/assist`: by a token of `voicebot.assist.access`, or by one of the console, with which operators see
every call."""

from __future__ import annotations

import contextlib
from typing import Final

from aiohttp import hdrs, web

from voicebot.assist.access import AccessTokens, TokenRefused, Visitor
from voicebot.web.access import Access, shown_token, unauthorized
from voicebot.web.roles import HOLDER, Holder, Role

PREFIX: Final = "/v1/assist"
PROTOCOL: Final = "voicebot.assist"
"""The subprotocol of our websocket."""
_BEARER: Final = "bearer."
"""Before the token, as another subprotocol: a browser's websocket has no other place for it (a URL would be logged)."""


class Gate:
    """``tokens``: for calls. ``access``: by tokens of the console."""

    def __init__(self, tokens: AccessTokens, access: Access) -> None:
        self.tokens = tokens
        self._access = access

    def visitor(self, request: web.Request) -> Visitor:
        """Raises ``web.HTTPUnauthorized``."""
        shown = _shown(request)
        if self._has(request, shown, Role.OPERATOR):
            return Visitor(supervisor=True)
        try:
            visitor = self.tokens.visitor(shown)
        except TokenRefused as why:
            raise unauthorized(f"needs Authorization: Bearer with a token for calls: {why}") from why
        request[HOLDER] = Holder(_name(visitor))
        return visitor

    def while_let_in(self, request: web.Request) -> contextlib.AbstractContextManager[None]:
        """For a stream to who is a visitor by a token of the console: as :meth:`Access.while_let_in`. Those for calls
        expire by themselves."""
        if request[HOLDER].role is None:
            return contextlib.nullcontext()
        return self._access.while_let_in(_shown(request), Role.OPERATOR)

    def require_admin(self, request: web.Request) -> None:
        """Raises ``web.HTTPUnauthorized`` for everybody without such a token of the console."""
        if not self._has(request, _shown(request), Role.ADMIN):
            raise unauthorized("needs Authorization: Bearer with a token of the console, of the role admin")

    def _has(self, request: web.Request, shown: str, role: Role) -> bool:
        try:
            holder = self._access.holder_of(shown)
        except web.HTTPServiceUnavailable:  # then it may be one for calls
            return False
        if holder is None or holder.role is None or holder.role < role:
            return False
        request[HOLDER] = holder
        return True


def _name(visitor: Visitor) -> str:
    if visitor.agent is not None:
        return f"agent {visitor.agent}"
    return "supervisor" if visitor.supervisor else "link"


def _shown(request: web.Request) -> str:
    if hdrs.AUTHORIZATION in request.headers:
        return shown_token(request)
    offered = request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(",")
    return next((name.strip().removeprefix(_BEARER) for name in offered if name.strip().startswith(_BEARER)), "")
