"""What the user agent core answers without a call: refusals, OPTIONS, and what is malformed (RFC 3261 sections 8.2,
11.2)."""

from __future__ import annotations

from voicebot.sip.gate import Gate
from voicebot.sip.header import SipSyntaxError
from voicebot.sip.hop import Hop
from voicebot.sip.inspection import ACCEPT, ALLOW, SUPPORTED, Refusal
from voicebot.sip.message import MalformedMessage, SipRequest, response_to
from voicebot.sip.outputs import SipCounters
from voicebot.sip.symmetric import reply_hop
from voicebot.sip.transaction import ServerTransaction
from voicebot.sip.transaction_layer import TransactionLayer


class AgentAnswers:
    """``retry_after_s``: what is told to whom there is no room for."""

    def __init__(self, layer: TransactionLayer, gate: Gate, counters: SipCounters, retry_after_s: int) -> None:
        self._layer = layer
        self._gate = gate
        self._counters = counters
        self.no_room = Refusal(503, {"Retry-After": str(retry_after_s)})

    def refuse(self, transaction: ServerTransaction, refusal: Refusal, now: float) -> None:
        self._layer.refuse(transaction, refusal.status, now, headers=refusal.headers)

    def refuse_statelessly(self, request: SipRequest, refusal: Refusal, reply_to: Hop) -> None:
        """A forged source address gets one response, and no retransmissions of it."""
        self._layer.answer_stateless(request, refusal.status, reply_to, headers=refusal.headers)

    def options(
        self, request: SipRequest, transaction: ServerTransaction, source: Hop, now: float, *, draining: bool
    ) -> None:
        """Answer OPTIONS as an INVITE would be (11.2): with what we support, or with 503 while draining."""
        if draining and not request.recipient.tag:
            self.refuse(transaction, self.no_room, now)
            return
        response = response_to(request, 200, to_tag=self._layer.tag_for(request))
        response.headers.set("Allow", ALLOW)
        response.headers.set("Accept", ACCEPT)
        response.headers.set("Accept-Encoding", "identity")
        response.headers.set("Accept-Language", "*")
        response.headers.set("Supported", SUPPORTED)
        response.headers.set("Contact", self._layer.contact(source))
        self._layer.respond(transaction, response, now)

    def malformed(self, error: MalformedMessage, source: Hop, now: float) -> None:
        """Say what is wrong, if it can be told to whom."""
        request = error.request
        if request is None or request.method == "ACK" or not request.headers.get("Via"):
            return
        if self._gate.admit(request, source, now).drop:
            self._counters.strangers += 1
            return
        try:
            reply_to = reply_hop(request.via[0], source)
            request.stamp(source.host, source.port)
        except SipSyntaxError:
            reply_to = source
        reason = str(error) if error.status == 400 else ""
        self._layer.answer_stateless(request, error.status, reply_to, reason=reason)
