"""Outbound calls: who may be called, by which line, and with which calling number.

Calls cost money, so only targets on a list may be called (``calls.outbound_allow``, empty by default; patterns as in
:mod:`voicebot.calls.targets`), whether the API, a bot or a dialog asks. Redirects are not followed.
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
"""The length of the context that a call brings its bot, in bytes of JSON."""
MAX_RING_S = 600.0


class Dial(Protocol):
    """Begins an outbound leg: :meth:`voicebot.legs.sip_front_end.SipFrontEnd.place`, and raises what that raises."""

    def __call__(
        self,
        to: Address,
        *,
        line: str,
        sender: Address | None,
        headers: Mapping[str, str],
        ring_timeout_s: float,
        within_call: bool = False,
    ) -> Awaitable[Leg]: ...


class Outbound:
    """Places calls. ``begin`` starts a leg's session; ``bots`` returns the names of the bots.

    ``usual_lines``: the lines for calls that name none, in order of preference. ``fit`` returns the first of the given
    lines that can take a call now, or ``""``.
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
        """Place a call; returns while it rings. ``observer``: see :class:`Placed`. Raises :class:`CannotCall`."""
        to, line = self._address(request)
        if not AllowedTargets(self._allow, [line.domain] if line is not None else []).allows(to):
            logger.warning("a call to %s is not allowed: see calls.outbound_allow", request.to)
            raise CannotCall("forbidden", f"{request.to} may not be called: it is not in calls.outbound_allow")
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
        """Call ``to``, the target of an attended transfer, by the caller's ``trunk``. Raises NoRoom, ValueError.

        The list of targets that may be called does not apply: transfers have their own.
        """
        line = trunk if trunk in self._lines else ""
        return await self._dial(
            to, line=line, sender=None, headers=headers, ring_timeout_s=self._ring_timeout_s, within_call=True
        )

    def _address(self, request: CallRequest) -> tuple[Address, Line | None]:
        """The address to call, with a domain, and the line; None: directly, by no line."""
        to = request.to
        if request.trunk and request.trunk not in self._lines:
            known = ", ".join(self._lines) or "none"
            raise CannotCall("invalid", f"there is no trunk {request.trunk!r} for outbound calls, only: {known}")
        if to.domain is not None:
            return to, self._fit_line([request.trunk]) if request.trunk else None
        if not to.number:
            raise CannotCall("invalid", f"{str(to)!r} is neither a number nor a SIP URI with a domain")
        line = self._fit_line([request.trunk] if request.trunk else self._usual)
        if line is None:
            raise CannotCall(
                "invalid", "to call a number, set up a trunk with outbound, or an account; or call a SIP URI"
            )
        return to.at(line.domain), line

    def _fit_line(self, names: Sequence[str]) -> Line | None:
        """The first of ``names`` that can take a call now; None for no names. Raises :class:`CannotCall`."""
        name = self._fit(names) if names else ""
        if names and not name:
            raise CannotCall("full", f"{', '.join(names)}: not available, or with its maximum of calls")
        return self._lines.get(name)

    def _checked(self, request: CallRequest) -> dict[str, str]:
        """The headers to send. Raises :class:`CannotCall` for a wrong header, bot, caller or context."""
        if request.bot and request.bot not in self._bots():
            raise CannotCall("invalid", f"there is no bot {request.bot!r}, only: {', '.join(sorted(self._bots()))}")
        sender = request.sender
        if sender is not None and (sender.domain is not None or sender.tel or sender.parameters):
            raise CannotCall("invalid", f"{str(sender)!r} cannot be the caller: give a number or a user name")
        if len(_json(request.context)) > MAX_CONTEXT:
            raise CannotCall("invalid", f"the context is longer than {MAX_CONTEXT} bytes of JSON")
        headers = passed_on(request.headers.items())
        if left_out := set(request.headers) - set(headers):
            raise CannotCall("invalid", f"header {min(left_out)[:100]!r} cannot be sent: only User-to-User and X-...")
        return headers


def _json(context: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(context).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise CannotCall("invalid", "the context is not JSON") from error
