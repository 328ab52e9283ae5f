"""Calls of ours: who may be called, by which trunk, and as whom.

Placing calls costs money, so what may be called is a list (``calls.outbound_allow``, empty by default, patterns as in
:mod:`voicebot.calls.targets`), whoever asks: the operator's API, a bot, a dialog. Redirects are not followed.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from voicebot.address import Address, Domain
from voicebot.calls.request import CallRequest, CannotCall, Placed
from voicebot.calls.session import CallSession
from voicebot.calls.targets import AllowedTargets
from voicebot.calls.transfer_headers import transfer_headers
from voicebot.legs import Leg, NoRoom

logger = logging.getLogger(__name__)

MAX_CONTEXT = 8192
"""Bytes of JSON that a bot is told along with a call."""
MAX_RING_S = 600.0

_SENDER = re.compile(r"[A-Za-z0-9_.+*#!~-]{1,128}")


@dataclass(frozen=True, slots=True)
class TrunkRoute:
    """One way out. ``domain``: of the numbers that are called by it; ``own_domain``: of our own address."""

    name: str
    domain: Domain
    own_domain: str = ""


class Dial(Protocol):
    """Begins a leg of ours: :meth:`voicebot.legs.sip_front_end.SipFrontEnd.place`, with what it raises."""

    def __call__(
        self, to: Address, *, account: str, from_uri: str, headers: Mapping[str, str], ring_timeout_s: float
    ) -> Awaitable[Leg]: ...


class Outbound:
    """Places calls. ``begin`` starts a leg's session; ``bots`` are the names of those that calls may be for.

    ``own_domain``: of our address where a call goes by no trunk. ``usual_routes``: by which calls go that name none, in
    the order of preference; ``fit`` says which of some routes can take a call now, the first of them, or "".
    """

    def __init__(
        self,
        dial: Dial,
        begin: Callable[[Leg, Placed], CallSession],
        *,
        routes: Iterable[TrunkRoute] = (),
        allow: Iterable[str] = (),
        usual_routes: Sequence[str] = (),
        fit: Callable[[Sequence[str]], str] = lambda names: next(iter(names), ""),
        ring_s: float = 60.0,
        bots: Callable[[], Collection[str]] = tuple,
        own_domain: Callable[[], str] = lambda: "127.0.0.1",
    ) -> None:
        self._dial = dial
        self._begin = begin
        self._routes = {route.name: route for route in routes}
        self._allow = tuple(allow)
        self._usual = tuple(usual_routes) or (tuple(self._routes) if len(self._routes) == 1 else ())
        self._fit = fit
        self._ring_s = ring_s
        self._bots = bots
        self._own_domain = own_domain

    async def place(self, request: CallRequest, observer: Callable[[str, int, str], None] | None = None) -> CallSession:
        """Call somebody; returns while it rings. ``observer``: see :class:`Placed`. Raises :class:`CannotCall`."""
        to, route = self._address(request)
        if not AllowedTargets(self._allow, [route.domain] if route is not None else []).allows(to):
            logger.warning("a call to %s is not allowed: see calls.outbound_allow", request.to)
            raise CannotCall("forbidden", f"{request.to} may not be called: calls.outbound_allow does not hold it")
        headers = self._checked(request)
        placed = Placed(request.bot, dict(request.context), observer or Placed().observer)
        try:
            leg = await self._dial(
                to,
                account=route.name if route is not None else "",
                from_uri=self._sender(request, route),
                headers=headers,
                ring_timeout_s=min(request.ring_s or self._ring_s, MAX_RING_S),
            )
        except ValueError as error:
            raise CannotCall("invalid", f"{request.to} cannot be called: {error}") from error
        except NoRoom as error:
            raise CannotCall("full", str(error)) from error
        return self._begin(leg, placed)

    async def consult(self, to: Address, trunk: str, headers: Mapping[str, str]) -> Leg:
        """Call ``to``, to whom a caller who came by ``trunk`` may be handed on. Raises :class:`NoRoom`, ValueError.

        Who that may be is not looked at here: transfers have a list of their own.
        """
        route = self._routes.get(trunk)
        return await self._dial(
            to,
            account=route.name if route is not None else "",
            from_uri="" if route is not None else f"sip:voicebot@{self._own_domain()}",
            headers=headers,
            ring_timeout_s=self._ring_s,
        )

    def _address(self, request: CallRequest) -> tuple[Address, TrunkRoute | None]:
        """Whom to call, with a domain, and by which way; None: straight there."""
        to = request.to
        if request.trunk and request.trunk not in self._routes:
            known = ", ".join(self._routes) or "none is set"
            raise CannotCall("invalid", f"there is no trunk {request.trunk!r} that calls may go by ({known})")
        if to.domain is not None:
            return to, self._route([request.trunk]) if request.trunk else None
        if not to.number:
            raise CannotCall("invalid", f"{str(to)!r} is neither a number nor a SIP URI: whose domain is it of?")
        route = self._route([request.trunk] if request.trunk else self._usual)
        if route is None:
            raise CannotCall(
                "invalid", "a number needs a trunk: an account, or a trunk with outbound; or call a SIP URI"
            )
        return to.at(route.domain), route

    def _route(self, names: Sequence[str]) -> TrunkRoute | None:
        """The first of these that can take a call now; None where there are none. Raises :class:`CannotCall`."""
        name = self._fit(names) if names else ""
        if names and not name:
            raise CannotCall("full", f"{', '.join(names)}: not up, or with all the calls that it may have")
        return self._routes.get(name)

    def _checked(self, request: CallRequest) -> dict[str, str]:
        """The headers to send. Raises :class:`CannotCall` for what is wrong with them, the bot, or the context."""
        if request.bot and request.bot not in self._bots():
            raise CannotCall("invalid", f"there is no bot {request.bot!r}, but {', '.join(sorted(self._bots()))}")
        if request.sender and not _SENDER.fullmatch(request.sender):
            raise CannotCall("invalid", f"{request.sender[:100]!r} is no number or name to call as")
        if len(_json(request.context)) > MAX_CONTEXT:
            raise CannotCall("invalid", f"the context is longer than {MAX_CONTEXT} bytes of JSON")
        headers = transfer_headers({"headers": dict(request.headers)})
        if left_out := set(request.headers) - set(headers):
            raise CannotCall("invalid", f"header {min(left_out)[:100]!r} cannot be sent: User-to-User and X-... can")
        return headers

    def _sender(self, request: CallRequest, route: TrunkRoute | None) -> str:
        if route is not None and not request.sender:
            return ""  # as the account has it
        domain = route.own_domain if route is not None else self._own_domain()
        return f"sip:{request.sender or 'voicebot'}@{domain}"


def _json(context: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(context).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise CannotCall("invalid", "the context is not JSON") from error
