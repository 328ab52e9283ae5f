"""One call: the INVITE usage of a dialog (RFC 3261 sections 13 to 15), seen from our end.

    incoming  OFFERED ──200──▶ ANSWERED ──ACK──▶ CONFIRMED ──BYE──▶ ENDED
    outgoing  CALLING ───────────200───────────▶ CONFIRMED ──BYE──▶ ENDED

A CANCEL, a refusal or a timeout leads to ENDED from any phase. This file has what both kinds of call share: requests
within the dialog, and the end. They differ in the INVITE until its final response: `answering.py` has the callee's side
and the incoming call, `calling.py` the caller's side and the outgoing call. The other parts each have a deadline of
their own: our 2xx until its ACK (`acceptance.py`), changes of the session (`renegotiation.py`), its timer
(`session_timer.py`), transfers (`refer.py`).

The parts share one :class:`~voicebot.sip.call_state.CallState`, which they only read, and act through one
:class:`~voicebot.sip.wire.Wire`; none of them knows the call. Whether an offer is acceptable is decided by whoever
receives the event: nothing here looks into session descriptions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, Protocol

from voicebot.sip.acceptance import Acceptance
from voicebot.sip.body import part_in, session_in
from voicebot.sip.call_state import CallPhase, CallState
from voicebot.sip.dialog import SipDialog
from voicebot.sip.hop import Hop
from voicebot.sip.info_keys import TYPES, key_in
from voicebot.sip.kept import keep
from voicebot.sip.message import SipRequest, SipResponse, put_headers, response_to
from voicebot.sip.outputs import CallConfirmed, CallEnded, CallEvent, KeyReceived, SessionAnswered, SessionRefused
from voicebot.sip.refer import Referral
from voicebot.sip.renegotiation import Renegotiation
from voicebot.sip.sdp import SdpError, SessionDescription
from voicebot.sip.session_timer import SessionTimer
from voicebot.sip.transaction import ServerTransaction
from voicebot.sip.wire import Wire

_REFRESH_AGAIN_S = 3.0
"""How long until a session refresh is tried again that another change of the session prevented."""
_IN_EARLY_DIALOGS = ("UPDATE", "INFO")
"""Requests that a callee may send before it accepts; it must not send BYE then (RFC 3261 section 15)."""
_ENDED_BY_BYE = ("no-ack", "expired", "error")
"""Causes for which we send BYE."""


class CallOutput(NamedTuple):
    """What happened in a call."""

    call: SipCall
    event: CallEvent


class CallOwner(Protocol):
    """What a call needs from the user agent that keeps it."""

    def emit(self, output: CallOutput) -> None: ...

    def adopt(self, call: SipCall, dialog: SipDialog) -> None:
        """Pass requests within ``dialog``, which may be an early one, to ``call``."""

    def release(self, call: SipCall) -> None:
        """Forget the call: it is over, and nothing more will come for it."""


class InviteSide(Protocol):
    """Our side of the call's INVITE until its final response: the callee's or the caller's."""

    @property
    def deadline(self) -> float | None: ...

    def timeout(self, now: float) -> None: ...

    @property
    def early_dialogs(self) -> Collection[SipDialog]:
        """The early dialogs with callees that have not accepted."""

    def early_dialog(self, tag: str) -> SipDialog | None:
        """The early dialog with this remote tag."""

    def takes_offer(self, tag: str) -> bool:
        """Whether the side with this tag may offer before the call is up: after the first answer (RFC 3311 5.2)."""

    def on_prack(self, request: SipRequest, transaction: ServerTransaction, now: float) -> bool:
        """Handle a PRACK. True: our 200, which waited for it, has been sent."""

    def hang_up(self, now: float) -> None:
        """End the call before it is up."""

    def stop(self, now: float) -> None:
        """Clean up: the call is over."""


