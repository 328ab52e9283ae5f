"""A SIP call that another process had, as a leg: to answer it is to offer our media to whoever is there."""

from __future__ import annotations

import asyncio

from voicebot.legs import LegClosed, LegInfo
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_session import LegSession
from voicebot.sip import CallHandle, SessionDescription
from voicebot.tasks import BackgroundTasks

ANSWER_S = 10.0
"""How long the other side may take to answer our offer."""


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
        """Offer, and wait for the answer: media flows from then on. A side that does not take the offer would go on to
        send where nobody is, so the call ends. Raises :class:`LegClosed`."""
        self._told.check_not_ended()
        try:
            async with asyncio.timeout(ANSWER_S):
                answered = self._call.reoffer(self._session.offer()) and await self._answered
        except TimeoutError:
            answered = False
        self._told.check_not_ended()
        if not answered:
            await self.hang_up()
            raise LegClosed("the other side takes no media from here")
        self._call.on_session_answer = self._session_answered_late
        self._call.on_session_refused = self._reoffer
        self._session.rtp.enter("up")
        self._reoffer()

    def _answered_first(self, answer: SessionDescription) -> None:
        if not self._answered.done():
            self._answered.set_result(self.session_answered(answer))

    def _refused_first(self) -> None:
        if not self._answered.done():
            self._answered.set_result(False)

    def _finish(self, reason: str) -> None:
        self._refused_first()
        super()._finish(reason)
