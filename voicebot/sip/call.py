"""One call: the INVITE usage of a dialog (RFC 3261 sections 13 to 15), seen from our end.

    incoming  OFFERED ──200──▶ ANSWERED ──ACK──▶ CONFIRMED ──BYE──▶ ENDED
    outgoing  CALLING ───────────200───────────▶ CONFIRMED ──BYE──▶ ENDED

with ENDED from anywhere by CANCEL, refusal or time. This file is what both ends share. The parts with a clock of
their own have their own files: the caller's end is `calling.py`, the callee's `answering.py`, a 2xx that waits for its
ACK `acceptance.py`, reliable provisional responses `reliable.py`, changes of the session `renegotiation.py`, its timer
`session_timer.py`, transfers `refer.py`. Commands and received requests put their effects into the user agent's outbox.
Whether an offer suits us is for the event's receiver to say; this file looks into none.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING

from voicebot.sip.acceptance import Acceptance
from voicebot.sip.answering import Answering
from voicebot.sip.body import has_session, put_session, session_in
from voicebot.sip.calling import Calling
from voicebot.sip.client_request import ClientRequest, OnResponse
from voicebot.sip.dialog import SipDialog
from voicebot.sip.digest import Credentials
from voicebot.sip.hop import Hop
from voicebot.sip.info_keys import TYPES, key_in
from voicebot.sip.message import SipRequest, SipResponse, response_to
from voicebot.sip.outputs import (
    CallConfirmed,
    CallEnded,
    CallOffered,
    EndCause,
    KeyReceived,
    SessionAnswered,
)
from voicebot.sip.refer import Transfer
from voicebot.sip.renegotiation import Renegotiation
from voicebot.sip.sdp import SdpError, SessionDescription
from voicebot.sip.session_timer import SessionTimer
from voicebot.sip.transaction import ServerTransaction

if TYPE_CHECKING:
    from voicebot.sip.user_agent import UserAgent


_REFRESH_AGAIN_S = 3.0
"""After which a refresh that another change of the session was in the way of is made."""


_IN_EARLY_DIALOGS = ("UPDATE", "INFO")
"""What a callee may send before it accepts, beside responses; it must not send BYE (RFC 3261 section 15)."""


class CallState(Enum):
    OFFERED = auto()
    ANSWERED = auto()
    CALLING = auto()
    CONFIRMED = auto()
    ENDED = auto()


class SipCall:
    """A call in the core; created by :class:`~voicebot.sip.user_agent.UserAgent` only.

    ``request`` is the INVITE, ``source`` where it came from (or was sent to), ``offer`` the other side's first offer.
    Commands are harmless in states where they make no sense.
    """

    def __init__(
        self,
        ua: UserAgent,
        request: SipRequest,
        source: Hop,
        local_tag: str,
        transaction: ServerTransaction | None = None,
        *,
        contact: str,
        trunk: str = "",
        credentials: Credentials | None = None,
    ) -> None:
        self.request = request
        self.source = source
        self.contact = contact
        self.trunk = trunk
        self.replaces: SipCall | None = None
        """The call that this one takes over when it is answered (RFC 3891)."""
        self._credentials = credentials
        self.offer: SessionDescription | None = None
        self.outgoing = transaction is None
        self.state = CallState.CALLING if self.outgoing else CallState.OFFERED
        self.dialog: SipDialog | None = None if self.outgoing else SipDialog.as_server(request, local_tag, source)
        self.local_tag = local_tag
        self.dialog_keys: set[tuple[str, str, str]] = set()
        """For the user agent: its dialogs, early ones included, that lead to this call."""
        self.armed: float | None = None
        """For the owner of the timer queue: the deadline that is noted there."""
        self._ua = ua
        self._answering = Answering(self, ua, transaction) if transaction is not None else None
        self._acceptance = Acceptance(ua)
        self._calling = Calling(self, ua, credentials)
        self.transfer = Transfer(self, ua)
        self.timer = SessionTimer(ua.session_expires_s)
        self.renegotiation = Renegotiation(self, ua)
        self.local_session: SessionDescription | None = None
        """What we said last of our media."""
        self.peer_takes_update = "UPDATE" in request.tokens("Allow") and transaction is not None
        self._bye_after_ack = False

    # --- what every owner of time offers

    @property
    def deadline(self) -> float | None:
        owners = (self._acceptance, self._calling, self.transfer, self.timer, self.renegotiation, self._answering)
        times = [owner.deadline for owner in owners if owner is not None and owner.deadline is not None]
        return min(times) if times else None

    def timeout(self, now: float) -> None:
        if not self._acceptance.timeout(now):
            self.send_bye(now)
            self.end("no-ack")
        self.transfer.timeout(now)
        self.renegotiation.timeout(now)
        if self._answering is not None:
            self._answering.timeout(now)
        due = self.timer.due(now)
        if due == "refresh" and not self.renegotiation.refresh(now):
            self.timer.again(now, _REFRESH_AGAIN_S)
        elif due == "expired":
            self.send_bye(now)
            self.end("expired", 408, "the session was not refreshed")
        self._calling.timeout(now)

    @property
    def responded(self) -> bool:
        """Whether anybody has responded to our INVITE."""
        return self._calling.responded

    @property
    def unacknowledged(self) -> bool:
        """Whether a 2xx of ours still waits for its ACK."""
        return self._acceptance.pending

    @property
    def is_up(self) -> bool:
        return self.state is CallState.CONFIRMED

    @property
    def is_calling(self) -> bool:
        return self.state is CallState.CALLING

    @property
    def client(self) -> ClientRequest | None:
        """Our INVITE, of an outgoing call."""
        return self._calling.client

    # --- incoming: commands

    def ring(self, now: float) -> None:
        """180, with our tag: an early dialog."""
        if self.state is CallState.OFFERED and self._answering is not None:
            self._answering.provisional(180, None, now)

    def progress(self, session: SessionDescription, now: float) -> None:
        """183 with our answer to ``offer``: media may flow before the call is answered (and paid for)."""
        if self.state is CallState.OFFERED and self._answering is not None and self.offer is not None:
            self._answering.provisional(183, session, now)

    def answer(self, session: SessionDescription, now: float) -> None:
        """200 with ``session``: the answer to ``offer``, or our offer when there was none."""
        if self.state is CallState.OFFERED and self._answering is not None and self._answering.answer(session, now):
            self.state = CallState.ANSWERED

    def reject(
        self, status: int, now: float, reason: str = "", *, retry_after_s: int | None = None, warning: str = ""
    ) -> None:
        """Refuse the unanswered call with a final status, 300 to 699."""
        if self.state is CallState.OFFERED and self._answering is not None:
            said = self._answering.refuse(status, now, reason, retry_after_s=retry_after_s, warning=warning)
            self.end("rejected", status, said)

    def accept_session(self, session: SessionDescription | None, now: float) -> None:
        """Answer (or make) the offer that :class:`SessionOffered` told of."""
        self.renegotiation.accept(session, now)

    def refuse_session(self, now: float, status: int = 488) -> None:
        """Refuse the offer; the session goes on as it was."""
        self.renegotiation.refuse(now, status)

    # --- both ways: commands

    def bye(self, now: float) -> None:
        """End the call from our side in whatever state it is; emits :class:`CallEnded` at once, or after a CANCEL."""
        if self.state is CallState.OFFERED:
            self.reject(480, now)
        elif self.state is CallState.CALLING:
            self._calling.cancel(now)
        elif self.state is CallState.ANSWERED and self.unacknowledged:
            # The callee must not send BYE before the ACK or its time limit (RFC 3261 section 15).
            self._bye_after_ack = True
            self.end("local")
        elif self.state in (CallState.CONFIRMED, CallState.ANSWERED):
            self.send_bye(now)
            self.end("local")

    # --- incoming: what the other side sends

    def begin(self, now: float) -> None:
        """A new INVITE is ours: 100 at once, then the event. Raises :class:`SdpError` before either."""
        assert self._answering is not None
        self.offer = session_in(self.request)
        self._answering.trying(now)
        self._ua.emit(CallOffered(self))

    def on_cancel(self, now: float) -> None:
        """CANCEL of the INVITE that made this call; after a final response it has no effect (9.2)."""
        if self.state is CallState.OFFERED and self._answering is not None:
            self._answering.refuse(487, now)
            self.end("cancelled", 487, "Request Terminated")

    def on_ack(self, request: SipRequest, now: float) -> None:
        taken = self._acceptance.acknowledged(request)
        if taken == "no":
            return
        if self._bye_after_ack:
            self.send_bye(now)
            return
        answer = None
        if taken == "with-answer":
            try:
                answer = session_in(request)
            except SdpError:
                answer = None
            if answer is None:
                self.send_bye(now)
                self.end("error", reason="no answer in the ACK")
                return
        if self.state is CallState.ANSWERED:
            self.state = CallState.CONFIRMED
            self._ua.emit(CallConfirmed(self, answer))
            if self.replaces is not None:
                self.replaces.bye(now)
                self.replaces = None
        elif answer is not None:
            self._ua.emit(SessionAnswered(self, answer))

    def on_request(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        """A request within the dialog, other than ACK and CANCEL; its extensions and body type are checked already."""
        dialog = self.dialog_of(request)
        if dialog is None or (dialog is not self.dialog and request.method not in _IN_EARLY_DIALOGS):
            self._refuse(transaction, 481, now)
        elif not dialog.in_order(request):
            self._refuse(transaction, 500, now)
        elif request.method == "BYE":
            self._on_bye(request, transaction, now)
        elif self.state is CallState.ENDED:
            self._refuse(transaction, 481, now)
        elif request.method in ("INVITE", "UPDATE"):
            self.renegotiation.on_request(request, transaction, now)
        elif request.method == "PRACK":
            self._on_prack(request, transaction, now)
        elif request.method == "INFO":
            self._on_info(request, transaction, now)
        elif request.method == "NOTIFY":
            self.transfer.on_notify(request, transaction, now)
        elif request.method == "REFER":
            self.transfer.on_refer(request, transaction, now)
        else:
            self._refuse(transaction, 405, now)

    def dialog_of(self, request: SipRequest) -> SipDialog | None:
        """The call's dialog that ``request`` is in: its only one, or that of a callee who has not accepted yet."""
        if self.dialog is not None:
            return self.dialog if request.sender.tag == self.dialog.remote_tag else None
        return self._calling.early_dialog(request.sender.tag)

    def takes_offer_early(self, request: SipRequest) -> bool:
        """Whether an offer may come before the call is answered: the first one's answer has arrived (RFC 3311 5.2)."""
        if self.is_calling:
            return self._calling.has_early_answer(request.sender.tag)
        return self.state is CallState.OFFERED and self._answering is not None and self._answering.settled

    def _on_bye(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        self._ua.respond(transaction, response_to(request, 200), now)
        if self.state is CallState.OFFERED and self._answering is not None:
            self._answering.refuse(487, now)
        self.renegotiation.stop(now)
        self.transfer.refuse(now, 487)
        self._acceptance.stop()
        self.end("bye", reason=(request.headers.get("Reason") or "")[:200])
        self._ua.release(self)

    def _on_prack(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        if self._answering is None:
            self._refuse(transaction, 481, now)
        else:
            self._answering.on_prack(request, transaction, now)

    def _on_info(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        if request.content_type in TYPES:
            key = key_in(request)
            if not key:
                self._refuse(transaction, 400, now)
                return
            self._ua.emit(KeyReceived(self, key))
        self._ua.respond(transaction, response_to(request, 200), now)

    # --- outgoing: what comes back

    def start(self, hops: Sequence[Hop], now: float) -> None:
        """Send the INVITE of an outgoing call."""
        self._calling.start(hops, now)

    def confirm(self, answer: SessionDescription) -> None:
        """Our INVITE was accepted and acknowledged: the call is up."""
        self.state = CallState.CONFIRMED
        self._ua.arm(self)
        self._ua.emit(CallConfirmed(self, answer))

    def request_in_dialog(self, request: SipRequest, on_response: OnResponse, now: float) -> None:
        """Send a request within the dialog; a challenge is answered as that of the INVITE."""
        assert self.dialog is not None
        self.request_in(self.dialog, request, on_response, now)

    def request_in(self, dialog: SipDialog, request: SipRequest, on_response: OnResponse, now: float) -> ClientRequest:
        """The same for a dialog that is not, or not yet, the call's."""
        return self._ua.request(
            request, dialog.hops, on_response, now, credentials=self._credentials, next_cseq=dialog.next_cseq
        )

    def acknowledge(self, dialog: SipDialog, cseq: int) -> None:
        """Send the ACK of a 2xx."""
        self._calling.acknowledge(dialog, cseq)

    # --- shared

    def dialog_response(self, request: SipRequest, status: int) -> SipResponse:
        """A response that makes, or refreshes the target of, a dialog (12.1.1)."""
        response = response_to(request, status, to_tag=self.local_tag)
        if routes := request.headers.getlist("Record-Route"):
            response.headers.setlist("Record-Route", list(routes))
        response.headers.set("Contact", self.contact)
        if status >= 200:
            response.headers.set("Allow", self._ua.allow)
            response.headers.set("Supported", self._ua.supported)
        return response

    def accept(self, transaction: ServerTransaction, session: SessionDescription | None, now: float) -> None:
        """200 to an INVITE or re-INVITE, repeated until its ACK."""
        response = self.dialog_response(transaction.request, 200)
        self.timer.answer(transaction.request, response, now)
        put_session(response, session)
        self.local_session = session or self.local_session
        self._acceptance.send(transaction, response, now, offered=not has_session(transaction.request))
        self._ua.arm(self)

    def _refuse(
        self, transaction: ServerTransaction, status: int, now: float, *, retry_after_s: int | None = None
    ) -> None:
        self._ua.refuse(transaction, status, now, retry_after_s=retry_after_s)

    def send_bye(self, now: float) -> None:
        """BYE in the call's dialog; the call is forgotten when it was answered."""
        if self.dialog is None:
            return

        def done(response: SipResponse | None, _now: float) -> None:
            if response is None or response.status >= 200:
                self._ua.release(self)

        self.request_in_dialog(self.dialog.request("BYE"), done, now)

    def gone(self, now: float) -> None:
        """A request within the dialog was answered 408 or 481, or not at all: the other side does not know the call."""
        self.send_bye(now)
        self.end("expired", 481, "the other side does not know the call")

    def end(self, cause: EndCause, status: int = 0, reason: str = "") -> None:
        """The call is over, whatever still goes over the wire: emits :class:`CallEnded`, once."""
        if self.state is CallState.ENDED:
            return
        self.transfer.call_ended(by_bye=cause == "bye")
        self.timer.stop()
        self.renegotiation.deadline = None
        if self._answering is not None:
            self._answering.stop()
        self.state = CallState.ENDED
        self._calling.stop()
        self._ua.emit(CallEnded(self, cause, status, reason))
        if cause in ("rejected", "cancelled"):
            self._ua.release(self)
