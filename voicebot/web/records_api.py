"""`/v1/records`: calls that were, found by the archive (:mod:`voicebot.archive`), with their records and recordings.

Viewers are told when calls were and how well they went, and ask for no number and no word. A browser's player sends no
token: it gets a cookie instead, for one recording, by a request that the audit log notes.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from aiohttp import hdrs, web

from voicebot.archive.call_id import is_call_id
from voicebot.archive.client import Answer, ArchiveAway, ArchiveClient
from voicebot.web.access import Access, shown_token
from voicebot.web.answers import error
from voicebot.web.passes import Passes
from voicebot.web.roles import HOLDER, Role

PREFIX: Final = "/v1/records"
COOKIE: Final = "recording"
LISTEN_S: Final = 3600.0
MOST_LISTENERS: Final = 256
_PRIVATE: Final = {
    hdrs.CACHE_CONTROL: "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
}
"""A picture with what callers have said may be opened by itself: then it is a page, in which nothing runs."""
_PERSONAL: Final = ("words", "number")
"""What only those may ask for who see numbers and words."""
_HIDDEN: Final = {"call_id": "", "from": "", "to": "", "said": []}
"""What is told instead of numbers and words to those who may not see them."""


class RecordsApi:
    """``folder``: of the records. ``access``: who shows a token where a player shows a cookie."""

    def __init__(
        self, archive: ArchiveClient, folder: Path, access: Access, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._archive = archive
        self._folder = folder
        self._access = access
        self._clock = clock
        self._passes = Passes(LISTEN_S, MOST_LISTENERS)

    @property
    def routes(self) -> list[web.RouteDef]:
        one = f"{PREFIX}/{{id}}"
        return [
            web.get(PREFIX, self._find),
            web.get(f"{PREFIX}/facets", self._facets),
            web.get(one, self._record),
            web.get(f"{one}/waves", self._waves),
            web.get(f"{one}/picture.svg", self._picture),
            web.post(f"{one}/listen", self._listen),
            web.get(f"{one}/audio.wav", self._audio),
        ]

    async def _find(self, request: web.Request) -> web.Response:
        sees_words = request[HOLDER].sees_words
        asked = next((name for name in _PERSONAL if request.query.get(name)), "")
        if asked and not sees_words:
            return error(403, f"{asked}: needs a token of the role {Role.AGENT}; this one is {request[HOLDER].role}")
        answer = await self._ask("/search", dict(request.query))
        if sees_words or answer.status != 200:
            return _passed_on(answer)
        found = json.loads(answer.body)
        found["calls"] = [{**call, **_HIDDEN} for call in found["calls"]]
        return web.json_response(found, headers=_PRIVATE)

    async def _facets(self, _request: web.Request) -> web.Response:
        return _passed_on(await self._ask("/facets"))

    async def _record(self, request: web.Request) -> web.StreamResponse:
        return await self._file(request, ".json", "application/json")

    async def _waves(self, request: web.Request) -> web.Response:
        """204 if the call was not recorded."""
        answer = await self._ask(f"/calls/{_call(request)}/waves")
        return web.Response(status=204) if answer.status == 404 else _passed_on(answer)

    async def _picture(self, request: web.Request) -> web.Response:
        return _passed_on(await self._ask(f"/calls/{_call(request)}/picture"))

    async def _listen(self, request: web.Request) -> web.Response:
        """The cookie has no path, so the browser sends it to what is below the call's: where that is, only it knows, as
        a proxy may have put something before."""
        response = web.Response(status=204, headers=_PRIVATE)
        made = self._passes.issue(_call(request), shown_token(request), self._clock())
        response.set_cookie(
            *(COOKIE, made), path="", max_age=int(LISTEN_S), httponly=True, samesite="Strict", secure=request.secure
        )
        return response

    async def _audio(self, request: web.Request) -> web.StreamResponse:
        shown = request.cookies.get(COOKIE, "")
        token = self._passes.opens(shown, _call(request), self._clock())
        if token is None or not self._access.lets_in(token, Role.OPERATOR):
            request[HOLDER] = holder = self._access.holder(request)
            if holder.role is None or holder.role < Role.OPERATOR:
                raise web.HTTPForbidden(reason=f"needs a token of the role {Role.OPERATOR}; this one is {holder.role}")
        return await self._file(request, ".wav", "audio/wav")

    async def _file(self, request: web.Request, suffix: str, kind: str) -> web.StreamResponse:
        """It is read by threads, in the parts that are asked for. Raises ``web.HTTPNotFound``."""
        file = self._folder / f"{_call(request)}{suffix}"
        if not await asyncio.to_thread(file.is_file):
            raise web.HTTPNotFound(reason="there is no such call, or nothing of it was recorded")
        return web.FileResponse(file, headers={**_PRIVATE, hdrs.CONTENT_TYPE: kind})

    async def _ask(self, path: str, query: dict[str, str] | None = None) -> Answer:
        try:
            return await self._archive.get(path, query)
        except ArchiveAway as away:
            raise web.HTTPServiceUnavailable(reason="the archive does not answer: it is being started") from away


def _call(request: web.Request) -> str:
    """Raises ``web.HTTPNotFound``: it cannot be the id of a call, and names no file."""
    name = request.match_info["id"]
    if not is_call_id(name):
        raise web.HTTPNotFound(reason="there is no such call")
    return name


def _passed_on(answer: Answer) -> web.Response:
    if answer.status == 200:
        return web.Response(body=answer.body, content_type=answer.content_type, headers=_PRIVATE)
    why: dict[str, Any] = json.loads(answer.body)
    return error(answer.status, why["error"])
