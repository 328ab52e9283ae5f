"""`/v1/operations`: how the service is, for its page `/operations`, and what ends it.

Viewers see the panels, and of the log's latest warnings what does not come from calls; operators see their whole text,
admins who did what.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from voicebot.web.audit import AuditLog
from voicebot.web.panel import Panel
from voicebot.web.roles import HOLDER, Role

PREFIX: Final = "/v1/operations"
ACTIONS: Final = 20
"""The latest of the audit log that are shown."""


class OperationsApi:
    """``panels()``: the sections of the page. ``troubles(whole)``: the latest warnings of the log, as
    :meth:`voicebot.service.troubles.Troubles.latest`. ``drain()``: takes no more calls, and ends the service when the
    running ones have ended. ``audit``: who did what."""

    def __init__(
        self,
        panels: Callable[[], Sequence[Panel]],
        troubles: Callable[[bool], Sequence[Mapping[str, Any]]],
        drain: Callable[[], None],
        audit: AuditLog,
    ) -> None:
        self._panels = panels
        self._troubles = troubles
        self._drain = drain
        self._audit = audit

    @property
    def routes(self) -> list[web.RouteDef]:
        return [web.get(PREFIX, self._show), web.post(f"{PREFIX}/drain", self._end)]

    async def _show(self, request: web.Request) -> web.Response:
        role = request[HOLDER].role or Role.VIEWER
        panels = self._panels()
        told = {
            "well": not any(panel.wrong for panel in panels),
            "panels": [panel.as_json() for panel in panels],
            "troubles": list(self._troubles(role >= Role.OPERATOR)),
            "actions": list(self._audit.latest)[-ACTIONS:] if role >= Role.ADMIN else [],
        }
        return web.json_response(told, headers={"Cache-Control": "no-store"})

    async def _end(self, _request: web.Request) -> web.Response:
        """As SIGTERM does: 202, and the page shows how many calls are left."""
        self._drain()
        return web.Response(status=202)
