"""Our 2xx responses to requests that set up or change the session: INVITE, re-INVITE, UPDATE.

The 2xx to an INVITE is repeated here until its ACK comes, because RFC 3261 13.3.1.4 leaves that to the transaction
user. Only one can wait for its ACK: meanwhile a further INVITE is refused with 491.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voicebot.sip.body import has_session, put_session
from voicebot.sip.call_state import CallState
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.sdp import SessionDescription
from voicebot.sip.session_timer import SessionTimer
from voicebot.sip.transaction import ServerTransaction
from voicebot.sip.wire import Wire


@dataclass(slots=True)
class _Unacknowledged:
    cseq: int
    response: SipResponse
    transaction: ServerTransaction
    offered: bool
    interval: float
    next_at: float
    give_up_at: float


class Acceptance:
    """The 2xx responses of one call.

    ``pending``: whether one waits for its ACK. ``session``: our session description in force, None before there is any.
    """

    def __init__(self, wire: Wire, state: CallState, timer: SessionTimer) -> None:
        self.session: SessionDescription | None = None
        self._wire = wire
        self._state = state
        self._timer = timer
        self._waiting: _Unacknowledged | None = None

    @property
    def pending(self) -> bool:
        return self._waiting is not None

    @property
    def deadline(self) -> float | None:
        waiting = self._waiting
        return min(waiting.next_at, waiting.give_up_at) if waiting is not None else None

    def note(self, session: SessionDescription) -> None:
        """Note ``session``, which we offered and the other side has answered."""
        self.session = session

    def send(self, transaction: ServerTransaction, session: SessionDescription | None, now: float) -> None:
        """Send 200 with ``session``: our answer, or our offer if an INVITE had none (its ACK then has the answer)."""
        request = transaction.request
        response = self._state.response(request, 200)
        if request.method == "INVITE" or self._state.is_up:  # an UPDATE before that has no session to time out
            self._timer.answer(request, response, now)
        put_session(response, session)
        self.session = session or self.session
        if request.method == "INVITE":
            timers = self._wire.timers
            self._waiting = _Unacknowledged(
                request.cseq[0],
                response,
                transaction,
                offered=not has_session(request),
                interval=timers.t1,
                next_at=now + timers.t1,
                give_up_at=now + timers.give_up,
            )
        self._wire.respond(transaction, response, now)
        self._wire.arm()

    def acknowledged(self, ack: SipRequest) -> Literal["no", "yes", "with-answer"]:
        """Whether ``ack`` acknowledges our 2xx. ``with-answer``: it does, and must contain the answer to our offer."""
        waiting = self._waiting
        if waiting is None or ack.cseq[0] != waiting.cseq:
            return "no"
        self._waiting = None
        return "with-answer" if waiting.offered else "yes"

    def stop(self) -> None:
        """Stop waiting for an ACK, because the other side has hung up."""
        self._waiting = None

    def timeout(self, now: float) -> bool:
        """Repeat the 2xx if that is due. False: the ACK did not come in time."""
        waiting = self._waiting
        if waiting is None:
            return True
        if waiting.give_up_at <= now:
            self._waiting = None
            return False
        if waiting.next_at <= now:
            self._wire.counters.retransmitted += 1
            self._wire.respond(waiting.transaction, waiting.response, now)
            waiting.interval = min(2 * waiting.interval, self._wire.timers.t2)
            waiting.next_at = now + waiting.interval
        return True
