"""The user agent core: datagrams and commands in, datagrams and events out (RFC 3261 sections 8, 9, 11, 12, 18).

It owns the transactions, the calls and their timers, and decides what a request is entitled to in the order of 8.2:
method, URI scheme, loops, extensions, body; then the dialog or the new call. No socket and no clock: the driver
(`endpoint.py`) passes datagrams and the time in, sends what comes out, and calls :meth:`UserAgent.timeout` when
:meth:`UserAgent.next_deadline` says so.

Everything is bounded. Over the bound of transactions a request is answered without state; over the bound of calls an
INVITE gets 503. A malformed request is answered 400 without state, and only counted when it does not even say from
where it came.
"""

from __future__ import annotations

import hashlib
import heapq
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from voicebot.sip.call import SipCall, session_in
from voicebot.sip.header import NameAddr, SipSyntaxError, SipUri
from voicebot.sip.inspection import ACCEPT, EXTENSIONS, METHODS, Refusal, inspect
from voicebot.sip.message import MAX_MESSAGE, SDP_TYPE, SipRequest, SipResponse, parse_message, response_to
from voicebot.sip.outputs import Output, SipCounters, Transmit
from voicebot.sip.sdp import SdpError, SessionDescription
from voicebot.sip.transaction import (
    ClientTransaction,
    Effect,
    InviteClient,
    InviteServer,
    NonInviteClient,
    NonInviteServer,
    Send,
    ServerTransaction,
    State,
    Timers,
    Transaction,
)

_MAGIC = "z9hG4bK"

