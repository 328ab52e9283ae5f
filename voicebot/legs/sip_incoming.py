"""An incoming SIP call as a leg: it rings, and is answered or refused."""

from __future__ import annotations

from voicebot.legs import LegClosed, LegInfo
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_session import LegSession
from voicebot.sip import CallClosed, IncomingCall, SessionDescription
from voicebot.tasks import BackgroundTasks


class IncomingSipLeg(SipLeg):
    """See :class:`voicebot.legs.Leg`. Made by :class:`~voicebot.legs.sip_front_end.SipFrontEnd`."""

    _call: IncomingCall

    def __init__(self, call: IncomingCall, session: LegSession, info: LegInfo, tasks: BackgroundTasks) -> None:
        super().__init__(call, session, info, tasks)
        self._our_answer: SessionDescription | None = None
        """Our answer to the first offer, also if it was sent early: RFC 3264 allows only one."""

    def ring(self) -> None:
        self._call.ring()

    def early_media(self) -> bool:
        """Send 183 with our answer, so that the caller hears us before we answer. False: not possible, so it rings."""
        answer = self._answer_first_offer() if self._told.ended is None else None
        if answer is None:
            self.ring()
            return False
        self._session.rtp.enter("early")
        self._call.on_early_media_acknowledged = lambda: self._session.rtp.enter("acknowledged")
        self._call.progress(answer)
        return True

    async def answer(self) -> None:
        self._told.check_not_ended()
        try:
            answer = await self._call.answer(self._answer_first_offer() or self._session.offer())
        except CallClosed as closed:
            raise LegClosed(str(closed)) from closed
        self._session.rtp.enter("up")
        if answer is not None and not self.session_answered(answer):
            raise LegClosed("no common codec")
        self._reoffer()

    def reject(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        self._call.reject(status, reason, retry_after_s=retry_after_s)

    def _answer_first_offer(self) -> SessionDescription | None:
        """Our answer, which is put into force; None if the INVITE had no offer."""
        offer, agreed = self._call.offer, self._session.offered
        if self._our_answer is None and offer is not None and agreed is not None:
            self._put_into_force(agreed)
            self._our_answer = self._session.answer(offer, agreed)
        return self._our_answer
