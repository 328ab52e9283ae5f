"""The running calls in rows, for everybody who watches them: made once a second, and only while somebody does.

A watcher has no queue: it has seen a version, and asks for the rows that have changed since (as the readers of
:mod:`voicebot.assist.feed` do). What they are told is made once for all who have seen the same version, usually the one
before: another watcher costs no more than sending it to him.

A turn of the event loop, on which all calls wait, looks at a few calls, or tells a few watchers.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final, NamedTuple, Protocol

from voicebot.assist.entry_json import encode
from voicebot.assist.readers import Readers
from voicebot.web.live_row import Row

LOOK_S: Final = 1.0
CALLS_AT_ONCE: Final = 10
"""Those that are looked at in one turn of the loop: a fifth of a millisecond."""
LINES_AT_ONCE: Final = 2_000
"""Of their timelines: as long again. Who is the first to watch for a while sees calls that have thousands of them."""
WATCHERS_AT_ONCE: Final = 4
"""Of a hundred calls, each of them is told 50 kB."""
MOS_LOOKS: Final = 5
"""The quality of the audio is asked for at every fifth look."""
MOST_GONE: Final = 1_000
"""Calls that have ended of which watchers are told one by one; who missed more of them begins anew."""
_FACTS: Final = (
    *("id", "node", "direction", "state", "trunk", "bot", "started", "answered"),
    *("floor", "step", "mos", "gaps_ms"),
)
"""What those see of a row who see no words and no numbers."""


class Lines(Protocol):
    """Of a timeline: :class:`voicebot.calls.record_timeline.Timeline`."""

    lines: list[dict[str, Any]]


class RunningCall(Protocol):
    """What is asked of a call: :class:`voicebot.calls.session.CallSession`."""

    @property
    def id(self) -> str: ...

    @property
    def timeline(self) -> Lines: ...

    @property
    def state(self) -> str:
        """Whose turn it is."""

    @property
    def mos(self) -> float | None: ...

    def summary(self) -> dict[str, Any]: ...


class CallElsewhere(NamedTuple):
    """A call of another node, of which no more is known here than ``told``, its summary with the name of its node."""

    told: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.told.get("id", ""))


AnyCall = RunningCall | CallElsewhere


class _Shown:
    """The row of one call, as it was made last."""

    def __init__(self) -> None:
        self.row = Row()
        self.mos: float | None = None
        self.facts: Mapping[str, Any] = {}
        self.json = b""
        self.version = 0

    def take(self, facts: Mapping[str, Any], version: int) -> bool:
        """These are told from ``version`` on. Returns whether they are others."""
        made = encode(facts)
        if made == self.json:
            return False
        self.facts, self.json, self.version = facts, made, version
        return True

    def as_json(self, *, whole: bool) -> bytes:
        return self.json if whole else encode({name: self.facts[name] for name in _FACTS if name in self.facts})


class Board:
    """``running()``: the calls that run now. ``words``: whether what is said is told."""

    def __init__(self, running: Callable[[], Sequence[AnyCall]], *, words: bool) -> None:
        self.version = 0
        self._running = running
        self._words = words
        self._shown: dict[str, _Shown] = {}
        self._gone: OrderedDict[str, int] = OrderedDict()
        """By call, the latest last: the version since which it is not among the rows."""
        self._forgotten = 0
        """The version up to which calls that went may be missing in ``_gone``."""
        self._made: dict[tuple[int, bool], bytes] = {}
        """What watchers of this version are told, by the one that they have seen, and whether they see words."""
        self._readers = Readers(WATCHERS_AT_ONCE)
        self._watchers = 0
        self._looks = 0
        self._looking = False
        self._changed = False
        """In this look."""
        self._fresh = False
        """Whether the rows are those of a look that is no older than ``LOOK_S``."""

    async def watch(self) -> None:
        """Somebody begins to watch; returns when all rows can be told. :meth:`leave` for each, also if this is
        cancelled."""
        self._watchers += 1
        if not self._looking:
            self._looking = True
            self._look()
        while not self._fresh:
            await self._readers.wait(LOOK_S)

    def leave(self) -> None:
        self._watchers -= 1

    async def change(self, version: int, within_s: float) -> int:
        """Wait for another version than ``version``; returns the one that there is, after ``within_s`` the same."""
        if self.version == version:
            await self._readers.wait(within_s)
        return self.version

    def since(self, version: int, *, whole: bool = True) -> bytes:
        """What has changed since ``version``, as JSON: ``calls`` and the ids of those that are ``gone``; ``all``: there
        are no others. ``whole``: with words and numbers."""
        key = version, whole
        if key not in self._made:
            self._made[key] = self._told(version, whole=whole)
        return self._made[key]

    def _told(self, version: int, *, whole: bool) -> bytes:
        begin = version < self._forgotten or version == 0
        rows = [shown.as_json(whole=whole) for shown in self._shown.values() if begin or shown.version > version]
        gone = [] if begin else [call for call, at in self._gone.items() if at > version]
        told = (b"true" if begin else b"false", b",".join(rows), json.dumps(gone).encode())
        return b'{"all":%s,"calls":[%s],"gone":%s}' % told

    def _look(self) -> None:
        """Once a second, until nobody watches."""
        if not self._watchers:
            self._looking = self._fresh = False
            return
        self._changed = False
        running = {call.id: call for call in self._running()}
        self._look_at_some(running, iter(running.values()))

    def _look_at_some(self, running: Mapping[str, AnyCall], left: Iterator[AnyCall]) -> None:
        """What comes next is arranged first: it comes whatever a call does here."""
        loop = asyncio.get_running_loop()
        first = next(left, None)
        if first is None:
            loop.call_later(LOOK_S, self._look)
            self._looked(running)
            return
        loop.call_soon(self._look_at_some, running, left)
        lines = 0
        for call in chain((first,), islice(left, CALLS_AT_ONCE - 1)):
            lines += self._renew(self._shown.setdefault(call.id, _Shown()), call)
            if lines >= LINES_AT_ONCE:
                return

    def _looked(self, running: Mapping[str, AnyCall]) -> None:
        self._looks += 1
        version = self.version + 1
        for call_id in self._shown.keys() - running.keys():
            del self._shown[call_id]
            self._gone[call_id] = version
            self._changed = True
        while len(self._gone) > MOST_GONE:
            _, self._forgotten = self._gone.popitem(last=False)
        if self._changed:
            self.version = version
            self._made.clear()
        if self._changed or not self._fresh:
            self._fresh = True
            self._readers.wake()

    def _renew(self, shown: _Shown, call: AnyCall) -> int:
        """For the next version, if it is another row now. Returns how many lines its timeline has more."""
        if isinstance(call, CallElsewhere):
            shown.row = Row()  # where it comes back, it begins with another timeline
            self._changed |= shown.take(call.told, self.version + 1)
            return 0
        row = shown.row
        news = call.timeline.lines[row.lines :]
        for line in news:
            row.take(line)
        if self._looks % MOS_LOOKS == 0:
            shown.mos = call.mos
        facts = {**call.summary(), "floor": str(call.state), "mos": shown.mos, **row.as_json(words=self._words)}
        self._changed |= shown.take(facts, self.version + 1)
        return len(news)
