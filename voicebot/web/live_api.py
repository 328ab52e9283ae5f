"""`/v1/live`: the calls of bots while they run, by server-sent events (the HTML standard, 9.2).

`calls/events` tells all calls, a row for each, once a second what has changed (:mod:`voicebot.web.live_board`); calls
of other nodes are among them, and no more is told of these here.
`calls/{id}/events` tells one call, line by line as its record will have it: hypotheses, words, prompts, keys, what
became of them, and where the call is in our own dialogs, of which `calls/{id}/flow.svg` is a picture (of a call that
was, by the version of the dialogs that its record names: `/v1/dialogs/{version}/flow.svg`). ``id`` is the call's id or
its SIP Call-ID. After the position in ``Last-Event-ID`` it goes on. What is not kept in records, words of callers in
particular, is told to nobody; numbers and words are told to agents, and not to viewers (:mod:`voicebot.web.roles`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Annotated, Any, Final, NamedTuple, Protocol

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError

from voicebot.address import Address
from voicebot.assist.entry_json import encode
from voicebot.assist.readers import Readers
from voicebot.calls import Calls
from voicebot.calls.session import CallSession
from voicebot.json_body import parse_json
from voicebot.listening.http import read_body
from voicebot.web.answers import error, faults
from voicebot.web.api import address_or_none
from voicebot.web.assist_streams import Streams
from voicebot.web.assist_watch import BEAT_S, Sink, StreamEvent, number_in
from voicebot.web.live_audio import MOST_LISTENERS, Audio
from voicebot.web.live_board import Board, CallElsewhere
from voicebot.web.roles import HOLDER

PREFIX: Final = "/v1/live"
MOST_STREAMS: Final = 64
MOST_ELSEWHERE: Final = 1_000
"""Calls of other nodes that are told: of a thousand, looking whether they have changed takes 10 ms a second."""
PAGE: Final = 100
"""Lines that are sent at a time."""
AFTERWARDS_S: Final = 2.0
"""How long after its end something may still be told of a call."""
HANG_UP_TIMEOUT_S: Final = 5.0
MOST_LETTERS: Final = 64
"""Of the version of dialogs."""
_PICTURE: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    hdrs.CACHE_CONTROL: "private, no-store",
}
_FACTS: Final = frozenset(
    {"at_ms", "event", "request", "utterance", "kind", "heard_s", "whole_s", "complete", "start_ms", "end_ms"}
    | {"onset_ms", "offset_ms", "accepted", "status", "step", "path", "took"}
)
"""What is told of a line without words and numbers."""
_FACTS_OF: Final = {"leg_ended": _FACTS | {"reason"}}


class TransferBody(BaseModel):
    """The body of `POST /v1/live/calls/{id}/transfer`. ``to``: missing for the fallback of the settings."""

    model_config = ConfigDict(extra="forbid", strict=True)

    to: Annotated[Address | None, PlainValidator(address_or_none)] = None


class FlowPicture(NamedTuple):
    """The flow of dialogs as SVG, in which each step has its id; ``""`` where there is no picture: ``why`` says why, or
    nothing where none is expected, as of other people's bots."""

    svg: str
    why: str = ""


NO_PICTURE: Final = FlowPicture("")


class Flows(Protocol):
    async def of_call(self, call: str) -> FlowPicture:
        """Of the dialogs that a running call has. ``call``: its id."""

    async def of_version(self, version: str) -> FlowPicture:
        """Of the dialogs of this version, as records name it."""


