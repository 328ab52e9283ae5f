"""One call: the INVITE usage of a dialog (RFC 3261 sections 13 to 15), seen from our end.

    incoming  OFFERED ──200──▶ ANSWERED ──ACK──▶ CONFIRMED ──BYE──▶ ENDED
    outgoing  CALLING ───────────200───────────▶ CONFIRMED ──BYE──▶ ENDED

with ENDED from anywhere by CANCEL, refusal or time. Here is what both kinds share: requests within the dialog, and the
end. What differs is the INVITE until its final response: `answering.py` has the callee's side of it and the incoming
call, `calling.py` the caller's and the outgoing one. The other parts with a clock of their own: our 2xx until its ACK
(`acceptance.py`), changes of the session (`renegotiation.py`), its timer (`session_timer.py`), transfers (`refer.py`).

The parts share one :class:`~voicebot.sip.call_state.CallState`, which they read, and act by one
:class:`~voicebot.sip.wire.Wire`; none knows the call. Whether an offer suits us is for the event's receiver to say:
nothing here looks into one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple, Protocol

from voicebot.sip.acceptance import Acceptance
from voicebot.sip.body import session_in
from voicebot.sip.call_state import CallPhase, CallState
from voicebot.sip.dialog import SipDialog
from voicebot.sip.hop import Hop
from voicebot.sip.info_keys import TYPES, key_in
from voicebot.sip.message import SipRequest, SipResponse, response_to
from voicebot.sip.outputs import CallConfirmed, CallEnded, CallEvent, KeyReceived, SessionAnswered
from voicebot.sip.refer import Referral
from voicebot.sip.renegotiation import Renegotiation
from voicebot.sip.sdp import SdpError, SessionDescription
from voicebot.sip.session_timer import SessionTimer
from voicebot.sip.transaction import ServerTransaction
from voicebot.sip.wire import Wire

_REFRESH_AGAIN_S = 3.0
"""Until a refresh is tried again that could not be sent, because another change of the session was under way."""
_IN_EARLY_DIALOGS = ("UPDATE", "INFO")
"""What a callee may send before it accepts, beside responses; it must not send BYE (RFC 3261 section 15)."""
_ENDED_BY_BYE = ("no-ack", "expired", "error")
"""Ends that the other side must be told of."""


class CallOutput(NamedTuple):
    """What happened in a call."""

    call: SipCall
    event: CallEvent


class CallOwner(Protocol):
    """What a call needs of the user agent that keeps it."""

    def emit(self, output: CallOutput) -> None: ...

    def adopt(self, call: SipCall, dialog: SipDialog) -> None:
        """Requests within ``dialog``, which may be an early one, are the call's."""

    def release(self, call: SipCall) -> None:
        """The call is over and needs to hear nothing more."""


class InviteSide(Protocol):
    """Our side of the call's INVITE until its final response: the callee's or the caller's."""

    @property
    def deadline(self) -> float | None: ...

    def timeout(self, now: float) -> None: ...

    @property
    def early_dialogs(self) -> Collection[SipDialog]:
        """Those that are not the call's."""

    def early_dialog(self, tag: str) -> SipDialog | None:
        """The one of them with this tag of the other side."""

    def takes_offer(self, tag: str) -> bool:
        """Whether ``tag`` may offer before the call is up: the first offer has its answer (RFC 3311 5.2)."""

    def on_prack(self, request: SipRequest, transaction: ServerTransaction, now: float) -> bool:
        """True: our 200, which waited for this PRACK, has gone out."""

    def hang_up(self, now: float) -> None:
        """End the call, which is not up."""

    def stop(self, now: float) -> None:
        """The call is over."""


