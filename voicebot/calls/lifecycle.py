"""The phase of a call, which only advances, and whether the other side has put the call on hold."""

from __future__ import annotations

import asyncio
from enum import IntEnum

UNTOLD_END = "error"
"""The reason of an end that the leg has not reported."""


class Phase(IntEnum):
    """In the order in which a call passes through them; it may skip some."""

    CALLING = 0
    """Outbound: no response yet."""
    RINGING = 1
    EARLY_MEDIA = 2
    """Outbound: audio comes although nobody has answered."""
    GREETED = 3
    """Inbound: the greeting has been played before the answer (``before_answer = "greeting"``)."""
    UP = 4
    """Answered."""
    ENDED = 5

    @property
    def public_name(self) -> str:
        """Its name in the API and in `/metrics` (docs/operations.md)."""
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
    """``outbound``: whether we have placed the call. ``held``: whether the other side has put it on hold."""

    def __init__(self, outbound: bool) -> None:
        self.phase = Phase.CALLING if outbound else Phase.RINGING
        self.held = False
        self.end_reason = UNTOLD_END
        self._listened_to_from = Phase.UP if outbound else Phase.RINGING
        self._reached = {phase: asyncio.Event() for phase in Phase}

    @property
    def listened_to(self) -> bool:
        """Whether the audio is the other side's. Before an outbound call is answered, it is the network's."""
        return self.phase >= self._listened_to_from

    def reach(self, phase: Phase) -> bool:
        """Advance to ``phase``. Returns False, and changes nothing, if the call is already there or further."""
        if phase <= self.phase:
            return False
        self.phase = phase
        for passed, reached in self._reached.items():
            if passed <= phase:
                reached.set()
        return True

    def end(self, reason: str) -> bool:
        """The call has ended. Returns False if it had ended before; the first reason stays."""
        if not self.reach(Phase.ENDED):
            return False
        self.end_reason = reason
        return True

    async def until(self, phase: Phase, limit_s: float | None = None) -> bool:
        """Wait for ``phase`` or a later one. Returns False after ``limit_s`` without it."""
        try:
            async with asyncio.timeout(limit_s):
                await self._reached[phase].wait()
        except TimeoutError:
            return False
        return True
