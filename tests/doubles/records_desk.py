"""A console that shows calls that were, over records in a folder, with the real archive."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from api_document import conforms
from archive_run import archive
from call_world import World
from kept_calls import call_name, keep
from let_in import let_in
from live_desk import DeskFlows

from voicebot.archive.client import ArchiveClient
from voicebot.calls import Calls
from voicebot.web import CallsApi, ConsoleServer, LiveApi, Metrics, RecordsApi, Role

ROLES = {str(role): role for role in Role}


class RecordsDesk:
    """``tokens``: by token, its role; without any, who sits at this machine is let in."""

    def __init__(self, folder: Path, client: ArchiveClient, tokens: dict[str, Role]) -> None:
        access = let_in(**tokens)
        self.folder = folder
        self.pictures = dict[str, str]()
        """By the version of dialogs, their flow."""
        self.archive = client
        self.api = RecordsApi(client, folder, access)
        self.access = access
        calls = Calls(World().services)
        self.console = ConsoleServer(
            "127.0.0.1",
            0,
            api=CallsApi(calls, None),  # type: ignore[arg-type]
            metrics=Metrics(),
            unready=list,
            access=access,
            records=self.api,
            live=LiveApi(calls, words=True, flows=DeskFlows(self.pictures)),
        )
        self.http: aiohttp.ClientSession

    async def keep(self, *records: dict[str, Any]) -> None:
        """The records are written, and found."""
        keep(self.folder, *records)
        for record in records:
            await self.archive.take(record["id"])

    async def ask(self, path: str, token: str = "", method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
        shown = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.console.url}v1/records{path}"
        async with self.http.request(method, url, headers={**shown, **headers}) as response:
            body = await response.read()
            if response.status < 400:
                named = re.sub(r"/[0-9a-f]{32}", "/{id}", path.partition("?")[0])
                conforms(
                    f"{method} /v1/records{named}", response.status, response.headers.get("Content-Type", ""), body
                )
            return response.status, response.headers, body

    async def find(self, token: str = "", **query: str) -> dict[str, Any]:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        status, _, body = await self.ask(f"?{asked}", token)
        assert status == 200, body
        found: dict[str, Any] = json.loads(body)
        return found

    def path(self, number: int, what: str = "") -> str:
        return f"/{call_name(number)}{what}"


@asynccontextmanager
async def records_desk(place: Path, tokens: dict[str, Role] | None = None) -> AsyncIterator[RecordsDesk]:
    folder = place / "records"
    folder.mkdir()
    async with archive(folder) as client:
        desk = RecordsDesk(folder, client, tokens or {})
        await desk.console.start()
        try:
            async with aiohttp.ClientSession() as desk.http:
                yield desk
        finally:
            await desk.console.close()
