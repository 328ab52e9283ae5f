"""`/v1/assist`: the calls that are listened to, for agents' pages and for programs (docs/assist.md).

A call that the visitor may not see is answered as one that does not exist.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlencode

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voicebot.assist.access import Visitor, agent_named
from voicebot.assist.analysis import AnalysisUnavailable
from voicebot.assist.entries import Suggestion
from voicebot.assist.entry_json import party_json, suggestion_json, summary_json
from voicebot.assist.roster import Roster, WatchedCall
from voicebot.json_body import parse_json
from voicebot.listening.http import read_body
from voicebot.web.answers import error, faults
from voicebot.web.assist_gate import PREFIX, Gate
from voicebot.web.assist_streams import Streams
from voicebot.web.assist_watch import Sink, Watch, number_in, numbers_in

logger = logging.getLogger(__name__)

ACTION_S: Final = 10.0
"""How long the other side of a call, or the analysis, may take for what an agent asks."""
MAX_QUERY: Final = 200
T = TypeVar("T")
_NO_CALL: Final = "there is no such call, or not for this token"


class TokenBody(BaseModel):
    """The body of `POST /v1/assist/tokens`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    role: Literal["supervisor", "agent", "call"] = Field(alias="Role")
    agent: str = Field("", alias="Agent", max_length=512)
    call_id: str = Field("", alias="CallId", max_length=200)
    life_s: float = Field(3600.0, alias="LifeSeconds", ge=1, le=90 * 86_400)


