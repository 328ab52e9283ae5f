"""How far a call has come: its one state, which only goes forward, and whether the other side has put us on hold."""

from __future__ import annotations

import asyncio
from enum import IntEnum

UNTOLD_END = "error"
"""Why a call ended of which the leg has told nothing."""


class Phase(IntEnum):
    """In the order in which a call comes through them; it may leave some out."""

    CALLING = 0
    """A call of ours: nothing has come back yet."""
    RINGING = 1
    EARLY_MEDIA = 2
    """A call of ours: audio comes, though nobody has answered."""
    GREETED = 3
    """A caller has heard our greeting, and is answered now (``before_answer = "greeting"``)."""
    UP = 4
    """Answered."""
    ENDED = 5

    @property
    def public_name(self) -> str:
        """As the API and `/metrics` say it (docs/operations.md)."""
        return _PUBLIC_NAMES[self]


_PUBLIC_NAMES = {
    Phase.CALLING: "calling",
    Phase.RINGING: "ringing",
    Phase.EARLY_MEDIA: "early-media",
    Phase.GREETED: "ringing",
    Phase.UP: "up",
    Phase.ENDED: "ended",
}


class Lifecycle:
    """``outbound``: whether the call is ours."""

    def __init__(self, outbound: bool) -> None:
        self.phase = Phase.CALLING if outbound else Phase.RINGING
        self.held = False
        self.end_reason = UNTOLD_END
        self._listened_to_from = Phase.UP if outbound else Phase.RINGING
        self._reached = {phase: asyncio.Event() for phase in Phase}

    @property
    def listened_to(self) -> bool:
        """Whether what comes is for us: what comes before somebody has answered us is the network's."""
        return self.phase >= self._listened_to_from

    def reach(self, phase: Phase) -> bool:
        """The call is in ``phase`` now. False: it was there or further already, and nothing changes."""
        if phase <= self.phase:
            return False
        self.phase = phase
        for passed, reached in self._reached.items():
            if passed <= phase:
                reached.set()
        return True

    def end(self, reason: str) -> bool:
        """The call is over. False: it was already, and the first reason stands."""
        if not self.reach(Phase.ENDED):
            return False
        self.end_reason = reason
        return True

    async def until(self, phase: Phase, limit_s: float | None = None) -> bool:
        """Wait for ``phase``, or a later one; False when it has not come within ``limit_s``."""
        try:
            async with asyncio.timeout(limit_s):
                await self._reached[phase].wait()
        except TimeoutError:
            return False
        return True
