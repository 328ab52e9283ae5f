"""The console's HTTP server."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from voicebot.listening import Bounds
from voicebot.listening.cannot_listen import cannot_listen
from voicebot.listening.http import HTTP_BOUNDS, HttpServer
from voicebot.listening.http_origin import own_names
from voicebot.web import openapi
from voicebot.web.access import Access
from voicebot.web.answers import error
from voicebot.web.api import MAX_BODY, CallsApi
from voicebot.web.assist_api import AssistApi
from voicebot.web.live_api import LiveApi
from voicebot.web.metrics import CONTENT_TYPE, Metrics
from voicebot.web.operations_api import OperationsApi
from voicebot.web.pages import other_routes, page_files, page_routes
from voicebot.web.phone_api import PhoneApi
from voicebot.web.records_api import RecordsApi
from voicebot.web.roles import HOLDER

logger = logging.getLogger(__name__)


class ConsoleUnavailable(Exception):
    """The server could not be started. The text says why, and what to do."""


class ConsoleServer:
    """``unready()`` returns what keeps the service from taking calls, ``notes()`` what else is wrong; each is called
    at each request that needs it. ``access``: who is let in. ``assist``: None if no calls are listened to. ``phone``,
    ``live``, ``records`` and ``operations``: None if there are no such pages.
    ``public_url``: of a proxy in front, whose name is one of ours. ``certificate`` and ``key``: PEM files, for TLS."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        api: CallsApi,
        metrics: Metrics,
        unready: Callable[[], list[str]],
        notes: Callable[[], list[str]] = list,
        access: Access,
        assist: AssistApi | None = None,
        phone: PhoneApi | None = None,
        live: LiveApi | None = None,
        records: RecordsApi | None = None,
        operations: OperationsApi | None = None,
        public_url: str = "",
        certificate: Path | None = None,
        key: Path | None = None,
        bounds: Bounds = HTTP_BOUNDS,
    ) -> None:
        self._bounds = bounds
        self._host = host
        self._port = port
        self._api = api
        self._metrics = metrics
        self._unready = unready
        self._notes = notes
        self._operations = operations
        self._access = access
        self._assist = assist
        self._phone = phone
        self._live = live
        self._records = records
        self._certificate, self._key = certificate, key
        self._public_url = public_url
        self._server: HttpServer | None = None

    @property
    def port(self) -> int:
        """The port in use; 0 while the server does not listen."""
        return self._server.port if self._server is not None else 0

    @property
    def url(self) -> str:
        """The URL of the page, as browsers reach it."""
        if self._public_url:
            return self._public_url.rstrip("/") + "/"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http{'s' if self._certificate is not None else ''}://{host}:{self.port}/"

    async def start(self) -> None:
        """Listen. Raises :class:`ConsoleUnavailable`."""
        await self._open_audit()
        server = self._server = HttpServer(
            self.application(),
            names=own_names(self._host, urlsplit(self._public_url).hostname or ""),
            bounds=self._bounds,
        )
        try:
            await server.listen(self._host, self._port, await asyncio.to_thread(self._tls))
        except ssl.SSLError as wrong:
            await self.close()
            raise ConsoleUnavailable(f"console: certificate and key cannot be used: {wrong}") from wrong
        except OSError as wrong:
            await self.close()
            why = cannot_listen(wrong, host="console.host", port="console.port", seen_as="console.public_url")
            raise ConsoleUnavailable(why.at(f"{self._host}:{self._port}")) from wrong

    def application(self) -> web.Application:
        """All that is answered."""
        files = page_files()
        application = web.Application(middlewares=[_plain_errors, self._access.guard], client_max_size=MAX_BODY)
        application.add_routes(
            [
                web.get("/healthz", self._health),
                web.get("/readyz", self._readiness),
                web.get("/metrics", self._show_metrics),
                web.get("/v1/me", self._me),
                web.get(openapi.PATH, self._openapi),
                *self._api.routes,
            ]
        )
        if self._assist is not None:
            application.add_routes([*self._assist.routes, *page_routes(files, "assist", "/assist")])
        if self._live is not None:
            application.add_routes([*self._live.routes, *page_routes(files, "live", "/live")])
        if self._records is not None:
            application.add_routes([*self._records.routes, *page_routes(files, "calls", "/calls")])
        if self._phone is not None:
            application.add_routes([*self._phone.routes, *page_routes(files, "phone", "/")])
        elif self._operations is not None:
            application.router.add_get("/", _to_operations)
        if self._operations is not None:
            application.add_routes([*self._operations.routes, *page_routes(files, "operations", "/operations")])
        application.add_routes(other_routes(files))
        return application

    def _tls(self) -> ssl.SSLContext | None:
        if self._certificate is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._certificate, self._key)
        return context

    async def close(self) -> None:
        server, self._server = self._server, None
        for api in (self._assist, self._live):
            if api is not None:
                await api.streams.close()
        if self._live is not None:
            await self._live.audio.close()
        if server is not None:
            await server.close()
        await self._access.audit.close()

    async def _open_audit(self) -> None:
        try:
            await self._access.audit.open()
        except OSError as wrong:
            raise ConsoleUnavailable(f"console.audit_log cannot be written: {wrong}") from wrong

    async def _me(self, request: web.Request) -> web.Response:
        """Who asks, and what the token's role is: what a page offers is for that."""
        who = request[HOLDER]
        return web.json_response({"name": who.name, "role": str(who.role)})

    async def _openapi(self, _request: web.Request) -> web.Response:
        return web.json_response(openapi.document())

    async def _health(self, _request: web.Request) -> web.Response:
        """The answer itself shows that the event loop runs."""
        return web.json_response({"ok": True})

    async def _readiness(self, _request: web.Request) -> web.Response:
        why = self._unready()
        return web.json_response({"ready": not why, "why": why, "notes": self._notes()}, status=503 if why else 200)

    async def _show_metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._metrics.render(), headers={"Content-Type": CONTENT_TYPE})


async def _to_operations(_request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "operations"})


@web.middleware
async def _plain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer all errors in the same shape. Exceptions of ours are logged, and not shown."""
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        return error(413, f"the body is longer than {MAX_BODY} bytes")
    except web.HTTPException as wrong:
        kept = {name: wrong.headers[name] for name in ("Allow", "WWW-Authenticate") if name in wrong.headers}
        return error(wrong.status, wrong.reason or "", kept)
    except Exception:
        logger.exception("%s %s", request.method, request.path)
        return error(500, "an internal error; the log has the details")
