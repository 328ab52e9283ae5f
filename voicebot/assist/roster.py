"""Which calls there are: the running ones, and the latest that have ended, for everybody who watches them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from voicebot.address import Address
from voicebot.assist.access import is_agent
from voicebot.assist.entries import Summary
from voicebot.assist.feed import Feed

MOST_ENDED: Final = 100
"""Calls that can still be read after their end; the record has them for longer."""


class WatchedCall(Protocol):
    """A call, as pages and programs see it. ``began_at``: in UTC."""

    @property
    def feed(self) -> Feed: ...

    @property
    def began_at(self) -> datetime: ...

    async def pause(self, why: str) -> None:
        """Stop listening. ``why``: as in :class:`~voicebot.assist.entries.ListeningChanged`. Harmless when repeated,
        and after the end."""

    async def resume(self, why: str) -> None: ...

    def tick(self, item_id: str) -> bool:
        """The agent has done an item of the checklist. False: there is no such item."""

    async def summary(self) -> Summary:
        """The summary, by what has been said until now. Raises
        :class:`~voicebot.assist.analysis.AnalysisUnavailable`."""


class Roster:
    """``on_began`` is called with each new call."""

    def __init__(
        self, on_began: Callable[[WatchedCall], None] = lambda _: None, *, most_ended: int = MOST_ENDED
    ) -> None:
        self._on_began = on_began
        self.version = 0
        """Grows when a call begins or ends, or its parties change."""
        self._most_ended = most_ended
        self._running: dict[str, WatchedCall] = {}
        self._ended: OrderedDict[str, WatchedCall] = OrderedDict()
        self._changed: asyncio.Future[None] | None = None

    def began(self, call: WatchedCall) -> None:
        self._running[call.feed.call_id] = call
        call.feed.on_parties = self._change
        self._on_began(call)
        self._change()

    def ended(self, call: WatchedCall) -> None:
        """``call`` is over. Its feed may go on for a while, with the summary."""
        call_id = call.feed.call_id
        if self._running.pop(call_id, None) is not None:
            self._ended[call_id] = call
            if len(self._ended) > self._most_ended:
                self._ended.popitem(last=False)
            self._change()

    def running(self) -> list[WatchedCall]:
        return list(self._running.values())

    def latest_ended(self) -> list[WatchedCall]:
        """The latest last."""
        return list(self._ended.values())

    def is_running(self, call_id: str) -> bool:
        return call_id in self._running

    def find(self, call_id: str) -> WatchedCall | None:
        return self._running.get(call_id) or self._ended.get(call_id)

    def of_agent(self, agent: Address) -> list[WatchedCall]:
        """The calls in which ``agent`` takes part as an agent: those that have ended, then the running ones."""
        calls = (*self._ended.values(), *self._running.values())
        return [call for call in calls if is_agent(agent, call.feed.parties)]

    async def change(self, version: int, within_s: float) -> int:
        """Wait until there is another version than ``version``, for at most ``within_s``; returns the version."""
        if version == self.version:
            if self._changed is None:
                self._changed = asyncio.get_running_loop().create_future()
            await asyncio.wait((self._changed,), timeout=within_s)
        return self.version

    def _change(self) -> None:
        self.version += 1
        if self._changed is not None:
            self._changed.set_result(None)
            self._changed = None