class SipCall:
    """A call in the core: an :class:`~voicebot.sip.answering.IncomingSipCall` or an
    :class:`~voicebot.sip.calling.OutgoingSipCall`. A command that does not fit the call's phase has no effect.
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
        """For the timer queue: the deadline that it has noted."""
        self.replaces: SipCall | None = None
        """The call that ends when this one is answered in its place (RFC 3891)."""
        self.renegotiation = Renegotiation(wire, state, timer, acceptance)
        self.referral = Referral(wire, state)
        self._owner = owner
        self._state = state
        self._wire = wire
        self._timer = timer
        self._acceptance = acceptance
        self._invite_side = invite_side
        self._bye_after_ack = False
        self._invite = ""
        """Its text, once the call is up and was kept: that is asked for several times a second."""

    # --- facts

    @property
    def request(self) -> SipRequest:
        """The INVITE; of an outgoing call the latest attempt."""
        return self._state.invite

    @property
    def source(self) -> Hop:
        """Where the INVITE came from, or was sent to."""
        return self._state.source

    @property
    def trunk(self) -> str:
        """The name of the call's trunk or account."""
        return self._state.trunk

    @property
    def outgoing(self) -> bool:
        return self._state.outgoing

    @property
    def recording(self) -> bool:
        """Whether it is a recording session (RFC 7866)."""
        return self._state.recording

    @property
    def local_tag(self) -> str:
        return self._state.local_tag

    @property
    def dialog(self) -> SipDialog | None:
        return self._state.dialog

    @property
    def dialogs(self) -> list[SipDialog]:
        """All dialogs of this call, early ones included."""
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

    def kept(self) -> dict[str, Any] | None:
        """What another process needs to go on with the call, as JSON; None if it cannot."""
        if not self._state.is_up:
            return None
        self._invite = self._invite or bytes(self._state.invite).decode("latin-1")
        return keep(self._state, self._timer, self._invite, self.renegotiation.asked)

    def give_up(self, now: float) -> None:
        """Another process has the call: end it here, without a word to the other side."""
        self._end(CallEnded("taken"), now)
        self._release()

    def accept_session(self, session: SessionDescription | None, now: float) -> None:
        """Reply to :class:`SessionOffered` with our answer (or our offer, if it had none)."""
        self.renegotiation.accept(session, now)

    def refuse_session(self, now: float, status: int = 488) -> None:
        """Refuse the offer of :class:`SessionOffered`; the session stays as it was."""
        self.renegotiation.refuse(now, status)

    def inform(self, headers: Mapping[str, str], on_status: Callable[[int], None], now: float) -> bool:
        """Send an INFO with ``headers``, without a body. ``on_status`` gets the status of its final response; 408: none
        has come. False: the call is not up."""
        dialog = self._state.dialog
        if not self._state.is_up or dialog is None:
            return False

        def done(response: SipResponse | None, _now: float) -> None:
            if response is None or response.status >= 200:
                on_status(response.status if response is not None else 408)

        request = dialog.request("INFO")
        put_headers(request, headers)
        self._wire.request_in(dialog, request, done, now)
        return True

    # --- requests from the other side

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
            if answer is None and self._state.phase is CallPhase.ANSWERED:
                self._end(CallEnded("error", reason="no answer in the ACK"), now)
                return
        if self._state.phase is CallPhase.ANSWERED:
            self._confirm(answer, now)
        elif answer is not None:
            self._emit(SessionAnswered(answer))
        elif taken == "with-answer":
            self._emit(SessionRefused(200, "no answer in the ACK"))  # of a re-INVITE: the session stays as it was

    def on_request(self, request: SipRequest, transaction: ServerTransaction, source: Hop, now: float) -> None:
        """A request within a dialog, other than ACK and CANCEL. Its extensions and body type have been checked."""
        dialog = self._dialog_of(request)
        if dialog is None or (dialog is not self._state.dialog and request.method not in _IN_EARLY_DIALOGS):
            self._wire.refuse(transaction, 481, now)
            return
        if not dialog.in_order(request):
            self._wire.refuse(transaction, 500, now)
            return
        dialog.heard_from(source)
        if request.method == "BYE":
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
        """The dialog of this call that ``request`` is in: its only one, or an early one."""
        dialog, tag = self._state.dialog, request.sender.tag
        if dialog is not None:
            return dialog if tag == dialog.remote_tag else None
        return self._invite_side.early_dialog(tag)

    def _on_bye(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        self._wire.respond(transaction, response_to(request, 200), now)
        self._acceptance.stop()
        self._end(CallEnded("bye", reason=(request.headers.get("Reason") or "")[:200]), now)
        self._release()

    def _on_info(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        part = part_in(request, TYPES)
        if part is not None:
            key = key_in(part)
            if key is None:
                self._wire.refuse(transaction, 400, now)
                return
            if key:
                self._emit(KeyReceived(key))
        self._wire.respond(transaction, response_to(request, 200), now)

    # --- inside

    def _emit(self, event: CallEvent) -> None:
        self._owner.emit(CallOutput(self, event))

    def _release(self) -> None:
        """The call is over, and nothing more will come for it."""
        self._owner.release(self)
        self._wire.release()

    def _confirm(self, answer: SessionDescription | None, now: float) -> None:
        """The call is up. ``answer``: the other side's, if the offer was ours."""
        self._state.phase = CallPhase.CONFIRMED
        self._emit(CallConfirmed(answer))
        replaced, self.replaces = self.replaces, None
        if replaced is not None:
            replaced.bye(now)

    def _send_bye(self, now: float) -> None:
        """Send BYE in the call's dialog. The call is released when the response to it has come."""
        dialog = self._state.dialog
        if dialog is None:
            return

        def done(response: SipResponse | None, _now: float) -> None:
            if response is None or response.status >= 200:
                self._release()

        self._wire.request_in(dialog, dialog.request("BYE"), done, now)

    def _end(self, ended: CallEnded, now: float) -> None:
        """End the call and emit ``ended``, once. Its last messages may still be on their way."""
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
            self._release()  # there is no dialog in which more could come
