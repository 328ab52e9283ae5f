"""What the call process asks the archive with. Answers are passed on as they come, unread."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

ANSWER_S: Final = 10.0
"""How long anything may take: the picture of a long call is the longest."""
MOST_BYTES: Final = 32 << 20
AT_A_TIME: Final = 4


class ArchiveAway(Exception):
    """The archive's process does not answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``body``: JSON or SVG, as ``content_type`` says; of an error, JSON ``{"error": why}``."""

    status: int
    content_type: str
    body: bytes


class ArchiveClient:
    """Of the process that answers at ``socket``."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Raises :class:`ArchiveAway`."""
        return await self._ask("GET", path, query or {})

    async def take(self, call: str) -> None:
        """The record of ``call`` is written. Raises :class:`ArchiveAway`; the archive finds it later all the same."""
        await self._ask("POST", f"/calls/{call}", {})

    async def healthy(self) -> bool:
        try:
            return (await self.get("/health")).status == 200
        except ArchiveAway:
            return False

    async def _ask(self, method: str, path: str, query: Mapping[str, str]) -> Answer:
        try:
            async with asyncio.timeout(ANSWER_S):
                session = self._open()
                async with session.request(method, f"http://archive{path}", params=query) as response:
                    body = await response.content.read(MOST_BYTES)
                    while not response.content.at_eof():
                        body += await response.content.read(MOST_BYTES)
                        if len(body) > MOST_BYTES:
                            raise ArchiveAway("its answer is too long")
                    return Answer(response.status, response.content_type, body)
        except (aiohttp.ClientError, OSError, TimeoutError) as wrong:
            raise ArchiveAway(str(wrong) or "it does not answer in time") from wrong

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.UnixConnector(str(self._socket), limit=AT_A_TIME)
            self._session = aiohttp.ClientSession(connector=connector)
        return self._session
