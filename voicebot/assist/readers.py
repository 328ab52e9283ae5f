"""Who waits for news, however many they are: woken a few at a time, with a pause afterwards that grows with their
number. So they never take more than a part of the event loop, and a turn of the loop no longer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

AT_ONCE: Final = 16
"""Readers that are woken in one turn of the loop: half a millisecond."""
REST_S: Final = 0.0002
"""How long for each reader the next waking waits: a reader costs a fifth of it."""


class Readers:
    """On the event loop only. ``at_once``: how many are woken in one turn, fewer where they are given much."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._waiting: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        self._to_wake = False
        self._waking: asyncio.Handle | None = None

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def resting(self) -> bool:
        """Whether readers are being woken, or that was a moment ago: who has news waits for the next time."""
        return self._waking is not None

    async def wait(self, within_s: float, *, news: bool = False) -> None:
        """Until :meth:`wake`, for at most ``within_s``. ``news``: there is something to read already."""
        self._to_wake |= news
        waiter = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = None
        try:
            await asyncio.wait((waiter,), timeout=within_s)
        finally:
            self._waiting.pop(waiter, None)

    def wake(self) -> None:
        """Everybody who waits now, soon."""
        self._to_wake = True
        if self._waking is None and self._waiting:
            self._to_wake = False
            self._waking = asyncio.get_running_loop().call_soon(self._wake_some, len(self._waiting), 0)

    def _wake_some(self, left: int, woken: int) -> None:
        """``left``: of those who were waiting when this began."""
        for _ in range(min(left, self._at_once, len(self._waiting))):
            waiter, _ = self._waiting.popitem(last=False)
            waiter.set_result(None)
            woken += 1
        loop = asyncio.get_running_loop()
        if left > self._at_once and self._waiting:
            self._waking = loop.call_soon(self._wake_some, left - self._at_once, woken)
        else:
            self._waking = loop.call_later(woken * REST_S, self._rested)

    def _rested(self) -> None:
        self._waking = None
        if self._to_wake:
            self.wake()