class LiveApi:
    """``words``: whether records keep what is said, so that it may be told. ``flows``: None if there are no dialogs of
    ours. ``elsewhere``: the calls of other nodes, as the API lists them."""

    def __init__(
        self,
        calls: Calls,
        *,
        words: bool,
        flows: Flows | None = None,
        elsewhere: Callable[[], Sequence[Mapping[str, Any]]] = tuple,
    ) -> None:
        self.streams = Streams()
        self.audio = Audio()
        self._calls = calls
        self._words = words
        self._flows = flows
        self._elsewhere = elsewhere
        self._board = Board(lambda: [*calls.running(), *self._of_others()], words=words)
        self._following: dict[str, Readers] = {}

    @property
    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{PREFIX}/calls/events", self._all),
            web.get(f"{PREFIX}/calls/{{id}}/events", self._one),
            web.get(f"{PREFIX}/calls/{{id}}/flow.svg", self._flow),
            web.get("/v1/dialogs/{version}/flow.svg", self._flow_of_version),
            web.post(f"{PREFIX}/calls/{{id}}/hangup", self._hang_up),
            web.post(f"{PREFIX}/calls/{{id}}/transfer", self._transfer),
            web.get(f"{PREFIX}/calls/{{id}}/audio", self._listen_in, allow_head=False),
        ]

    async def _all(self, request: web.Request) -> web.StreamResponse:
        if len(self.streams) >= MOST_STREAMS:
            return _too_many()
        whole = request[HOLDER].sees_words
        return await self.streams.answer(request, lambda sink: self._watch_all(sink, whole=whole))

    async def _one(self, request: web.Request) -> web.StreamResponse:
        if len(self.streams) >= MOST_STREAMS:
            return _too_many()
        call = self._find(request.match_info["id"])
        if call is None:
            return _no_call()
        try:
            after = number_in(request.headers.get("Last-Event-ID", ""))
        except ValueError as wrong:
            return error(400, str(wrong))
        words = self._words and request[HOLDER].sees_words
        return await self.streams.answer(request, lambda sink: self._watch_one(call, after, sink, words=words))

    async def _flow(self, request: web.Request) -> web.Response:
        """204 if no picture is to be expected, as of bots of others; 404 says why there is none all the same."""
        call = self._find(request.match_info["id"])
        if call is None:
            return _no_call()
        return _drawn(await self._flows.of_call(call.id) if self._flows is not None else NO_PICTURE)

    async def _flow_of_version(self, request: web.Request) -> web.Response:
        """The version is one that a record names: its page asks. Answered as :meth:`_flow` does."""
        version = request.match_info["version"][:MOST_LETTERS]
        return _drawn(await self._flows.of_version(version) if self._flows is not None else NO_PICTURE)

    async def _hang_up(self, request: web.Request) -> web.Response:
        call = self._find(request.match_info["id"])
        if call is None:
            return _no_call()
        async with asyncio.timeout(HANG_UP_TIMEOUT_S):
            await call.hang_up()
        return web.Response(status=204)

    async def _transfer(self, request: web.Request) -> web.Response:
        """Transfer the caller. 202: it has begun; what becomes of it is among the call's lines."""
        try:
            body = TransferBody.model_validate(parse_json(await read_body(request)))
        except ValidationError as wrong:
            return error(400, faults(wrong))
        except ValueError:
            return error(400, 'the body must be JSON, for example {"to": "+15550100"}, or {} for the fallback')
        call = self._find(request.match_info["id"])
        if call is None:
            return _no_call()
        if why := call.transfer(body.to):
            return error(409, why)
        return web.Response(status=202)

    async def _listen_in(self, request: web.Request) -> web.StreamResponse:
        call = self._find(request.match_info["id"])
        if call is None:
            return _no_call()
        if len(self.audio) >= MOST_LISTENERS:
            return error(503, "too many are listening in")
        return await self.audio.answer(call, request)

    def _find(self, name: str) -> CallSession | None:
        return self._calls.find(name) or next((c for c in self._calls.running() if c.info.call_id == name), None)

    def _of_others(self) -> Iterator[CallElsewhere]:
        """Without those that have come here since."""
        here = {call.id for call in self._calls.running()}
        calls = (CallElsewhere(told) for told in islice(self._elsewhere(), MOST_ELSEWHERE))
        return (call for call in calls if call.id and call.id not in here)

    async def _watch_all(self, sink: Sink, *, whole: bool) -> None:
        board, version = self._board, 0
        try:
            await board.watch()
            while True:
                before, version = version, board.version
                await sink.send([StreamEvent("", board.since(before, whole=whole))])
                while await board.change(version, BEAT_S) == version:
                    await sink.beat()
        finally:
            board.leave()

    async def _watch_one(self, call: CallSession, after: int, sink: Sink, *, words: bool) -> None:
        """Until nothing more will come."""
        readers = self._readers_of(call)
        lines = call.timeline.lines
        over = False
        while True:
            news = lines[after : after + PAGE]
            if news:
                numbered = enumerate(news, after + 1)
                await sink.send(
                    [StreamEvent(str(number), encode(_told(line, words=words))) for number, line in numbered]
                )
                after += len(news)
                over = over or any(line["event"] == "leg_ended" for line in news)
                await asyncio.sleep(0)
                continue
            await readers.wait(AFTERWARDS_S if over else BEAT_S)
            if after == len(lines):
                if over:
                    return
                over = self._calls.find(call.id) is None  # of one that is too long for its timeline, no end is told
                await sink.beat()

    def _readers_of(self, call: CallSession) -> Readers:
        """Of its lines; they are forgotten with the call."""
        self._following = {c.id: self._following[c.id] for c in self._calls.running() if c.id in self._following}
        if call.id not in self._following:
            self._following[call.id] = readers = Readers()
            call.timeline.on_line = readers.wake
        return self._following[call.id]


def _told(line: Mapping[str, Any], *, words: bool) -> Mapping[str, Any]:
    facts = _FACTS_OF.get(line["event"], _FACTS)
    return line if words else {name: value for name, value in line.items() if name in facts}


def _drawn(flow: FlowPicture) -> web.Response:
    if flow.svg:
        return web.Response(text=flow.svg, content_type="image/svg+xml", charset="utf-8", headers=_PICTURE)
    return error(404, flow.why) if flow.why else web.Response(status=204)


def _no_call() -> web.Response:
    return error(404, "there is no such call, or it has ended")


def _too_many() -> web.Response:
    return error(503, "too many are watching")
