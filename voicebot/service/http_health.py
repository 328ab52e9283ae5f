"""Asks a process of ours how it is, over a connection that is kept."""

from __future__ import annotations

from typing import Any, Final

import aiohttp

from voicebot.json_body import read_json

_MAX_ANSWER: Final = 16 << 10


class HttpHealth:
    """``GET /health`` at whatever address. Close it in the end."""

    def __init__(self) -> None:
        self._http: aiohttp.ClientSession | None = None

    async def ask(self, address: str) -> dict[str, Any] | None:
        """What the process at ``http://...`` says of itself; None: it does not say that it is well. The caller sets the
        deadline."""
        if self._http is None:
            self._http = aiohttp.ClientSession()
        try:
            async with self._http.get(f"{address}/health", allow_redirects=False) as response:
                told = await read_json(response, _MAX_ANSWER)
        except (aiohttp.ClientError, ValueError):
            return None
        return told if response.status == 200 and isinstance(told, dict) else None

    async def close(self) -> None:
        """Harmless when repeated."""
        if self._http is not None:
            await self._http.close()
            self._http = None
