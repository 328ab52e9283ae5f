"""The console's HTTP server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler

from voicebot.console.answers import error
from voicebot.console.api import MAX_BODY, CallsApi
from voicebot.console.metrics import CONTENT_TYPE, Metrics
from voicebot.console.page import Panel, render
from voicebot.console.token import bearer

logger = logging.getLogger(__name__)

KEEP_ALIVE_S = 30.0


class ConsoleUnavailable(Exception):
    """The server could not be started. The text says why, and what to do."""


class ConsoleServer:
    """``unready()`` returns what keeps the service from taking calls, ``secret()`` the token, and ``panels()`` the
    sections of the operations page; each is called at each request that needs it."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        api: CallsApi,
        metrics: Metrics,
        unready: Callable[[], list[str]],
        panels: Callable[[], Sequence[Panel]],
        secret: Callable[[], str],
    ) -> None:
        self._host = host
        self._port = port
        self._api = api
        self._metrics = metrics
        self._unready = unready
        self._panels = panels
        self._secret = secret
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port in use; 0 while the server does not listen."""
        return int(self._runner.addresses[0][1]) if self._runner is not None and self._runner.addresses else 0

    async def start(self) -> None:
        """Listen. Raises :class:`ConsoleUnavailable`."""
        application = web.Application(middlewares=[_plain_errors, bearer(self._secret)], client_max_size=MAX_BODY)
        application.add_routes(
            [
                web.get("/", self._page),
                web.get("/healthz", self._health),
                web.get("/readyz", self._readiness),
                web.get("/metrics", self._show_metrics),
                *self._api.routes,
            ]
        )
        runner = self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=2.0, keepalive_timeout=KEEP_ALIVE_S
        )
        try:
            await runner.setup()
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as wrong:
            await self.close()
            raise ConsoleUnavailable(
                f"console: cannot listen at {self._host}:{self._port}: {wrong.strerror or wrong}; "
                "choose another console.host or console.port"
            ) from wrong

    async def close(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _page(self, _request: web.Request) -> web.Response:
        policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return web.Response(text=render(self._panels()), content_type="text/html", headers=policy)

    async def _health(self, _request: web.Request) -> web.Response:
        """The answer itself shows that the event loop runs."""
        return web.json_response({"ok": True})

    async def _readiness(self, _request: web.Request) -> web.Response:
        why = self._unready()
        return web.json_response({"ready": not why, "why": why}, status=503 if why else 200)

    async def _show_metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._metrics.render(), headers={"Content-Type": CONTENT_TYPE})


@web.middleware
async def _plain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer all errors in the same shape. Exceptions of ours are logged, and not shown."""
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        return error(413, f"the body is longer than {MAX_BODY} bytes")
    except web.HTTPException as wrong:
        allow = wrong.headers.get("Allow")
        return error(wrong.status, wrong.reason or "", {"Allow": allow} if allow else None)
    except Exception:
        logger.exception("%s %s", request.method, request.path)
        return error(500, "an internal error; the log has the details")
