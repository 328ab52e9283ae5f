"""A SIP call that another process had, as a leg: to answer it is to offer our media to whoever is there."""

from __future__ import annotations

import asyncio
from typing import NoReturn

from voicebot.legs import LegClosed, LegInfo
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_session import LegSession
from voicebot.sip import CallHandle, SessionDescription
from voicebot.tasks import BackgroundTasks

ANSWER_S = 10.0
"""How long the other side may take to answer our offer."""
KEYS_S = 8.0
"""How long a handshake may take; what is lost of it is repeated after 1, 2 and 4 s."""
KEYS_STEP_S = 0.02


class RestoredSipLeg(SipLeg):
    """See :class:`voicebot.legs.Leg`. Made by :class:`~voicebot.legs.sip_front_end.SipFrontEnd`."""

    def __init__(self, call: CallHandle, session: LegSession, info: LegInfo, tasks: BackgroundTasks) -> None:
        super().__init__(call, session, info, tasks)
        self._answered: asyncio.Future[bool] = self._loop.create_future()
        call.on_session_answer = self._answered_first
        call.on_session_refused = self._refused_first

    def ring(self) -> None:
        """It is up already."""

    def early_media(self) -> bool:
        return False

    def reject(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        self._call.bye()

    async def answer(self) -> None:
        """Offer, and wait for the answer, and for the keys if they come from a handshake: media flows from then on. A
        side that takes neither would go on to send where nobody is, so the call ends. Raises :class:`LegClosed`."""
        self._told.check_not_ended()
        try:
            async with asyncio.timeout(ANSWER_S):
                answered = self._call.reoffer(self._session.offer()) and await self._answered
        except TimeoutError:
            answered = False
        self._told.check_not_ended()
        if not answered:
            await self._part("the other side takes no media from here")
        self._call.on_session_answer = self._session_answered_late
        self._call.on_session_refused = self._reoffer
        self._session.rtp.enter("up")
        self._reoffer()
        try:
            async with asyncio.timeout(KEYS_S):
                while not self._session.rtp.protection.ready:
                    await asyncio.sleep(KEYS_STEP_S)
                    self._told.check_not_ended()
        except TimeoutError:
            await self._part("the other side makes no keys with us")

    async def _part(self, why: str) -> NoReturn:
        await self.hang_up()
        raise LegClosed(why)

    def _answered_first(self, answer: SessionDescription) -> None:
        if not self._answered.done():
            self._answered.set_result(self.session_answered(answer))

    def _refused_first(self) -> None:
        if not self._answered.done():
            self._answered.set_result(False)

    def _finish(self, reason: str) -> None:
        self._refused_first()
        super()._finish(reason)
