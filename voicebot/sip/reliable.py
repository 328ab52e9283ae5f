"""Reliable provisional responses (RFC 3262), both sides.

As the callee: if the INVITE requires 100rel, every provisional response but 100 is repeated until its PRACK comes; if
it only supports 100rel, those with a session description are. There is one at a time: the next one waits for the PRACK,
and so does the 200 if a session description is unacknowledged. As the caller: every reliable provisional response gets
its PRACK, in order.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from voicebot.sip.body import has_session
from voicebot.sip.dialog import SipDialog
from voicebot.sip.message import SipRequest, SipResponse, response_to
from voicebot.sip.transaction import ServerTransaction
from voicebot.sip.wire import Wire

_RACK_RE = re.compile(r"\s*([0-9]{1,10})\s+([0-9]{1,10})\s+(\S+)\s*\Z")
_MAX_EARLY = 8
"""The most branches of a fork whose early dialogs we keep."""
_MAX_WAITING = 4


@dataclass(slots=True)
class _Unacknowledged:
    response: SipResponse
    number: int
    interval: float
    next_at: float
    give_up_at: float


class ReliableProvisionals:
    """Our provisional responses to ``invite``. ``required``: whether all of them have to be reliable."""

    def __init__(self, wire: Wire, invite: SipRequest) -> None:
        self._wire = wire
        self._invite = invite
        self.required = "100rel" in invite.tokens("Require")
        self._supported = self.required or "100rel" in invite.tokens("Supported")
        self._number = 0
        self._final = False
        self.settled = False
        """Our answer was acknowledged, so the session may be changed before the call is answered."""
        self._waiting: list[SipResponse] = []
        self._sent: _Unacknowledged | None = None

    @property
    def deadline(self) -> float | None:
        return min(self._sent.next_at, self._sent.give_up_at) if self._sent is not None else None

    @property
    def delays_answer(self) -> bool:
        """Whether the 200 must wait, because a response with a session description is not acknowledged."""
        waiting = [self._sent.response] if self._sent is not None else []
        return any(response.body for response in waiting + self._waiting)

    def send(self, transaction: ServerTransaction, response: SipResponse, now: float) -> None:
        reliable = self.required or (self._supported and bool(response.body))
        if not reliable:
            self._wire.respond(transaction, response, now)
            return
        if not response.body and not has_session(self._invite):
            return  # to an INVITE without an offer, the first reliable response must have our offer (section 5)
        if self._sent is not None:
            if len(self._waiting) < _MAX_WAITING:
                self._waiting.append(response)
            return
        self._number += 1
        response.headers.set("RSeq", str(self._number))
        response.headers.set("Require", "100rel")
        t1, give_up = self._wire.timers.t1, self._wire.timers.give_up
        self._sent = _Unacknowledged(response, self._number, t1, now + t1, now + give_up)
        self._wire.respond(transaction, response, now)
        self._wire.arm()

    def on_prack(self, request: SipRequest, transaction: ServerTransaction, now: float) -> bool:
        """Handle a PRACK. True: it acknowledges our latest response."""
        match = _RACK_RE.match(request.headers.get("RAck") or "")
        if match is None:
            self._wire.refuse(transaction, 400, now)
            return False
        number, cseq, method = match.groups()
        current = self._sent is not None and int(number) == self._sent.number
        # Our final response may cross the PRACK, which must be accepted all the same (section 3).
        late = self._final and 0 < int(number) <= self._number
        if not (current or late) or int(cseq) != self._invite.cseq[0] or method != "INVITE":
            self._wire.refuse(transaction, 481, now)
            return False
        if has_session(request):
            self._wire.refuse(transaction, 488, now)  # we take no further offer before the call is answered
        else:
            self._wire.respond(transaction, response_to(request, 200), now)
        if current and self._sent is not None and self._sent.response.body:
            self.settled = True
        self._sent = None
        return current

    def next(self, transaction: ServerTransaction, now: float) -> None:
        """Send the next response that waited for the PRACK."""
        if self._sent is None and self._waiting:
            self.send(transaction, self._waiting.pop(0), now)

    def stop(self) -> None:
        """Repeat nothing more: a final response was sent, or the call is over."""
        self._sent = None
        self._final = True
        self._waiting.clear()

    def timeout(self, transaction: ServerTransaction, now: float) -> bool:
        """Repeat the response if that is due. False: no PRACK came in time."""
        sent = self._sent
        if sent is None:
            return True
        if sent.give_up_at <= now:
            self.stop()
            return False
        if sent.next_at <= now:
            self._wire.counters.retransmitted += 1
            self._wire.respond(transaction, sent.response, now)
            sent.interval *= 2
            sent.next_at = now + sent.interval
        return True


class EarlyDialogs:
    """The caller's side: an early dialog for each callee that responds, with its last RSeq."""

    def __init__(self) -> None:
        self._by_tag: dict[str, SipDialog] = {}
        self._numbers: dict[str, int] = {}
        self._answered: set[str] = set()

    @property
    def dialogs(self) -> Collection[SipDialog]:
        return self._by_tag.values()

    def get(self, tag: str) -> SipDialog | None:
        return self._by_tag.get(tag)

    def has_answer(self, tag: str) -> bool:
        """Whether this callee has answered our offer, and so may make its own."""
        return tag in self._answered

    def answered(self, response: SipResponse) -> None:
        """Note that ``response`` had the answer to our offer."""
        if response.recipient.tag in self._by_tag:
            self._answered.add(response.recipient.tag)

    def lacks(self, response: SipResponse) -> bool:
        """Whether a provisional response makes an early dialog, which is then to be kept. There may be too many."""
        tag = response.recipient.tag
        return bool(tag) and tag not in self._by_tag and len(self._by_tag) < _MAX_EARLY

    def keep(self, dialog: SipDialog) -> None:
        """The early dialog of a callee."""
        self._by_tag[dialog.remote_tag] = dialog

    def acknowledge(self, wire: Wire, invite: SipRequest, response: SipResponse, now: float) -> bool:
        """Send a PRACK if ``response`` is reliable. False: it is a repetition or out of order, and must be ignored."""
        number = response.headers.get("RSeq") or ""
        if "100rel" not in response.tokens("Require") or not re.fullmatch(r"[0-9]{1,10}", number):
            return True
        tag = response.recipient.tag
        dialog = self._by_tag.get(tag)
        if dialog is None or (tag in self._numbers and int(number) != self._numbers[tag] + 1):
            return False
        self._numbers[tag] = int(number)
        prack = dialog.request("PRACK")
        prack.headers.set("RAck", f"{number} {invite.cseq[0]} INVITE")
        wire.request_in(dialog, prack, lambda _response, _now: None, now)
        return True

    def confirmed(self, dialog: SipDialog) -> SipDialog:
        """``dialog``, of a 2xx. If it was early before, its sequence numbers go on (RFC 3261 13.2.2.4)."""
        if (early := self._by_tag.get(dialog.remote_tag)) is not None:
            dialog.local_cseq = max(dialog.local_cseq, early.local_cseq)
            dialog.remote_cseq = early.remote_cseq
        return dialog
