"""Drives the requests of one conversation on the event loop: passes their events to the call when they are due.

:mod:`voicebot.bots.requests` decides which request is open and what an answer means for it; the clock and the timer are
here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

from voicebot.bots.conversation import OnEvent
from voicebot.bots.requests import Requests
from voicebot.events import Event, StepReached
from voicebot.host_wire import DialogPlace
from voicebot.log import about

logger = logging.getLogger(__name__)


class OpenRequests:
    """``name`` is for the log. Every method passes the events that follow from it to ``on_event``, and means what that
    of the same name means in :class:`Requests`. ``on_due`` is called after the timer has ended requests, or may
    have."""

    def __init__(
        self, name: str, on_event: OnEvent, requests: Requests, on_due: Callable[[], None] = lambda: None
    ) -> None:
        self._name = name
        self._log = logging.LoggerAdapter(logger, about.get())
        """These methods are called by whoever brings something, and their lines are about this conversation's call."""
        self._on_event: OnEvent | None = on_event
        self._requests = requests
        self._on_due: Callable[[], None] | None = on_due
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    @property
    def closed(self) -> bool:
        """Whether the call is over."""
        return self._on_event is None

    def is_open(self, request: int) -> bool:
        """Whether ``request`` was asked and has not ended."""
        return self._requests.is_open(request)

    @property
    def next(self) -> int:
        """One more than the highest number so far: that of the activity that ends the call."""
        return self._requests.last + 1

    # --- the call ----------------------------------------------------------------------------------------------------

    def admits(self, request: int) -> bool:
        """Whether ``request`` may be asked. False after the end, and while too many are open: then it has failed."""
        if self.closed:
            return False
        if self._requests.full:
            self.refuse(request, "too many requests are waiting for the bot")
            return False
        return True

    def ask(self, request: int, activity: dict[str, Any]) -> None:
        self._requests.ask(request, activity, self._loop.time())
        self._watch()

    def refuse(self, request: int, reason: str) -> None:
        """``request`` failed before it was sent. The event follows later: never from within a call's own ``send``."""
        self._loop.call_soon(lambda: self._tell(self._requests.refused(request, reason, self._loop.time())))

    def close(self) -> None:
        """The call is over. Whoever has been told of events has these requests, and is let go: else both would wait for
        a collection of garbage."""
        self._on_event = self._on_due = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- the bot -----------------------------------------------------------------------------------------------------

    def handing_over(self, request: int, activity: dict[str, Any]) -> None:
        self._requests.handing_over(request, activity)

    def named(self, request: int, activity_id: str) -> None:
        self._requests.named(request, activity_id)

    def accepted(self, request: int, activity_id: str) -> None:
        self._tell(self._requests.accepted(request, activity_id, self._loop.time()))

    def belongs_to(self, activity: dict[str, Any]) -> int:
        return self._requests.belongs_to(activity)

    def activity(self, request: int, activity: Any) -> None:
        try:
            events = self._requests.activity(request, activity, self._loop.time())
        except Exception:  # what one bot sends to one call must not be felt by others
            self._log.exception("conversation %s: an activity was not understood", self._name)
            events = self._requests.failed(request, "an activity was not understood", self._loop.time())
        for remark in self._requests.take_remarks():
            self._log.warning("conversation %s: a message of the bot: %s", self._name, remark)
        self._tell(events)

    def would_be(self, activities: Iterable[Any]) -> list[Event]:
        """The events that ``activities`` would be, if the bot sent them now."""
        try:
            return self._requests.would_be(activities, self._loop.time())
        except Exception:
            self._log.exception("conversation %s: an activity was not understood", self._name)
            return []

    def alive(self, request: int) -> None:
        self._requests.alive(request, self._loop.time())

    def reached(self, request: int, place: DialogPlace, dialogs: str) -> None:
        """Our own dialogs, of the version ``dialogs``, are at ``place`` after ``request``."""
        now, told = self._loop.time(), place
        self._tell([StepReached(now, request, told.step, told.path, told.took, told.value, told.variables, dialogs)])

    def done(self, request: int) -> None:
        self._tell(self._requests.done(request, self._loop.time()))

    def failed(self, request: int, reason: str) -> None:
        self._tell(self._requests.failed(request, reason, self._loop.time()))

    def lost(self, reason: str) -> None:
        self._tell(self._requests.lost(reason, self._loop.time()))

    def back(self) -> None:
        self._tell(self._requests.back(self._loop.time()))

    # --- inside ------------------------------------------------------------------------------------------------------

    def _due(self) -> None:
        self._timer = None
        self._tell(self._requests.due(self._loop.time()))  # no events if the deadline has moved since
        if self._on_due is not None:
            self._on_due()

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if self._on_event is None:
                return
            try:
                self._on_event(event)
            except Exception:  # a call that fails must not take its bot, or other calls, with it
                self._log.exception("conversation %s: the call failed at %s", self._name, type(event).__name__)
        self._watch()

    def _watch(self) -> None:
        """Keep one timer for the next deadline. A timer that is too early stays: it finds nothing to do and is set
        again. Deadlines mostly move away, so this saves a cancelled timer for each request."""
        deadline = self._requests.deadline() if not self.closed else None
        if deadline is None or (self._timer is not None and self._timer_at <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = self._loop.call_at(deadline, self._due), deadline
