"""The caller's end of an INVITE: what comes back, the ACK of a 2xx, and CANCEL (RFC 3261 9.1, 13.2.2).

A fork may answer more than once. The first 2xx makes the call's dialog; another one is acknowledged and taken down.
A CANCEL waits for a provisional response, and a 2xx that crosses it is acknowledged and ended with BYE.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from voicebot.sip.body import session_in
from voicebot.sip.client_request import ClientRequest
from voicebot.sip.dialog import SipDialog
from voicebot.sip.digest import Credentials
from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.outputs import CallProgress
from voicebot.sip.reliable import EarlyDialogs
from voicebot.sip.sdp import SdpError, SessionDescription

if TYPE_CHECKING:
    from voicebot.sip.call import SipCall
    from voicebot.sip.user_agent import UserAgent


class Calling:
    """The INVITE of one outgoing call. ``client``: its request, over all its tries."""

    def __init__(self, call: SipCall, ua: UserAgent, credentials: Credentials | None) -> None:
        self.client: ClientRequest | None = None
        self.cancel_wanted = False
        self._call = call
        self._ua = ua
        self._credentials = credentials
        self._early = EarlyDialogs()
        self._early_answer: SessionDescription | None = None
        self._cancel_sent = False
        self.responded = False
        """Whether anybody has responded at all."""
        self._give_up_at: float | None = None
        self._ack: tuple[SipRequest, Hop] | None = None

    @property
    def deadline(self) -> float | None:
        return self._give_up_at

    def timeout(self, now: float) -> None:
        if self._give_up_at is not None and self._give_up_at <= now:
            # Nothing came back for our CANCEL in 64*T1: the transaction counts as cancelled (9.1).
            self._give_up_at = None
            self._call.end("local")
            self._ua.abandon(self._call)

    def stop(self) -> None:
        """The call is over."""
        self._give_up_at = None

    def start(self, hops: Sequence[Hop], now: float) -> None:
        call = self._call
        self.client = ClientRequest(
            self._ua, call.request, hops, self._on_response, credentials=self._credentials, on_sent=self._sent
        )
        self.client.start(now)

    def cancel(self, now: float) -> None:
        self.cancel_wanted = True
        if self.client is not None and not self.client.sent:
            self._call.end("local")
            self._ua.abandon(self._call)
            return
        self._give_up_at = now + self._ua.timers.give_up
        self._ua.arm(self._call)
        self._maybe_cancel(now)

    def acknowledge(self, dialog: SipDialog, cseq: int) -> tuple[SipRequest, Hop] | None:
        """Send the ACK of a 2xx, which is no part of the INVITE's transaction (13.2.2.4)."""
        ack = dialog.request("ACK", cseq)
        if not dialog.hops:
            return None
        for name in ("Authorization", "Proxy-Authorization"):
            if value := self._call.request.headers.get(name):  # 22.1: the ACK carries the credentials of its INVITE
                ack.headers.set(name, value)
        hop = dialog.hops[0]
        self._ua.add_via(ack, hop)
        self._ua.transmit_request(ack, hop)
        return ack, hop

    def _sent(self, request: SipRequest) -> None:
        self._call.request = request

    def _on_response(self, response: SipResponse | None, now: float) -> None:
        call = self._call
        self.responded = self.responded or response is not None
        if response is None:
            call.end("local" if self.cancel_wanted else "timeout", 408, "Request Timeout")
            self._ua.release(call)
        elif response.status < 200:
            self._on_provisional(response, now)
        elif response.status < 300:
            self._on_accepted(response, now)
        elif response.status == 422 and self._longer(response, now):
            return
        else:
            call.end("local" if self.cancel_wanted else "rejected", response.status, response.reason)
            self._ua.release(call)

    def _longer(self, refusal: SipResponse, now: float) -> bool:
        """Ask once more, for a session timer that is as long as the other side wants (RFC 4028 7.3)."""
        if self.client is None or self.cancel_wanted:
            return False
        return self.client.again(lambda request: self._call.timer.raised(refusal, request), now)

    def early_dialog(self, tag: str) -> SipDialog | None:
        """The dialog of a callee that has answered provisionally."""
        return self._early.get(tag)

    def has_early_answer(self, tag: str) -> bool:
        return self._early.has_answer(tag)

    def _on_provisional(self, response: SipResponse, now: float) -> None:
        self._maybe_cancel(now)
        if response.status > 100 and self._call.is_calling and not self.cancel_wanted:
            dialog = self._early.note(self._call, response)
            if dialog is not None:
                self._ua.adopt(self._call, dialog)
            if not self._early.acknowledge(self._call, response, now):
                return
            try:
                early = session_in(response)
            except SdpError:
                early = None
            if early is not None:
                self._early_answer = early
                self._early.answered(response)
            self._ua.emit(CallProgress(self._call, response.status, response.reason, early))

    def _on_accepted(self, response: SipResponse, now: float) -> None:
        call, cseq = self._call, self._call.request.cseq[0]
        if call.dialog is not None:
            if response.recipient.tag == call.dialog.remote_tag:
                if self._ack is not None:  # our ACK was lost
                    self._ua.transmit_request(*self._ack)
            else:
                # Another branch of a fork answered as well: take it down (13.2.2.4).
                other = SipDialog.as_client(call.request, response)
                self.acknowledge(other, cseq)
                call.request_in(other, other.request("BYE"), lambda _response, _now: None, now)
            return
        call.dialog = self._early.confirmed(call.request, response)
        call.peer_takes_update = "UPDATE" in response.tokens("Allow")
        self._ua.adopt(call, call.dialog)
        self._ack = self.acknowledge(call.dialog, cseq)
        if self.cancel_wanted or not call.is_calling:
            # The 200 crossed our CANCEL, or came after we had given up.
            call.send_bye(now)
            call.end("local")
            return
        try:
            answer = session_in(response)
        except SdpError:
            answer = None
        answer = answer or self._early_answer
        if answer is None:
            call.send_bye(now)
            call.end("error", reason="no answer in the 200")
            return
        call.timer.answered(response, now)
        call.confirm(answer)

    def _maybe_cancel(self, now: float) -> None:
        """9.1: a CANCEL must wait until a provisional response has come."""
        if self.cancel_wanted and self.responded and not self._cancel_sent:
            self._cancel_sent = True
            self._ua.cancel(self._call, now)
