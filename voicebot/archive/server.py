"""The archive's process: HTTP on a Unix socket, for the call process alone.

=============================  ====================================================================================
`GET /health`                  200
`GET /search?...`              the calls that a query (:mod:`~voicebot.archive.query`) finds
`GET /facets`                  what calls have that can be chosen from
`POST /calls/{id}`             the record of a call has been written
`GET /calls/{id}/waves`        how loud its recording is, moment by moment
`GET /calls/{id}/picture`      the call as SVG
=============================  ====================================================================================

What is asked is answered on one thread, pictures are made on another, and the index is kept up on a third, so that
nobody waits for what takes long.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from aiohttp import web

from voicebot.archive.call_id import is_call_id
from voicebot.archive.index import Index, IndexDamaged
from voicebot.archive.query import query_of
from voicebot.archive.upkeep import MOST_BYTES, Upkeep
from voicebot.regular_files import read_regular_file

logger = logging.getLogger(__name__)

LOOK_S: Final = 2.0
"""How often it is looked whether something in the folder has changed."""
SWEEP_S: Final = 30.0
"""The least time between two sweeps."""
REST: Final = 20
"""How many times as long as a sweep takes there is none after it."""
SETTLED_S: Final = 1.0
"""What changes within so short a time may leave the folder with the same time of change."""
PURGE_S: Final = 600.0
"""After which time the words of records that are gone are overwritten."""
MOST_WAITING: Final = 64
T = TypeVar("T")


class ArchiveServer:
    """Of the records in ``folder``. ``sweep_s``, ``purge_s``: the least times between two sweeps and purges."""

    def __init__(self, folder: Path, *, sweep_s: float = SWEEP_S, purge_s: float = PURGE_S) -> None:
        self._folder = folder
        self._sweep_s = sweep_s
        self._purge_s = purge_s
        self._upkeep = Upkeep(folder)
        self._index = Index(folder)
        self._asking, self._drawing, self._keeping = (
            ThreadPoolExecutor(max_workers=1, thread_name_prefix=name) for name in ("search", "pictures", "upkeep")
        )
        self._waiting = 0
        self._runner: web.AppRunner | None = None
        self._sweeping: asyncio.Task[None] | None = None

    async def start(self, socket: Path) -> None:
        """Answer at ``socket``, and begin to keep the index up. Raises OSError."""
        application = web.Application(middlewares=[self._guard])
        application.add_routes(
            [
                web.get("/health", self._health),
                web.get("/search", self._search),
                web.get("/facets", self._facets),
                web.post("/calls/{id}", self._take),
                web.get("/calls/{id}/waves", self._waves),
                web.get("/calls/{id}/picture", self._picture),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.UnixSite(self._runner, str(socket)).start()
        self._sweeping = asyncio.create_task(self._keep_up(), name="the index is kept up")

    async def close(self) -> None:
        """Harmless when repeated."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.wait({self._sweeping})
        if self._runner is not None:
            await self._runner.cleanup()
        for thread, end in ((self._asking, self._index.close), (self._keeping, self._upkeep.close)):
            await asyncio.get_running_loop().run_in_executor(thread, end)
        for thread in (self._asking, self._drawing, self._keeping):
            thread.shutdown(wait=False, cancel_futures=True)

    # --- what is asked

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """At most so many at a time; errors as JSON."""
        if request.path != "/health" and self._waiting >= MOST_WAITING:
            return _error(503, "too much is asked at a time")
        if not is_call_id(request.match_info.get("id", "0" * 32)):
            return _error(404, "there is no such call")
        self._waiting += 1
        try:
            response: web.StreamResponse = await handler(request)
            return response
        except FileNotFoundError:
            return _error(404, "there is no such call, or nothing of it was recorded")
        except ValueError as wrong:
            return _error(400, str(wrong))
        except OSError as wrong:
            logger.warning("%s: %s", request.path, wrong)
            return _error(503, "the records cannot be read; the log has the details")
        finally:
            self._waiting -= 1

    async def _health(self, _request: web.Request) -> web.Response:
        return web.Response()

    async def _search(self, request: web.Request) -> web.Response:
        query = query_of(request.query)
        found = await self._ask(lambda: self._still_there(self._index.search(query).as_json()))
        state = {"missing": self._upkeep.missing, "unreadable": len(self._upkeep.unreadable)}
        return _json({**found, **state})

    async def _facets(self, _request: web.Request) -> web.Response:
        return _json(await self._ask(self._index.facets))

    async def _take(self, request: web.Request) -> web.Response:
        await self._on(self._keeping, lambda: self._upkeep.take(request.match_info["id"]))
        return web.Response(status=204)

    async def _waves(self, request: web.Request) -> web.Response:
        return _json(await self._on(self._drawing, lambda: self._measure(request)))

    async def _picture(self, request: web.Request) -> web.Response:
        svg = await self._on(self._drawing, lambda: self._draw(request))
        return web.Response(body=svg.encode(), content_type="image/svg+xml", charset="utf-8")

    # --- on threads

    def _measure(self, request: web.Request) -> dict[str, Any]:
        from voicebot.archive.waves import waves  # it loads numpy, which nobody needs who only searches

        return waves(self._file(request, ".wav"))

    def _draw(self, request: web.Request) -> str:
        from voicebot.archive.picture import picture_of

        record = json.loads(read_regular_file(self._file(request, ".json"), MOST_BYTES))
        wav = self._file(request, ".wav")
        return picture_of(record, wav if wav.is_file() else None)

    def _still_there(self, found: dict[str, Any]) -> dict[str, Any]:
        """Without the calls whose records are gone since; with whether there is a recording."""
        there = [row for row in found["calls"] if (self._folder / f"{row['id']}.json").is_file()]
        recorded = [{**row, "recording": (self._folder / f"{row['id']}.wav").is_file()} for row in there]
        return {**found, "calls": recorded}

    def _file(self, request: web.Request, suffix: str) -> Path:
        return self._folder / f"{request.match_info['id']}{suffix}"

    async def _ask(self, work: Callable[[], T]) -> T:
        """Ask the index. If it is damaged, it is made anew, and asked again."""
        try:
            return await self._on(self._asking, work)
        except IndexDamaged as damage:
            logger.error("%s: it is made anew from the records", damage)
            await self._on(self._keeping, self._upkeep.mend)
            return await self._on(self._asking, work)

    async def _on(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(thread, work)

    # --- upkeep

    async def _keep_up(self) -> None:
        """Sweep whenever something in the folder has changed, but not too often."""
        swept_of, due, purge_due = -1, 0.0, time.monotonic() + self._purge_s
        while True:
            try:
                changed = self._folder.stat().st_mtime_ns if self._folder.is_dir() else -1
                if changed != swept_of and time.monotonic() >= due:
                    began, settled = time.monotonic(), time.time_ns() - changed > SETTLED_S * 1e9
                    new, gone = await self._on(self._keeping, self._upkeep.sweep)
                    took_s = time.monotonic() - began
                    swept_of = changed if settled else -1
                    due = time.monotonic() + max(self._sweep_s, REST * took_s)
                    if new or gone:
                        logger.info("%s: %d records are new, %d are gone (%.1f s)", self._folder, new, gone, took_s)
                if time.monotonic() >= purge_due:
                    await self._on(self._keeping, self._upkeep.purge)
                    purge_due = time.monotonic() + self._purge_s
            except OSError as wrong:
                logger.warning("the index cannot be kept up: %s", wrong)
                due = time.monotonic() + self._sweep_s
            await asyncio.sleep(min(LOOK_S, self._sweep_s))


def _json(value: Any) -> web.Response:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return web.Response(text=body, content_type="application/json")


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)
