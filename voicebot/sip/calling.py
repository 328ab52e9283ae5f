"""Outgoing calls: the caller's side of an INVITE until its final response, and the call that results.

If a proxy forks the INVITE, several callees may answer (RFC 3261 13.2.2). The first 2xx makes the call's dialog; any
other is acknowledged and ended with BYE. A CANCEL waits for a provisional response (9.1). A 2xx that crosses it is also
acknowledged and ended with BYE.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from voicebot.sip.acceptance import Acceptance
from voicebot.sip.body import session_in
from voicebot.sip.call import CallOwner, SipCall
from voicebot.sip.call_state import CallPhase, CallState
from voicebot.sip.client_request import ClientRequest
from voicebot.sip.dialog import SipDialog
from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.outputs import CallEnded, CallProgress
from voicebot.sip.reliable import EarlyDialogs
from voicebot.sip.sdp import SdpError, SessionDescription
from voicebot.sip.session_timer import SessionTimer
from voicebot.sip.transaction import ServerTransaction
from voicebot.sip.transaction_layer import OnResponse, TransactionLayer
from voicebot.sip.wire import Wire


class Calling:
    """The INVITE of one outgoing call.

    ``responded``: whether any response has come; ``cancelled``: whether we have given up.
    """

    def __init__(self, wire: Wire, state: CallState, timer: SessionTimer) -> None:
        self.responded = False
        self.cancelled = False
        self._wire = wire
        self._state = state
        self._timer = timer
        self._client: ClientRequest | None = None
        """The INVITE, over all attempts; None: it is not sent yet, or the call is over."""
        self._sent_to: Hop | None = None
        """The hop of the last attempt of a call that is over."""
        self._early = EarlyDialogs()
        self._early_answer: SessionDescription | None = None
        self._cancel_sent = False
        self._give_up_at: float | None = None
        self._ack: tuple[SipRequest, Hop] | None = None

    # --- as an InviteSide

    @property
    def deadline(self) -> float | None:
        return self._give_up_at

    def timeout(self, now: float) -> None:
        if self._give_up_at is not None and self._give_up_at <= now:
            # No final response within 64*T1 after our CANCEL: the transaction counts as cancelled (9.1).
            self._abandon(now)

    @property
    def early_dialogs(self) -> Collection[SipDialog]:
        return self._early.dialogs

    def early_dialog(self, tag: str) -> SipDialog | None:
        return self._early.get(tag)

    def takes_offer(self, tag: str) -> bool:
        return self._early.has_answer(tag)

    def on_prack(self, request: SipRequest, transaction: ServerTransaction, now: float) -> bool:
        self._wire.refuse(transaction, 481, now)
        return False

    def hang_up(self, now: float) -> None:
        self.cancelled = True
        if self._client is not None and not self._client.sent:
            self._abandon(now)
            return
        self._give_up_at = now + self._wire.timers.give_up
        self._wire.arm()
        self._maybe_cancel(now)

    def stop(self, now: float) -> None:
        self._give_up_at = None
        if self._client is not None:
            # It tells the call of responses, so in a circle both would wait for a collection of garbage.
            self._sent_to, self._client = self._client.hop, None

    # --- the INVITE

    def start(self, hops: Sequence[Hop], on_response: OnResponse, now: float) -> None:
        """Send the INVITE. The given ``on_response`` must pass each response on to :meth:`on_response`."""
        self._client = self._wire.request(self._state.invite, hops, on_response, now, on_sent=self._sent)

    def on_response(self, response: SipResponse | None, now: float) -> SipDialog | None:
        """Handle a response. Returns the call's dialog if it is the first 2xx, which is then to be acknowledged."""
        self.responded = self.responded or response is not None
        if response is None:
            self._wire.end(CallEnded("local" if self.cancelled else "timeout", 408, "Request Timeout"), now)
        elif response.status < 200:
            self._on_provisional(response, now)
        elif response.status < 300:
            return self._on_accepted(response, now)
        elif not (response.status == 422 and self._longer(response, now)):
            self._wire.end(CallEnded("local" if self.cancelled else "rejected", response.status, response.reason), now)
        return None

    def acknowledge(self, dialog: SipDialog) -> None:
        """Send the ACK for the 2xx that made ``dialog``. It is sent again whenever that 2xx is repeated."""
        invite = self._state.invite
        self._ack = self._wire.acknowledge(dialog, invite, invite.cseq[0])

    def answer_in(self, response: SipResponse) -> SessionDescription | None:
        """The answer to our offer: the one in this 2xx, or in a provisional response before it."""
        return _session_or_none(response) or self._early_answer

    def _dialog(self, invite: SipRequest, response: SipResponse) -> SipDialog:
        sent_to = self._client.hop if self._client is not None else self._sent_to
        return SipDialog.as_client(invite, response, sent_to, self._state.symmetric)

    def _sent(self, request: SipRequest) -> None:
        self._state.invite = request

    def _on_provisional(self, response: SipResponse, now: float) -> None:
        self._maybe_cancel(now)
        if response.status == 100 or self._state.phase is not CallPhase.CALLING or self.cancelled:
            return
        if self._early.lacks(response):
            self._early.keep(self._dialog(self._state.invite, response))
        if not self._early.acknowledge(self._wire, self._state.invite, response, now):
            return
        answer = _session_or_none(response)
        if answer is not None:
            self._early_answer = answer
            self._early.answered(response)
        self._wire.emit(CallProgress(response.status, response.reason, answer))

    def _on_accepted(self, response: SipResponse, now: float) -> SipDialog | None:
        dialog, invite = self._state.dialog, self._state.invite
        if dialog is None:
            return self._early.confirmed(self._dialog(invite, response))
        if response.recipient.tag == dialog.remote_tag:
            if self._ack is not None:  # our ACK was lost
                self._wire.repeat(*self._ack)
        else:
            # Another branch of a fork answered as well: end that call (13.2.2.4).
            other = self._dialog(invite, response)
            self._wire.acknowledge(other, invite, invite.cseq[0])
            self._wire.request_in(other, other.request("BYE"), lambda _response, _now: None, now)
        return None

    def _longer(self, refusal: SipResponse, now: float) -> bool:
        """After a 422, send the INVITE again with the session interval that the other side wants (RFC 4028 7.3)."""
        if self._client is None or self.cancelled:
            return False
        return self._client.again(lambda request: self._timer.raised(refusal, request), now)

    def _maybe_cancel(self, now: float) -> None:
        """Send CANCEL, but not before a provisional response has come (9.1)."""
        if self.cancelled and self.responded and not self._cancel_sent and self._client is not None:
            self._cancel_sent = True
            self._client.cancel(now)

    def _abandon(self, now: float) -> None:
        """Stop waiting for an answer to the INVITE."""
        if self._client is not None:
            self._client.abandon()
        self._wire.end(CallEnded("local"), now)


