"""A call of ours to whom a caller is to be handed on, while the caller waits: the first half of an attended transfer.

It rings, is answered, and hears what there is to say about the caller; then the caller's side takes it over (RFC 3891),
or it is hung up. It is no call of its own: no bot, no recogniser, no record; the caller's record tells of it.
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
"""What is announced may take so long; then the caller is handed over all the same."""


class Consultation:
    """``speaker(playout)`` makes what speaks on the leg. ``async with``: the leg is hung up at the end of the block."""

    def __init__(self, leg: Leg, speaker: Callable[[Playout], Playback]) -> None:
        self.leg = leg
        self._speaker = speaker
        self._not_answered: CallNotAnswered | None = None
        self._settled = asyncio.Event()
        """Said, or nobody is there to hear it."""
        self._over = False

    async def __aenter__(self) -> Consultation:
        self.leg.connect(self)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self.leg.playout.on_event = None
        await self.leg.hang_up()

    async def reach(self) -> TransferEnded | None:
        """Wait for the answer; returns why there is none."""
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
        """Say ``text``; returns when it was heard, at the latest after :data:`ANNOUNCEMENT_S`."""
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

    # --- the leg's sink: whom we consult is not listened to

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
