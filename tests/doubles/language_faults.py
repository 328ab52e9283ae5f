"""A language service with faults: it stands before the real one and passes on what it is not told to spoil."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from aiohttp import web

from voicebot.locallanguage.server import LocalLanguage

KEY = "of this test"


class FaultyLanguage:
    """``async with FaultyLanguage() as service``. ``faults``: what happens to the next requests, in order: ``None`` (it
    is answered), a status with headers, ``"hang"``, ``"drop"``, or bytes as an answer. The last one stays."""

    def __init__(self) -> None:
        self.faults: list[Any] = [None]
        self.asked: list[dict[str, Any]] = []
        """The bodies of all requests."""
        self.url = ""
        self._service = LocalLanguage(require_key=KEY)
        self._runner: web.AppRunner | None = None
        self._http: aiohttp.ClientSession | None = None
        self._over = asyncio.Event()

    async def __aenter__(self) -> FaultyLanguage:
        await self._service.start()
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._http is not None:
            await self._http.close()
        await self._service.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if body:
            self.asked.append(await request.json())
        fault = self.faults.pop(0) if len(self.faults) > 1 else self.faults[0]
        match fault:
            case "hang":
                await self._over.wait()
            case "drop":
                assert request.transport is not None
                request.transport.abort()
            case (int() as status, dict() as headers):
                return web.json_response({"error": {"code": "1", "message": "a fault"}}, status=status, headers=headers)
            case bytes():
                return web.Response(body=fault, content_type="application/json")
        assert self._http is not None
        headers = {"Ocp-Apim-Subscription-Key": request.headers.get("Ocp-Apim-Subscription-Key", "")}
        if body:
            headers["Content-Type"] = "application/json"
        url = self._service.url + request.raw_path
        async with self._http.request(request.method, url, data=body or None, headers=headers) as response:
            passed = {
                name: value.replace(self._service.url, self.url)
                for name, value in response.headers.items()
                if name in ("Operation-Location", "Retry-After")
            }
            content = await response.read()
            return web.Response(
                body=content, status=response.status, headers=passed, content_type=response.content_type
            )
