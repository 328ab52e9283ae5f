"""The user agent core: messages and commands in, messages and events out (RFC 3261 sections 8, 9, 11, 12, 18).

It owns the calls, and decides what a request is entitled to: first whether its sender may talk to us at all (`gate`),
then in the order of 8.2: method, URI scheme, loops, extensions, body; then the dialog or the new call. Transactions and
timers are those of :class:`~voicebot.sip.transaction_layer.TransactionLayer`, which it extends.

Everything is bounded. Over the bound of transactions a request is answered without state; over the bound of calls an
INVITE gets 503. A malformed request is answered 400 without state, and only counted when it does not even say from
where it came.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from voicebot.sip.body import session_in
from voicebot.sip.call import CallState, SipCall
from voicebot.sip.dialog import SipDialog
from voicebot.sip.digest import Credentials
from voicebot.sip.gate import Gate, OpenGate
from voicebot.sip.header import SipSyntaxError, SipUri
from voicebot.sip.hop import Hop, Listener, hop_of, reply_hop
from voicebot.sip.inspection import ACCEPT, EXTENSIONS, METHODS, Refusal, inspect
from voicebot.sip.invitation import Invitation
from voicebot.sip.message import MalformedMessage, SipRequest, parse_message, response_to
from voicebot.sip.outputs import Output
from voicebot.sip.probe import TrunkProbe
from voicebot.sip.refer import replaces_key
from voicebot.sip.registration import Account, Registration
from voicebot.sip.sdp import SdpError, SessionDescription
from voicebot.sip.session_timer import MIN_SE, too_short
from voicebot.sip.transaction import ServerTransaction, Timers, TransactionState
from voicebot.sip.transaction_layer import LARGE, Key, TransactionLayer


@dataclass(frozen=True, slots=True)
class Limits:
    """What one user agent holds at most."""

    transactions: int = 20_000
    calls: int = 2_000
    retry_after_s: int = 5
    """Sent with a 503."""
    calls_of: Mapping[str, int] = field(default_factory=dict)
    """By the name of a trunk: its calls at once, both ways."""


class UserAgent(TransactionLayer):
    """See :class:`TransactionLayer`. ``gate``: who may talk to us; everybody, by default."""

    def __init__(
        self,
        listeners: Sequence[Listener],
        *,
        name: str = "voicebot",
        limits: Limits | None = None,
        timers: Timers | None = None,
        gate: Gate | None = None,
        keepalive_s: float = 30.0,
        session_expires_s: int = 0,
        token: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        super().__init__(listeners, name=name, timers=timers, token=token)
        self.limits = limits or Limits()
        self.allow = ", ".join(METHODS)
        self.supported = ", ".join(sorted(EXTENSIONS))
        self.keepalive_s = keepalive_s
        """How often the ways through NAT to registrars are kept open."""
        self.session_expires_s = session_expires_s
        """The session timer that we ask for; 0: none."""
        self.registrations: dict[str, Registration] = {}
        """By the account's name."""
        self.probes: dict[str, TrunkProbe] = {}
        """By the trunk's name, of those that are sent OPTIONS."""
        self._gate = gate or OpenGate()
        self._calls: set[SipCall] = set()
        self._dialogs: dict[tuple[str, str, str], SipCall] = {}
        self._invites: dict[Key, SipCall] = {}
        self._incoming: dict[SipCall, Key] = {}

    # --- for the driver

    @property
    def calls(self) -> frozenset[SipCall]:
        """Calls that are not over, with those whose BYE is still unanswered."""
        return frozenset(self._calls)

    def receive(self, data: bytes, source: Hop, now: float) -> list[Output]:
        """One message from ``source``. Never raises for anything that it may hold."""
        self.counters.received += 1
        if not data.strip(b"\r\n\0 \t"):
            self.counters.keepalives += 1
            return self.take()
        silent = self._gate.silent(source, now)
        if silent and not data.startswith(b"SIP/2.0 "):
            # An answer may come from anywhere; a request of a stranger costs no more than this.
            self.counters.strangers += 1
            return self.take()
        try:
            message = parse_message(data)
        except MalformedMessage as error:
            self.counters.malformed += 1
            self._answer_malformed(error, source, now)
            return self.take()
        if isinstance(message, SipRequest):
            self._receive_request(message, source, now)
        else:
            self._receive_response(message, now)
        return self.take()

    def invite(
        self,
        uri: str,
        session: SessionDescription,
        now: float,
        *,
        from_uri: str = "",
        display_name: str = "",
        headers: Mapping[str, str] | None = None,
        proxy: str = "",
        credentials: Credentials | None = None,
        contact_user: str = "voicebot",
        trunk: str = "",
    ) -> SipCall:
        """Call ``uri``, by way of ``proxy`` (a URI) when there is one; ``credentials`` are for who challenges us.

        ``trunk``: the trunk or account whose call this is.

        Raises ValueError for a URI or header that cannot be sent.
        """
        SipUri.parse(uri)
        hop = hop_of(proxy or uri)
        if hop is None:
            raise ValueError(f"cannot send to {proxy or uri}")
        local_tag = self._token(8)
        contact = self.contact(hop, user=contact_user, secure=uri[:5].lower() == "sips:")
        invitation = Invitation(
            uri,
            from_uri or f"sip:voicebot@{self.listeners[0].sent_by}",
            local_tag,
            f"{self._token(12)}@{self.listeners[0].host}",
            1 + int(self._token(2), 16),
            contact,
            display_name,
            proxy if proxy and hop_of(uri) != hop else "",  # one that the URI leads to anyhow needs no Route
            headers or {},
        )
        request = invitation.request(session, self.allow, self.supported)
        call = SipCall(self, request, hop, local_tag, contact=contact, trunk=trunk, credentials=credentials)
        call.local_session = session
        call.timer.ask_in(request)
        self._calls.add(call)
        self.counters.calls_out += 1
        call.start(self._way(request, hop), now)
        return call

    def register(self, account: Account, now: float, *, chance: Callable[[], float] = random.random) -> Registration:
        """Register ``account`` and keep it so; ``chance`` gives the jitter, from 0 to 1."""
        registration = Registration(
            self, account, f"{self._token(12)}@{self.listeners[0].host}", self._token(8), chance
        )
        self.registrations[account.name] = registration
        if account.register:
            registration.start(now)
            self.arm(registration)
        return registration

    def probe(
        self, name: str, uri: str, interval_s: float, now: float, *, chance: Callable[[], float] = random.random
    ) -> TrunkProbe:
        """Send OPTIONS to ``uri`` from now on, for the trunk ``name``."""
        call_id = f"{self._token(12)}@{self.listeners[0].host}"
        probe = TrunkProbe(self, name, uri, interval_s, call_id, self._token(8), chance)
        self.probes[name] = probe
        probe.start(now)
        self.arm(probe)
        return probe

    def is_full(self, trunk: str) -> bool:
        """Whether a trunk has all the calls that it may have."""
        limit = self.limits.calls_of.get(trunk)
        if limit is None:
            return False
        return sum(call.trunk == trunk and call.state is not CallState.ENDED for call in self._calls) >= limit

    def registrar_addresses(self) -> Iterator[tuple[str, str]]:
        """Account and address of each registrar that has answered: calls come from there."""
        for name, registration in self.registrations.items():
            for address in registration.addresses:
                yield name, address

    def _way(self, request: SipRequest, hop: Hop) -> list[Hop]:
        """18.1.1: what is too large for one datagram is tried over TCP first."""
        has_tcp = any(listener.transport == "TCP" for listener in self.listeners)
        if hop.transport == "UDP" and has_tcp and len(bytes(request)) > LARGE:
            return [hop._replace(transport="TCP"), hop]
        return [hop]

    # --- for calls

    def cancel(self, call: SipCall, now: float) -> None:
        """9.1: the CANCEL of an INVITE that has had a provisional response."""
        invite, client = call.request, call.client
        if client is None or client.hop is None:
            return
        request = SipRequest("CANCEL", invite.uri)
        for name in ("Via", "Route", "Max-Forwards", "From", "To", "Call-ID"):
            if lines := invite.headers.getlist(name):
                request.headers.setlist(name, list(lines))
        request.headers.set("CSeq", f"{invite.cseq[0]} CANCEL")
        self.start_client(request, client.hop, lambda _response, _now: None, now, client.branch)

    def adopt(self, call: SipCall, dialog: SipDialog) -> None:
        """Requests within ``dialog``, which may be an early one, are the call's."""
        self._dialogs[dialog.key] = call
        call.dialog_keys.add(dialog.key)

    def release(self, call: SipCall) -> None:
        """The call is over and needs to hear nothing more."""
        self._calls.discard(call)
        if (key := self._incoming.pop(call, None)) is not None:
            self._invites.pop(key, None)
        for dialog_key in call.dialog_keys:
            if self._dialogs.get(dialog_key) is call:
                del self._dialogs[dialog_key]
        call.dialog_keys.clear()

    def abandon(self, call: SipCall) -> None:
        """Forget an outgoing call together with its INVITE transaction."""
        if call.client is not None:
            call.client.abandon()
            self.forget_client(call.client.branch, "INVITE")
        self.release(call)

    # --- requests

    def _receive_request(self, request: SipRequest, source: Hop, now: float) -> None:
        self.counters.requests_by_method[request.method if request.method in METHODS else "other"] += 1
        reply_to = reply_hop(request.via[0], source)
        request.stamp(source.host, source.port)
        key = self._server_key(request)
        transaction = self._servers.get(key)
        if request.method == "ACK":
            self._receive_ack(request, transaction, now)
            return
        if transaction is not None:
            self.counters.repeated += 1
            self._run(transaction, transaction.receive(request, now), now)
            return
        trunk, refusal = "", None
        if not self._is_expected(request):
            admission = self._gate.admit(request, source, now)
            if admission.drop:
                self.counters.strangers += 1
                return
            trunk, refusal = admission.trunk, admission.refusal
        if self.transactions >= self.limits.transactions:
            self._answer_stateless(request, 503, reply_to, retry_after_s=self.limits.retry_after_s)
            return
        seen = self._requests_seen.get(self._merge_key(request))
        transaction = self._start_server(key, request, reply_to)
        if refusal is not None:
            self.refuse(transaction, refusal.status, now, headers=refusal.headers)
        elif request.method == "CANCEL":
            self._receive_cancel(request, transaction, now)
        elif not self._refused(request, transaction, seen, now):
            if seen is None:
                self._note_merge_key(request, transaction)
            self._take_request(request, transaction, source, trunk, now)

    def _is_expected(self, request: SipRequest) -> bool:
        """Whether the request belongs to a dialog or, being a CANCEL, to an INVITE that we know."""
        if request.method == "CANCEL":
            return self._server_key(request, "INVITE") in self._servers
        return bool(request.recipient.tag) and self._dialog_of(request) is not None

    def _receive_ack(self, request: SipRequest, transaction: ServerTransaction | None, now: float) -> None:
        if transaction is not None and transaction.state is not TransactionState.ACCEPTED:
            self._run(transaction, transaction.receive(request, now), now)
        elif call := self._dialog_of(request):  # also when it reuses the branch of its INVITE, as old peers do
            call.on_ack(request, now)
            self.arm(call)
        else:
            self.counters.dropped += 1

    def _receive_cancel(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        key = self._server_key(request, "INVITE")
        if key not in self._servers:
            self.refuse(transaction, 481, now)
            return
        call = self._invites.get(key)
        tag = call.local_tag if call is not None else self._tag_for(request)
        self.respond(transaction, response_to(request, 200, to_tag=tag), now)
        if call is not None:
            call.on_cancel(now)

    def _refused(
        self, request: SipRequest, transaction: ServerTransaction, seen: ServerTransaction | None, now: float
    ) -> bool:
        """Refuse what we could not serve whatever it is about."""
        refusal = inspect(request)
        if seen is not None and not request.recipient.tag and refusal is None:
            refusal = Refusal(482)  # merged: the same request came by another way (8.2.2.2)
        if refusal is None:
            return False
        self.refuse(transaction, refusal.status, now, headers=refusal.headers)
        return True

    def _take_request(
        self, request: SipRequest, transaction: ServerTransaction, source: Hop, trunk: str, now: float
    ) -> None:
        if request.recipient.tag:
            call = self._dialog_of(request)
            if call is None:
                self.refuse(transaction, 481, now)
            elif request.method == "OPTIONS":
                self._answer_options(request, transaction, source, now)
            else:
                call.on_request(request, transaction, now)
                self.arm(call)
        elif request.method == "OPTIONS":
            self._answer_options(request, transaction, source, now)
        elif request.method == "INVITE":
            self._take_invite(request, transaction, source, trunk, now)
        elif request.method == "REFER":
            self.refuse(transaction, 403, now)  # only a caller may be asked to call somebody
        else:
            self.refuse(transaction, 481, now)

    def _take_invite(
        self, request: SipRequest, transaction: ServerTransaction, source: Hop, trunk: str, now: float
    ) -> None:
        if len(self._calls) >= self.limits.calls or self.is_full(trunk):
            self.refuse(transaction, 503, now, retry_after_s=self.limits.retry_after_s)
            return
        if too_short(request):
            self.refuse(transaction, 422, now, headers={"Min-SE": str(MIN_SE)})
            return
        try:
            session_in(request)
        except SdpError:
            self.refuse(transaction, 400, now)
            return
        contact = self.contact(source, secure=request.uri[:5].lower() == "sips:")
        replaced = None
        if (replaces := request.headers.get("Replaces")) is not None:
            replaced = self._dialogs.get(replaces_key(replaces))
            if replaced is None or not replaced.is_up:
                # RFC 3891 section 3: no such dialog, or one that cannot be taken over.
                self.refuse(transaction, 481, now)
                return
        account = self.registrations.get(trunk)
        credentials = account.account.credentials if account is not None else None
        call = SipCall(
            self, request, source, self._token(8), transaction, contact=contact, trunk=trunk, credentials=credentials
        )
        call.replaces = replaced
        self._calls.add(call)
        assert call.dialog is not None
        self.adopt(call, call.dialog)
        self._invites[self._keys[transaction]] = call
        self._incoming[call] = self._keys[transaction]
        self.counters.calls_in += 1
        call.begin(now)

    def _answer_options(self, request: SipRequest, transaction: ServerTransaction, source: Hop, now: float) -> None:
        """11.2: as an INVITE would be answered, with what we can."""
        response = response_to(request, 200, to_tag=self._tag_for(request))
        response.headers.set("Allow", self.allow)
        response.headers.set("Accept", ACCEPT)
        response.headers.set("Accept-Encoding", "identity")
        response.headers.set("Accept-Language", "*")
        response.headers.set("Supported", self.supported)
        response.headers.set("Contact", self.contact(source))
        self.respond(transaction, response, now)

    def _answer_malformed(self, error: MalformedMessage, source: Hop, now: float) -> None:
        request = error.request
        if request is None or request.method == "ACK" or not request.headers.get("Via"):
            return
        if self._gate.admit(request, source, now).drop:
            self.counters.strangers += 1
            return
        try:
            reply_to = reply_hop(request.via[0], source)
            request.stamp(source.host, source.port)
        except SipSyntaxError:
            reply_to = source
        self._answer_stateless(request, error.status, reply_to, reason=str(error) if error.status == 400 else "")

    def _dialog_of(self, request: SipRequest) -> SipCall | None:
        return self._dialogs.get((request.call_id, request.recipient.tag, request.sender.tag))

    def _removed_server(self, key: Key) -> None:
        self._invites.pop(key, None)
