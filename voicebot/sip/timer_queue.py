"""One queue of deadlines for transactions, calls, registrations and probes.

If a deadline moves to a later time, its entry stays where it is and is corrected when its old time comes. That is
cheap, because most deadlines move and few are ever reached. An entry keeps nobody: a call that has ended goes at once,
and not when its session would have had to be refreshed.
"""

from __future__ import annotations

import heapq
from typing import Protocol
from weakref import ref


class Timed(Protocol):
    """Something whose ``timeout`` is to be called at ``deadline`` (seconds on the driver's clock; None: never).

    ``armed``: for the queue, the deadline that it has noted.
    """

    armed: float | None

    @property
    def deadline(self) -> float | None: ...

    def timeout(self, now: float) -> object: ...


class TimerQueue:
    """The queue. It does not call ``timeout`` itself: :meth:`due` returns the owner whose deadline has come."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, ref[Timed]]] = []
        self._noted = 0

    def arm(self, owner: Timed) -> None:
        """Note the deadline of ``owner``. Must be called whenever it may have moved to an earlier time."""
        deadline = owner.deadline
        if deadline is not None and (owner.armed is None or deadline < owner.armed):
            owner.armed = deadline
            self._noted += 1
            heapq.heappush(self._queue, (deadline, self._noted, ref(owner)))

    def due(self, now: float) -> Timed | None:
        """An owner whose deadline has come, which must be armed again afterwards; None if there is no other."""
        while self._queue and self._queue[0][0] <= now:
            owner = self._pop()
            if owner is not None:
                if owner.deadline is not None and owner.deadline <= now:
                    return owner
                self.arm(owner)
        return None

    def next_deadline(self) -> float | None:
        while self._queue:
            when, _, named = self._queue[0]
            owner = named()
            if owner is not None and owner.deadline is not None and owner.deadline <= when:
                return when
            self._pop()
            if owner is not None:
                self.arm(owner)
        return None

    def _pop(self) -> Timed | None:
        _, _, named = heapq.heappop(self._queue)
        owner = named()
        if owner is not None:
            owner.armed = None
        return owner
