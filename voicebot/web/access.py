"""Who is let in: whoever shows a token of the console; where there is none, whoever sits at this machine.

What a request needs is in :mod:`voicebot.web.permissions`; the middleware here asks for it, and has what is to be noted
written down.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from voicebot.web.audit import AuditLog
from voicebot.web.permissions import Permission, Proof, permission
from voicebot.web.roles import HOLDER, Holder, Role

logger = logging.getLogger(__name__)

THIS_MACHINE: Final = Holder("this machine", Role.ADMIN)
"""Who sits at it, where no token is set."""
LOOK_S: Final = 2.0
"""How often it is looked whether who is being answered would still be let in."""
_BY_A_PROXY: Final = ("Forwarded", "X-Forwarded-For", "Via")


@dataclass(frozen=True, slots=True)
class Token:
    """``name``: what the audit log calls its holder. ``read()``: the token itself; raises OSError and
    UnicodeDecodeError. It is called for each request, since a file may be replaced."""

    name: str
    role: Role
    read: Callable[[], str]


class Access:
    """``private``: whether only who sits at this machine reaches us, and may do all where there are no ``tokens``.
    ``audit``: what notes who did what."""

    def __init__(self, tokens: Sequence[Token], *, private: bool, audit: AuditLog | None = None) -> None:
        self.audit = audit if audit is not None else AuditLog()
        self._tokens = tokens
        self._private = private

    def holder(self, request: web.Request) -> Holder:
        """Who sends this request. Raises ``web.HTTPException``: nobody who is let in."""
        if not self._tokens:
            if self._private and not any(name in request.headers for name in _BY_A_PROXY):
                return THIS_MACHINE
            raise web.HTTPForbidden(
                reason="nobody is let in: set VOICEBOT_CONSOLE__TOKEN or console.token_file, and restart"
            )
        if (found := self.holder_of(shown_token(request))) is not None:
            return found
        raise unauthorized("needs Authorization: Bearer with a token of the console")

    def holder_of(self, shown: str) -> Holder | None:
        """Whose token this is; None: nobody's. Raises ``web.HTTPServiceUnavailable`` if it may be one that cannot be
        read."""
        unreadable = ""
        for token in self._tokens:
            try:
                if is_token(shown, token.read()):
                    return Holder(token.name, token.role)
            except (OSError, UnicodeDecodeError):
                unreadable = token.name
        if unreadable:
            raise web.HTTPServiceUnavailable(reason=f"the token_file of {unreadable} (in [console]) cannot be read")
        return None

    def lets_in(self, shown: str, least: Role) -> bool:
        """Whether who was let in with the token ``shown`` (empty: where there were none) may still do what needs the
        role ``least``: tokens are withdrawn by another file in the place of theirs."""
        if not self._tokens:
            return self._private
        try:
            holder = self.holder_of(shown)
        except web.HTTPServiceUnavailable:
            return False
        return holder is not None and holder.role is not None and holder.role >= least

    @contextlib.contextmanager
    def while_let_in(self, shown: str, least: Role) -> Iterator[None]:
        """End what is done inside, which may go on for hours, soon after ``shown`` is withdrawn: this task is
        cancelled, and with it the connection ends."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        timer: asyncio.TimerHandle

        def look() -> None:
            nonlocal timer
            if self.lets_in(shown, least):
                timer = loop.call_later(LOOK_S, look)
            else:
                logger.info("an answer is ended: its token is no longer good for it")
                task.cancel()

        timer = loop.call_later(LOOK_S, look)
        try:
            yield
        finally:
            timer.cancel()

    @property
    def guard(self) -> Middleware:
        """Lets each request do what its sender may, and has it noted."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            allowed = _permission(request)
            if allowed is None:
                logger.error("%s %s has no line in the table of permissions", request.method, request.path)
                raise web.HTTPForbidden(reason="nobody may ask for this")
            if not isinstance(allowed.needs, Role):
                return await self._noted(allowed, request, handler)
            request[HOLDER] = who = self.holder(request)
            if who.role is None or who.role < allowed.needs:
                self.audit.note(request, allowed.action or "look", status=403)
                raise web.HTTPForbidden(reason=f"needs a token of the role {allowed.needs}; this one is {who.role}")
            with self.while_let_in(shown_token(request), allowed.needs):
                return await self._noted(allowed, request, handler)

        return check

    async def _noted(self, allowed: Permission, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not allowed.action:
            return await handler(request)
        if allowed.lasting:
            self.audit.note(request, allowed.action)
        status = 499  # of somebody who has gone before the answer
        try:
            response = await handler(request)
            status = response.status
            return response
        except web.HTTPException as refused:
            status = refused.status
            raise
        finally:
            self.audit.note(request, allowed.action, status=status)


def _permission(request: web.Request) -> Permission | None:
    """By the route that will answer, not by how its path is written."""
    resource = request.match_info.route.resource
    if isinstance(resource, web.AbstractResource):
        return permission(request.method, resource.canonical)
    # No route: what there is under /v1 is told to nobody who may not ask.
    return Permission(Role.VIEWER if request.path.startswith("/v1") else Proof.NONE)


def shown_token(request: web.Request) -> str:
    """What a request shows as ``Authorization: Bearer``; an empty text if it shows something else."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_token(shown: str, wanted: str) -> bool:
    """Whether ``shown`` is the token ``wanted``. No token at all is nobody's."""
    given = shown.encode("utf-8", "surrogateescape")  # as the bytes were sent, which need not be UTF-8
    return bool(wanted) and hmac.compare_digest(given, wanted.encode())


def unauthorized(why: str) -> web.HTTPUnauthorized:
    return web.HTTPUnauthorized(reason=why, headers={hdrs.WWW_AUTHENTICATE: "Bearer"})