class SipCall:
    """A call in the core: an :class:`~voicebot.sip.answering.IncomingSipCall` or an
    :class:`~voicebot.sip.calling.OutgoingSipCall`. Commands are harmless in phases where they make no sense.
    """

    def __init__(
        self,
        owner: CallOwner,
        state: CallState,
        wire: Wire,
        timer: SessionTimer,
        acceptance: Acceptance,
        invite_side: InviteSide,
    ) -> None:
        self.armed: float | None = None
        """For the queue of timers: the deadline that is noted there."""
        self.replaces: SipCall | None = None
        """The call that this one takes over when it is answered (RFC 3891)."""
        self.renegotiation = Renegotiation(wire, state, timer, acceptance)
        self.referral = Referral(wire, state)
        self._owner = owner
        self._state = state
        self._wire = wire
        self._timer = timer
        self._acceptance = acceptance
        self._invite_side = invite_side
        self._bye_after_ack = False

    # --- what is known of it

    @property
    def request(self) -> SipRequest:
        """The INVITE; of a call of ours its latest try."""
        return self._state.invite

    @property
    def source(self) -> Hop:
        """Where the INVITE came from, or was sent to."""
        return self._state.source

    @property
    def trunk(self) -> str:
        """The name of the trunk or account that the call came or goes by."""
        return self._state.trunk

    @property
    def local_tag(self) -> str:
        return self._state.local_tag

    @property
    def dialog(self) -> SipDialog | None:
        return self._state.dialog

    @property
    def dialogs(self) -> list[SipDialog]:
        """All that lead to this call, early ones included."""
        own = [self._state.dialog] if self._state.dialog is not None else []
        return [*own, *self._invite_side.early_dialogs]

    @property
    def is_up(self) -> bool:
        return self._state.is_up

    @property
    def is_over(self) -> bool:
        return self._state.phase is CallPhase.ENDED

    # --- time

    @property
    def deadline(self) -> float | None:
        owners = (self._acceptance, self._invite_side, self.referral, self._timer, self.renegotiation)
        return min((when for owner in owners if (when := owner.deadline) is not None), default=None)

    def timeout(self, now: float) -> None:
        if not self._acceptance.timeout(now):
            self._end(CallEnded("no-ack"), now)
        self.referral.timeout(now)
        self.renegotiation.timeout(now)
        self._invite_side.timeout(now)
        due = self._timer.due(now)
        if due == "refresh" and not self.renegotiation.refresh(now):
            self._timer.again(now, _REFRESH_AGAIN_S)
        elif due == "expired":
            self._end(CallEnded("expired", 408, "the session was not refreshed"), now)

    # --- commands

    def bye(self, now: float) -> None:
        """End the call from our side in whatever phase it is; emits :class:`CallEnded` at once, or after a CANCEL."""
        phase = self._state.phase
        if phase in (CallPhase.OFFERED, CallPhase.CALLING):
            self._invite_side.hang_up(now)
        elif phase is CallPhase.ANSWERED and self._acceptance.pending:
            # The callee must not send BYE before the ACK or its time limit (RFC 3261 section 15).
            self._bye_after_ack = True
            self._end(CallEnded("local"), now)
        elif phase is not CallPhase.ENDED:
            self._send_bye(now)
            self._end(CallEnded("local"), now)

    def accept_session(self, session: SessionDescription | None, now: float) -> None:
        """Answer (or make) the offer that :class:`SessionOffered` told of."""
        self.renegotiation.accept(session, now)

    def refuse_session(self, now: float, status: int = 488) -> None:
        """Refuse the offer; the session goes on as it was."""
        self.renegotiation.refuse(now, status)

    # --- what the other side sends

    def on_ack(self, request: SipRequest, now: float) -> None:
        taken = self._acceptance.acknowledged(request)
        if taken == "no":
            return
        if self._bye_after_ack:
            self._send_bye(now)
            return
        answer = None
        if taken == "with-answer":
            try:
                answer = session_in(request)
            except SdpError:
                answer = None
            if answer is None:
                self._end(CallEnded("error", reason="no answer in the ACK"), now)
                return
        if self._state.phase is CallPhase.ANSWERED:
            self._confirm(answer, now)
        elif answer is not None:
            self._emit(SessionAnswered(answer))

    def on_request(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        """A request within the dialog, other than ACK and CANCEL; its extensions and body type are checked already."""
        dialog = self._dialog_of(request)
        if dialog is None or (dialog is not self._state.dialog and request.method not in _IN_EARLY_DIALOGS):
            self._wire.refuse(transaction, 481, now)
        elif not dialog.in_order(request):
            self._wire.refuse(transaction, 500, now)
        elif request.method == "BYE":
            self._on_bye(request, transaction, now)
        elif self.is_over:
            self._wire.refuse(transaction, 481, now)
        elif request.method in ("INVITE", "UPDATE"):
            early = self._invite_side.takes_offer(request.sender.tag)
            self.renegotiation.on_request(request, transaction, dialog, now, early=early)
        elif request.method == "PRACK":
            if self._invite_side.on_prack(request, transaction, now):
                self._state.phase = CallPhase.ANSWERED
        elif request.method == "INFO":
            self._on_info(request, transaction, now)
        elif request.method == "NOTIFY":
            self.referral.on_notify(request, transaction, now)
        elif request.method == "REFER":
            self.referral.on_refer(request, transaction, now)
        else:
            self._wire.refuse(transaction, 405, now)

    def _dialog_of(self, request: SipRequest) -> SipDialog | None:
        """The call's dialog that ``request`` is in: its only one, or that of a callee who has not accepted yet."""
        dialog, tag = self._state.dialog, request.sender.tag
        if dialog is not None:
            return dialog if tag == dialog.remote_tag else None
        return self._invite_side.early_dialog(tag)

    def _on_bye(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        self._wire.respond(transaction, response_to(request, 200), now)
        self._acceptance.stop()
        self._end(CallEnded("bye", reason=(request.headers.get("Reason") or "")[:200]), now)
        self._owner.release(self)

    def _on_info(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        if request.content_type in TYPES:
            key = key_in(request)
            if not key:
                self._wire.refuse(transaction, 400, now)
                return
            self._emit(KeyReceived(key))
        self._wire.respond(transaction, response_to(request, 200), now)

    # --- how it goes on

    def _emit(self, event: CallEvent) -> None:
        self._owner.emit(CallOutput(self, event))

    def _confirm(self, answer: SessionDescription | None, now: float) -> None:
        """The call is up. ``answer``: theirs, when the offer was ours."""
        self._state.phase = CallPhase.CONFIRMED
        self._emit(CallConfirmed(answer))
        replaced, self.replaces = self.replaces, None
        if replaced is not None:
            replaced.bye(now)

    def _send_bye(self, now: float) -> None:
        """BYE in the call's dialog; the call is forgotten when it was answered."""
        dialog = self._state.dialog
        if dialog is None:
            return

        def done(response: SipResponse | None, _now: float) -> None:
            if response is None or response.status >= 200:
                self._owner.release(self)

        self._wire.request_in(dialog, dialog.request("BYE"), done, now)

    def _end(self, ended: CallEnded, now: float) -> None:
        """The call is over, whatever still goes over the wire: ``ended`` is told, once."""
        if ended.cause in _ENDED_BY_BYE:
            self._send_bye(now)
        if self.is_over:
            return
        self.referral.stop(now, by_bye=ended.cause == "bye")
        self._timer.stop()
        self.renegotiation.stop(now)
        self._invite_side.stop(now)
        self._state.phase = CallPhase.ENDED
        self._emit(ended)
        if self._state.dialog is None or ended.cause in ("rejected", "cancelled"):
            self._owner.release(self)  # nobody is left who could send anything
