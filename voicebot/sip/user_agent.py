"""The user agent core: messages and commands in, messages and events out (RFC 3261 sections 8, 9, 11, 12, 18).

A request is checked first for whether its sender may talk to us at all (`gate`), then in the order of 8.2 (method, URI
scheme, loops, extensions, body), and is then passed to its dialog, or makes a new call. The calls are in a
`call_table`, the lines with their registrations in a `line_table`, transactions and timers in a `transaction_layer`.

Everything is bounded. A request that is not admitted is answered without keeping state, so that strangers cannot fill a
table; so is any request over the limit of transactions, or malformed. Over the limit of calls, an INVITE gets 503.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from voicebot.address import Address, Domain
from voicebot.sip.agent_answers import AgentAnswers
from voicebot.sip.agent_options import AgentOptions
from voicebot.sip.answering import CallOffered, IncomingSipCall
from voicebot.sip.body import session_in
from voicebot.sip.call import CallOutput, SipCall
from voicebot.sip.call_state import CallPhase, CallState
from voicebot.sip.call_table import CallTable
from voicebot.sip.calling import OutgoingSipCall
from voicebot.sip.dialog import SipDialog
from voicebot.sip.gate import Gate, OpenGate
from voicebot.sip.hop import Hop, Listener, hop_of
from voicebot.sip.inspection import ALLOW, METHODS, SUPPORTED, Refusal, inspect
from voicebot.sip.invitation import Invitation
from voicebot.sip.kept import restore, source_of
from voicebot.sip.line import Line
from voicebot.sip.line_table import LineTable
from voicebot.sip.message import MalformedMessage, SipRequest, call_id_of, method_of, parse_message, response_to
from voicebot.sip.outputs import Locate, SipCounters, Transmit
from voicebot.sip.refer import Replaces
from voicebot.sip.restoring import RestoredSipCall
from voicebot.sip.sdp import SdpError, SessionDescription
from voicebot.sip.session_timer import MIN_SE, too_short
from voicebot.sip.symmetric import Symmetric, reply_hop
from voicebot.sip.transaction import ServerTransaction, TransactionState
from voicebot.sip.transaction_layer import LARGE, TransactionLayer

_IN_CALLS = 2
"""Requests in running calls may use this many times the limit of transactions, so that strangers cannot use it up."""

SipOutput = Transmit | Locate | CallOffered | CallOutput
"""The outputs of the core, in order: messages to send, names to resolve, new calls, events of calls."""


class UserAgent:
    """``listeners``: our addresses as others reach us. ``gate``: who may talk to us, by default everybody.

    ``lines``: for outgoing calls, by the names of accounts and trunks. ``counters``: shared with the driver.
    ``token(n)`` returns 2n random hexadecimal digits.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        options: AgentOptions | None = None,
        *,
        gate: Gate | None = None,
        lines: Mapping[str, Line] | None = None,
        counters: SipCounters | None = None,
        token: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        options = options or AgentOptions()
        self._options = options
        self.counters = counters or SipCounters()
        self.layer = TransactionLayer(
            listeners,
            name=options.name,
            timers=options.timers,
            counters=self.counters,
            token=token,
            emit=self._emit,
        )
        self.lines = LineTable(self.layer, lines or {}, options.keepalive_s)
        self._limits = options.limits
        self._table = CallTable(options.limits, self._emit)
        self._gate = gate or OpenGate()
        self._answers = AgentAnswers(self.layer, self._gate, self.counters, options.limits.retry_after_s)
        self.draining = False
        """Whether OPTIONS says that new calls are refused. The refusing is done by who gets the calls."""
        self._token = token
        self._outbox: list[SipOutput] = []

    # --- for the driver

    @property
    def transactions(self) -> int:
        return len(self.layer)

    @property
    def calls(self) -> frozenset[SipCall]:
        """Calls that are not over, with those whose BYE is still unanswered."""
        return self._table.all

    @property
    def call_flows(self) -> frozenset[int]:
        """The numbers of the connections that calls use."""
        dialogs = (dialog for call in self._table.all for dialog in call.dialogs)
        return frozenset(dialog.flow.flow for dialog in dialogs if dialog.flow is not None)

    def is_full(self, trunk: str) -> bool:
        """Whether ``trunk`` has reached its limit of calls."""
        return self._table.is_full(trunk)

    def is_fit(self, line: Line, now: float) -> bool:
        """Whether ``line`` can carry a call now."""
        return not self.is_full(line.name) and self.lines.is_up(line, now)

    def take(self) -> list[SipOutput]:
        """The outputs since a method returned outputs last: those of commands."""
        outputs, self._outbox = self._outbox, []
        return outputs

    def next_deadline(self) -> float | None:
        """When to call :meth:`timeout`; None: never."""
        return self.layer.next_deadline()

    def timeout(self, now: float) -> list[SipOutput]:
        """Run everything that is due."""
        self.layer.timeout(now)
        return self.take()

    def transport_failed(self, hop: Hop, now: float) -> list[SipOutput]:
        """``hop`` cannot be reached, or its connection is closed: requests that wait for it fail."""
        self.layer.transport_failed(hop, now)
        self.lines.connection_lost(hop, now)
        return self.take()

    def receive(self, data: bytes, source: Hop, now: float) -> list[SipOutput]:
        """Handle one message from ``source``. Never raises, whatever it contains."""
        self.counters.received += 1
        if not data.strip(b"\r\n\0 \t"):
            self.counters.keepalives += 1
            return self.take()
        if self._is_passed_over(data, source, now):
            return self.take()
        try:
            message = parse_message(data)
        except MalformedMessage as error:
            self.counters.malformed += 1
            self._answers.malformed(error, source, now)
            return self.take()
        if isinstance(message, SipRequest):
            self._receive_request(message, source, now)
        else:
            self.layer.receive_response(message, now)
        return self.take()

    def _is_passed_over(self, data: bytes, source: Hop, now: float) -> bool:
        """Whether a message costs no more than this look: a response to no request of ours, or one request too many."""
        if data.startswith(b"SIP/2.0 "):
            self.counters.dropped += (unasked := not self.layer.awaits(data))
            return unasked
        call_id = call_id_of(data)
        silent = self._gate.silent(method_of(data), source, now, call_id if self._table.runs(call_id) else "")
        self.counters.strangers += silent
        return silent

    def _emit(self, output: SipOutput) -> None:
        self._outbox.append(output)

    # --- commands

    def invite(
        self,
        to: Address,
        session: SessionDescription,
        now: float,
        *,
        line: Line | None = None,
        sender: Address | None = None,
        display_name: str = "",
        headers: Mapping[str, str] | None = None,
        metadata: bytes = b"",
    ) -> OutgoingSipCall:
        """Call ``to``, through ``line`` if it is given. ``metadata``: of the call that we fork to it (RFC 7866).

        ``sender``: our address in From, by default the line's; a number or name gets the line's domain. Raises
        ValueError if ``to`` has no domain, cannot be reached without a proxy (tel), or a header is malformed.
        """
        proxy = line.proxy if line is not None else ""
        hop = hop_of(proxy or to.uri)
        if hop is None:
            raise ValueError(f"cannot send to {proxy or to.uri}")
        local_tag = self.layer.new_tag()
        own = line.own if line is not None else Address("voicebot", Domain.parse(self.layer.listeners[0].sent_by))
        if sender is not None and own.domain is not None:
            sender = sender.at(own.domain)
        contact = self.layer.contact(hop, user=own.user, secure=to.domain is not None and to.domain.scheme == "sips")
        invitation = Invitation(
            to.uri,
            (sender or own).uri,
            local_tag,
            self.layer.new_call_id(),
            1 + int(self._token(2), 16),
            contact,
            display_name,
            proxy if proxy and hop_of(to.uri) != hop else "",  # one that the URI leads to anyhow needs no Route
            headers or {},
            metadata,
        )
        request = invitation.request(session, ALLOW, SUPPORTED)
        state = CallState(
            request,
            hop,
            local_tag,
            contact,
            outgoing=True,
            phase=CallPhase.CALLING,
            trunk=line.name if line is not None else "",
            credentials=line.credentials if line is not None else None,
            symmetric=self._symmetric(line.name if line is not None else ""),
            recording=bool(metadata),
        )
        call = OutgoingSipCall(self._table, self.layer, state, session, self._options.session_expires_s)
        self._table.add(call)
        self.counters.calls_out += 1
        call.start(self._hops(request, hop), now)
        return call

    def restore(self, kept: dict[str, Any], now: float) -> RestoredSipCall:
        """Go on with a call that another process has kept. Raises :class:`~voicebot.sip.kept.NotKept`."""
        source = source_of(kept)
        line = self.lines.get(str(kept.get("trunk", "")))
        user = line.own.user if line is not None and kept.get("outgoing") else ""
        contact = self.layer.contact(source, user=user) if user else self.layer.contact(source)
        restored = restore(kept, contact, line)
        call = RestoredSipCall(self._table, self.layer, restored, self._options.session_expires_s, now)
        self._table.add(call)
        return call

    def _hops(self, request: SipRequest, hop: Hop) -> list[Hop]:
        """Where to send ``request``: if it is too large for a datagram, over TCP first (18.1.1)."""
        has_tcp = any(listener.transport == "TCP" for listener in self.layer.listeners)
        too_large = hop.transport == "UDP" and has_tcp and len(bytes(request)) > LARGE
        return [hop._replace(transport="TCP"), hop] if too_large else [hop]

    # --- requests

    def _receive_request(self, request: SipRequest, source: Hop, now: float) -> None:
        self.counters.requests_by_method[request.method if request.method in METHODS else "other"] += 1
        request.stamp(source.host, source.port)
        if request.method == "ACK":
            self._receive_ack(request, source, now)
            return
        transaction = self.layer.server_of(request)
        if transaction is not None:
            self.counters.repeated += 1
            if self._table.runs(request.call_id) or self._gate.repeats(request.method, source, now):
                self.layer.receive_again(request, transaction, now)
            return
        trunk, refusal, bound = "", None, self._limits.transactions
        if self._is_expected(request, source):
            bound *= _IN_CALLS
            trunk = self._trunk_of(request, source)
        else:
            admission = self._gate.admit(request, source, now)
            if admission.drop:
                self.counters.strangers += 1
                return
            trunk, refusal = admission.trunk, admission.refusal
        reply_to = reply_hop(request.via[0], source, self._symmetric(trunk))
        if refusal is not None:
            self._answers.refuse_statelessly(request, refusal, reply_to)
            return
        if self.transactions >= bound:
            self._answers.refuse_statelessly(request, self._answers.no_room, reply_to)
            return
        refusal = self._inspect(request, trunk)
        transaction = self.layer.start_server(request, reply_to)
        if request.method == "CANCEL":
            self._receive_cancel(request, transaction, source, now)
        elif refusal is not None:
            self._answers.refuse(transaction, refusal, now)
        else:
            self._take_request(request, transaction, source, trunk, now)

    def _is_expected(self, request: SipRequest, source: Hop) -> bool:
        """Whether the request belongs to a dialog or, being a CANCEL, to an INVITE that we know."""
        if request.method == "CANCEL":
            return self.layer.invite_of(request, source) is not None
        return bool(request.recipient.tag) and self._table.call_of(request) is not None

    def _trunk_of(self, request: SipRequest, source: Hop) -> str:
        """The trunk of the call that an expected request belongs to."""
        invite = self.layer.invite_of(request, source) if request.method == "CANCEL" else None
        call = self._table.call_of(request) if invite is None else self._table.invited_by(invite)
        return call.trunk if call is not None else ""

    def _symmetric(self, trunk: str) -> Symmetric:
        return self._options.symmetric.get(trunk, "auto")

    def _inspect(self, request: SipRequest, trunk: str) -> Refusal | None:
        """The checks that apply to every request. 482: the same has come by another route (8.2.2.2)."""
        is_merged = not request.recipient.tag and self.layer.is_merged(request)
        call = self._table.call_of(request) if request.recipient.tag else None
        recording = call.recording if call is not None else self._options.takes_recording(request, trunk)
        return inspect(request, recording=recording) or (Refusal(482) if is_merged else None)

    def _receive_ack(self, request: SipRequest, source: Hop, now: float) -> None:
        transaction = self.layer.invite_of(request, source)
        if transaction is not None and transaction.state is not TransactionState.ACCEPTED:
            self.layer.receive_again(request, transaction, now)
        elif call := self._table.call_of(request):  # also when it reuses the branch of its INVITE, as old peers do
            call.on_ack(request, now)
            self.layer.arm(call)
        else:
            self.counters.dropped += 1

    def _receive_cancel(self, request: SipRequest, transaction: ServerTransaction, source: Hop, now: float) -> None:
        invite = self.layer.invite_of(request, source)
        if invite is None:
            self._answers.refuse(transaction, Refusal(481), now)
            return
        call = self._table.invited_by(invite)
        tag = call.local_tag if call is not None else self.layer.tag_for(request)
        self.layer.respond(transaction, response_to(request, 200, to_tag=tag), now)
        if call is not None:
            call.cancel(now)

    def _take_request(
        self, request: SipRequest, transaction: ServerTransaction, source: Hop, trunk: str, now: float
    ) -> None:
        call = self._table.call_of(request) if request.recipient.tag else None
        if request.recipient.tag and call is None:
            self._answers.refuse(transaction, Refusal(481), now)
        elif request.method == "OPTIONS":
            self._answers.options(request, transaction, source, now, draining=self.draining)
        elif call is not None:
            call.on_request(request, transaction, source, now)
            self.layer.arm(call)
        elif request.method == "INVITE":
            self._take_invite(request, transaction, source, trunk, now)
        elif request.method == "REFER":
            self._answers.refuse(transaction, Refusal(403), now)  # we accept REFER only within a call
        else:
            self._answers.refuse(transaction, Refusal(481), now)

    def _take_invite(
        self, request: SipRequest, transaction: ServerTransaction, source: Hop, trunk: str, now: float
    ) -> None:
        """Make a new call. Its session description is parsed only here."""
        if not self._table.has_room(trunk):
            self._answers.refuse(transaction, self._answers.no_room, now)
            return
        if too_short(request):
            self._answers.refuse(transaction, Refusal(422, {"Min-SE": str(MIN_SE)}), now)
            return
        try:
            offer = session_in(request)
        except SdpError:
            self._answers.refuse(transaction, Refusal(400), now)
            return
        replaces = Replaces.of(request)
        replaced = self._table.replaced_by(replaces, trunk, source) if replaces is not None else None
        if replaces is not None and (replaced is None or replaces.early_only):
            self._answers.refuse(transaction, Refusal(481 if replaced is None else 486), now)  # RFC 3891 section 3
            return
        local_tag = self.layer.new_tag()
        line = self.lines.get(trunk)
        state = CallState(
            request,
            source,
            local_tag,
            self.layer.contact(source, secure=request.uri[:5].lower() == "sips:"),
            outgoing=False,
            phase=CallPhase.OFFERED,
            trunk=trunk,
            credentials=line.credentials if line is not None else None,
            symmetric=self._symmetric(trunk),
            dialog=SipDialog.as_server(request, local_tag, source, self._symmetric(trunk)),
            peer_takes_update="UPDATE" in request.tokens("Allow"),
            recording=self._options.takes_recording(request, trunk),
        )
        call = IncomingSipCall(self._table, self.layer, state, transaction, offer, self._options.session_expires_s)
        call.replaces = replaced
        self._table.add(call)
        self.counters.calls_in += 1
        call.begin(now)
        self._emit(CallOffered(call))
