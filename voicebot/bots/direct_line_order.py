"""Direct Line activities in the order of their ids. Pure; the time is passed in.

The service numbers the activities of a conversation (``{conversation}|0000003``), the bot's and our own, but delivers
them in any order: two answers of one turn may come in two frames, the second first
(https://github.com/microsoft/BotFramework-DirectLineJS/issues/245). So an activity waits while an earlier number is
missing, up to :data:`WAIT_S`. It does not wait for our own activities: those come back late, often after their answers.
An activity without a number (typing has none) waits for nothing.
"""

from __future__ import annotations

import heapq
from typing import Any

WAIT_S = 0.6
"""About 0.3 s have been reported between two activities of a turn."""
MAX_WAITING = 64
"""Activities; when more wait, the first of them waits no longer."""
MAX_EARLY = 256
"""Numbers of our own that are known before their turn; more are forgotten, and are waited for."""

Activity = dict[str, Any]


class ActivityOrder:
    """The numbers of one conversation. They begin with 0."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        """When :meth:`due` must be called; None: nothing waits."""
        self._next = 0
        """The number that is to come."""
        self._waiting: list[tuple[int, int, Activity]] = []
        self._count = 0
        self._ours: set[int] = set()
        """Numbers of our own that are still to come."""
        self._sending: set[str] = set()
        """Our own activities whose numbers are not known yet."""

    @property
    def waits(self) -> bool:
        """Whether an activity waits for an earlier one."""
        return bool(self._waiting)

    def sending(self, name: str) -> None:
        """Our own activity ``name`` is on its way: its number is not known yet."""
        self._sending.add(name)

    def sent(self, name: str, identity: str = "") -> None:
        """The service knows our own activity ``name`` by the id ``identity``; ``""``: it has none."""
        self._sending.discard(name)
        number = number_of(identity)
        if number is not None and number >= self._next and len(self._ours) < MAX_EARLY:
            self._ours.add(number)

    def take(self, activities: list[Activity], now: float) -> list[Activity]:
        """Take what has come. Returns what is to be said now, in order."""
        ready = []
        for activity in activities:
            number = None if activity.get("type") == "typing" else number_of(activity.get("id"))
            if number is None or number < self._next:
                ready.append(activity)  # a number that was given up has come after all
                continue
            self._count += 1
            heapq.heappush(self._waiting, (number, self._count, activity))
        return [*ready, *self._ready(now)]

    def due(self, now: float) -> list[Activity]:
        """Give up the missing number if the time for it is over."""
        if self.deadline is None or now < self.deadline:
            return []
        self._next = self._waiting[0][0]
        self.deadline = None
        return self._ready(now)

    def _ready(self, now: float) -> list[Activity]:
        ready = []
        while self._waiting:
            number, _, activity = self._waiting[0]
            if len(self._waiting) <= MAX_WAITING and not self._follows(number):
                break
            heapq.heappop(self._waiting)
            self._next, self.deadline = number + 1, None
            if self._ours:
                self._ours = {ours for ours in self._ours if ours > number}
            ready.append(activity)
        if self._waiting and self.deadline is None:
            self.deadline = now + WAIT_S
        return ready

    def _follows(self, number: int) -> bool:
        """Whether all that is missing before ``number`` is our own."""
        missing = number - self._next - sum(ours < number for ours in self._ours)
        return missing <= len(self._sending)


def number_of(identity: Any) -> int | None:
    """The number in an activity's id; None for an id without one."""
    if not isinstance(identity, str):
        return None
    conversation, _, number = identity.rpartition("|")
    return int(number) if conversation and number.isascii() and number.isdecimal() and len(number) <= 12 else None
