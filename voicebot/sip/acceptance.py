"""A 2xx of ours to an INVITE: the transaction user repeats it until its ACK comes (RFC 3261 13.3.1.4).

One at a time: a second INVITE is refused with 491 while the first one's 2xx is on its way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.transaction import ServerTransaction

if TYPE_CHECKING:
    from voicebot.sip.user_agent import UserAgent


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
    """The 2xx of one call that waits for its ACK, when there is one."""

    def __init__(self, ua: UserAgent) -> None:
        self._ua = ua
        self._waiting: _Unacknowledged | None = None

    @property
    def pending(self) -> bool:
        return self._waiting is not None

    @property
    def deadline(self) -> float | None:
        waiting = self._waiting
        return min(waiting.next_at, waiting.give_up_at) if waiting is not None else None

    def send(self, transaction: ServerTransaction, response: SipResponse, now: float, *, offered: bool) -> None:
        """``offered``: the session in ``response`` is our offer, whose answer the ACK must bring."""
        timers, cseq = self._ua.timers, transaction.request.cseq[0]
        self._waiting = _Unacknowledged(
            cseq, response, transaction, offered, timers.t1, now + timers.t1, now + timers.give_up
        )
        self._ua.respond(transaction, response, now)

    def acknowledged(self, ack: SipRequest) -> Literal["no", "yes", "with-answer"]:
        """Whether ``ack`` is the one that is waited for; ``with-answer``: it must bring the answer to our offer."""
        waiting = self._waiting
        if waiting is None or ack.cseq[0] != waiting.cseq:
            return "no"
        self._waiting = None
        return "with-answer" if waiting.offered else "yes"

    def stop(self) -> None:
        self._waiting = None

    def timeout(self, now: float) -> bool:
        """Repeat what is due. False: the ACK never came."""
        waiting = self._waiting
        if waiting is None:
            return True
        if waiting.give_up_at <= now:
            self._waiting = None
            return False
        if waiting.next_at <= now:
            self._ua.counters.retransmitted += 1
            self._ua.respond(waiting.transaction, waiting.response, now)
            waiting.interval = min(2 * waiting.interval, self._ua.timers.t2)
            waiting.next_at = now + waiting.interval
        return True
