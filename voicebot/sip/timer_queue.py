"""Who wants to be called when: one queue of deadlines for transactions, calls, registrations and probes.

A deadline that moves away stays in the queue and is noted anew when its old time comes: most of them move, few are
ever reached.
"""

from __future__ import annotations

import heapq
from typing import Protocol


class Timed(Protocol):
    """Whoever wants to be called at ``deadline`` (seconds on the driver's clock; None: never).

    ``armed`` is for the queue: the deadline that is noted there.
    """

    armed: float | None

    @property
    def deadline(self) -> float | None: ...

    def timeout(self, now: float) -> object: ...


class TimerQueue:
    """The queue. It calls nobody: :meth:`due` says whose time has come."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, Timed]] = []
        self._noted = 0

    def arm(self, owner: Timed) -> None:
        """Note the deadline of ``owner``; to be called whenever it may have moved nearer."""
        deadline = owner.deadline
        if deadline is not None and (owner.armed is None or deadline < owner.armed):
            owner.armed = deadline
            self._noted += 1
            heapq.heappush(self._queue, (deadline, self._noted, owner))

    def due(self, now: float) -> Timed | None:
        """One whose deadline has come, which is to be armed again; None when there is no more."""
        while self._queue and self._queue[0][0] <= now:
            owner = self._pop()
            if owner.deadline is not None and owner.deadline <= now:
                return owner
            self.arm(owner)
        return None

    def next_deadline(self) -> float | None:
        while self._queue:
            when, _, owner = self._queue[0]
            if owner.deadline is not None and owner.deadline <= when:
                return when
            self.arm(self._pop())
        return None

    def _pop(self) -> Timed:
        _, _, owner = heapq.heappop(self._queue)
        owner.armed = None
        return owner
