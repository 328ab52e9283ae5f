"""Incoming calls: the callee's side of an INVITE until its final response, and the call that results.

Provisional responses, early media, the answer or a refusal, each with our tag. `reliable.py` makes provisional
responses reliable.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.sip.acceptance import Acceptance
from voicebot.sip.body import put_session
from voicebot.sip.call import CallOwner, SipCall
from voicebot.sip.call_state import CallPhase, CallState
from voicebot.sip.dialog import SipDialog
from voicebot.sip.message import SipRequest, response_to
from voicebot.sip.outputs import CallEnded, EarlyMediaAcknowledged
from voicebot.sip.reliable import ReliableProvisionals
from voicebot.sip.sdp import SessionDescription
from voicebot.sip.session_timer import SessionTimer
from voicebot.sip.transaction import ServerTransaction
from voicebot.sip.transaction_layer import TransactionLayer
from voicebot.sip.wire import Wire


class Answering:
    """The INVITE of one incoming call. Its commands may be called only in the call's phase OFFERED."""

    def __init__(self, wire: Wire, state: CallState, transaction: ServerTransaction, acceptance: Acceptance) -> None:
        self.transaction = transaction
        """Of the INVITE."""
        self._wire = wire
        self._state = state
        self._acceptance = acceptance
        self._reliable = ReliableProvisionals(wire, state.invite)
        self._waiting: SessionDescription | None = None
        """Our answer, while it waits for the PRACK of a provisional response."""
        self._final = False

    # --- as an InviteSide

    @property
    def deadline(self) -> float | None:
        return self._reliable.deadline

    def timeout(self, now: float) -> None:
        if not self._reliable.timeout(self.transaction, now):
            self.reject(504, now)

    @property
    def early_dialogs(self) -> tuple[SipDialog, ...]:
        return ()

    def early_dialog(self, tag: str) -> SipDialog | None:
        return None

    def takes_offer(self, tag: str) -> bool:
        return not self._final and self._reliable.settled

    def on_prack(self, request: SipRequest, transaction: ServerTransaction, now: float) -> bool:
        settled = self._reliable.settled
        if not self._reliable.on_prack(request, transaction, now):
            return False
        if self._reliable.settled and not settled:
            self._wire.emit(EarlyMediaAcknowledged())
        self._reliable.next(self.transaction, now)
        return self._waiting is not None and self.answer(self._waiting, now)

    def hang_up(self, now: float) -> None:
        self.reject(480, now)

    def stop(self, now: float) -> None:
        if not self._final:
            self.refuse(487, now)

    # --- our responses

    def trying(self, now: float) -> None:
        self._wire.respond(self.transaction, response_to(self._state.invite, 100), now)

    def provisional(self, status: int, session: SessionDescription | None, now: float) -> None:
        """Send a provisional response with our tag, which makes an early dialog."""
        response = self._state.response(self._state.invite, status)
        put_session(response, session)
        self._reliable.send(self.transaction, response, now)

    def answer(self, session: SessionDescription, now: float) -> bool:
        """Send 200 with ``session``. False: it will be sent when the PRACK of an earlier response has come."""
        if self._reliable.delays_answer:
            self._waiting = session
            return False
        self._waiting = None
        self._reliable.stop()
        self._final = True
        # If they have changed the session by UPDATE since our answer in a provisional response, our last one holds.
        self._acceptance.send(self.transaction, self._acceptance.session or session, now)
        return True

    def reject(self, status: int, now: float, reason: str = "", *, retry_after_s: int | None = None) -> None:
        """Refuse the call."""
        said = self.refuse(status, now, reason, retry_after_s=retry_after_s)
        self._wire.end(CallEnded("rejected", status, said), now)

    def refuse(self, status: int, now: float, reason: str = "", *, retry_after_s: int | None = None) -> str:
        """Send a final failure response. Returns its reason phrase."""
        response = response_to(self._state.invite, status, reason, to_tag=self._state.local_tag)
        if retry_after_s is not None:
            response.headers.set("Retry-After", str(max(0, retry_after_s)))
        self._reliable.stop()
        self._final = True
        self._wire.respond(self.transaction, response, now)
        return response.reason


class IncomingSipCall(SipCall):
    """A call that comes in. ``offer``: the session description in the INVITE, None if we are to offer."""

    def __init__(
        self,
        owner: CallOwner,
        layer: TransactionLayer,
        state: CallState,
        transaction: ServerTransaction,
        offer: SessionDescription | None,
        session_expires_s: int,
    ) -> None:
        self.offer = offer
        wire = Wire(layer, state, self, emit=self._emit, end=self._end)
        timer = SessionTimer(session_expires_s)
        acceptance = Acceptance(wire, state, timer)
        self._answering = Answering(wire, state, transaction, acceptance)
        super().__init__(owner, state, wire, timer, acceptance, self._answering)

    @property
    def invite_transaction(self) -> ServerTransaction:
        return self._answering.transaction

    @property
    def _is_offered(self) -> bool:
        return self._state.phase is CallPhase.OFFERED

    def begin(self, now: float) -> None:
        """Send 100."""
        self._answering.trying(now)

    def ring(self, now: float) -> None:
        """Send 180 with our tag, which makes an early dialog."""
        if self._is_offered:
            self._answering.provisional(180, None, now)

    def progress(self, session: SessionDescription, now: float) -> None:
        """Send 183 with our answer to ``offer``: media may flow before the call is answered (and charged)."""
        if self._is_offered and self.offer is not None:
            self._answering.provisional(183, session, now)

    def answer(self, session: SessionDescription, now: float) -> None:
        """Send 200 with ``session``: the answer to ``offer``, or our offer if there was none."""
        if self._is_offered and self._answering.answer(session, now):
            self._state.phase = CallPhase.ANSWERED

    def reject(self, status: int, now: float, reason: str = "", *, retry_after_s: int | None = None) -> None:
        """Refuse the unanswered call with a final status, 300 to 699."""
        if self._is_offered:
            self._answering.reject(status, now, reason, retry_after_s=retry_after_s)

    def cancel(self, now: float) -> None:
        """A CANCEL of the INVITE came; it has no effect after our final response (RFC 3261 9.2)."""
        if self._is_offered:
            self._end(CallEnded("cancelled", 487, "Request Terminated"), now)


@dataclass(frozen=True, slots=True)
class CallOffered:
    """An INVITE came, and 100 was sent."""

    call: IncomingSipCall
