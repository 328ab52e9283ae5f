"""Calls of ours: who may be called, by which line, and as whom.

Placing calls costs money, so what may be called is a list (``calls.outbound_allow``, empty by default, patterns as in
:mod:`voicebot.calls.targets`), whoever asks: the operator's API, a bot, a dialog. Redirects are not followed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from voicebot.address import Address
from voicebot.call_headers import passed_on
from voicebot.calls.request import CallRequest, CannotCall, Placed
from voicebot.calls.session import CallSession
from voicebot.calls.targets import AllowedTargets
from voicebot.legs import Leg, NoRoom
from voicebot.sip import Line

logger = logging.getLogger(__name__)

MAX_CONTEXT = 8192
"""Bytes of JSON that a bot is told along with a call."""
MAX_RING_S = 600.0


class Dial(Protocol):
    """Begins a leg of ours: :meth:`voicebot.legs.sip_front_end.SipFrontEnd.place`, with what it raises."""

    def __call__(
        self, to: Address, *, line: str, sender: Address | None, headers: Mapping[str, str], ring_timeout_s: float
    ) -> Awaitable[Leg]: ...


class Outbound:
    """Places calls. ``begin`` starts a leg's session; ``bots`` are the names of those that calls may be for.

    ``usual_lines``: by which calls go that name none, in the order of preference; ``fit`` says which of some lines can
    take a call now, the first of them, or "".
    """

    def __init__(
        self,
        dial: Dial,
        begin: Callable[[Leg, Placed], CallSession],
        *,
        lines: Mapping[str, Line],
        allow: Iterable[str] = (),
        usual_lines: Sequence[str] = (),
        fit: Callable[[Sequence[str]], str] = lambda names: next(iter(names), ""),
        ring_timeout_s: float,
        bots: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._dial = dial
        self._begin = begin
        self._lines = lines
        self._allow = tuple(allow)
        self._usual = tuple(usual_lines) or (tuple(lines) if len(lines) == 1 else ())
        self._fit = fit
        self._ring_timeout_s = ring_timeout_s
        self._bots = bots

    async def place(self, request: CallRequest, observer: Callable[[str, int, str], None] | None = None) -> CallSession:
        """Call somebody; returns while it rings. ``observer``: see :class:`Placed`. Raises :class:`CannotCall`."""
        to, line = self._address(request)
        if not AllowedTargets(self._allow, [line.domain] if line is not None else []).allows(to):
            logger.warning("a call to %s is not allowed: see calls.outbound_allow", request.to)
            raise CannotCall("forbidden", f"{request.to} may not be called: calls.outbound_allow does not hold it")
        headers = self._checked(request)
        placed = Placed(request.bot, dict(request.context), observer or Placed().observer)
        try:
            leg = await self._dial(
                to,
                line=line.name if line is not None else "",
                sender=request.sender,
                headers=headers,
                ring_timeout_s=min(request.ring_timeout_s or self._ring_timeout_s, MAX_RING_S),
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
        line = trunk if trunk in self._lines else ""
        return await self._dial(to, line=line, sender=None, headers=headers, ring_timeout_s=self._ring_timeout_s)

    def _address(self, request: CallRequest) -> tuple[Address, Line | None]:
        """Whom to call, with a domain, and by which line; None: straight there."""
        to = request.to
        if request.trunk and request.trunk not in self._lines:
            known = ", ".join(self._lines) or "none is set"
            raise CannotCall("invalid", f"there is no trunk {request.trunk!r} that calls may go by ({known})")
        if to.domain is not None:
            return to, self._fit_line([request.trunk]) if request.trunk else None
        if not to.number:
            raise CannotCall("invalid", f"{str(to)!r} is neither a number nor a SIP URI: whose domain is it of?")
        line = self._fit_line([request.trunk] if request.trunk else self._usual)
        if line is None:
            raise CannotCall(
                "invalid", "a number needs a trunk: an account, or a trunk with outbound; or call a SIP URI"
            )
        return to.at(line.domain), line

    def _fit_line(self, names: Sequence[str]) -> Line | None:
        """The first of these that can take a call now; None where there are none. Raises :class:`CannotCall`."""
        name = self._fit(names) if names else ""
        if names and not name:
            raise CannotCall("full", f"{', '.join(names)}: not up, or with all the calls that it may have")
        return self._lines.get(name)

    def _checked(self, request: CallRequest) -> dict[str, str]:
        """The headers to send. Raises :class:`CannotCall` for what is wrong with them, the bot, or the context."""
        if request.bot and request.bot not in self._bots():
            raise CannotCall("invalid", f"there is no bot {request.bot!r}, but {', '.join(sorted(self._bots()))}")
        sender = request.sender
        if sender is not None and (sender.domain is not None or sender.tel or sender.parameters):
            raise CannotCall("invalid", f"{str(sender)!r} is no number or name to call as")
        if len(_json(request.context)) > MAX_CONTEXT:
            raise CannotCall("invalid", f"the context is longer than {MAX_CONTEXT} bytes of JSON")
        headers = passed_on(request.headers.items())
        if left_out := set(request.headers) - set(headers):
            raise CannotCall("invalid", f"header {min(left_out)[:100]!r} cannot be sent: User-to-User and X-... can")
        return headers


def _json(context: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(context).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise CannotCall("invalid", "the context is not JSON") from error