class AssistApi:
    """The handlers; ``routes`` are for a :class:`web.Application`. ``search``: as
    :meth:`voicebot.assist.analysis.Analysis.search`. ``public_url``: at which browsers reach the console; empty: links
    are without it."""

    def __init__(
        self, roster: Roster, gate: Gate, search: Callable[[str], Sequence[Suggestion]], public_url: str = ""
    ) -> None:
        self._roster = roster
        self._gate = gate
        self._search = search
        self._page = public_url.rstrip("/") + "/assist"
        self.streams = Streams()

    @property
    def routes(self) -> list[web.RouteDef]:
        one = PREFIX + "/calls/{id}"
        return [
            web.post(f"{PREFIX}/tokens", self.issue),
            web.get(f"{PREFIX}/me", self.me),
            web.get(f"{PREFIX}/calls", self.list),
            web.get(one, self.show),
            web.get(f"{one}/entries", self.entries),
            web.get(f"{one}/events", self.call_events, allow_head=False),
            web.post(f"{one}/pause", self.pause),
            web.post(f"{one}/resume", self.resume),
            web.post(f"{one}/summary", self.summary),
            web.post(one + "/checklist/{item}", self.tick),
            web.get(PREFIX + "/agents/{agent}/events", self.agent_events, allow_head=False),
            web.get(f"{PREFIX}/knowledge", self.knowledge),
        ]

    async def issue(self, request: web.Request) -> web.Response:
        """Make a token, and the link to the page with it. For admins."""
        self._gate.require_admin(request)
        try:
            body = TokenBody.model_validate(parse_json(await read_body(request)))
        except ValidationError as wrong:
            return error(400, faults(wrong))
        except ValueError:
            return error(400, 'the body must be JSON, for example {"Role": "agent", "Agent": "7001"}')
        agent = agent_named(body.agent) if body.role == "agent" else None
        if body.role == "agent" and agent is None:
            return error(400, "Agent: write a number or extension, or an address such as sip:7001@pbx.example")
        if body.role == "call" and not body.call_id:
            return error(400, "CallId: the call that the link is to")
        tokens = self._gate.tokens
        visitor = Visitor(body.role == "supervisor", agent, body.call_id, tokens.expiry(body.life_s))
        token = tokens.issue(visitor)
        logger.info("a token for %s %s was made for %s", body.role, agent or body.call_id, request.remote)
        link = f"{self._page}#" + urlencode(
            {"call": body.call_id, "token": token} if body.call_id else {"token": token}
        )
        return web.json_response({"Token": token, "Page": link, "ExpiresAt": _time(visitor.expires_at)}, status=201)

    async def me(self, request: web.Request) -> web.Response:
        visitor = self._gate.visitor(request)
        finite = visitor.expires_at < float("inf")
        return web.json_response(
            {
                "IsSupervisor": visitor.supervisor,
                "Agent": "" if visitor.agent is None else str(visitor.agent),
                "CallId": visitor.call_id,
                "ExpiresAt": _time(visitor.expires_at) if finite else None,
            }
        )

    async def list(self, request: web.Request) -> web.Response:
        """The running calls; with ``?ended=1``, also the latest that have ended; with ``?agent=``, those of one."""
        visitor = self._gate.visitor(request)
        calls = self._roster.running()
        if request.query.get("ended", "0") not in ("0", "false"):
            calls = self._roster.latest_ended() + calls
        if agent := request.query.get("agent", ""):
            other = Visitor(agent=agent_named(agent))
            calls = [call for call in calls if _sees(other, call)]
        return web.json_response({"Calls": [self._call_json(call) for call in calls if _sees(visitor, call)]})

    async def show(self, request: web.Request) -> web.Response:
        return web.json_response(self._call_json(self._call(request)))

    async def entries(self, request: web.Request) -> web.Response:
        """A page of what has been told, after the entry ``?after=``. ``Next``: what to ask for next; null: that is all
        until now."""
        feed = self._call(request).feed
        after = _position(number_in, request.query.get("after", ""))
        news = feed.since(after)
        last = news.entries[-1].number if news.entries else after
        following = b"%d" % last if last < feed.last else b"null"
        told = b",".join(numbered.json for numbered in news.entries)
        body = b'{"Entries":[%s],"Next":%s,"Dropped":%d}' % (told, following, news.dropped)
        return web.Response(body=body, content_type="application/json")

    async def call_events(self, request: web.Request) -> web.StreamResponse:
        """A stream of the call. Where there is nothing left to tell, 204, after which browsers do not come again."""
        visitor, call = self._gate.visitor(request), self._call(request)
        after = _position(number_in, _last_position(request))
        if call.feed.closed and after == call.feed.last:
            return web.Response(status=204)

        async def watching(sink: Sink) -> None:
            await Watch(visitor, self._gate.tokens, sink).call(call, after)

        with self._gate.while_let_in(request):
            return await self.streams.answer(request, watching)

    async def agent_events(self, request: web.Request) -> web.StreamResponse:
        """A stream of an agent's calls, those to come, too."""
        visitor = self._gate.visitor(request)
        agent = agent_named(request.match_info["agent"])
        if agent is None or not (visitor.supervisor or visitor.agent == agent):
            return error(403, "this token is not for that agent's calls")
        numbers = _position(numbers_in, _last_position(request))

        async def watching(sink: Sink) -> None:
            await Watch(visitor, self._gate.tokens, sink).agent(agent, self._roster, numbers)

        with self._gate.while_let_in(request):
            return await self.streams.answer(request, watching)

    async def pause(self, request: web.Request) -> web.Response:
        """Stop listening. Harmless when repeated."""
        return await self._switch(request, self._call(request).pause)

    async def resume(self, request: web.Request) -> web.Response:
        return await self._switch(request, self._call(request).resume)

    async def summary(self, request: web.Request) -> web.Response:
        """The summary, by what has been said until now."""
        call = self._call(request)
        try:
            async with asyncio.timeout(ACTION_S):
                return web.json_response(summary_json(await call.summary()))
        except (AnalysisUnavailable, TimeoutError) as why:
            return error(503, f"there is no summary now: {why or 'it takes too long'}")

    async def tick(self, request: web.Request) -> web.Response:
        """The agent has done an item of the checklist."""
        if not self._call(request).tick(request.match_info["item"]):
            return error(404, "the checklist has no such item")
        return web.Response(status=204)

    async def knowledge(self, request: web.Request) -> web.Response:
        """The articles that fit the words ``?q=``, the best first."""
        self._gate.visitor(request)
        words = request.query.get("q", "").strip()
        if len(words) > MAX_QUERY:
            return error(400, f"q: at most {MAX_QUERY} characters")
        found = self._search(words) if words else ()
        return web.json_response({"Articles": [suggestion_json(article) for article in found]})

    async def _switch(self, request: web.Request, switch: Callable[[str], Awaitable[None]]) -> web.Response:
        why = "program" if self._gate.visitor(request).supervisor else "agent"
        logger.info("listening to call %s is changed by %s (%s)", request.match_info["id"], why, request.remote)
        try:
            async with asyncio.timeout(ACTION_S):
                await switch(why)
        except TimeoutError:
            return error(503, "the other side of the call does not answer")
        return web.Response(status=204)

    def _call(self, request: web.Request) -> WatchedCall:
        """Raises ``web.HTTPUnauthorized``, and ``web.HTTPNotFound`` also for a call of others."""
        visitor = self._gate.visitor(request)
        call = self._roster.find(request.match_info["id"])
        if call is None or not _sees(visitor, call):
            raise web.HTTPNotFound(reason=_NO_CALL)
        return call

    def _call_json(self, call: WatchedCall) -> dict[str, Any]:
        feed = call.feed
        return {
            "CallId": feed.call_id,
            "BeganAt": _time(call.began_at.timestamp()),
            "IsRunning": self._roster.is_running(feed.call_id),
            "Participants": [party_json(party) for party in feed.parties],
            "LastEventNumber": feed.last,
        }


def _sees(visitor: Visitor, call: WatchedCall) -> bool:
    return visitor.sees(call.feed.call_id, call.feed.parties)


def _last_position(request: web.Request) -> str:
    return request.headers.get("Last-Event-ID") or request.query.get("after", "")


def _position(read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError as why:
        raise web.HTTPBadRequest(reason=f"after: {why}") from why


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
