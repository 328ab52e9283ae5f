"""The service's HTTP server: what is answered at once, jobs, health, and the limits."""

from __future__ import annotations

import asyncio
import hmac
import logging
from types import TracebackType
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from voicebot.json_body import parse_json
from voicebot.listening import Bounds
from voicebot.listening.http import HttpServer, read_body
from voicebot.listening.http_origin import own_names
from voicebot.locallanguage.documents import MAX_JOB_DOCUMENTS, Batch, Refused, batch_of, parameters_of, tasks_of
from voicebot.locallanguage.jobs import Jobs
from voicebot.locallanguage.kinds import Kinds, Result, TaskKind, result, results

_log = logging.getLogger(__name__)

API_VERSIONS = ("2022-05-01", "2023-04-01")
MAX_BODY = 1 << 20
MAX_TASKS = 10
MAX_WAITING = 64
"""Requests that are being answered at a time; others get 429."""
BOUNDS = Bounds(128, 128)
_JOBS = "/language/analyze-text/jobs"


class LocalLanguage:
    """The service, in this process: ``async with LocalLanguage() as service: service.port``.

    ``require_key``: answer 401 to whoever does not bring this key (``Ocp-Apim-Subscription-Key``). ``max_waiting``:
    requests that are answered at a time; more are refused with 429. Making one reads the lexicon, which blocks.
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, require_key: str = "", max_waiting: int = MAX_WAITING
    ) -> None:
        self.host = host
        self.port = port
        self._require_key = require_key
        self._max_waiting = max_waiting
        self._waiting = 0
        self._counts = {"answered": 0, "documents": 0, "refused": 0}
        self._kinds = Kinds()
        self._jobs = Jobs()
        self._server: HttpServer | None = None

    async def __aenter__(self) -> LocalLanguage:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen; :attr:`port` is the real one then. Raises OSError: the address is taken or not ours."""
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guard])
        app.router.add_post("/language/:analyze-text", self._analyse)
        app.router.add_post(_JOBS, self._submit)
        app.router.add_get(_JOBS + "/{job}", self._fetch)
        app.router.add_post(_JOBS + "/{job}:cancel", self._cancel)
        app.router.add_get("/health", self._health)
        self._server = HttpServer(app, names=own_names(self.host), bounds=BOUNDS)
        await self._server.listen(self.host, self.port)
        self.port = self._server.port

    async def close(self) -> None:
        """Stop listening. Harmless twice."""
        server, self._server = self._server, None
        if server is not None:
            await server.close()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Who may ask, how many at a time, and errors in the shape of Azure's."""
        if request.path == "/health":
            return await handler(request)
        refusal = self._refusal(request)
        if refusal is not None:
            self._counts["refused"] += 1
            return refusal
        self._waiting += 1
        try:
            response = await handler(request)
            self._counts["answered"] += 1
            return response
        except Refused as refused:
            return web.json_response(refused.body, status=400)
        except ValueError as error:
            return web.json_response(Refused("InvalidRequestBodyFormat", f"The body is {error}.").body, status=400)
        except web.HTTPException as error:
            return _error(error.status, str(error.status), error.reason)
        finally:
            self._waiting -= 1

    def _refusal(self, request: web.Request) -> web.Response | None:
        given = request.headers.get("Ocp-Apim-Subscription-Key", "")
        if self._require_key and not hmac.compare_digest(
            given.encode(errors="surrogateescape"), self._require_key.encode()
        ):
            return _error(401, "401", "Access denied due to invalid subscription key or wrong API endpoint.")
        if request.query.get("api-version") not in API_VERSIONS:
            return _error(400, "InvalidParameterValue", f"api-version must be one of {', '.join(API_VERSIONS)}")
        if self._waiting >= self._max_waiting:
            answer = _error(429, "429", "Too many requests at a time.")
            answer.headers["Retry-After"] = "1"
            return answer
        return None

    async def _analyse(self, request: web.Request) -> web.Response:
        body = parse_json(await read_body(request), MAX_BODY)
        kind = self._kinds.find(body.get("kind") if isinstance(body, dict) else None, job=False)
        batch = batch_of(body, kind.most)
        answer = await self._answer(kind, batch, parameters_of(body))
        return web.json_response({"kind": kind.name, "results": answer})

    async def _submit(self, request: web.Request) -> web.Response:
        body = parse_json(await read_body(request), MAX_BODY)
        tasks = [(self._kinds.find(task.get("kind"), job=True), task) for task in tasks_of(body, MAX_TASKS)]
        batch = batch_of(body, MAX_JOB_DOCUMENTS, job=True)
        items = []
        for kind, task in tasks:
            answer = await self._answer(kind, batch, parameters_of(task))
            items.append({"kind": kind.name, "taskName": str(task.get("taskName", "")), "results": answer})
        name = body.get("displayName")
        identity = self._jobs.add(name if isinstance(name, str) else "", items, self._now())
        where = f"{self.url}{_JOBS}/{identity}?api-version={request.query['api-version']}"
        return web.Response(status=202, headers={"Operation-Location": where})

    async def _fetch(self, request: web.Request) -> web.Response:
        job = self._jobs.find(request.match_info["job"], self._now())
        return web.json_response(job) if job is not None else _no_job()

    async def _cancel(self, request: web.Request) -> web.Response:
        """A job that is done cannot be cancelled any more, which is no error."""
        identity = request.match_info["job"]
        if self._jobs.find(identity, self._now()) is None:
            return _no_job()
        where = f"{self.url}{_JOBS}/{identity}?api-version={request.query['api-version']}"
        return web.Response(status=202, headers={"Operation-Location": where})

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ready", "waiting": self._waiting, "jobs": len(self._jobs), **self._counts})

    async def _answer(self, kind: TaskKind, batch: Batch, parameters: dict[str, Any]) -> Result:
        done = []
        for document in batch.documents:
            done.append(result(kind, document, parameters))
            await asyncio.sleep(0)  # others, and the health check, get their turn between two documents
        self._counts["documents"] += len(done)
        return results(batch, done)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


def _no_job() -> web.Response:
    return _error(404, "NotFound", "There is no such job, or it has expired.")