class OutgoingSipCall(SipCall):
    """A call that we place. ``offer``: our session description."""

    def __init__(
        self,
        owner: CallOwner,
        layer: TransactionLayer,
        state: CallState,
        offer: SessionDescription,
        session_expires_s: int,
    ) -> None:
        wire = Wire(layer, state, self, emit=self._emit, end=self._end)
        timer = SessionTimer(session_expires_s)
        acceptance = Acceptance(wire, state, timer)
        acceptance.note(offer)
        self._calling = Calling(wire, state, timer)
        super().__init__(owner, state, wire, timer, acceptance, self._calling)

    @property
    def responded(self) -> bool:
        """Whether any response to our INVITE has come."""
        return self._calling.responded

    def start(self, hops: Sequence[Hop], now: float) -> None:
        """Send the INVITE."""
        self._timer.ask_in(self._state.invite)
        self._calling.start(hops, self._on_response, now)

    def _on_response(self, response: SipResponse | None, now: float) -> None:
        dialog = self._calling.on_response(response, now)
        if response is not None and dialog is not None:
            self._accepted(dialog, response, now)
        elif response is not None and response.status < 200:
            early = self._calling.early_dialog(response.recipient.tag)
            if early is not None:
                self._owner.adopt(self, early)

    def _accepted(self, dialog: SipDialog, response: SipResponse, now: float) -> None:
        self._state.dialog = dialog
        self._state.peer_takes_update = "UPDATE" in response.tokens("Allow")
        self._owner.adopt(self, dialog)
        self._calling.acknowledge(dialog)
        if self._calling.cancelled or self._state.phase is not CallPhase.CALLING:
            # The 200 crossed our CANCEL, or came after we had given up.
            self._send_bye(now)
            self._end(CallEnded("local"), now)
            return
        answer = self._calling.answer_in(response)
        if answer is None:
            self._end(CallEnded("error", reason="no answer in the 200"), now)
            return
        self._timer.answered(response, now)
        self._wire.arm()
        self._confirm(answer, now)


def _session_or_none(response: SipResponse) -> SessionDescription | None:
    """The session description in ``response``; None also if it is malformed."""
    try:
        return session_in(response)
    except SdpError:
        return None
