"""`/v1/operations`: how the service is, for its page `/operations`, what checks it, and what ends it.

Viewers see the panels, and of the log's latest warnings what does not come from calls; operators see their whole text,
admins who did what.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from voicebot.web.answers import error
from voicebot.web.audit import AuditLog
from voicebot.web.panel import Panel
from voicebot.web.roles import HOLDER, Role

PREFIX: Final = "/v1/operations"
ACTIONS: Final = 20
"""The latest of the audit log that are shown."""
DOCTOR_S: Final = 60.0
_NO_STORE: Final = {"Cache-Control": "no-store"}


class OperationsApi:
    """``panels()``: the sections of the page. ``troubles(whole)``: the latest warnings of the log, as
    :meth:`voicebot.service.troubles.Troubles.latest`. ``drain()``: takes no more calls, and ends the service when the
    running ones have ended. ``doctor()``: the findings of ``voicebot doctor``. ``audit``: who did what."""

    def __init__(
        self,
        panels: Callable[[], Sequence[Panel]],
        troubles: Callable[[bool], Sequence[Mapping[str, Any]]],
        drain: Callable[[], None],
        doctor: Callable[[], Awaitable[Sequence[Mapping[str, Any]]]],
        audit: AuditLog,
    ) -> None:
        self._panels = panels
        self._troubles = troubles
        self._drain = drain
        self._doctor = doctor
        self._examined = False
        self._audit = audit

    @property
    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(PREFIX, self._show),
            web.post(f"{PREFIX}/doctor", self._examine),
            web.post(f"{PREFIX}/drain", self._end),
        ]

    async def _show(self, request: web.Request) -> web.Response:
        role = request[HOLDER].role or Role.VIEWER
        panels = [*self._panels(), *_lost(self._audit)]
        told = {
            "well": not any(panel.wrong for panel in panels),
            "panels": [panel.as_json() for panel in panels],
            "troubles": list(self._troubles(role >= Role.OPERATOR)),
            "actions": list(self._audit.latest)[-ACTIONS:] if role >= Role.ADMIN else [],
        }
        return web.json_response(told, headers=_NO_STORE)

    async def _examine(self, _request: web.Request) -> web.Response:
        """What `voicebot doctor` finds. One looks at a time: calls have the machine."""
        if self._examined:
            return error(409, "somebody else has the checks run now: try again in a minute")
        self._examined = True
        try:
            async with asyncio.timeout(DOCTOR_S):
                findings = await self._doctor()
        except TimeoutError:
            return error(503, f"the checks take longer than {DOCTOR_S:.0f} s: run voicebot doctor on the machine")
        finally:
            self._examined = False
        return web.json_response({"findings": list(findings)}, headers=_NO_STORE)

    async def _end(self, _request: web.Request) -> web.Response:
        """As SIGTERM does: 202, and the page shows how many calls are left."""
        self._drain()
        return web.Response(status=202)


def _lost(audit: AuditLog) -> list[Panel]:
    if not audit.lost:
        return []
    return [Panel("Audit log", [("lines lost", str(audit.lost))], ["Is the disk full? The log says more."], wrong=True)]
