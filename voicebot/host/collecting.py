"""Collects garbage between turns, not within them.

What the Bot Framework SDK makes in a turn refers to itself, so the collector would run about once a turn: mostly for a
quarter of a millisecond, each tenth time for two, and rarely, over all that conversations hold, for ten and more.
Callers wait meanwhile. A turn of dialog files leaves no such circles (:mod:`voicebot.host.sdk_botbuilder_turn`), those
of dialogs in Python do. Here the collector runs when enough is new, a turn has been answered, and none is running, as
far as there are such moments; where there are none, it runs by itself, later than usual.
"""

from __future__ import annotations

import asyncio
import gc
from typing import Final

from voicebot.garbage import settle

THRESHOLDS: Final = (20_000, 10, 10)
"""For :func:`gc.set_threshold`: hundreds of turns without a pause."""
ENOUGH: Final = 2_000
"""So many new objects are worth a look: some twenty turns of dialogs in Python, and 300 of dialog files."""
OLDER_EVERY: Final = 10
"""Every so many times, what has survived once is looked at, too ..."""
OLDEST_EVERY: Final = 100
"""... and all there is. More often would cost more turns their time than it frees."""


class IdleCollector:
    """:meth:`idle` is called whenever the last running turn is over, on the event loop."""

    def __init__(self) -> None:
        self._times = 0
        self._due: asyncio.Handle | None = None

    def take_over(self) -> None:
        """Leave out all that exists now, which exists as long as the process, and collect the rest between turns."""
        settle(THRESHOLDS)

    def idle(self) -> None:
        """Collect when what is to be done now has been done: the answer is being sent."""
        if self._due is None and gc.get_count()[0] >= ENOUGH:
            self._due = asyncio.get_running_loop().call_soon(self._collect)

    def busy(self) -> None:
        """A turn begins: it does not wait for the collection."""
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _collect(self) -> None:
        self._due = None
        self._times += 1
        gc.collect(generation(self._times))


def generation(times: int) -> int:
    """What is looked at the ``times``-th time: 0 what is new, 2 everything."""
    return 2 if times % OLDEST_EVERY == 0 else 1 if times % OLDER_EVERY == 0 else 0
