"""The consultation call of an attended transfer: a call to the target while the caller waits.

When it is answered, the target hears the announcement. Then the caller's side takes the call over (RFC 3891), or it is
hung up. It has no bot, recogniser or record of its own; it appears in the caller's record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from voicebot.calls.playback import Playback
from voicebot.events import CallNotAnswered, Event, NotReached, PlaybackEnded, PlaybackFailed, TransferEnded
from voicebot.legs import Leg, LegClosed
from voicebot.rtp import Playout
from voicebot.turns import Play

ANNOUNCEMENT_S = 30.0
"""The announcement may take so long. After that, the caller is transferred nevertheless."""


class Consultation:
    """``speaker(playout)`` makes the playback for the leg. ``async with``: hangs up at the end of the block, which does
    nothing if the leg was taken over."""

    def __init__(self, leg: Leg, speaker: Callable[[Playout], Playback]) -> None:
        self.leg = leg
        self._speaker = speaker
        self._not_answered: CallNotAnswered | None = None
        self._settled = asyncio.Event()
        """The announcement has been played, or the leg has ended."""
        self._over = False

    async def __aenter__(self) -> Consultation:
        self.leg.connect(self)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self.leg.playout.on_event = None
        await self.leg.hang_up()

    async def reach(self) -> TransferEnded | None:
        """Wait for the answer. Returns None when there is one, else the failure of the transfer."""
        try:
            await self.leg.answer()
        except LegClosed as closed:
            why = self._not_answered
            message = str(closed)
            if why is not None and why.outcome is not NotReached.ERROR:
                message = f"{why.outcome.value} {why.reason}".strip()
            now = asyncio.get_running_loop().time()
            return TransferEnded(now, False, why.status if why is not None else 0, message)
        return None

    async def announce(self, text: str) -> None:
        """Play ``text``; returns when it was played, at the latest after :data:`ANNOUNCEMENT_S`."""
        if not text or self._over:
            return
        self.leg.playout.on_event = self._played
        speaking = self._speaker(self.leg.playout)
        speaking.play(Play(1, 0, text, text))
        try:
            async with asyncio.timeout(ANNOUNCEMENT_S):
                await self._settled.wait()
        except TimeoutError:
            pass
        finally:
            await speaking.close()

    def _played(self, event: Event) -> None:
        if isinstance(event, PlaybackEnded | PlaybackFailed):
            self._settled.set()

    # --- the leg's sink: the target's audio is not used

    def frame(self, payload: bytes, at: float) -> None:
        pass

    def sent(self, payload: bytes, at: float) -> None:
        pass

    def key(self, key: str, at: float) -> None:
        pass

    def fact(self, event: Event) -> None:
        if isinstance(event, CallNotAnswered):
            self._not_answered = event

    def ended(self, reason: str, at: float) -> None:
        self._over = True
        self._settled.set()
