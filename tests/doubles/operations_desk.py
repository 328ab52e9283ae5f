"""A console that shows how the service is, made of panels and troubles that a test changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from call_world import World
from let_in import let_in

from voicebot.calls import Calls
from voicebot.service.troubles import Troubles
from voicebot.web import Access, CallsApi, ConsoleServer, LiveApi, Metrics, OperationsApi, Panel

logger = logging.getLogger("voicebot.operations_desk")


class OperationsDesk:
    """``access``: who is let in; without it, who sits at this machine."""

    def __init__(self, access: Access | None) -> None:
        self.access = access or let_in()
        self.panels = [Panel("Dialogs", [("version", "2 & more")])]
        self.troubles = Troubles()
        self.drained = 0
        self.findings = list[dict[str, Any]]()
        self.examined = asyncio.Event()
        """Until then the doctor looks."""
        self.examined.set()
        self.examining = 0
        calls = Calls(World().services)
        self.console = ConsoleServer(
            "127.0.0.1",
            0,
            api=CallsApi(calls, None),  # type: ignore[arg-type]
            metrics=Metrics(),
            unready=list,
            access=self.access,
            live=LiveApi(calls, words=True),
            operations=OperationsApi(
                lambda: self.panels, self.troubles.latest, self._drain, self._examine, self.access.audit
            ),
        )
        self.http: aiohttp.ClientSession

    def _drain(self) -> None:
        self.drained += 1

    async def _examine(self) -> list[dict[str, Any]]:
        self.examining += 1
        try:
            await self.examined.wait()
        finally:
            self.examining -= 1
        return self.findings

    async def ask(self, method: str, path: str = "", token: str = "") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.http.request(method, f"{self.console.url}v1/operations{path}", headers=headers) as response:
            return response.status, await response.json(content_type=None)


@asynccontextmanager
async def operations_desk(access: Access | None = None) -> AsyncIterator[OperationsDesk]:
    desk = OperationsDesk(access)
    desk.troubles.watch()
    await desk.console.start()
    try:
        async with aiohttp.ClientSession() as desk.http:
            yield desk
    finally:
        desk.troubles.unwatch()
        await desk.console.close()
