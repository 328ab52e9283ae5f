"""How many calls are taken: as many as do not suffer from one another. Decided once a second, from what was measured.

A call more than the machine carries does not fail by itself: it makes all others late. So the limit is found by what
comes before that:

=====================================================  ===========  ===========
measured in the last second                            strained at  calm below
=====================================================  ===========  ===========
how late the media clock was, p99                      10 ms        5 ms
share of the time that the event loop wants the core   92 %         85 %
audio that the recognisers have not got yet, a call    300 ms       100 ms
the longest wait of a result for our own recogniser    300 ms       150 ms
=====================================================  ===========  ===========

* Three strained seconds of five: the limit becomes a little less than the calls that are up; if that goes on, it falls
  to three quarters of them, which is where it stays until some have ended.
* :data:`CALM_S` calm seconds in a row: the limit grows by a fiftieth, up to ``most``. A second that is neither strained
  nor calm changes nothing, so there the limit stays.
* Between two measurements, what each call took so far tells what those that come will take: calls beyond that wait
  for the next second. A burst cannot overtake the measurements.
* ``least`` calls are always taken: what strains the machine with so few is not calls. But what waits for our own
  recogniser are calls, so that sign may lower the limit to :data:`LEAST_HEARD`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

STRAINED_OF: Final = (3, 5)
CALM_S: Final = 5
CUT: Final = 0.95
DEEPEST: Final = 0.75
RISE: Final = 0.02
USUAL_COST: Final = 0.012
"""The share of a core that a call takes, as long as it is not known here."""
TELLING_CALLS: Final = 10
"""From so many calls on, what they take together tells what one takes."""
LEAST_HEARD: Final = 4
"""So few calls our own recogniser can always take."""
_SLOWLY: Final = 0.2
"""The share of the latest second in what a call is known to take."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured in one second. ``calls``: that were up at its end; ``late_s``: p99 of the media clock's
    lateness; ``busy``: the share of the time, 0 to 1, in which the event loop ran or waited for the core;
    ``unsent_s``: audio that waits for the recognisers, in seconds of one call; ``final_wait_s``: the longest that a
    final result waited for our own recogniser (None: there is none)."""

    calls: int
    late_s: float
    busy: float
    unsent_s: float = 0.0
    final_wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """Where one figure of the load strains, and below what it is calm. ``sign``: what it is called."""

    name: str
    strained: float
    calm: float
    sign: str

    def of(self, load: Load) -> float:
        """The figure."""
        return getattr(load, self.name) or 0.0


_BUSY: Final = Edge("busy", 0.92, 0.85, "event loop")
_FINAL_WAIT: Final = Edge("final_wait_s", 0.3, 0.15, "recogniser")
EDGES: Final = (
    Edge("late_s", 0.010, 0.005, "media clock"),
    _BUSY,
    Edge("unsent_s", 0.3, 0.1, "audio for recognisers"),
    _FINAL_WAIT,
)


class Governor:
    """``most``: the most calls in any case; ``least``: how many are always taken."""

    def __init__(self, most: int, least: int) -> None:
        self._most = most
        self._least = min(least, most)
        self._limit = float(most)
        self._last = Load(0, 0.0, 0.0)
        self._cost = USUAL_COST
        self._strained: deque[bool] = deque(maxlen=STRAINED_OF[1])
        self._calm_s = 0

    @property
    def limit(self) -> int:
        """How many calls may be up now."""
        last = self._last
        foreseen = last.calls + int(max(0.0, _BUSY.strained - last.busy) / self._cost)
        limit = int(self._limit)
        return max(min(self._least, limit), min(limit, foreseen))

    @property
    def load(self) -> Load:
        """The latest measurement."""
        return self._last

    @property
    def cost(self) -> float:
        """The share of a core that one call takes, as far as it is known."""
        return self._cost

    @property
    def signs(self) -> list[str]:
        """What strained in the latest second."""
        return [edge.sign for edge in EDGES if edge.of(self._last) >= edge.strained]

    def admits(self, calls: int) -> bool:
        """Whether there may be ``calls`` calls, the new one included."""
        return calls <= self.limit

    def observe(self, load: Load) -> None:
        """Take the measurement of one more second."""
        self._last = load
        if load.calls >= TELLING_CALLS:
            self._cost += _SLOWLY * (max(load.busy, 0.001) / load.calls - self._cost)
        self._strained.append(bool(self.signs))
        if sum(self._strained) >= STRAINED_OF[0]:
            cut = max(min(self._limit, load.calls) * CUT, load.calls * DEEPEST)
            least = min(self._least, LEAST_HEARD) if _FINAL_WAIT.sign in self.signs else self._least
            self._limit = min(self._limit, max(float(least), cut))
            self._strained.clear()
            self._calm_s = 0
        elif all(edge.of(load) < edge.calm for edge in EDGES):
            self._calm_s += 1
            if self._calm_s >= CALM_S:
                self._calm_s = 0
                self._limit = min(float(self._most), self._limit + max(1.0, self._limit * RISE))
        else:
            self._calm_s = 0
