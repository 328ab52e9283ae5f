"""A SIP call that came in, as a leg: it rings, and is answered or refused."""

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
        """To the first offer. RFC 3264 allows one only, early or late."""

    def ring(self) -> None:
        self._call.ring()

    def early_media(self) -> bool:
        """183 with our answer: what we play is heard before the call is answered. False: only ringing is possible."""
        answer = self._answer_first_offer() if self._ended is None else None
        if answer is None:
            self.ring()
            return False
        self._session.rtp.enter("early")
        self._call.progress(answer)
        return True

    async def answer(self) -> None:
        self._check_not_ended()
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
        """Our answer, in force from now on; None where there was no offer."""
        offer, agreed = self._call.offer, self._session.offered
        if self._our_answer is None and offer is not None and agreed is not None:
            self._put_into_force(agreed)
            self._our_answer = self._session.answer(offer, agreed)
        return self._our_answer
