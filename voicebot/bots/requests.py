"""The requests of one conversation that the bot has not finished: pure bookkeeping, with the time passed in.

Requests are worked off in order, so one deadline runs at a time: that of the oldest. It begins when the request becomes
the oldest, since the bot cannot have begun with it before.

A conversation is *unwell* from the moment in which a request of it failed until the bot is seen to work again; then it
recovers, once. A request that fails right after a recovery does not lead to another one: a dialog that fails whatever
it is told would otherwise be asked for ever.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from voicebot.bots.interpretation import Interpreter
from voicebot.events import BotDone, BotFailed, BotRecovered, Event

MAX_OUTSTANDING = 64


class Requests:
    """``timeout_s``: how long the bot may take for one request. ``files``: it may have this machine's files played."""

    def __init__(self, timeout_s: float, *, files: bool = False) -> None:
        self.timeout_s = timeout_s
        self.last = 0
        """The highest number so far."""
        self._outstanding: deque[int] = deque()
        self._since = 0.0
        self._unwell = False
        self._failures = 0
        self._interpreter = Interpreter(files=files)

    @property
    def outstanding(self) -> tuple[int, ...]:
        return tuple(self._outstanding)

    @property
    def full(self) -> bool:
        """Nothing more may be asked before something has ended."""
        return len(self._outstanding) >= MAX_OUTSTANDING

    def ask(self, request: int, now: float) -> None:
        """``request`` was handed to the bot."""
        if not self._outstanding:
            self._since = now
        self.last = max(self.last, request)
        self._outstanding.append(request)

    def deadline(self) -> float | None:
        """When the oldest request is overdue; None while nothing is outstanding."""
        return self._since + self.timeout_s if self._outstanding else None

    def activity(self, request: int, activity: Any, now: float) -> list[Event]:
        """The bot sent something for ``request`` (0: on its own initiative). Late words of a failed one are dropped."""
        if request != 0 and request not in self._outstanding:
            return []
        return self._interpreter.events(activity, request, now)

    def alive(self, request: int, now: float) -> None:
        """The bot gave a sign of life for ``request``, whose time begins anew."""
        if self._outstanding and self._outstanding[0] == request:
            self._since = now

    def done(self, request: int, now: float) -> list[Event]:
        """The bot has finished with ``request``."""
        if not self._take(request, now):
            return self._back(now)  # it was given up, yet the bot lives
        self._failures = 0
        return [*self._interpreter.finished(request, now), BotDone(now, request), *self._back(now)]

    def failed(self, request: int, reason: str, now: float) -> list[Event]:
        """The bot told that it did not manage ``request``."""
        if not self._take(request, now):
            return self._back(now)
        self._failures += 1
        self._unwell = True
        failed: list[Event] = [BotFailed(now, request, reason)]
        return failed + self._back(now) if self._failures == 1 else failed

    def overdue(self, now: float) -> list[Event]:
        """Give the oldest request up if its time is over."""
        deadline = self.deadline()
        if deadline is None or now < deadline:
            return []
        request = self._outstanding.popleft()
        self._since = now
        self._unwell = True
        return [BotFailed(now, request, f"no answer within {self.timeout_s:g} s")]

    def lost(self, reason: str, now: float) -> list[Event]:
        """The way to the bot is gone, and with it all that was outstanding."""
        lost, self._outstanding = list(self._outstanding), deque()
        self._unwell = self._unwell or bool(lost)
        return [BotFailed(now, request, reason) for request in lost]

    def refused(self, request: int, reason: str, now: float) -> list[Event]:
        """``request`` could not even be handed over."""
        self.last = max(self.last, request)
        self._unwell = True
        return [BotFailed(now, request, reason)]

    def back(self, now: float) -> list[Event]:
        """The way to the bot is there again."""
        return self._back(now)

    def _back(self, now: float) -> list[Event]:
        if not self._unwell:
            return []
        self._unwell = False
        return [BotRecovered(now)]

    def _take(self, request: int, now: float) -> bool:
        if request not in self._outstanding:
            return False
        if self._outstanding[0] == request:
            self._since = now
        self._outstanding.remove(request)
        return True
