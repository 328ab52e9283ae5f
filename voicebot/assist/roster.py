"""Which calls there are: the running ones, and the latest that have ended, for everybody who watches them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from voicebot.address import Address
from voicebot.assist.access import is_agent
from voicebot.assist.entries import Summary
from voicebot.assist.feed import Feed
from voicebot.assist.readers import Readers

MOST_ENDED: Final = 100
"""Calls that can still be read after their end; the record has them for longer."""


class WatchedCall(Protocol):
    """A call, as pages and programs see it. ``began_at``: in UTC."""

    @property
    def feed(self) -> Feed:
        """What was told of it."""

    @property
    def began_at(self) -> datetime:
        """When its recording session began."""

    async def pause(self, why: str) -> None:
        """Stop listening. ``why``: as in :class:`~voicebot.assist.entries.ListeningChanged`. Harmless when repeated,
        and after the end."""

    async def resume(self, why: str) -> None:
        """Listen again, whoever has paused."""

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
        self._changes: OrderedDict[str, int] = OrderedDict()
        """By call, the latest last: the version of its last change."""
        self._readers = Readers()

    def began(self, call: WatchedCall) -> None:
        """``call`` is there from now on, to be found and watched."""
        self._running[call.feed.call_id] = call
        call.feed.on_parties = partial(self._change, call.feed.call_id)
        self._on_began(call)
        self._change(call.feed.call_id)

    def ended(self, call: WatchedCall) -> None:
        """``call`` is over. Its feed may go on for a while, with the summary."""
        call_id = call.feed.call_id
        if self._running.pop(call_id, None) is not None:
            self._ended[call_id] = call
            if len(self._ended) > self._most_ended:
                forgotten, _ = self._ended.popitem(last=False)
                self._changes.pop(forgotten, None)
            self._change(call_id)

    def running(self) -> list[WatchedCall]:
        """The latest last."""
        return list(self._running.values())

    def latest_ended(self) -> list[WatchedCall]:
        """The latest last."""
        return list(self._ended.values())

    def is_running(self, call_id: str) -> bool:
        """Whether it has begun and not ended."""
        return call_id in self._running

    def find(self, call_id: str) -> WatchedCall | None:
        """A call that runs, or that has ended lately."""
        return self._running.get(call_id) or self._ended.get(call_id)

    def of_agent(self, agent: Address, since: int = 0) -> list[WatchedCall]:
        """The calls, also ended ones, in which ``agent`` takes part as an agent. Only those that have changed after
        the version ``since``: many ask after each change."""
        found = []
        for call_id, version in reversed(self._changes.items()):
            if version <= since:
                break
            call = self.find(call_id)
            if call is not None and is_agent(agent, call.feed.parties):
                found.append(call)
        found.reverse()
        return found

    async def change(self, version: int, within_s: float) -> int:
        """Wait until there is another version than ``version``, for at most ``within_s``; returns the version."""
        if version == self.version or self._readers.resting:
            await self._readers.wait(within_s, news=version != self.version)
        return self.version

    def _change(self, call_id: str) -> None:
        self.version += 1
        if self.find(call_id) is not None:
            self._changes[call_id] = self.version
            self._changes.move_to_end(call_id)
        self._readers.wake()
