"""What a visitor sees of one call, or of all calls of an agent, while they go on: the same for every kind of stream.

Each event goes out with its position: with the last one that a client has, it goes on where it was. That is the number
of the entry, or, of an agent's calls, ``CALL:NUMBER`` for each of them, joined by commas.

=================  =======================================================================================
other events       when
=================  =======================================================================================
``Missed``         entries up to ``UpTo`` had been dropped before this client could have them
``AccessEnded``    the token has expired (``Why`` is ``expired``), or the visitor may no longer see the call
                   (``left``: it has another agent now)
=================  =======================================================================================
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, Protocol

from voicebot.address import Address
from voicebot.assist.access import AccessTokens, Visitor
from voicebot.assist.entry_json import encode
from voicebot.assist.feed import Feed
from voicebot.assist.roster import Roster, WatchedCall

BEAT_S: Final = 15.0
"""How long a stream may be silent: it keeps proxies from closing it, and shows that the client is still there."""
LOOK_AGAIN_S: Final = 1.0
"""For room for one more call."""
MOST_CALLS: Final = 16
"""Of one agent at a time."""


class StreamEvent(NamedTuple):
    """``position``: empty for one that has none."""

    position: str
    json: bytes


class Sink(Protocol):
    async def send(self, events: Sequence[StreamEvent]) -> None:
        """Raises ConnectionError when the client is gone."""

    async def beat(self) -> None:
        """Nothing has happened for a while."""


class Watch:
    """One stream: of what ``visitor`` may see, into ``sink``."""

    def __init__(self, visitor: Visitor, tokens: AccessTokens, sink: Sink) -> None:
        self._visitor = visitor
        self._tokens = tokens
        self._sink = sink

    async def call(self, call: WatchedCall, after: int) -> None:
        """From the entry ``after`` until the call, and what comes after it, is over. Raises ConnectionError."""
        why = await self._follow(call.feed, after, str, self._sink.beat)
        if why:
            await self._sink.send([_access_ended(call.feed.call_id, why)])

    async def agent(self, agent: Address, roster: Roster, numbers: dict[str, int]) -> None:
        """All calls of ``agent``, also those to come, and of the calls in ``numbers`` what has come since; until the
        token expires. Raises ConnectionError."""
        of_agent = {call.feed.call_id for call in roster.of_agent(agent) if self._sees(call.feed)}
        known = {name: number for name, number in numbers.items() if name in of_agent}
        calls = _CallsOfAgent(known, {call.feed.call_id for call in roster.latest_ended()} - known.keys())
        try:
            async with asyncio.TaskGroup() as group:
                since = 0
                while not self._tokens.has_expired(self._visitor):
                    version, calls.look_again = roster.version, False
                    for call in roster.of_agent(agent, since):
                        if self._sees(call.feed) and calls.wants(call.feed):
                            calls.follows(call.feed, group.create_task(self._one_of(calls, call.feed)))
                    patience_s = min(self._patience_s(), LOOK_AGAIN_S) if calls.look_again else self._patience_s()
                    if await roster.change(version, patience_s) == version:
                        await self._sink.beat()
                    since = 0 if calls.look_again else version
                calls.cancel()
        except* ConnectionError as gone:
            raise ConnectionResetError from gone
        await self._sink.send([_access_ended("", "expired")])

    async def _one_of(self, calls: _CallsOfAgent, feed: Feed) -> None:
        async def beat() -> None: ...

        why = await self._follow(feed, calls.number(feed), lambda number: calls.position(feed, number), beat)
        if why == "left":
            await self._sink.send([_access_ended(feed.call_id, why)])

    async def _follow(
        self, feed: Feed, number: int, position: Callable[[int], str], beat: Callable[[], Awaitable[None]]
    ) -> str:
        """Why it is no longer followed; empty: it is over."""
        if number > feed.last:
            number = 0  # of something else
        while True:
            news = await feed.news(number, self._patience_s())
            if self._tokens.has_expired(self._visitor):
                return "expired"
            if not self._sees(feed):
                return "left"
            if news.entries:
                number = news.entries[-1].number
                events = [StreamEvent(position(numbered.number), numbered.json) for numbered in news.entries]
                await self._sink.send([_missed(feed.call_id, news.dropped), *events] if news.dropped else events)
            elif feed.closed:
                return ""
            else:
                await beat()

    def _sees(self, feed: Feed) -> bool:
        return self._visitor.sees(feed.call_id, feed.parties)

    def _patience_s(self) -> float:
        return min(BEAT_S, self._tokens.left_s(self._visitor))


class _CallsOfAgent:
    """The calls that are followed for one agent, and how far. ``over``: those of which nothing more is to be told.
    ``look_again``: some that are not followed may have to be."""

    def __init__(self, numbers: dict[str, int], over: set[str]) -> None:
        self._numbers = numbers
        self._over = over
        self.look_again = False
        self._following: dict[str, asyncio.Task[None]] = {}

    def wants(self, feed: Feed) -> bool:
        if feed.call_id in self._over or feed.call_id in self._following:
            return False
        has_room = len(self._following) < MOST_CALLS
        self.look_again |= not has_room
        return has_room

    def follows(self, feed: Feed, task: asyncio.Task[None]) -> None:
        self._following[feed.call_id] = task
        task.add_done_callback(lambda _: self._done(feed))

    def number(self, feed: Feed) -> int:
        return self._numbers.get(feed.call_id, 0)

    def position(self, feed: Feed, number: int) -> str:
        self._numbers[feed.call_id] = number
        return ",".join(f"{name}:{number}" for name, number in self._numbers.items())

    def cancel(self) -> None:
        for task in self._following.values():
            task.cancel()

    def _done(self, feed: Feed) -> None:
        del self._following[feed.call_id]
        if feed.closed:
            self._numbers.pop(feed.call_id, None)
            self._over.add(feed.call_id)
        else:
            self.look_again = True  # it has left, and may have come back


def numbers_in(position: str) -> dict[str, int]:
    """The numbers in the position of a stream of an agent's calls. Raises ValueError."""
    pairs = [part.rpartition(":") for part in position.split(",") if part]
    return {name: number_in(number) for name, _, number in pairs[:MOST_CALLS]}


def number_in(position: str) -> int:
    """The number of an entry; an empty text is 0. Raises ValueError."""
    if not (position.isascii() and position.isdigit() and len(position) < 16) and position:
        raise ValueError("the position is the id of the last event, or its EventNumber")
    return int(position or "0")


def _missed(call_id: str, up_to: int) -> StreamEvent:
    return StreamEvent("", encode({"CallId": call_id, "EventType": "Missed", "UpTo": up_to}))


def _access_ended(call_id: str, why: str) -> StreamEvent:
    return StreamEvent("", encode({"CallId": call_id, "EventType": "AccessEnded", "Why": why}))