Address = tuple[str, int]
OnResponse = Callable[[SipResponse | None, float], None]
_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one user agent holds at most."""

    transactions: int = 20_000
    calls: int = 2_000
    retry_after_s: int = 5
    """Sent with a 503."""


class UserAgent:
    """``host``/``port``: as others reach us, in Via and Contact. ``token(n)`` gives 2n random hexadecimal digits."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        name: str = "voicebot",
        limits: Limits | None = None,
        timers: Timers | None = None,
        token: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        self.host = host
        self.port = port
        self.name = name
        self.limits = limits or Limits()
        self.timers = timers or Timers()
        self.counters = SipCounters()
        self.contact = f"<sip:voicebot@{host}:{port}>"
        self.allow = ", ".join(METHODS)
        self.supported = ", ".join(sorted(EXTENSIONS))
        self._token = token
        self._secret = token(16).encode()
        self._servers: dict[_Key, ServerTransaction] = {}
        self._clients: dict[_Key, ClientTransaction] = {}
        self._on_response: dict[_Key, OnResponse] = {}
        self._keys: dict[Transaction, _Key] = {}
        self._requests_seen: dict[_Key, ServerTransaction] = {}
        self._merge_keys: dict[Transaction, _Key] = {}
        self._calls: set[SipCall] = set()
        self._dialogs: dict[tuple[str, str, str], SipCall] = {}
        self._invites: dict[_Key, SipCall] = {}
        self._incoming: dict[SipCall, _Key] = {}
        self._outgoing: dict[SipCall, _Key] = {}
        self._outbox: list[Output] = []
        self._schedule: list[tuple[float, int, Transaction | SipCall]] = []
        self._scheduled = 0

    # --- for the driver

    @property
    def calls(self) -> frozenset[SipCall]:
        """Calls that are not over, with those whose BYE is still unanswered."""
        return frozenset(self._calls)

    @property
    def transactions(self) -> int:
        return len(self._servers) + len(self._clients)

    def receive(self, data: bytes, source: Address, now: float) -> list[Output]:
        """One datagram from ``source``. Never raises for anything that it may hold."""
        self.counters.received += 1
        if not data.strip(b"\r\n\0 \t"):
            self.counters.keepalives += 1
            return self.take()
        try:
            message = parse_message(data)
        except SipSyntaxError as error:
            self.counters.malformed += 1
            self._answer_malformed(error, source)
            return self.take()
        if isinstance(message, SipRequest):
            self._receive_request(message, source, now)
        else:
            self._receive_response(message, now)
        return self.take()

    def timeout(self, now: float) -> list[Output]:
        """Run everything that is due."""
        while self._schedule and self._schedule[0][0] <= now:
            _, _, owner = heapq.heappop(self._schedule)
            owner.armed = None
            if owner.deadline is None or owner.deadline > now:
                self.arm(owner)  # the deadline moved away since it was noted
            elif isinstance(owner, SipCall):
                owner.timeout(now)
                self.arm(owner)
            else:
                self._run(owner, owner.timeout(now), now)
        return self.take()

    def next_deadline(self) -> float | None:
        while self._schedule:
            when, _, owner = self._schedule[0]
            if owner.deadline is not None and owner.deadline <= when:
                return when
            heapq.heappop(self._schedule)
            owner.armed = None
            self.arm(owner)
        return None

    def take(self) -> list[Output]:
        """What commands have put out since the last call of anything that returns outputs."""
        outputs, self._outbox = self._outbox, []
        return outputs

    def invite(
        self,
        uri: str,
        session: SessionDescription,
        now: float,
        *,
        from_uri: str = "",
        display_name: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> SipCall:
        """Call ``uri``. Raises ValueError for a URI or header that cannot be sent."""
        target = SipUri.parse(uri)
        if target.scheme != "sip":
            raise ValueError(f"cannot call a {target.scheme} URI over UDP")
        local_tag = self._token(8)
        request = SipRequest("INVITE", uri, bytes(session))
        display = display_name.replace("\\", "").replace('"', "")
        sender = f'"{display}" ' if display else ""
        request.headers.set("Max-Forwards", "70")
        request.headers.set("From", f"{sender}<{from_uri or f'sip:voicebot@{self.host}:{self.port}'}>;tag={local_tag}")
        request.headers.set("To", f"<{uri}>")
        request.headers.set("Call-ID", f"{self._token(12)}@{self.host}")
        request.headers.set("CSeq", f"{1 + int(self._token(2), 16)} INVITE")
        request.headers.set("Contact", self.contact)
        request.headers.set("Allow", self.allow)
        request.headers.set("Content-Type", SDP_TYPE)
        for name, value in (headers or {}).items():
            if not name.isascii() or any(c in name for c in " :\r\n\t") or "\r" in value or "\n" in value:
                raise ValueError(f"malformed header {name!r}")
            request.headers.set(name, value)
        NameAddr.parse(request.headers["From"])
        call = SipCall(self, request, target.destination, local_tag)
        self._calls.add(call)
        self.counters.calls_out += 1
        self.request(request, target.destination, call.on_invite_response, now, call=call)
        return call

    # --- for calls: sending

    def emit(self, output: Output) -> None:
        self._outbox.append(output)

    def transmit_request(self, request: SipRequest, destination: Address) -> None:
        """Send without a transaction: the ACK of a 2xx."""
        self._transmit(bytes(request), destination)

    def add_via(self, request: SipRequest) -> str:
        """Put our Via on top, with a new branch, which is returned."""
        branch = _MAGIC + self._token(10)
        request.headers.set("Via", f"SIP/2.0/UDP {self.host}:{self.port};branch={branch};rport")
        if request.headers.get("User-Agent") is None:
            request.headers.set("User-Agent", self.name)
        return branch

    def request(
        self,
        request: SipRequest,
        destination: Address | None,
        on_response: OnResponse,
        now: float,
        *,
        call: SipCall | None = None,
        branch: str = "",
    ) -> None:
        """Send in a client transaction. ``on_response`` gets each response that counts, and None when nobody answered.

        With ``branch`` the request has its Via already (a CANCEL).
        """
        if destination is None:
            on_response(None, now)
            return
        key = (branch or self.add_via(request), request.method)
        kind = InviteClient if request.method == "INVITE" else NonInviteClient
        transaction = kind(request, destination, self.timers)
        self._clients[key] = transaction
        self._keys[transaction] = key
        self._on_response[key] = on_response
        if call is not None:
            self._outgoing[call] = key
        self._run(transaction, transaction.start(now), now)

    def cancel(self, call: SipCall, now: float) -> None:
        """9.1: the CANCEL of an INVITE that has had a provisional response."""
        invite = call.request
        request = SipRequest("CANCEL", invite.uri)
        for name in ("Via", "Route", "Max-Forwards", "From", "To", "Call-ID"):
            if lines := invite.headers.getlist(name):
                request.headers.setlist(name, list(lines))
        request.headers.set("CSeq", f"{invite.cseq[0]} CANCEL")
        key = self._outgoing.get(call)
        if key is not None:
            self.request(request, call.source, lambda _response, _now: None, now, branch=key[0])

    def respond(self, transaction: ServerTransaction, response: SipResponse, now: float) -> None:
        """Send through a server transaction, which repeats it as needed."""
        response.headers.set("Server", self.name)
        if response.status >= 300:
            self.counters.rejected_by_status[response.status] += 1
        self._run(transaction, transaction.respond(response, now), now)

    def refuse(
        self,
        transaction: ServerTransaction,
        status: int,
        now: float,
        *,
        retry_after_s: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send a final failure with nothing but ``headers`` in it."""
        request = transaction.request
        response = response_to(request, status, to_tag=self._tag_for(request))
        if retry_after_s is not None:
            response.headers.set("Retry-After", str(retry_after_s))
        for name, value in (headers or {}).items():
            response.headers.set(name, value)
        self.respond(transaction, response, now)

    # --- for calls: registration

    def arm(self, owner: Transaction | SipCall) -> None:
        """Note the deadline of ``owner``; to be called whenever it may have moved nearer."""
        deadline = owner.deadline
        if deadline is not None and (owner.armed is None or deadline < owner.armed):
            owner.armed = deadline
            self._scheduled += 1
            heapq.heappush(self._schedule, (deadline, self._scheduled, owner))

    def adopt(self, call: SipCall) -> None:
        """The call has its dialog: requests within it are the call's."""
        if call.dialog is not None:
            self._dialogs[call.dialog.key] = call

    def release(self, call: SipCall) -> None:
        """The call is over and needs to hear nothing more."""
        self._calls.discard(call)
        self._outgoing.pop(call, None)
        if (key := self._incoming.pop(call, None)) is not None:
            self._invites.pop(key, None)
        if call.dialog is not None and self._dialogs.get(call.dialog.key) is call:
            del self._dialogs[call.dialog.key]

    def abandon(self, call: SipCall) -> None:
        """Forget an outgoing call together with its INVITE transaction."""
        key = self._outgoing.get(call)
        transaction = self._clients.get(key) if key is not None else None
        if transaction is not None:
            self._remove(transaction)
        self.release(call)

    # --- requests

    def _receive_request(self, request: SipRequest, source: Address, now: float) -> None:
        self.counters.requests_by_method[request.method if request.method in METHODS else "other"] += 1
        reply_to = request.via[0].reply_to(source)
        request.stamp(source)
        key = self._server_key(request)
        transaction = self._servers.get(key)
        if request.method == "ACK":
            self._receive_ack(request, transaction, now)
            return
        if transaction is not None:
            self.counters.repeated += 1
            self._run(transaction, transaction.receive(request, now), now)
            return
        if self.transactions >= self.limits.transactions:
            self._answer_stateless(request, 503, reply_to, retry_after_s=self.limits.retry_after_s)
            return
        kind = InviteServer if request.method == "INVITE" else NonInviteServer
        transaction = kind(request, reply_to, self.timers)
        seen = self._requests_seen.get(self._merge_key(request))
        self._servers[key] = transaction
        self._keys[transaction] = key
        if request.method == "CANCEL":
            self._receive_cancel(request, transaction, now)
        elif not self._refused(request, transaction, seen, now):
            if seen is None:
                merge_key = self._merge_key(request)
                self._requests_seen[merge_key] = transaction
                self._merge_keys[transaction] = merge_key
            self._take_request(request, transaction, source, now)

    def _receive_ack(self, request: SipRequest, transaction: ServerTransaction | None, now: float) -> None:
        if transaction is not None and transaction.state is not State.ACCEPTED:
            self._run(transaction, transaction.receive(request, now), now)
        elif call := self._dialog_of(request):  # also when it reuses the branch of its INVITE, as old peers do
            call.on_ack(request, now)
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

    def _take_request(self, request: SipRequest, transaction: ServerTransaction, source: Address, now: float) -> None:
        if request.recipient.tag:
            call = self._dialog_of(request)
            if call is None:
                self.refuse(transaction, 481, now)
            elif request.method == "OPTIONS":
                self._answer_options(request, transaction, now)
            else:
                call.on_request(request, transaction, now)
                self.arm(call)
        elif request.method == "OPTIONS":
            self._answer_options(request, transaction, now)
        elif request.method == "INVITE":
            self._take_invite(request, transaction, source, now)
        elif request.method == "REFER":
            self.refuse(transaction, 403, now)  # only a caller may be asked to call somebody
        else:
            self.refuse(transaction, 481, now)

    def _take_invite(self, request: SipRequest, transaction: ServerTransaction, source: Address, now: float) -> None:
        if len(self._calls) >= self.limits.calls:
            self.refuse(transaction, 503, now, retry_after_s=self.limits.retry_after_s)
            return
        try:
            session_in(request)
        except SdpError:
            self.refuse(transaction, 400, now)
            return
        call = SipCall(self, request, source, self._token(8), transaction)
        self._calls.add(call)
        self.adopt(call)
        self._invites[self._keys[transaction]] = call
        self._incoming[call] = self._keys[transaction]
        self.counters.calls_in += 1
        call.begin(now)

    def _answer_options(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        """11.2: as an INVITE would be answered, with what we can."""
        response = response_to(request, 200, to_tag=self._tag_for(request))
        response.headers.set("Allow", self.allow)
        response.headers.set("Accept", ACCEPT)
        response.headers.set("Accept-Encoding", "identity")
        response.headers.set("Accept-Language", "*")
        response.headers.set("Supported", self.supported)
        response.headers.set("Contact", self.contact)
        self.respond(transaction, response, now)

    # --- responses

    def _receive_response(self, response: SipResponse, now: float) -> None:
        via = response.via[0]
        key = (via.branch, response.cseq[1])
        transaction = self._clients.get(key)
        if transaction is None or len(response.via) != 1 or via.sent_by != f"{self.host.lower()}:{self.port}":
            self.counters.dropped += 1
            return
        self._run(transaction, transaction.receive(response, now), now)

    # --- answers without state

    def _answer_malformed(self, error: SipSyntaxError, source: Address) -> None:
        request = error.request
        if request is None or request.method == "ACK" or not request.headers.get("Via"):
            return
        try:
            reply_to = request.via[0].reply_to(source)
            request.stamp(source)
        except SipSyntaxError:
            reply_to = source
        self._answer_stateless(request, error.status, reply_to, reason=str(error) if error.status == 400 else "")

    def _answer_stateless(
        self, request: SipRequest, status: int, reply_to: Address, *, reason: str = "", retry_after_s: int | None = None
    ) -> None:
        """8.2.7: the same answer for each retransmission, and nothing remembered."""
        response = response_to(
            request, status, f"Bad Request: {reason}" if reason else "", to_tag=self._tag_for(request)
        )
        response.headers.set("Server", self.name)
        if retry_after_s is not None:
            response.headers.set("Retry-After", str(retry_after_s))
        self.counters.rejected_by_status[status] += 1
        self._transmit(bytes(response), reply_to)

    def _tag_for(self, request: SipRequest) -> str:
        """A To tag that every retransmission of ``request`` gets again."""
        top = (request.headers.getlist("Via") or [""])[0]
        text = "|".join((request.call_id, request.headers.get("CSeq") or "", top))
        return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), key=self._secret, digest_size=8).hexdigest()

    # --- transactions

    @staticmethod
    def _server_key(request: SipRequest, method: str = "") -> _Key:
        """17.2.3. Without the branch's magic cookie (RFC 2543) the request is known by all that identifies it."""
        method = method or ("INVITE" if request.method == "ACK" else request.method)
        via = request.via[0]
        if via.branch.startswith(_MAGIC) and len(via.branch) > len(_MAGIC):
            return via.branch, via.sent_by, method
        # The To tag is left out: that of an ACK is ours, that of its INVITE is not there.
        return (
            "",
            via.sent_by,
            via.branch,
            method,
            request.call_id,
            request.sender.tag,
            str(request.cseq[0]),
            request.uri,
        )

    @staticmethod
    def _merge_key(request: SipRequest) -> _Key:
        return request.call_id, request.sender.tag, *map(str, request.cseq)

    def _dialog_of(self, request: SipRequest) -> SipCall | None:
        return self._dialogs.get((request.call_id, request.recipient.tag, request.sender.tag))

    def _run(self, transaction: Transaction, effects: list[Effect], now: float) -> None:
        key = self._keys.get(transaction)
        for effect in effects:
            if isinstance(effect, Send):
                self.counters.retransmitted += effect.again
                self._transmit(effect.data, transaction.destination)
            elif key is not None and (on_response := self._on_response.get(key)) is not None:
                on_response(effect.response, now)
        if transaction.terminated:
            self._remove(transaction)
        else:
            self.arm(transaction)

    def _remove(self, transaction: Transaction) -> None:
        key = self._keys.pop(transaction, None)
        if key is None:
            return
        if isinstance(transaction, ServerTransaction):
            self._servers.pop(key, None)
            self._invites.pop(key, None)
            merge_key = self._merge_keys.pop(transaction, None)
            if merge_key is not None:
                del self._requests_seen[merge_key]
        else:
            self._clients.pop(key, None)
            self._on_response.pop(key, None)

    def _transmit(self, data: bytes, destination: Address) -> None:
        if len(data) > MAX_MESSAGE:
            self.counters.send_errors += 1
            return
        self.counters.sent += 1
        self._outbox.append(Transmit(data, *destination))
