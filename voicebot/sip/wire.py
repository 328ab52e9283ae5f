"""How the parts of a call act: they send responses and requests, set deadlines, and emit events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from voicebot.sip.call_state import CallState
from voicebot.sip.client_request import ClientRequest
from voicebot.sip.dialog import SipDialog
from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.outputs import CallEnded, CallEvent, SipCounters
from voicebot.sip.timer_queue import Timed
from voicebot.sip.transaction import ServerTransaction, SipTimers
from voicebot.sip.transaction_layer import OnResponse, TransactionLayer


class Wire:
    """Shared by all parts of one call. ``emit`` takes events for the call's user; ``end`` ends the call.

    After :meth:`release`, only messages are sent.
    """

    __slots__ = ("_call", "_layer", "_state", "emit", "end")

    def __init__(
        self,
        layer: TransactionLayer,
        state: CallState,
        call: Timed,
        *,
        emit: Callable[[CallEvent], None],
        end: Callable[[CallEnded, float], None],
    ) -> None:
        self._layer = layer
        self._state = state
        self._call: Timed | None = call
        self.emit = emit
        self.end = end

    @property
    def timers(self) -> SipTimers:
        return self._layer.timers

    @property
    def counters(self) -> SipCounters:
        return self._layer.counters

    def arm(self) -> None:
        """To be called when the deadline of a part may have moved to an earlier time."""
        if self._call is not None:
            self._layer.arm(self._call)

    def release(self) -> None:
        """The call is over, and forgotten. Its parts let go of it here, because it has them: else all would wait for a
        collection of garbage. What still comes is a 2xx to our INVITE, repeated, or of another branch of a fork."""
        self._call = None
        self.emit = self.end = _to_nobody

    def respond(self, transaction: ServerTransaction, response: SipResponse, now: float) -> None:
        self._layer.respond(transaction, response, now)

    def refuse(
        self,
        transaction: ServerTransaction,
        status: int,
        now: float,
        *,
        retry_after_s: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send a failure response, with additional ``headers``."""
        self._layer.refuse(transaction, status, now, retry_after_s=retry_after_s, headers=headers)

    def request(
        self,
        request: SipRequest,
        hops: Sequence[Hop],
        on_response: OnResponse,
        now: float,
        *,
        next_cseq: Callable[[], int] | None = None,
        on_sent: Callable[[SipRequest], None] | None = None,
    ) -> ClientRequest:
        """Send ``request``, answering challenges with the call's credentials (:class:`ClientRequest`)."""
        client = ClientRequest(
            self._layer,
            request,
            hops,
            on_response,
            credentials=self._state.credentials,
            next_cseq=next_cseq,
            on_sent=on_sent,
        )
        client.start(now)
        return client

    def request_in(self, dialog: SipDialog, request: SipRequest, on_response: OnResponse, now: float) -> ClientRequest:
        """The same within ``dialog``."""
        return self.request(request, dialog.hops, on_response, now, next_cseq=dialog.next_cseq)

    def acknowledge(self, dialog: SipDialog, invite: SipRequest, cseq: int) -> tuple[SipRequest, Hop] | None:
        """Send the ACK for a 2xx to ``invite``, outside of its transaction (13.2.2.4). Returns it for :meth:`repeat`.

        ``cseq``: the number in the 2xx, which may be that of an earlier attempt.
        """
        if not dialog.hops:
            return None
        ack, hop = dialog.request("ACK", cseq), dialog.hops[0]
        credentials = self._state.credentials
        named = ("Authorization", "Proxy-Authorization") if credentials is not None and credentials.are_for(hop) else ()
        for name in named:
            if value := invite.headers.get(name):  # 22.1: the ACK carries the credentials of its INVITE
                ack.headers.set(name, value)
        self._layer.add_via(ack, hop)
        self._layer.transmit(ack, hop)
        return ack, hop

    def repeat(self, ack: SipRequest, hop: Hop) -> None:
        """Send an ACK again that was lost."""
        self._layer.transmit(ack, hop)


def _to_nobody(*_: object) -> None:
    """Takes the events of a call that is forgotten."""
