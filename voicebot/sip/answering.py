"""The callee's end of an INVITE until its final response: provisionals, early media, the answer, a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicebot.sip.body import put_session
from voicebot.sip.message import SipRequest, response_to
from voicebot.sip.reliable import ReliableProvisionals
from voicebot.sip.sdp import SessionDescription
from voicebot.sip.transaction import ServerTransaction

if TYPE_CHECKING:
    from voicebot.sip.call import SipCall
    from voicebot.sip.user_agent import UserAgent


class Answering:
    """The INVITE of one incoming call. What it is asked for, it is asked for in the call's state OFFERED only."""

    def __init__(self, call: SipCall, ua: UserAgent, invite: ServerTransaction) -> None:
        self._call = call
        self._ua = ua
        self._invite = invite
        self._reliable = ReliableProvisionals(call, ua)
        self._waiting: SessionDescription | None = None
        """Our answer, while a provisional response before it is not acknowledged."""

    @property
    def deadline(self) -> float | None:
        return self._reliable.deadline

    @property
    def settled(self) -> bool:
        """Whether our answer went out in a provisional response, and was acknowledged."""
        return self._reliable.settled

    def timeout(self, now: float) -> None:
        if not self._reliable.timeout(self._invite, now):
            self._call.reject(504, now)

    def stop(self) -> None:
        """The call is over."""
        self._reliable.stop()

    def trying(self, now: float) -> None:
        self._ua.respond(self._invite, response_to(self._call.request, 100), now)

    def provisional(self, status: int, session: SessionDescription | None, now: float) -> None:
        """With our tag: an early dialog."""
        response = self._call.dialog_response(self._call.request, status)
        put_session(response, session)
        self._reliable.send(self._invite, response, now)

    def answer(self, session: SessionDescription, now: float) -> bool:
        """200 with ``session``. False: it goes out when an earlier response was acknowledged."""
        if self._reliable.holds_answer:
            self._waiting = session
            return False
        if self._call.renegotiation.changed_early:
            session = self._call.local_session or session  # what was agreed since our answer went out
        self._reliable.stop()
        self._call.accept(self._invite, session, now)
        return True

    def refuse(
        self, status: int, now: float, reason: str = "", *, retry_after_s: int | None = None, warning: str = ""
    ) -> str:
        """A final failure; its reason phrase."""
        response = response_to(self._call.request, status, reason, to_tag=self._call.local_tag)
        if retry_after_s is not None:
            response.headers.set("Retry-After", str(max(0, retry_after_s)))
        if warning:
            response.headers.set("Warning", warning)
        self._reliable.stop()
        self._ua.respond(self._invite, response, now)
        return response.reason

    def on_prack(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        if self._reliable.on_prack(request, transaction, now):
            self._reliable.next(self._invite, now)
            if self._waiting is not None and not self._reliable.holds_answer:
                self._call.answer(self._waiting, now)
