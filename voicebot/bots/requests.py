"""The open requests of a conversation: which answer belongs to which, and when each ends. Pure; time is passed in.

The bot works through requests in order, so only one deadline runs: that of the oldest request. It begins when the
request becomes the oldest, because the bot cannot have begun with it before. Where the protocol does not say that a
request has been answered, ``settling.py`` decides.

What follows a failure depends on the bot. *Our own dialogs* (``ours``) can ask their open question again. So after a
failed request, and once the bot is seen to work, the call gets ``BotRecovered``, once; late messages of the failed
request are dropped, since the question is repeated. A request that fails right after a recovery leads to no other one:
otherwise a dialog that always fails would be asked for ever. *Other bots* cannot repeat their question: the caller has
heard an apology and will speak. Late messages of such a bot are passed on as its own initiative, unless the caller has
interrupted the bot since.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from voicebot.bots.activities import INTERRUPTED
from voicebot.bots.interpretation import Interpreter
from voicebot.bots.settling import Patience, Settling
from voicebot.events import BotDone, BotFailed, BotRecovered, Event

MAX_OUTSTANDING = 64


class Requests:
    """``timeout_s``: how long the bot may take for one request. ``patience``: only where the protocol does not say when
    a request has been answered. ``ours``: whether the bot is our own dialogs, which may have local files played."""

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
        """Whether no further request may be asked until one has ended."""
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
        """``request`` failed before it was sent."""
        self.last = max(self.last, request)
        self._unwell = True
        return [BotFailed(now, request, reason)]

    # --- the bot -----------------------------------------------------------------------------------------------------

    def handing_over(self, request: int, activity: dict[str, Any]) -> None:
        """``request`` is being handed over to the bot."""
        self._current = request
        if self._settling is not None:
            self._settling.asked(request, activity)

    def named(self, request: int, activity_id: str) -> None:
        """``activity_id`` is the service's id of ``request``; it may be known before the service has accepted it."""
        if self._settling is not None:
            self._settling.named(request, activity_id)

    def accepted(self, request: int, activity_id: str, now: float) -> list[Event]:
        """The bot has accepted ``request`` under the id ``activity_id`` (``""``: unknown). Without a patience, this
        ends the request."""
        if self._settling is None:
            return self.done(request, now)
        self._settling.accepted(request, activity_id, now)
        return []

    def belongs_to(self, activity: dict[str, Any]) -> int:
        """The request that ``activity`` answers, as far as that is known."""
        return self._settling.belongs_to(activity) if self._settling is not None else self._current

    def activity(self, request: int, activity: Any, now: float) -> list[Event]:
        """The bot sent something for ``request`` (0: on its own initiative)."""
        late = bool(request) and request not in self._outstanding
        events: list[Event] = []
        if not late or not self._is_outdated(request, activity):
            events = self._interpreter.events(activity, 0 if late else request, now)
        if self._settling is not None and isinstance(activity, dict):
            self._settling.came(request, activity, events, now)
        return events

    def would_be(self, activities: Iterable[Any], now: float) -> list[Event]:
        """The events that ``activities`` would be, if the bot sent them now on its own initiative."""
        interpreter = Interpreter(files=self._ours)
        return [event for activity in activities for event in interpreter.events(activity, 0, now)]

    def _is_outdated(self, request: int, activity: Any) -> bool:
        """Whether what is sent late for ``request`` is not for the caller any more."""
        late_words = isinstance(activity, dict) and activity.get("type") == "message"
        return self._ours or (late_words and request < self._interrupted_by)

    def take_remarks(self) -> list[str]:
        """What the log should say of the activities since the last call of this method."""
        return self._interpreter.take_remarks()

    def alive(self, request: int, now: float) -> None:
        """The bot is still working on ``request``, whose time starts again."""
        if self._outstanding and self._outstanding[0] == request:
            self._since = now

    def done(self, request: int, now: float) -> list[Event]:
        """The bot has finished with ``request``."""
        if not self._take(request, now):
            return self.back(now)  # the request was given up before, but the bot works
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
        """The connection to the bot is lost: all open requests have failed."""
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
        """When :meth:`due` must be called, unless something happens before; None while no request is open."""
        overdue = self._since + self.timeout_s if self._outstanding else None
        settles = self._settling.deadline() if self._settling is not None else None
        if settles is None or overdue is None:
            return overdue if settles is None else settles
        return min(settles, overdue)

    def due(self, now: float) -> list[Event]:
        """End the requests that have been answered by now, and give up the oldest one if its time is over."""
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
