"""The requests of one conversation that the bot has not finished: which are open, whose answer is whose, when does each
end. Pure; the time is passed in.

Requests are worked off in order, so one deadline runs at a time: that of the oldest. It begins when the request becomes
the oldest, since the bot cannot have begun with it before. Where the protocol does not say that a request was answered,
``settling.py`` finds out.

Two kinds of bots differ in what follows a failure. *Our own dialogs* (``ours``) know how to ask their open question
again: the conversation is unwell from the moment in which a request of it failed until the bot is seen to work again,
and then it recovers, once (``BotRecovered``); late words of the failed request are dropped, since the question comes
again. A request that fails right after a recovery does not lead to another one: a dialog that fails whatever it is told
would otherwise be asked for ever. *A bot of others* would not know how to ask again: the caller has heard an apology,
and speaks; the bot's late words are passed on as said on its own initiative, unless the caller has interrupted since.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from voicebot.bots.activities import INTERRUPTED
from voicebot.bots.interpretation import Interpreter
from voicebot.bots.settling import Patience, Settling
from voicebot.events import BotDone, BotFailed, BotRecovered, Event

MAX_OUTSTANDING = 64


class Requests:
    """``timeout_s``: how long the bot may take for one request. ``patience``: given where the protocol does not tell
    when a request is answered. ``ours``: our own dialogs, which may also have this machine's files played."""

    def __init__(self, timeout_s: float, *, patience: Patience | None = None, ours: bool = False) -> None:
        self.timeout_s = timeout_s
        self.last = 0
        """The highest number so far."""
        self._ours = ours
        self._outstanding: deque[int] = deque()
        self._since = 0.0
        self._current = 0
        self._interrupted_by = 0
        self._unwell = False
        self._failures = 0
        self._settling = Settling(patience) if patience is not None else None
        self._interpreter = Interpreter(files=ours)

    def is_open(self, request: int) -> bool:
        """Whether ``request`` was asked and has not ended."""
        return request in self._outstanding

    @property
    def full(self) -> bool:
        """Nothing more may be asked before something has ended."""
        return len(self._outstanding) >= MAX_OUTSTANDING

    # --- the call ----------------------------------------------------------------------------------------------------

    def ask(self, request: int, activity: dict[str, Any], now: float) -> None:
        """``request`` is on its way to the bot."""
        if not self._outstanding:
            self._since = now
        self.last = max(self.last, request)
        if activity.get("name") == INTERRUPTED:
            self._interrupted_by = request
        self._outstanding.append(request)

    def refused(self, request: int, reason: str, now: float) -> list[Event]:
        """``request`` could not even be handed over."""
        self.last = max(self.last, request)
        self._unwell = True
        return [BotFailed(now, request, reason)]

    # --- the bot -----------------------------------------------------------------------------------------------------

    def handing_over(self, request: int, activity: dict[str, Any]) -> None:
        """The bot is being told ``request`` now."""
        self._current = request
        if self._settling is not None:
            self._settling.asked(request, activity)

    def named(self, request: int, activity_id: str) -> None:
        """The service calls what was sent as ``request`` so; this may be known before it has accepted it."""
        if self._settling is not None:
            self._settling.named(request, activity_id)

    def taken(self, request: int, activity_id: str, now: float) -> list[Event]:
        """The bot has taken ``request`` and calls it ``activity_id`` (``""``: it did not say). That is the request's
        end, unless there is a patience."""
        if self._settling is None:
            return self.done(request, now)
        self._settling.accepted(request, activity_id, now)
        return []

    def belongs_to(self, activity: dict[str, Any]) -> int:
        """Which request ``activity`` answers, as far as it tells."""
        return self._settling.belongs_to(activity) if self._settling is not None else self._current

    def activity(self, request: int, activity: Any, now: float) -> list[Event]:
        """The bot sent something for ``request`` (0: on its own initiative)."""
        if self._settling is not None and isinstance(activity, dict):
            self._settling.came(request, activity, now)
        if request and request not in self._outstanding:
            late_words = isinstance(activity, dict) and activity.get("type") == "message"
            if self._ours or (late_words and request < self._interrupted_by):
                return []
            request = 0
        return self._interpreter.events(activity, request, now)

    def alive(self, request: int, now: float) -> None:
        """The bot gave a sign of life for ``request``, whose time begins anew."""
        if self._outstanding and self._outstanding[0] == request:
            self._since = now

    def done(self, request: int, now: float) -> list[Event]:
        """The bot has finished with ``request``."""
        if not self._take(request, now):
            return self.back(now)  # it was given up, yet the bot lives
        self._failures = 0
        return [*self._interpreter.finished(request, now), BotDone(now, request), *self.back(now)]

    def failed(self, request: int, reason: str, now: float) -> list[Event]:
        """The bot did not manage ``request`` (0: something that it did on its own initiative)."""
        if not request:
            return [BotFailed(now, 0, reason)]
        if not self._take(request, now):
            return self.back(now)
        self._failures += 1
        self._unwell = True
        failed: list[Event] = [BotFailed(now, request, reason)]
        return failed + self.back(now) if self._failures == 1 else failed

    def lost(self, reason: str, now: float) -> list[Event]:
        """The connection to the bot is gone, and with it all that was outstanding."""
        lost = list(self._outstanding)
        for request in lost:
            self._take(request, now)
        self._unwell = self._unwell or bool(lost)
        return [BotFailed(now, request, reason) for request in lost]

    def back(self, now: float) -> list[Event]:
        """The bot can be reached again."""
        if not self._unwell:
            return []
        self._unwell = False
        return [BotRecovered(now)] if self._ours else []

    # --- time --------------------------------------------------------------------------------------------------------

    def deadline(self) -> float | None:
        """When :meth:`due` has something to tell, if nothing happens before; None while nothing is outstanding."""
        overdue = self._since + self.timeout_s if self._outstanding else None
        settles = self._settling.deadline() if self._settling is not None else None
        if settles is None or overdue is None:
            return overdue if settles is None else settles
        return min(settles, overdue)

    def due(self, now: float) -> list[Event]:
        """End the requests that count as answered, and give the oldest up if its time is over."""
        events: list[Event] = []
        for request in self._settling.settled(now) if self._settling is not None else []:
            events += self.done(request, now)
        if self._outstanding and now >= self._since + self.timeout_s:
            request = self._outstanding[0]
            self._take(request, now)
            self._unwell = True
            events.append(BotFailed(now, request, f"no answer within {self.timeout_s:g} s"))
        return events

    def _take(self, request: int, now: float) -> bool:
        if self._settling is not None:
            self._settling.closed(request)
        if request not in self._outstanding:
            return False
        if self._outstanding[0] == request:
            self._since = now
        self._outstanding.remove(request)
        return True
